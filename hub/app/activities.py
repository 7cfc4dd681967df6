"""Activities and the agenda for programs (``hub.web.activities``), by the running parts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine

from hub.domain.activities import Activity, Details, PartStat
from hub.domain.agenda import Block
from hub.domain.offers import Window
from hub.domain.spans import overlaps
from hub.flow.activities import attend, organize
from hub.flow.agenda import agenda_of
from hub.flow.home import Home
from hub.ports import Clock
from hub.store.house import House
from hub.store.peers import PeerStore
from hub.web.activities import CalendarView, Friend, Trouble
from hub.worker.writer import Writer

API = "api"


class HubActivities:
    """Reads from memory; changes go through the writer thread."""

    def __init__(
        self, home: Home, house: House, writer: Writer, engine: Engine, clock: Clock
    ) -> None:
        self._home = home
        self._house = house
        self._writer = writer
        self._engine = engine
        self._clock = clock

    @property
    def address(self) -> str:
        """Return the calendar address of this household."""
        return self._home.own.address if self._home.own else ""

    def listed(self) -> Sequence[Activity]:
        """Return what is still to happen, the soonest first."""
        now = self._clock.now()
        found = [
            (planned.next_start(now), planned.activity.key, planned.activity)
            for planned in list(self._house.activities.values())
        ]
        return [activity for _, _, activity in sorted(found, key=lambda one: one[:2])]

    def calendars(self) -> Sequence[CalendarView]:
        """Return the calendars that are kept elsewhere, by name."""
        return [
            CalendarView(
                one.name, one.members, len(one.entries), one.read_at, one.problem, one.skipped
            )
            for _, one in sorted(self._house.calendars.items())
        ]

    def agenda(self, within: Window) -> Sequence[Block]:
        """Return what takes the household's time within a span, in order of time."""
        now = self._clock.now()
        return agenda_of(self._house, self._home, within, now).during(within)

    def troubles(self, within: Window) -> Sequence[Trouble]:
        """Return what does not go together within a span, in order of time."""
        found = [
            Trouble(one, self._house.open_keys.get(case.key, ""), case.said)
            for case in list(self._house.cases.values())
            for one in case.conflicts
            if overlaps(one.overlap, within)
        ]
        return sorted(found, key=lambda one: (one.conflict.overlap.start, one.conflict.key))

    def friends(self) -> Sequence[Friend]:
        """Return the contacts by name."""
        with self._engine.connect() as connection:
            return [
                Friend(
                    one.id,
                    one.name,
                    one.state == "known" and bool(one.peer),
                    one.muted,
                    one.since,
                    one.email,
                )
                for one in PeerStore(connection).contacts()
            ]

    async def create(self, details: Details, guests: Sequence[str], member: str) -> Activity:
        """Make an activity and invite contacts by their ids. ActivityError, PeerError."""
        return await self._writer.run(
            lambda tx: organize.create(tx, self._home, details, guests, member, API)
        )

    async def change(self, key: str, details: Details, member: str) -> Activity:
        """Change an activity of this household. ActivityError, PeerError."""
        return await self._writer.run(
            lambda tx: organize.change(tx, self._home, key, details, member, API)
        )

    async def cancel(self, key: str, member: str) -> Activity:
        """Cancel an activity of this household. ActivityError, PeerError."""
        return await self._writer.run(lambda tx: organize.cancel(tx, self._home, key, member, API))

    async def invite(self, key: str, guests: Sequence[str], member: str) -> Activity:
        """Invite more contacts. ActivityError, PeerError."""
        return await self._writer.run(
            lambda tx: organize.invite(tx, self._home, key, guests, member, API)
        )

    async def answer(self, key: str, partstat: PartStat, member: str, comment: str) -> Activity:
        """Answer an invitation, or answer it anew. ActivityError, PeerError."""
        return await self._writer.run(
            lambda tx: attend.answer(tx, self._home, key, partstat, member, API, comment)
        )

    async def note_answer(self, key: str, who: str, partstat: PartStat, member: str) -> Activity:
        """Note what a guest without a hub said. ActivityError."""
        return await self._writer.run(
            lambda tx: organize.note_answer(tx, self._home, key, who, partstat, member, API)
        )

    async def propose(self, key: str, window: Window, member: str, comment: str) -> Activity:
        """Propose another time. ActivityError, PeerError."""
        return await self._writer.run(
            lambda tx: attend.propose(tx, self._home, key, window, member, API, comment)
        )
