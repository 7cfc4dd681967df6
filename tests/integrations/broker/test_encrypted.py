"""The hub's own Mosquitto with encrypted connections: who gets in, and by which certificate."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from paho.mqtt.client import CallbackAPIVersion, Client
from pydantic import ValidationError

from hub.app.logins import new_login
from hub.app.tls import AUTHORITY, authority_text, certify_broker
from hub.domain.logins import Login
from hub.settings import MqttSettings, Settings
from integrations.broker import BrokerError, choose, start_broker
from integrations.broker.managed import Managed
from tests.support.mqtt import until

NOW = datetime.now(UTC)


def certify(secrets: Path, now: datetime = NOW) -> Any:
    return lambda file: certify_broker(file, secrets, Settings(), now)


@contextmanager
def encrypted(folder: Path, *logins: Login, **settings: Any) -> Iterator[Managed]:
    wanted = MqttSettings(**{"port": 0, "tls_port": 0, "bind": "127.0.0.1", **settings})
    broker = start_broker(wanted, folder, print, logins, certify(folder / "secrets"))
    assert isinstance(broker, Managed)
    try:
        yield broker
    finally:
        broker.stop()


def said(port: int, user: str, password: str, ca: Path | None) -> str:
    """Connect as a device does; return what the broker, or the check of it, says."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(user, password)
    told: list[str] = []
    client.on_connect = lambda *what: told.append(str(what[3]))
    if ca is not None:
        client.tls_set(str(ca))
    try:
        client.connect("127.0.0.1", port)
    except (ssl.SSLError, OSError) as error:
        return type(error).__name__
    client.loop_start()
    try:
        until(lambda: told)
    finally:
        client.disconnect()
        client.loop_stop()
    return told[0]


def test_a_device_that_trusts_the_authority_gets_in_by_its_login_and_nobody_else(
    tmp_path: Path,
) -> None:
    shelf, password = new_login("shelf", "device")
    stranger = tmp_path / "stranger"
    certify(stranger)(stranger / "server.pem")
    with encrypted(tmp_path, shelf, bind="0.0.0.0", plain="loopback") as broker:
        port, ca = broker.tls_port or 0, tmp_path / "secrets" / AUTHORITY
        assert said(port, "shelf", password, ca) == "Success"
        assert said(port, "shelf", "wrong", ca) == "Not authorized"
        assert said(port, "shelf", password, stranger / AUTHORITY) == "SSLCertVerificationError"
        assert said(broker.port, "shelf", password, None) == "Success", "on this machine"
        listens = {
            one.laddr.ip: one.laddr.port
            for one in psutil.Process(broker.pid).net_connections("tcp")
            if one.status == "LISTEN"
        }
        assert listens == {"127.0.0.1": broker.port, "0.0.0.0": port}
        assert "BEGIN CERTIFICATE" in authority_text(tmp_path / "secrets")
        assert f"encrypted, on 0.0.0.0:{port}" in broker.describe()
        assert (tmp_path / "broker" / "server.pem").stat().st_mode & 0o777 == 0o600


def test_a_certificate_that_ends_soon_is_replaced_while_it_runs(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    with encrypted(tmp_path) as broker:
        port = broker.tls_port or 0

        def served() -> str:
            return ssl.get_server_certificate(("127.0.0.1", port))

        first = served()
        assert not certify(secrets)(tmp_path / "broker" / "server.pem")
        broker.renew(certify(secrets, NOW + timedelta(days=380)))
        until(lambda: served() != first)


def test_what_does_not_go_together_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="tls_port is for the managed broker"):
        MqttSettings(url="mqtt://nas", tls_port=8883)
    with pytest.raises(ValidationError, match="plain: loopback goes with tls_port"):
        MqttSettings(plain="loopback")
    with encrypted(tmp_path) as broker:
        taken = MqttSettings(port=0, tls_port=broker.tls_port)
        with pytest.raises(BrokerError, match=r"mqtt\.tls_port: port \d+ on 127\.0\.0\.1 is taken"):
            start_broker(taken, tmp_path / "other", print, (), certify(tmp_path / "secrets"))
    monkeypatch.setattr(choose, "find", lambda program: None)
    with pytest.raises(BrokerError, match="the stand-in broker does not encrypt"):
        start_broker(MqttSettings(port=0, tls_port=0), tmp_path, print, (), certify(tmp_path))
