"""Wakes the hub when something is due, and from time to time besides."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from hub.clock import SYSTEM
from hub.ports import Clock

_DUE = "due"


class Alarm:
    """Jobs on the event loop that calls ``start``. What is due is kept elsewhere (timers are rows).

    Instants are the clock's, intervals are real seconds. A job that comes late is run late, once.
    APScheduler sleeps by a clock that no clock change
    moves, so a step of the machine's clock is noticed at the next steady look, not earlier.
    """

    def __init__(self, clock: Clock = SYSTEM) -> None:
        """Prepare it; nothing runs yet."""
        self._clock = clock
        self._due: datetime | None = None
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._wake: Callable[[], Awaitable[None]] | None = None
        self._waking = False
        self._again = False
        self._stopped = False

    def start(self, wake: Callable[[], Awaitable[None]]) -> None:
        """Begin; ``wake`` is called at each instant given to ``at``. Call in the event loop."""
        self._wake = wake
        self._scheduler.start()

    def at(self, instant: datetime | None) -> None:
        """Wake at ``instant`` (aware; at once when it is past), in place of any set before."""
        self._due = instant
        if instant is None or self._wake is None:
            if self._scheduler.get_job(_DUE) is not None:
                self._scheduler.remove_job(_DUE)
            return
        left = timedelta(seconds=self._clock.seconds_until(instant))
        self._scheduler.add_job(
            self._guarded(self._strike),
            DateTrigger(datetime.now(UTC) + left, timezone=UTC),
            id=_DUE,
            replace_existing=True,
            # It may strike while it is still being answered; APScheduler would drop that.
            max_instances=1000,
        )

    async def _strike(self) -> None:
        if self._due is not None and self._clock.seconds_until(self._due) > 0:
            # The clock goes by another pace than the machine's, or was turned back.
            self.at(self._due)
            return
        await self._ring()

    async def _ring(self) -> None:
        """Call ``wake``, never twice at once; what strikes meanwhile has it called once more."""
        assert self._wake is not None
        self._again = True
        if self._waking:
            return
        self._waking = True
        try:
            while self._again:
                self._again = False
                await self._wake()
        finally:
            self._waking = False

    def every(self, seconds: float, job: Callable[[], Awaitable[None]], name: str) -> None:
        """Run ``job`` every so many seconds, never twice at once."""
        self._scheduler.add_job(
            self._guarded(job), IntervalTrigger(seconds=seconds, timezone=UTC), id=name
        )

    def _guarded(self, job: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def guarded() -> None:
            try:
                await job()
            except asyncio.CancelledError:
                # Ending cancels what runs; APScheduler would log that as a failure.
                if not self._stopped:
                    raise

        return guarded

    def stop(self) -> None:
        """End: nothing is started any more, and what is being answered is cancelled."""
        self._stopped = True
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
