"""Calendars kept elsewhere, read in the background: one after the other, each as often as it says.

What was read is kept in the database, so a restart or a day offline leaves the agenda as it was. A
faulty one is tried again and again, more and more seldom.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol
from zoneinfo import ZoneInfo

from hub.app.mail import read_password
from hub.domain.activities import ActivityError
from hub.domain.calendars import Entries
from hub.domain.offers import Window
from hub.flow.calendars import (
    LOOK_AHEAD,
    LOOK_BACK,
    calendar_failed,
    forget_calendars,
    keep_calendar,
)
from hub.flow.home import Home
from hub.ports import Clock, DeliveryError
from hub.settings import CalendarSettings
from hub.worker.writer import Writer

log = logging.getLogger(__name__)
LOOK_SECONDS = 20.0
PATIENCE = 120.0
"""Seconds that reading one calendar may take."""
SELDOM = timedelta(hours=6)
"""The longest time between two tries of one that fails."""


class _Reader(Protocol):
    async def read(self, within: Window, zone: ZoneInfo) -> Entries: ...


class Calendars:
    """Reads what ``calendars`` of hub.yaml names, when ``look`` is called and it is due."""

    def __init__(self, home: Home, writer: Writer, clock: Clock) -> None:
        """Read nothing yet; readers are made, and their library loaded, when one is due."""
        self._home = home
        self._writer = writer
        self._clock = clock
        self._due: dict[str, datetime] = {}
        self._failed: dict[str, int] = {}
        self._readers: dict[tuple[CalendarSettings, str | None], _Reader] = {}
        self._named: frozenset[str] | None = None

    async def look(self) -> None:
        """Read each calendar that is due; forget those that hub.yaml names no more."""
        wanted = self._home.settings.calendars
        names = frozenset(one.name for one in wanted)
        if names != self._named:
            await self._writer.run(lambda tx: forget_calendars(tx, names))
            self._named = names
            self._due = {name: at for name, at in self._due.items() if name in names}
            self._readers = {key: one for key, one in self._readers.items() if key[0] in wanted}
        for one in wanted:
            if self._due.get(one.name, self._clock.now()) <= self._clock.now():
                await self._read(one)

    async def _read(self, settings: CalendarSettings) -> None:
        now, home = self._clock.now(), self._home
        within = Window(now - LOOK_BACK, now + LOOK_AHEAD)
        name, every = settings.name, timedelta(minutes=settings.every)
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._reader(settings).read(within, home.settings.home.zone)
        except (DeliveryError, ActivityError, ValueError, TimeoutError) as error:
            problem = str(error) or f"calendar {name} did not answer within {PATIENCE:g} s"
            lasting = not getattr(error, "retry", not isinstance(error, ValueError))
            fails = self._failed[name] = self._failed.get(name, 0) + 1
            self._due[name] = now + min(every * 2 ** min(fails - 1, 10), max(SELDOM, every))
            log.warning("%s", problem)
            await self._writer.run(
                partial(calendar_failed, home=home, name=name, problem=problem, lasting=lasting)
            )
            return
        self._failed.pop(name, None)
        self._due[name] = now + every
        await self._writer.run(
            partial(
                keep_calendar,
                home=home,
                name=name,
                entries=found.entries,
                members=settings.members,
                skipped=found.skipped,
            )
        )

    def _reader(self, settings: CalendarSettings) -> _Reader:
        from integrations.calendar.caldav import CalDavCalendar
        from integrations.calendar.subscribed import SubscribedCalendar
        from integrations.calendar.web import Source

        password = read_password(f"calendar {settings.name}", settings.password_file)
        known = self._readers.get((settings, password))
        if known is not None:
            return known
        source = Source(
            settings.name, settings.url, settings.username, password, local=settings.local
        )
        kind = CalDavCalendar if settings.kind == "caldav" else SubscribedCalendar
        made: _Reader = kind(source)
        self._readers = {key: one for key, one in self._readers.items() if key[0] != settings}
        self._readers[settings, password] = made
        return made
