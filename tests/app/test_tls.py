"""HTTPS by an authority of the hub: phones that trust it get in, and it vouches no further."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.app import tls
from hub.app.secrets import SecretsError
from hub.settings import HttpSettings
from tests.support.hubprocess import HubProcess

NOW = datetime.now(UTC)
OWN = HttpSettings(tls="own")


def test_a_hub_serves_its_pages_to_who_trusts_its_authority(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "home", settings={"http": {"tls": "own", "port": 0}})
    hub.launch()
    try:
        url = hub.wait_said(r"Commonhearth is at (https://\S+)")[1]
        trusting = ssl.create_default_context(cafile=hub.data / "secrets" / tls.AUTHORITY)
        with urllib.request.urlopen(f"{url}/healthz", context=trusting, timeout=20) as answer:
            assert answer.status == 200
        with urllib.request.urlopen(f"{url}/sign-in", context=trusting, timeout=20) as answer:
            assert "Secure" in answer.headers["Set-Cookie"]
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            urllib.request.urlopen(f"{url}/healthz", timeout=20)
    finally:
        hub.stop()


def test_keys_are_private_and_what_is_good_is_kept(tmp_path: Path) -> None:
    file = tls.own_certificate(tmp_path, OWN, NOW)
    first = file.read_bytes()
    for name in (tls.AUTHORITY_KEY, tls.SERVER):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
    authority = (tmp_path / tls.AUTHORITY).read_bytes()
    assert tls.own_certificate(tmp_path, OWN, NOW + timedelta(days=300)).read_bytes() == first
    renewed = tls.own_certificate(tmp_path, OWN, NOW + timedelta(days=380)).read_bytes()
    assert renewed != first
    assert (tmp_path / tls.AUTHORITY).read_bytes() == authority
    named = HttpSettings(tls="own", public_url="https://hearth.home.arpa:8480")
    assert tls.own_certificate(tmp_path, named, NOW).read_bytes() != renewed


def test_it_vouches_for_private_names_only(tmp_path: Path) -> None:
    asked = HttpSettings(tls="own", public_url="https://bank.example", host="192.168.7.7")
    names = tls.own_names(asked)
    assert "bank.example" not in names
    assert {"192.168.7.7", "localhost", "127.0.0.1"} <= set(names)
    authority, key = tls._authority(tmp_path, NOW)
    tls._write_server(tmp_path / tls.SERVER, ["bank.example"], authority, key, NOW)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shake_hands(tmp_path, "bank.example")
    tls._write_server(tmp_path / tls.SERVER, ["hearth.local"], authority, key, NOW)
    shake_hands(tmp_path, "hearth.local")


def shake_hands(folder: Path, name: str) -> None:
    """Connect in memory as a phone does that trusts the authority. Raises what the phone would."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / tls.SERVER)
    client = ssl.create_default_context(cafile=folder / tls.AUTHORITY)
    ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
    phone = client.wrap_bio(ours, theirs, server_hostname=name)
    hub = server.wrap_bio(theirs, ours, server_side=True)
    done = [False, False]
    for _ in range(10):
        for number, side in enumerate((phone, hub)):
            try:
                side.do_handshake()
                done[number] = True
            except ssl.SSLWantReadError:
                continue
        if all(done):
            return
    raise AssertionError("the handshake does not end")


def test_files_that_do_not_fit_are_named(tmp_path: Path) -> None:
    tls.own_certificate(tmp_path, OWN, NOW)
    (tmp_path / tls.AUTHORITY_KEY).write_text("nonsense")
    (tmp_path / tls.SERVER).unlink()
    with pytest.raises(SecretsError, match=r"authority\.crt.*damaged"):
        tls.own_certificate(tmp_path, OWN, NOW)
    files = HttpSettings(tls="files", certificate="/nowhere/a.pem", key="/nowhere/b.pem")
    with pytest.raises(SecretsError, match=r"http\.certificate, http\.key: /nowhere/a\.pem"):
        tls.Https(files, tmp_path, NOW)
    with pytest.raises(ValueError, match="goes with certificate and key"):
        HttpSettings(tls="files")
