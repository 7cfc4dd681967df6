"""The day: meals, calendars kept elsewhere, invitations by mail."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from hub.settings.section import Section


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
