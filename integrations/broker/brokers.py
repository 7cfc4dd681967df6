"""What the hub needs to know of a broker, whoever runs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from hub.domain.logins import Login
from hub.domain.values import dataclass
from hub.settings import MqttSettings

_PORTS = {"mqtt": 1883, "mqtts": 8883}


class BrokerError(Exception):
    """There is no broker to be had; the text says why and what to do, in one line."""


class Broker(Protocol):
    """Where the hub connects to, and as whom."""

    @property
    def host(self) -> str:
        """Return the host name or address to connect to."""
        ...

    @property
    def port(self) -> int:
        """Return its TCP port."""
        ...

    @property
    def username(self) -> str | None:
        """Return the user the hub logs in as; None: none."""
        ...

    @property
    def password(self) -> str | None:
        """Return that user's password."""
        ...

    @property
    def tls(self) -> bool:
        """Tell whether the connection is encrypted."""
        ...

    @property
    def tls_port(self) -> int | None:
        """Return the port for encrypted connections where the hub runs it and it has one."""
        ...

    @property
    def limits(self) -> bool:
        """Tell whether it knows devices' own logins and holds them to their topics."""
        ...

    def use(self, logins: Sequence[Login]) -> bool:
        """Have it know these logins from now on; True where that changed something."""
        ...

    def renew(self, certify: Callable[[Path], bool]) -> None:
        """Have it serve another certificate where it is ours, encrypts, and it is time for one."""
        ...

    def describe(self) -> str:
        """Say in one line what it is, where, and who may use it. Holds no password."""
        ...

    def alive(self) -> bool:
        """Tell whether its process runs; True for one that is not ours to run."""
        ...

    def stop(self) -> None:
        """End it, if it is ours; what it keeps is saved. May be called twice."""
        ...


@dataclass(frozen=True, slots=True)
class External:
    """The household's own broker, from an ``mqtt://`` or ``mqtts://`` URL."""

    host: str
    port: int
    username: str | None
    password: str | None
    tls: bool
    limits: bool = False
    tls_port: None = None

    @classmethod
    def of(cls, settings: MqttSettings) -> External:
        """Read ``mqtt.url``. Raises BrokerError saying what was expected."""
        url = settings.url
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            # The error quotes what it could not read, and that may be half a password.
            raise BrokerError(
                "mqtt.url: expected e.g. mqtt://192.168.1.5:1883, the port a number up to 65535, "
                "a name and password without / ? # @ (or in mqtt.username and mqtt.password)"
            ) from None
        rest = parts.path.strip("/") or parts.query or parts.fragment
        if parts.scheme not in _PORTS or not parts.hostname or rest or port == 0:
            shown = f"{parts.scheme}://{parts.hostname or ''}" if "@" in url else url
            raise BrokerError(
                f"mqtt.url is {shown!r}: expected `managed`, mqtt://host:port or mqtts://host:port"
            )
        if parts.scheme == "mqtt" and (settings.ca_file or settings.cert_file):
            raise BrokerError(
                "mqtt.ca_file and mqtt.cert_file are for an encrypted connection: "
                "expected mqtt.url to begin with mqtts://"
            )
        # `username` and `password` of their own win: what is in a URL is soon in a log.
        return cls(
            host=parts.hostname,
            port=port or _PORTS[parts.scheme],
            username=settings.username or (unquote(parts.username) if parts.username else None),
            password=settings.password or (unquote(parts.password) if parts.password else None),
            tls=parts.scheme == "mqtts",
        )

    def use(self, logins: Sequence[Login]) -> bool:
        """Return False: others say who may use it (``device acl`` writes what they need)."""
        return False

    def renew(self, certify: Callable[[Path], bool]) -> None:
        """Do nothing: others look after it."""

    def describe(self) -> str:
        """Say where it is."""
        return f"the MQTT broker at {self.host}:{self.port}{' (TLS)' if self.tls else ''}"

    def alive(self) -> bool:
        """Return True: others look after it."""
        return True

    def stop(self) -> None:
        """Do nothing: others look after it."""
