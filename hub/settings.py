"""Every setting of a household, typed, with its default and unit: ``config/hub.yaml``."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hub.domain.limits import Limits
from hub.domain.money import Money, money
from hub.domain.places import is_place, read_place
from hub.domain.suggestions import Kind

Network = IPv4Network | IPv6Network


class Section(BaseModel):
    """A part of hub.yaml; a key it does not know is an error, not a silent typo."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


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


class NtfySettings(Section):
    """ntfy: push with buttons."""

    url: str = Field(default="https://ntfy.sh", description="server base URL")
    topic: str | None = Field(
        default=None, description="topic; when absent the hub makes an unguessable one a member"
    )
    token: str | None = Field(default=None, description="access token (tk_…)")
    reply: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="answer over a topic the hub reads, so that no port is opened at home; auto: "
        "where http.public_url is not set and the server is not on this machine",
    )


Way = Literal["webpush", "ntfy", "apprise", "homeassistant"]
"""How a member can be reached, beside the web pages."""


def _quiet_span(value: str | None) -> str | None:
    """Take ``22:00-07:00``; ValueError for what is no span of local times."""
    if value is not None:
        found = re.fullmatch(r"(([01]\d|2[0-3]):[0-5]\d)-(([01]\d|2[0-3]):[0-5]\d)", value)
        if found is None:
            raise ValueError(f"expected local times such as 22:00-07:00, got {value[:40]!r}")
        if found[1] == found[3]:
            raise ValueError("expected quiet hours that end; these never let anybody be asked")
    return value


class EscalateSettings(Section):
    """Who is asked too where nobody of those asked answers."""

    after: int = Field(
        default=30, ge=1, le=7 * 24 * 60, description="minutes without an answer, never past it"
    )
    to: tuple[str, ...] = Field(
        min_length=1, max_length=20, description="ids of adults, asked one after another"
    )


class MemberSettings(Section):
    """A person of the household."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$", description="short name used in rules")
    name: str = Field(max_length=80, description="as shown")
    role: Literal["adult", "child", "guest"] = Field(
        default="adult", description="children and guests may look, adults may decide"
    )
    needs_ride: bool = Field(
        default=True, description="a ride is looked for; false: they drive or cycle themselves"
    )
    ntfy: NtfySettings | None = Field(default=None, description="ask over ntfy")
    apprise: tuple[str, ...] = Field(default=(), description="Apprise URLs, e.g. mailto://…")
    homeassistant: tuple[Annotated[str, Field(pattern=r"^notify\.[a-z0-9_]{1,100}$")], ...] = Field(
        default=(), description="ask over the Home Assistant app, e.g. notify.mobile_app_adas_phone"
    )
    questions: tuple[Way, ...] | None = Field(
        default=None, description="over which of these questions come; none: all; []: pages only"
    )
    news: tuple[Way, ...] | None = Field(
        default=None, description="over which of these comes what needs no answer; none: all"
    )
    quiet_hours: str | None = Field(
        default=None,
        description="local times in which this member is left in peace, e.g. 22:00-07:00",
    )
    digest: str = Field(
        default="08:00",
        description='when news of low importance come in one message; "off": each at once',
    )

    @field_validator("digest")
    @classmethod
    def _is_a_time_or_off(cls, value: str) -> str:
        if value != "off" and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
            raise ValueError(f"expected a local time such as 08:00, or off, got {value[:40]!r}")
        return value

    @model_validator(mode="after")
    def _chosen_ways_are_there(self) -> MemberSettings:
        has = {"ntfy": self.ntfy is not None, "apprise": bool(self.apprise)}
        has |= {"homeassistant": bool(self.homeassistant), "webpush": True}
        for key, ways in (("questions", self.questions), ("news", self.news)):
            for way in ways or ():
                if not has[way]:
                    raise ValueError(f"{key}: {way} is chosen, but the member has no {way}")
        return self

    @field_validator("quiet_hours")
    @classmethod
    def _quiet_is_a_span(cls, value: str | None) -> str | None:
        return _quiet_span(value)


class HomeSettings(Section):
    """The household itself: what a delivery needs to know. Nothing of it leaves without consent."""

    name: str = Field(default="Home", max_length=80, description="as members see it")
    timezone: str = Field(default="UTC", description="IANA zone; instants are shown in it")
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$", description="ISO 4217")
    address: str | None = Field(default=None, max_length=300, description="street and number, city")
    area_code: str | None = Field(default=None, max_length=20, description="postal code")
    gps: str | None = Field(
        default=None, pattern=r"^-?\d+(\.\d+)?,-?\d+(\.\d+)?$", description="lat,lon in degrees"
    )
    phone: str | None = Field(default=None, max_length=40, description="for the driver")
    email: str | None = Field(default=None, max_length=200, description="for receipts")
    quiet_hours: str | None = Field(
        default=None,
        description="local times in which nobody is asked, e.g. 22:00-07:00",
    )
    escalate: EscalateSettings | None = Field(
        default=None, description="who is asked too where nobody answers"
    )

    @field_validator("quiet_hours")
    @classmethod
    def _quiet_is_a_span(cls, value: str | None) -> str | None:
        return _quiet_span(value)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("expected an IANA zone such as Europe/Berlin")
        return value

    @property
    def zone(self) -> ZoneInfo:
        """Return the household's time zone."""
        return ZoneInfo(self.timezone)


class RegistrySettings(Section):
    """A registry on the network: who takes part there, and with which keys."""

    url: str = Field(
        pattern=r"^https?://\S+$", description="what /lookup and /subscribe are appended to"
    )
    form: Literal["beckn", "dedi"] = Field(
        default="beckn", description="`beckn` (v1.1.1's registry API; ours) or `dedi` (v2's)"
    )
    network: str = Field(
        default="", description="with `dedi`: namespace/registry that lists who takes part"
    )
    subscriber_id: str = Field(default="", description="the registry's own id")
    unique_key_id: str = Field(default="", description="the name of its key")
    signing_public_key: str = Field(default="", description="its Ed25519 key, base64")
    encr_public_key: str = Field(default="", description="its X25519 key, base64")


class RelaySettings(Section):
    """A relay that takes messages for a hub without an open port (docs/relay.md)."""

    url: str | None = Field(
        default=None, pattern=r"^https?://\S+$", description="the relay's address; none: no relay"
    )
    code: str = Field(default="", description="what a closed relay asks for")
    mqtt_url: str | None = Field(
        default=None, description="its broker, where the relay does not name it right"
    )
    username: str | None = Field(default=None, description="our user at that broker")
    password: str | None = Field(default=None, description="that user's password")
    ca_file: Path | None = Field(default=None, description="CA certificates (PEM) for mqtts://")


class BecknSettings(Section):
    """Brokering: who we are on the network and whom we ask."""

    subscriber_id: str | None = Field(
        default=None, description="our id on the network; made at first start when absent"
    )
    registry: Path | None = Field(
        default=None, description="file registry (YAML) with providers' ids, URIs and public keys"
    )
    registries: tuple[RegistrySettings, ...] = Field(
        default=(), description="registries on the network that are asked, and joined"
    )
    version: Literal["2.0.0", "1.1.1"] = Field(default="2.0.0", description="version we prefer")
    country: str = Field(
        default="", description="country that version 1.1.1 networks are told (ISO 3166, e.g. DEU)"
    )
    city: str = Field(
        default="", description="the city's code on version 1.1.1 networks, e.g. std:080"
    )
    collect_seconds: float = Field(
        default=10.0, gt=0, le=300, description="how long offers are awaited before asking"
    )
    ttl: int = Field(default=30, ge=1, le=3600, description="seconds a request stays valid")
    confirm_patience: float = Field(
        default=20.0, gt=0, description="seconds before an unanswered confirm is asked for (status)"
    )
    disclose: tuple[Literal["name", "address", "area_code", "gps", "phone", "email"], ...] = Field(
        default=("name", "address", "area_code", "phone"),
        description="what a provider is told once a member approved an order with it",
    )
    split_saving: str | None = Field(
        default=None,
        description="split a basket over two shops when that saves more, e.g. 5 EUR; none: never",
    )

    @property
    def split_over(self) -> Money | None:
        """Return what a split must save at least, None where baskets are not split."""
        return None if self.split_saving is None else sum_of(self.split_saving)

    @field_validator("split_saving")
    @classmethod
    def _is_a_sum(cls, value: str | None) -> str | None:
        return _checked(value)


class RideSettings(Section):
    """Getting there: rides to activities elsewhere, found at the drivers that are known."""

    propose: Literal["ask", "off"] = Field(
        default="ask",
        description="ask for offers and propose one when somebody goes; off: only rules do. "
        "Drivers are told from about where (home.gps, to some hundred metres)",
    )
    margin_minutes: int = Field(
        default=10, ge=0, le=240, description="how long before it begins to be there"
    )
    walk_km: float = Field(
        default=1.0, ge=0, le=50, description="nearer than this nobody takes a ride"
    )
    days_ahead: int = Field(
        default=7, ge=1, le=60, description="how many days before it begins a ride is looked for"
    )
    way_back: bool = Field(
        default=True, description="propose the ride home too, once there is one there"
    )
    share: Literal["ask", "off"] = Field(
        default="ask", description="ask whether to share a ride with friends who go there too"
    )


class LimitSettings(Section):
    """What may be spent, with whom, and without asking. Nothing is limited by itself."""

    per_order: str | None = Field(
        default=None, description="most that one order may cost with delivery, e.g. 80 EUR"
    )
    per_month: str | None = Field(
        default=None, description="most that a calendar month's orders may cost, e.g. 400 EUR"
    )
    never: tuple[str, ...] = Field(
        default=(), description="ids or names of providers that are not even asked"
    )
    always: tuple[str, ...] = Field(
        default=(),
        description="ids or names of providers that come first where they bring as much in time",
    )
    auto_approve: dict[str, str] = Field(
        default={},
        description="rule id: sum up to which it orders without asking, e.g. groceries: 20 EUR",
    )

    @field_validator("per_order", "per_month")
    @classmethod
    def _is_a_sum(cls, value: str | None) -> str | None:
        return _checked(value)

    @field_validator("auto_approve")
    @classmethod
    def _are_sums(cls, value: dict[str, str]) -> dict[str, str]:
        for text in value.values():
            _checked(text)
        return value

    def read(self) -> Limits:
        """Return the limits as the domain knows them."""
        return Limits(
            per_order=None if self.per_order is None else sum_of(self.per_order),
            per_month=None if self.per_month is None else sum_of(self.per_month),
            never=self.never,
            always=self.always,
            auto_approve={rule: sum_of(text) for rule, text in self.auto_approve.items()},
        )

    def sums(self) -> list[tuple[str, str]]:
        """Return every sum that is named, with the key it stands under."""
        named = [("per_order", self.per_order), ("per_month", self.per_month)]
        named += [(f"auto_approve.{rule}", text) for rule, text in self.auto_approve.items()]
        return [(key, text) for key, text in named if text is not None]


class SellSettings(Section):
    """Being a provider too: a catalogue is enough, and the household lends, cooks or sells."""

    catalog: Path | None = Field(
        default=None, description="what is offered (YAML, docs/for-providers.md); none: nothing"
    )
    host: str = Field(default="127.0.0.1", description="address to take orders on")
    port: int = Field(default=0, ge=0, le=65535, description="port; 0: any free one")
    public_url: str | None = Field(
        default=None, description="how buyers reach it; default http://host:port"
    )


class MealSettings(Section):
    """A meal that is usually cooked at home: only what would spoil it is told."""

    name: str = Field(max_length=80, description="as shown, e.g. Dinner")
    at: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="local time it begins, 18:30")
    minutes: int = Field(default=60, ge=5, le=600, description="how long it is cooked")
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = Field(
        default=("mon", "tue", "wed", "thu", "fri", "sat", "sun"), description="on these weekdays"
    )
    uses: tuple[Literal["gas", "water", "electricity", "heating", "internet"], ...] = Field(
        default=("gas",), description="services it cannot do without"
    )


class AgendaSettings(Section):
    """What the household's agenda takes for granted."""

    meals: tuple[MealSettings, ...] = Field(
        default=(), max_length=10, description="meals usually cooked at home; none: nothing assumed"
    )
    presence_minutes: int = Field(
        default=45,
        ge=0,
        le=720,
        description="how long somebody who is seen to be away or at home is taken to stay so",
    )


class SmtpSettings(Section):
    """A mail server, for invitations to friends without a hub (docs/activities.md)."""

    host: str | None = Field(default=None, max_length=255, description="its name; none: no mail")
    port: int = Field(default=587, ge=1, le=65535, description="its port; 465 for `tls`")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="TLS by STARTTLS, from the start, or none at all"
    )
    username: str | None = Field(default=None, description="our user there; none: no sign-in")
    password_file: Path | None = Field(
        default=None, description="file with that user's password; the hub's user must read it"
    )
    sender: str | None = Field(
        default=None,
        max_length=200,
        pattern=r"^[^\s@<>\"]+@[^\s@<>\"]+$",
        description="address that invitations come from and answers go to; default home.email",
    )
    ca_file: Path | None = Field(
        default=None, description="certificates (PEM) to trust besides the system's"
    )


class CalendarSettings(Section):
    """A calendar kept elsewhere, whose entries take members' time (docs/activities.md)."""

    name: str = Field(
        pattern=r"^[^\W_][\w .-]{0,39}$", description="what the household calls it; each once"
    )
    url: str = Field(
        max_length=2000,
        pattern=r"^(https?|webcals?)://\S+$",
        description="an .ics file's address, or a CalDAV server's or calendar's",
    )
    kind: Literal["ics", "caldav"] = Field(default="ics", description="what is there")
    username: str | None = Field(default=None, max_length=200, description="our user there")
    password_file: Path | None = Field(
        default=None, description="file with that user's password; the hub's user must read it"
    )
    members: tuple[str, ...] = Field(
        default=(), description="ids of those whose time it takes; none: every adult's"
    )
    every: int = Field(default=15, ge=5, le=1440, description="minutes between two readings")
    local: bool = Field(
        default=False, description="it is in the home's own network, where none is read otherwise"
    )


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


class PressSettings(Section):
    """What the hub's buttons in Home Assistant decide. Who may write to the broker can press."""

    member: str | None = Field(
        default=None, description="the adult in whose name a press counts; none: no buttons"
    )
    kinds: tuple[Kind, ...] = Field(
        default=(), description="kinds of suggestion that may be approved so; none named: all"
    )
    up_to: str | None = Field(
        default=None,
        description="most that a press may spend, e.g. 40 EUR; none: nothing that costs money",
    )

    @property
    def most(self) -> Money | None:
        """Return what a press may spend at most, None where it may spend nothing."""
        return None if self.up_to is None else sum_of(self.up_to)

    @field_validator("up_to")
    @classmethod
    def _is_a_sum(cls, value: str | None) -> str | None:
        return _checked(value)


EntityId = Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z0-9_]+$", max_length=255)]
"""An entity as Home Assistant names it."""
EntityGlob = Annotated[str, Field(pattern=r"^[a-z0-9_.*?]+$", max_length=255)]
CalendarId = Annotated[str, Field(pattern=r"^calendar\.[a-z0-9_]+$", max_length=255)]
TodoId = Annotated[str, Field(pattern=r"^todo\.[a-z0-9_]+$", max_length=255)]
AllowedService = Annotated[
    str, Field(pattern=r"^[a-z_]+\.[a-z0-9_]+( [a-z0-9_.*?]+)?$", max_length=300)
]


class HomeAssistantSettings(Section):
    """A Home Assistant beside the hub: what is read of it, and what it may be asked to do."""

    url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        description="where it is, e.g. http://homeassistant.local:8123; none: it is not read",
    )
    token: str | None = Field(
        default=None, max_length=2000, description="a long-lived access token, made on its profile"
    )
    token_file: Path | None = Field(default=None, description="file with the token instead")
    entities: tuple[EntityGlob, ...] = Field(
        default=(), description="entities to read, with * and ?, e.g. sensor.fridge_*, person.*"
    )
    calendars: dict[CalendarId, tuple[str, ...]] = Field(
        default={},
        description="calendars whose events count as appointments, each with the ids of those "
        "whose time they take; none: every adult's",
    )
    shopping_lists: tuple[TodoId, ...] = Field(
        default=(), description="lists whose open items join the next basket, e.g. todo.shopping"
    )
    note_list: TodoId | None = Field(
        default=None, description="list to which suggestions are added while they wait"
    )
    services: tuple[AllowedService, ...] = Field(
        default=(),
        description="what rules may have it do once a member agreed, with the entities, e.g. "
        "scene.turn_on scene.away*; what is not named is never done",
    )
    publish: bool = Field(
        default=False, description="show suggestions, pantry and deliveries in it (over MQTT)"
    )
    press: PressSettings = Field(
        default=PressSettings(), description="what its buttons may decide for the household"
    )

    @model_validator(mode="after")
    def _reachable(self) -> HomeAssistantSettings:
        if self.token is not None and self.token_file is not None:
            raise ValueError("expected token or token_file, not both")
        tokens = self.token is not None or self.token_file is not None
        if self.url is not None and not tokens:
            raise ValueError("expected a token or a token_file beside url")
        if self.url is None:
            named = ("entities", "calendars", "shopping_lists", "note_list", "services")
            used = [name for name in named if getattr(self, name)]
            if used or tokens:
                what = ", ".join(used) or "token"
                raise ValueError(f"{what}: expected url, too: where Home Assistant is")
        return self


class LogSettings(Section):
    """What is written about the running."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="the least severe line that is written"
    )


class Settings(Section):
    """The whole of hub.yaml."""

    home: HomeSettings = HomeSettings()
    members: tuple[MemberSettings, ...] = (MemberSettings(id="me", name="Me"),)
    mqtt: MqttSettings = MqttSettings()
    devices: DeviceSettings = DeviceSettings()
    notices: NoticeSettings = NoticeSettings()
    http: HttpSettings = HttpSettings()
    mdns: MdnsSettings = MdnsSettings()
    beckn: BecknSettings = BecknSettings()
    limits: LimitSettings = LimitSettings()
    rides: RideSettings = RideSettings()
    relay: RelaySettings = RelaySettings()
    sell: SellSettings = SellSettings()
    agenda: AgendaSettings = AgendaSettings()
    backup: BackupSettings = BackupSettings()
    smtp: SmtpSettings = SmtpSettings()
    calendars: tuple[CalendarSettings, ...] = Field(
        default=(), max_length=40, description="calendars kept elsewhere"
    )
    homeassistant: HomeAssistantSettings = HomeAssistantSettings()
    log: LogSettings = LogSettings()

    @field_validator("members")
    @classmethod
    def _members_differ(cls, value: tuple[MemberSettings, ...]) -> tuple[MemberSettings, ...]:
        ids = [member.id for member in value]
        if len(set(ids)) != len(ids):
            raise ValueError("two members have the same id")
        if not ids:
            raise ValueError("expected at least one member")
        return value

    @model_validator(mode="after")
    def _adults_are_asked_next(self) -> Settings:
        adults = [member.id for member in self.members if member.role == "adult"]
        for one in self.home.escalate.to if self.home.escalate is not None else ():
            if one not in adults:
                raise ValueError(
                    f"home.escalate.to: expected adults' ids ({', '.join(adults)}), got {one!r}"
                )
        return self

    @model_validator(mode="after")
    def _calendars_are_told_apart(self) -> Settings:
        names = [one.name for one in self.calendars]
        members = {member.id for member in self.members}
        for number, one in enumerate(self.calendars):
            if names.count(one.name) > 1:
                raise ValueError(f"calendars.{number}.name: {one.name!r} is there twice")
            for member in one.members:
                if member not in members:
                    raise ValueError(f"calendars.{number}.members: there is no member {member!r}")
        return self

    @property
    def mail_from(self) -> str | None:
        """Return the address that invitations by mail come from, None where none can be sent."""
        return (self.smtp.sender or self.home.email) if self.smtp.host else None

    @model_validator(mode="after")
    def _mail_has_a_sender(self) -> Settings:
        if self.smtp.host and not self.mail_from:
            raise ValueError("smtp.sender: expected an address (or home.email)")
        return self

    @model_validator(mode="after")
    def _one_currency(self) -> Settings:
        named = [(f"limits.{key}", text) for key, text in self.limits.sums()]
        if self.beckn.split_saving is not None:
            named.append(("beckn.split_saving", self.beckn.split_saving))
        if self.homeassistant.press.up_to is not None:
            named.append(("homeassistant.press.up_to", self.homeassistant.press.up_to))
        for key, text in named:
            if not text.endswith(self.home.currency):
                raise ValueError(
                    f"{key}: expected {self.home.currency} (home.currency), got {text}"
                )
        return self

    @model_validator(mode="after")
    def _members_there_are(self) -> Settings:
        roles = {member.id: member.role for member in self.members}
        there = self.homeassistant
        for calendar, people in there.calendars.items():
            for member in people:
                if member not in roles:
                    where = f"homeassistant.calendars.{calendar}"
                    raise ValueError(f"{where}: no member is called {member!r}")
        presses = there.press.member
        if presses is not None and roles.get(presses) != "adult":
            raise ValueError(f"homeassistant.press.member: expected an adult, got {presses!r}")
        for one in self.members:
            if one.homeassistant and there.url is None:
                raise ValueError(f"members.{one.id}.homeassistant: expected homeassistant.url, too")
        return self


def sum_of(text: str) -> Money:
    """Read a sum such as ``80 EUR``; ValueError for anything else."""
    amount, _, currency = text.strip().partition(" ")
    found = money(amount, currency.strip())
    if found.amount < 0:
        raise ValueError(f"expected a sum of 0 or more, got {text!r}")
    return found


def _checked(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return f"{sum_of(text)}"
    except ValueError as error:
        raise ValueError(f"expected a sum such as 80 EUR, got {text!r}") from error
