"""Calendars and lists of Home Assistant, read when they change and now and then besides."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

from hub.domain.offers import Window
from hub.flow.calendars import (
    LOOK_AHEAD,
    LOOK_BACK,
    calendar_failed,
    forget_calendars,
    keep_calendar,
)
from hub.flow.home import Home
from hub.flow.shopping import keep_list
from hub.ports import Clock, DeliveryError, HomeControl
from hub.worker.writer import Writer

log = logging.getLogger(__name__)
PREFIX = "ha/"
"""Before the names of its calendars."""
EVERY = timedelta(minutes=15)
LISTS_EVERY = timedelta(minutes=2)
"""A text that is changed there changes no state: only looking again tells."""
SOON = 0.5
"""Seconds to wait for further changes."""


class HomeLists:
    """Reads what is due when woken; what was read stays while Home Assistant is away."""

    def __init__(self, home: Home, writer: Writer, clock: Clock, control: HomeControl) -> None:
        """Nothing is read before ``look``."""
        self._home = home
        self._writer = writer
        self._clock = clock
        self._control = control
        there = home.settings.homeassistant
        self._calendars = there.calendars if there.url is not None else {}
        self._lists = there.shopping_lists if there.url is not None else ()
        self._due: dict[str, datetime] = {}
        self._looking = asyncio.Lock()
        self._later: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def watched(self) -> frozenset[str]:
        """Return the entities whose states tell that something changed."""
        return frozenset({*self._calendars, *self._lists})

    async def start(self) -> None:
        """Forget calendars that are no longer to be read."""
        names = {PREFIX + name for name in self._calendars}
        await self._writer.run(lambda tx: forget_calendars(tx, names, PREFIX))

    def changed(self, name: str | None = None) -> None:
        """Read one again soon, or all: it changed, or Home Assistant is back. In the loop."""
        for one in (name,) if name is not None else self.watched:
            self._due.pop(one, None)
        if self._later is None:
            self._later = asyncio.get_running_loop().call_later(SOON, self._begin)

    def _begin(self) -> None:
        self._later = None
        task = asyncio.create_task(self.look(), name="homeassistant lists")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop reading."""
        if self._later is not None:
            self._later.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def look(self) -> None:
        """Read what is due."""
        if not self.watched:
            return
        async with self._looking:
            now = self._clock.now()
            for name in self.watched:
                if self._due.get(name, now) > now:
                    continue
                calendar = name in self._calendars
                self._due[name] = now + (EVERY if calendar else LISTS_EVERY)
                await (self._calendar(name, now) if calendar else self._list(name))

    async def _list(self, name: str) -> None:
        from integrations.homeassistant.lists import AssistantLists

        try:
            items = await AssistantLists(self._control).read(name)
        except DeliveryError as error:
            # It is read again when it is back, which the log says.
            log.debug("%s: %s", name, error)
            return
        if await self._writer.run(lambda tx: keep_list(tx, name, items)):
            log.info("%s: %d open", name, len(items))

    async def _calendar(self, name: str, now: datetime) -> None:
        from integrations.homeassistant.lists import read_calendar

        within = Window(now - LOOK_BACK, now + LOOK_AHEAD)
        try:
            zone = self._home.settings.home.zone
            found = await read_calendar(self._control, name, within, zone)
        except DeliveryError as error:
            problem = str(error)
            await self._writer.run(
                lambda tx: calendar_failed(tx, self._home, PREFIX + name, problem)
            )
            return
        members = self._calendars[name]
        await self._writer.run(
            lambda tx: keep_calendar(
                tx, self._home, PREFIX + name, found.entries, members, found.skipped
            )
        )
