"""What the hub runs on: broker, pages, announcements, backups, its log."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from hub.domain.places import is_place, read_place
from hub.settings.section import Section

Network = IPv4Network | IPv6Network


class MqttSettings(Section):
    """Where device messages come from."""

    url: str = Field(
        default="managed",
        description="`managed` (the hub runs its own Mosquitto) or mqtt://host:port, mqtts://host:port",
    )
    protocol: Literal["5", "3.1.1"] = Field(default="5", description="MQTT version to speak")
    client_id: str = Field(
        default="commonhearth", description="names the persistent session; unique at the broker"
    )
    username: str | None = Field(default=None, description="broker user")
    password: str | None = Field(default=None, description="broker password")
    ca_file: Path | None = Field(default=None, description="CA certificates (PEM) for mqtts://")
    cert_file: Path | None = Field(default=None, description="client certificate (PEM)")
    key_file: Path | None = Field(default=None, description="client certificate's key (PEM)")
    bind: str = Field(
        default="127.0.0.1", description="address the managed broker listens on; 0.0.0.0 for all"
    )
    port: int = Field(default=1883, ge=0, le=65535, description="the managed broker's port; 0: any")
    tls_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="the managed broker's port for encrypted connections (usually 8883), with a "
        "certificate by the hub's own authority; none: it has no such port",
    )
    plain: Literal["bind", "loopback"] = Field(
        default="bind",
        description="where `port` listens once there is tls_port: at bind too, or to this machine "
        "alone",
    )
    shared_login: bool = Field(
        default=True,
        description="whether devices without a login of their own may share one at the managed "
        "broker; false once each has its own (`device add`)",
    )
    session_expiry: int = Field(
        default=7 * 24 * 3600, ge=0, description="seconds the broker keeps what we missed (MQTT 5)"
    )
    receive_maximum: int = Field(
        default=2048, ge=1, le=65535, description="unacknowledged messages at a time (MQTT 5)"
    )
    max_payload: int = Field(
        default=256 * 1024, ge=1024, description="bytes; a larger payload is parked unread"
    )
    flood_rate: float = Field(
        default=1000,
        ge=0,
        description="messages/s one device may send, over 10 s; more is refused; 0: no limit",
    )
    discovery_prefix: str = Field(default="homeassistant", description="Home Assistant's prefix")
    notice_topics: tuple[str, ...] = Field(
        default=("notices/#",), description="topic filters that carry CAP 1.2 notices"
    )

    @property
    def plain_bind(self) -> str:
        """Return the address at which the managed broker takes unencrypted connections."""
        return "127.0.0.1" if self.plain == "loopback" else self.bind

    @model_validator(mode="after")
    def _encrypts_its_own(self) -> MqttSettings:
        if self.tls_port is not None and self.url != "managed":
            raise ValueError("tls_port is for the managed broker: expected url: managed with it")
        if self.plain == "loopback" and self.tls_port is None:
            raise ValueError("plain: loopback goes with tls_port: else no device could connect")
        return self


class DeviceSettings(Section):
    """Devices that the household has not met before."""

    quarantine: bool = Field(
        default=False,
        description="a new device is kept apart until an adult accepts it; those known when this "
        "is switched on are accepted",
    )


class NoticeSettings(Section):
    """Which public notices concern the household, and what they are about."""

    areas: tuple[str, ...] = Field(
        default=(), description="CAP areaDesc or geocode values lived in; none: every notice counts"
    )
    languages: tuple[str, ...] = Field(
        default=("en", "zh"), description="which of a notice's languages is shown, best first"
    )
    words: dict[Literal["gas", "water", "electricity", "heating", "internet"], tuple[str, ...]] = (
        Field(default={}, description="further words by which notices name a service")
    )


class HttpSettings(Section):
    """The web pages, the API and the callbacks of providers."""

    host: str = Field(default="127.0.0.1", description="address to listen on; 0.0.0.0 for the LAN")
    port: int = Field(default=8480, ge=0, le=65535, description="port; 0: any free one")
    public_url: str | None = Field(
        default=None, description="how phones and providers reach the hub; default http://host:port"
    )
    tls: Literal["off", "files", "own"] = Field(
        default="off",
        description="HTTPS: by certificate and key, or by an authority that the hub makes itself "
        "and phones are told to trust (docs/https.md)",
    )
    certificate: str = Field(default="", description="tls: files: the certificate chain (PEM)")
    key: str = Field(default="", description="tls: files: its private key (PEM)")
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description="addresses or networks of reverse proxies whose X-Forwarded-… are believed",
    )

    @property
    def proxies(self) -> tuple[Network, ...]:
        """Return the networks of trusted proxies."""
        return tuple(ip_network(one) for one in self.trusted_proxies)

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            try:
                ip_network(one)
            except ValueError:
                raise ValueError(
                    f"expected an address or a network such as 192.168.1.0/24, got {one[:60]!r}"
                ) from None
        return value

    @model_validator(mode="after")
    def _has_its_files(self) -> HttpSettings:
        if (self.tls == "files") != bool(self.certificate and self.key):
            raise ValueError("tls: files goes with certificate and key, and they with it")
        return self


class MdnsSettings(Section):
    """What the hub says of itself in the home's network (docs/first-start.md)."""

    announce: bool = Field(
        default=False,
        description="announce the pages and the managed broker, where they listen to the network",
    )
    name: bool = Field(default=False, description="by the home's name; false: as Commonhearth")


class BackupSettings(Section):
    """The nightly backup: one encrypted file in a folder, best on another disk or machine.

    ``to`` is a folder here, or one elsewhere: ``sftp://user@nas:22/backups`` or
    ``webdavs://user@nas.example/dav/backups`` (``webdav://`` sends the password in clear).
    """

    to: str | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        description="folder for nightly backups, or sftp://… or webdavs://…; none: no backup",
    )
    hour: int = Field(default=3, ge=0, le=23, description="local hour after which it is made")
    keep: int = Field(default=7, ge=1, le=1000, description="how many are kept")
    recipient: str | None = Field(
        default=None, max_length=200, description="age public key (age1…) of whoever may open it"
    )
    passphrase_file: Path | None = Field(
        default=None, description="file with a passphrase instead; the hub's user must read it"
    )
    password_file: Path | None = Field(
        default=None, description="file with the password for sftp:// or webdavs://"
    )
    key_file: Path | None = Field(
        default=None, description="private key for sftp://, without a passphrase of its own"
    )
    host_key: str = Field(
        default="",
        pattern=r"^(SHA256:[A-Za-z0-9+/]{43})?$",
        description="fingerprint of the sftp server's key, SHA256:…; none: ~/.ssh/known_hosts",
    )
    ca_file: Path | None = Field(
        default=None, description="CA certificates (PEM) that webdavs:// is believed by"
    )

    @field_validator("to")
    @classmethod
    def _is_a_place(cls, value: str | None) -> str | None:
        if value is not None and is_place(value):
            read_place(value)
        return value

    @property
    def elsewhere(self) -> bool:
        """Tell whether it goes to another machine by a protocol of its own."""
        return self.to is not None and is_place(self.to)


class LogSettings(Section):
    """What is written about the running."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="the least severe line that is written"
    )
