"""Calendars that are kept elsewhere and read by the hub: what they hold, and how reading goes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from hub.domain.agenda import Block
from hub.domain.blocks import elsewhere
from hub.domain.offers import Place, Window
from hub.domain.spans import overlaps
from hub.domain.values import dataclass

MOST_CALENDARS = 50
OF_CALENDAR = "calendar/"
"""How the ids of their blocks begin, after the kind."""
MOST_ENTRIES = 2000
"""Entries of one calendar that are kept."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in another calendar. ``busy`` is false for what does not take up time (TRANSP)."""

    uid: str
    window: Window
    summary: str
    location: str = ""
    gps: str | None = None
    all_day: bool = False
    busy: bool = True
    tentative: bool = False


@dataclass(frozen=True, slots=True)
class Entries:
    """What a calendar holds within a window, and why some of it was ``skipped``."""

    entries: tuple[Entry, ...]
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OtherCalendar:
    """A calendar as it was read last; ``members`` are whose time it takes, none: everybody's.

    ``problem`` says why it could not be read since ``failing_since``; what was read before holds
    meanwhile. ``told``: members have been told so. ``skipped`` says what of it was not understood.
    """

    name: str
    entries: tuple[Entry, ...] = ()
    members: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    read_at: datetime | None = None
    problem: str = ""
    failing_since: datetime | None = None
    told: bool = False


def calendar_blocks(
    calendar: OtherCalendar,
    everybody: Sequence[str],
    home: Place | None,
    within: Window | None = None,
) -> tuple[Block, ...]:
    """Return what a calendar's entries take of its members' time; none for those that take none.

    Only what touches ``within``, if that is given: most of a calendar is not about today.
    """
    members = tuple(calendar.members or everybody)
    return tuple(
        Block(
            id=f"activity:{_named(calendar.name, one)}",
            kind="activity",
            window=one.window,
            title=one.summary or calendar.name,
            members=members,
            away=elsewhere(_place(one), one.location, home),
            tentative=one.tentative,
            place=_place(one),
        )
        for one in calendar.entries
        if one.busy
        and one.window.start < one.window.end
        and (within is None or overlaps(one.window, within))
    )


def _place(entry: Entry) -> Place | None:
    return Place(entry.gps, entry.location) if entry.gps else None


def _named(name: str, entry: Entry) -> str:
    # Another's UID may hold anything, and be as long as it likes.
    digest = sha256(f"{name}\n{entry.uid}".encode()).hexdigest()[:24]
    return f"{OF_CALENDAR}{digest}@{entry.window.start:%Y%m%dT%H%M%SZ}"
