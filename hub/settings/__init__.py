"""Every setting of a household, typed, with its default and unit: ``config/hub.yaml``."""

from __future__ import annotations

from pydantic import Field, field_validator, model_validator

from hub.settings.assistant import HomeAssistantSettings, PressSettings
from hub.settings.day import AgendaSettings, CalendarSettings, MealSettings, SmtpSettings
from hub.settings.dealing import (
    BecknSettings,
    LimitSettings,
    RegistrySettings,
    RelaySettings,
    RideSettings,
    SellSettings,
)
from hub.settings.grocy import GrocySettings
from hub.settings.machine import (
    BackupSettings,
    DeviceSettings,
    HttpSettings,
    LogSettings,
    MdnsSettings,
    MqttSettings,
    Network,
    NoticeSettings,
)
from hub.settings.people import (
    ApproveSettings,
    EscalateSettings,
    HomeSettings,
    MemberSettings,
    NtfySettings,
    Way,
)
from hub.settings.section import Section, sum_of

__all__ = [
    "AgendaSettings",
    "ApproveSettings",
    "BackupSettings",
    "BecknSettings",
    "CalendarSettings",
    "DeviceSettings",
    "EscalateSettings",
    "GrocySettings",
    "HomeAssistantSettings",
    "HomeSettings",
    "HttpSettings",
    "LimitSettings",
    "LogSettings",
    "MdnsSettings",
    "MealSettings",
    "MemberSettings",
    "MqttSettings",
    "Network",
    "NoticeSettings",
    "NtfySettings",
    "PressSettings",
    "RegistrySettings",
    "RelaySettings",
    "RideSettings",
    "Section",
    "SellSettings",
    "Settings",
    "SmtpSettings",
    "Way",
    "sum_of",
]


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
    grocy: GrocySettings = GrocySettings()
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
    def shopping_lists(self) -> tuple[str, ...]:
        """Return the names of all lists whose open items join the next basket."""
        return self.homeassistant.shopping_lists + self.grocy.lists

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
        for one in self.members:
            if one.approves is not None and one.approves.up_to is not None:
                named.append((f"members.{one.id}.approves.up_to", one.approves.up_to))
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
