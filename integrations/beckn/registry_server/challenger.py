"""Challenging who asked to be entered, until an answer is judged: again after a crash."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import TypeVar

from hub.ports import Clock
from integrations.beckn.errors import BecknError, RegistryError
from integrations.beckn.registry_server.caller import Caller, wait_before
from integrations.beckn.registry_server.desk import PATIENCE, Desk
from integrations.beckn.registry_server.store import Request, Store

log = logging.getLogger(__name__)

T = TypeVar("T")

_AT_ONCE = 8
_TIDY_SECONDS = 3600.0

STATES = {
    "open": "UNDER_SUBSCRIPTION",
    "answered": "INITIATED",
    "done": "SUBSCRIBED",
    "refused": "UNSUBSCRIBED",
}
"""Beckn v1.1.1's words for where a request stands; INITIATED waits for a person."""


class Challenger:
    """Sends challenges as they become due; its one thread is the only one that uses the store."""

    def __init__(
        self,
        store: Store,
        desk: Desk,
        caller: Caller,
        say: Callable[[str], None],
        clock: Clock,
    ) -> None:
        """Tell with ``say`` what became of each request."""
        self._store = store
        self._desk = desk
        self._caller = caller
        self._say = say
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "registry")
        self._wake = asyncio.Event()

    def close(self) -> None:
        """Return when what was begun is written."""
        self._thread.shutdown()

    def wake(self) -> None:
        """Look for challenges that are due."""
        self._wake.set()

    async def step(self, work: Callable[[], T]) -> T:
        """Do ``work`` in the store's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def answer(self, subscriber_id: str, text: str) -> bool:
        """Judge an answer that was handed in afterwards; False when it fits no open challenge."""
        for request in await self.step(partial(self._store.requests, subscriber_id)):
            if request.state == "open" and hmac.compare_digest(
                request.challenge.encode(), text.encode()
            ):
                return await self._judge(request, text)
        return False

    async def run(self) -> None:
        """Send challenges as they become due, until cancelled."""
        tidied = 0.0
        while True:
            self._wake.clear()
            if time.monotonic() > tidied + _TIDY_SECONDS or not tidied:
                tidied = time.monotonic()
                await self.step(partial(self._tidy, self._clock.now()))
            due = await self.step(partial(self._store.due, self._clock.now(), _AT_ONCE))
            if due:
                await asyncio.gather(*(self._challenge(request) for request in due))
                continue
            moment = await self.step(self._store.next_due)
            pause = _TIDY_SECONDS
            if moment is not None:
                pause = self._clock.seconds_until(moment)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    async def _challenge(self, request: Request) -> None:
        now = self._clock.now()
        try:
            entry = self._desk.entry_of(request)
            # Begun again after a crash, a challenge is the same: its answer is as good.
            text = await self._caller.ask(request, entry)
        except (RegistryError, BecknError) as error:
            await self._later(request, str(error), now)
            return
        if text is None:
            await self._later(request, "the answer is awaited", now)
            return
        await self._judge(request, text)

    async def _judge(self, request: Request, text: str) -> bool:
        right = await self.step(partial(self._desk.answer, request.seq, text, self._clock.now()))
        settled = await self.step(partial(self._store.request, request.seq))
        state = settled.state if settled else "refused"
        reason = f": {settled.reason}" if settled and settled.reason else ""
        self._say(f"{request.subscriber_id}: {STATES[state]}{reason}")
        return right

    async def _later(self, request: Request, reason: str, now: datetime) -> None:
        if now > request.created_at + PATIENCE:
            self._say(f"{request.subscriber_id}: given up: {reason}")
            await self.step(partial(self._store.settle, request.seq, "refused", reason))
            return
        at = now + wait_before(request.attempts)
        await self.step(partial(self._store.again, request.seq, at, reason))

    def _tidy(self, now: datetime) -> None:
        with self._store.step():
            self._store.tidy(now)
