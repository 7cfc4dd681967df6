"""HTTPS: by a certificate of the household's, or by an authority that the hub makes for itself.

The authority can vouch for names of private networks only (name constraints, RFC 5280 4.2.1.10):
who steals it cannot pass for a bank on the phones that trust it.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hub.keyfiles.files import SecretsError, as_path, read, write
from hub.settings import HttpSettings, Settings

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

AUTHORITY, AUTHORITY_KEY = "authority.crt", "authority.key"
SERVER = "https.pem"
PRIVATE_NAMES = ("local", "lan", "home", "internal", "home.arpa", "localhost")
PRIVATE_NETWORKS = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "127.0.0.0/8",
    "100.64.0.0/10",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
)
_LASTS = timedelta(days=3650)
_SERVER_LASTS = timedelta(days=397)
"""Phones refuse a server's certificate that is good for longer (Apple: 398 days)."""
RENEW_BEFORE = timedelta(days=30)


class Https:
    """The certificate that pages are served with; ``look`` renews the hub's own in time."""

    def __init__(self, settings: HttpSettings, secrets: Path, now: datetime) -> None:
        """Raises SecretsError for files that are missing or do not belong together."""
        self._settings = settings
        self._secrets = secrets
        self.own = settings.tls == "own"
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._load(now)

    @property
    def authority(self) -> Path | None:
        """Return the file of the authority that phones are to trust, None without one."""
        return self._secrets / AUTHORITY if self.own else None

    def look(self, now: datetime) -> None:
        """Renew what is about to end; connections that are open stay."""
        self._load(now)

    def _load(self, now: datetime) -> None:
        if self.own:
            chain = key = own_certificate(self._secrets, self._settings, now)
        else:
            chain, key = Path(self._settings.certificate), Path(self._settings.key)
        try:
            with as_path(key) if self.own else nullcontext(key) as private:
                self.context.load_cert_chain(private if self.own else chain, private)
        except (OSError, ssl.SSLError) as error:
            reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
            raise SecretsError(
                f"http.certificate, http.key: {chain} and {key} cannot be used: {reason}"
            ) from None


def own_certificate(secrets: Path, http: HttpSettings, now: datetime) -> Path:
    """Return the file with the hub's own certificate and key, made anew when it is to be.

    That is at first, when less than a month is left, and when the machine has another name.
    """
    file = secrets / SERVER
    _certified(file, secrets, own_names(http), now)
    return file


def certify_broker(file: Path, secrets: Path, settings: Settings, now: datetime) -> bool:
    """See to it that ``file`` holds the managed broker's certificate and key; True: a new one.

    The broker reads it by itself, so it is not locked, and has a key of its own. SecretsError.
    """
    names = [*own_names(settings.http), *filter(_ours, [settings.mqtt.bind])]
    return _certified(file, secrets, names, now, shared=True)


def authority_text(secrets: Path) -> str:
    """Return the certificate (PEM) of the hub's own authority, "" before there is one."""
    file = secrets / AUTHORITY
    return file.read_text() if file.exists() else ""


def _certified(
    file: Path, secrets: Path, names: list[str], now: datetime, *, shared: bool = False
) -> bool:
    if file.exists() and _serves(file, names, now):
        return False
    authority, key = _authority(secrets, now)
    _write_server(file, names, authority, key, now, shared=shared)
    return True


def own_names(http: HttpSettings) -> list[str]:
    """Return the names and addresses of the hub that its authority may vouch for."""
    host = socket.gethostname().casefold()
    found = ["localhost", "127.0.0.1", "::1", f"{host.partition('.')[0]}.local", host, http.host]
    found.append(urlsplit(http.public_url or "").hostname or "")
    found += _addresses()
    return list(dict.fromkeys(name for name in found if _ours(name)))


def _addresses() -> list[str]:
    """Return this machine's addresses; the sockets send nothing."""
    found = []
    for family, far in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((far, 9))
                found.append(str(probe.getsockname()[0]))
        except OSError:
            continue
    return found


def _ours(name: str) -> bool:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return bool(name) and (
            name in PRIVATE_NAMES or any(name.endswith(f".{zone}") for zone in PRIVATE_NAMES)
        )
    networks = map(ipaddress.ip_network, PRIVATE_NETWORKS)
    return any(address.version == one.version and address in one for one in networks)


def _serves(file: Path, names: list[str], now: datetime) -> bool:
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificate(read(file))
        alternative = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    listed = {
        str(one)
        for kind in (x509.DNSName, x509.IPAddress)
        for one in alternative.get_values_for_type(kind)
    }
    return set(names) <= listed and now + RENEW_BEFORE < found.not_valid_after_utc


def _authority(secrets: Path, now: datetime) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    file, key_file = secrets / AUTHORITY, secrets / AUTHORITY_KEY
    if file.exists() and key_file.exists():
        try:
            kept = serialization.load_pem_private_key(read(key_file), None)
            known = x509.load_pem_x509_certificate(file.read_bytes())
        except ValueError:
            raise SecretsError(
                f"{file}, {key_file}: damaged; put them back from a backup, or remove both (phones "
                "must then trust the new one)"
            ) from None
        if isinstance(kept, ec.EllipticCurvePrivateKey) and kept.public_key() == known.public_key():
            return known, kept
        raise SecretsError(f"{file}, {key_file}: they do not belong together")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Commonhearth {os.urandom(3).hex()}")]
    )
    permitted: list[x509.GeneralName] = [x509.DNSName(zone) for zone in PRIVATE_NAMES]
    permitted += [x509.IPAddress(ipaddress.ip_network(one)) for one in PRIVATE_NETWORKS]
    made = (
        _begun(name, name, key, now, now + _LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    write(key_file, _pem(key))
    # For everybody: phones are to trust it.
    write(file, made.public_bytes(serialization.Encoding.PEM), mode=0o644)
    return made, key


def _write_server(
    file: Path,
    names: list[str],
    authority: x509.Certificate,
    authority_key: EllipticCurvePrivateKey,
    now: datetime,
    *,
    shared: bool = False,
) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Commonhearth")])
    until = min(now + _SERVER_LASTS, authority.not_valid_after_utc)
    made = (
        _begun(name, authority.subject, key, now, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_general(one) for one in names]), False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), False
        )
        .sign(authority_key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM).decode()
    write(file, pem + _pem(key), shared=shared)


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: EllipticCurvePrivateKey,
    now: datetime,
    until: datetime,
) -> x509.CertificateBuilder:
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Clocks differ by a little, and a Pi's by more until it has heard the time.
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _general(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(key: EllipticCurvePrivateKey) -> str:
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
