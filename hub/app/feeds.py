"""The agenda for calendars that subscribe (``hub.web.feeds``), by the running parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from hub.domain.activities import Activity
from hub.domain.agenda import Block
from hub.domain.offers import Window
from hub.flow.agenda import agenda_of
from hub.flow.home import Home
from hub.ports import Clock
from hub.store.access import Access
from hub.store.house import House
from hub.web.feeds import AgendaText

BACK, AHEAD = timedelta(days=7), timedelta(days=400)
MOST = 2000
"""Blocks of one agenda; the later ones are left out."""


class HubFeeds:
    """Reads from memory; an agenda is written anew only when it says something else."""

    def __init__(self, home: Home, house: House, access: Access, clock: Clock) -> None:
        self._home = home
        self._house = house
        self._access = access
        self._clock = clock
        self._last: AgendaText | None = None

    def agenda(self) -> AgendaText:
        """Return the agenda: of the last week, and of the next year and a month."""
        now = self._clock.now()
        within = Window(now - BACK, now + AHEAD)
        blocks, revisions = self._named(agenda_of(self._house, self._home, within).during(within))
        name = self._home.settings.home.name
        # What has no end yet is shown until tomorrow: each day says something else.
        day = now.astimezone(self._home.settings.home.zone).date()
        told = repr((name, day, blocks, sorted(revisions.items())))
        tag = sha256(told.encode()).hexdigest()[:32]
        last = self._last
        if last is None or last.tag != tag:
            from integrations.calendar.write import agenda_ics

            last = self._last = AgendaText(agenda_ics(blocks, name, now, revisions), tag)
        return last

    def _named(self, blocks: tuple[Block, ...]) -> tuple[list[Block], Mapping[str, int]]:
        """Return blocks by names that stay when an activity is moved, and their revisions."""
        kept = [one.what for one in list(self._house.activities.values())]
        known = {one.key: one for one in kept if isinstance(one, Activity)}
        named: list[Block] = []
        revisions: dict[str, int] = {}
        for block in blocks[:MOST]:
            key = block.id.removeprefix("activity:").rpartition("@")[0]
            activity = known.get(key) if block.kind == "activity" else None
            once = activity is not None and not activity.details.recurrence
            name = f"activity:{key}" if once else block.id
            if activity is not None:
                revisions[name] = activity.sequence
            named.append(replace(block, id=name))
        return named, revisions

    def create(self, member: str) -> str:
        """Make the secret of a member's address, shown this once; an older one is void."""
        return self._access.create_feed(member, self._clock.now())

    def member(self, secret: str) -> str | None:
        """Return whose address has this secret; None when there is none (any more)."""
        return self._access.feed(secret)

    def made(self, member: str) -> datetime | None:
        """Return when a member's address was made; None without one."""
        return self._access.feed_made(member)

    def end(self, member: str) -> bool:
        """Forget a member's address; False when there is none."""
        return self._access.end_feed(member)
