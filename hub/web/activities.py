"""What programs ask of the hub about activities; ``hub.app`` provides it, tests may fake it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from hub.domain.activities import Activity, Details, PartStat
from hub.domain.agenda import Block
from hub.domain.conflicts import Conflict
from hub.domain.offers import Window
from hub.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Friend:
    """A contact as programs see it, to be invited over its ``hub``, or by mail to ``email``."""

    id: str
    name: str
    hub: bool
    muted: bool
    since: datetime | None
    email: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What does not go together, and the id of the open suggestion about it ("": none).

    ``why`` is why there is no way out, where none was found.
    """

    conflict: Conflict
    suggestion: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class CalendarView:
    """A calendar kept elsewhere: how many ``entries`` of it are known, and how reading goes.

    ``members`` are whose time it takes, none: every adult's. ``problem`` says why it could not be
    read, "" where it could, ``skipped`` what in it was not understood.
    """

    name: str
    members: tuple[str, ...]
    entries: int
    read_at: datetime | None
    problem: str = ""
    skipped: tuple[str, ...] = ()


class Activities(Protocol):
    """Activities and the agenda. ActivityError and PeerError say why something cannot be."""

    @property
    def address(self) -> str:
        """Return the calendar address of this household."""
        ...

    def listed(self) -> Sequence[Activity]:
        """Return what is still to happen, the soonest first."""
        ...

    def agenda(self, within: Window) -> Sequence[Block]:
        """Return what takes the household's time within a span, in order of time."""
        ...

    def troubles(self, within: Window) -> Sequence[Trouble]:
        """Return what does not go together within a span, in order of time."""
        ...

    def friends(self) -> Sequence[Friend]:
        """Return the contacts by name."""
        ...

    def calendars(self) -> Sequence[CalendarView]:
        """Return the calendars that are kept elsewhere, by name."""
        ...

    async def create(self, details: Details, guests: Sequence[str], member: str) -> Activity:
        """Make an activity and invite contacts by their ids."""
        ...

    async def change(self, key: str, details: Details, member: str) -> Activity:
        """Change an activity of this household, and tell its guests."""
        ...

    async def cancel(self, key: str, member: str) -> Activity:
        """Cancel an activity of this household, and tell its guests."""
        ...

    async def invite(self, key: str, guests: Sequence[str], member: str) -> Activity:
        """Invite more contacts to an activity of this household."""
        ...

    async def answer(self, key: str, partstat: PartStat, member: str, comment: str) -> Activity:
        """Answer a friend's invitation for a member, or answer it anew."""
        ...

    async def note_answer(self, key: str, who: str, partstat: PartStat, member: str) -> Activity:
        """Note what a guest without a hub (a calendar address) said by mail or word of mouth."""
        ...

    async def propose(self, key: str, window: Window, member: str, comment: str) -> Activity:
        """Propose another time for a friend's activity to its organizer."""
        ...
