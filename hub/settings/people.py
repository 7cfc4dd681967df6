"""The household, its members, and how each is reached."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator, model_validator

from hub.domain.authority import Authority
from hub.domain.suggestions import Kind
from hub.settings.section import Section, checked_sum, sum_of


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


class ApproveSettings(Section):
    """What a member may approve. Only adults may say more than yes or no for this once."""

    kinds: tuple[Kind, ...] = Field(
        default=(), description="kinds of suggestion, e.g. grocery_order; none named: all"
    )
    up_to: str | None = Field(
        default=None,
        description="most that one approval may cost, e.g. 10 EUR; none: any sum for an adult, for "
        "others nothing that costs money",
    )

    @field_validator("up_to")
    @classmethod
    def _is_a_sum(cls, value: str | None) -> str | None:
        return checked_sum(value)


class MemberSettings(Section):
    """A person of the household."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$", description="short name used in rules")
    name: str = Field(max_length=80, description="as shown")
    role: Literal["adult", "child", "guest"] = Field(
        default="adult",
        description="adults may decide; children and guests may look, and decide what `approves` "
        "names",
    )
    approves: ApproveSettings | None = Field(
        default=None, description="what is approved; none: everything by adults, nothing by others"
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

    @property
    def authority(self) -> Authority | None:
        """Return what this member may approve, None where nothing at all."""
        adult, said = self.role == "adult", self.approves
        if said is None:
            return Authority(any_sum=True) if adult else None
        if said.up_to is None:
            return Authority(said.kinds, any_sum=adult)
        return Authority(said.kinds, sum_of(said.up_to))

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
    language: Literal["en", "zh"] = Field(
        default="en",
        description="in which the hub says its own sentences: questions, notifications, reasons; "
        "on pages each browser chooses its own for the rest",
    )
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
