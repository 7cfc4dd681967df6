"""The outbox pump: does what was committed, once, however often the hub is killed meanwhile.

Rows come straight from the writer after their commit, and from the database at start. A row is
deleted in the step that records its success; killed in between, it is sent again with the same
key, by which the receiver recognises it. A ``confirm`` costs money, so it is *leased* before it
is sent: found leased at start, it is asked for with ``status`` and not sent again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from hub.domain.effects import AskMember, SendOrderRequest, TellMember
from hub.ports import Clock, DeliveryError
from hub.store.codec import micros
from hub.store.tx import Tx, Waiting
from hub.worker.writer import Writer

log = logging.getLogger(__name__)
LANES = 8
MOST_IN_MEMORY = 5_000
MOST_ATTEMPTS = 12
FIRST_DELAY = 1.0
LONGEST_DELAY = 300.0
_DONE_TOGETHER = 64


@dataclass(frozen=True, slots=True)
class Doers:
    """How each kind of effect is done. Each returns when it is done or no longer wanted, and
    raises DeliveryError. ``uncertain`` and ``gave_up`` are flow steps for what went wrong."""

    ask: Callable[[AskMember], Awaitable[None]]
    tell: Callable[[TellMember], Awaitable[None]]
    order: Callable[[SendOrderRequest], Awaitable[None]]
    uncertain: Callable[[Tx, SendOrderRequest], None]
    gave_up: Callable[[Tx, SendOrderRequest, str], None]


class Pump:
    """Empties the outbox over ``LANES`` lanes; effects of one subject keep their order."""

    def __init__(
        self,
        writer: Writer,
        clock: Clock,
        doers: Doers,
        load: Callable[[int, int], list[Waiting]],
    ) -> None:
        """``load(after_id, limit)`` reads waiting rows from the database, by id."""
        self._writer = writer
        self._clock = clock
        self._doers = doers
        self._load = load
        self._lanes: list[deque[Waiting]] = [deque() for _ in range(LANES)]
        self._wake = [asyncio.Event() for _ in range(LANES)]
        self._tasks: list[asyncio.Task[None]] = []
        self._later: dict[int, asyncio.TimerHandle] = {}
        self._highest = 0
        self._behind = False
        self._done: list[int] = []
        self.sent = 0
        self.failed = 0

    @property
    def waiting(self) -> int:
        """Return how many effects wait in memory."""
        return sum(len(lane) for lane in self._lanes)

    def start(self) -> None:
        """Take up what an earlier run left and begin; call in the event loop."""
        self._read_on()
        self._tasks = [asyncio.create_task(self._lane(n), name=f"pump-{n}") for n in range(LANES)]

    async def stop(self) -> None:
        """Finish nothing more; what is in flight is taken up at the next start."""
        for handle in self._later.values():
            handle.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._flush_done()

    def offer(self, rows: Iterable[Waiting]) -> None:
        """Take freshly committed rows; call in the event loop. Too many stay in the database."""
        for row in rows:
            if self._behind or self.waiting >= MOST_IN_MEMORY:
                self._behind = True
                return
            self._highest = max(self._highest, row.id)
            self._enqueue(row)

    def _read_on(self) -> None:
        rows = self._load(self._highest, MOST_IN_MEMORY)
        self._behind = len(rows) == MOST_IN_MEMORY
        for row in rows:
            self._highest = max(self._highest, row.id)
            self._enqueue(row)

    def _enqueue(self, row: Waiting) -> None:
        wait = (row.not_before - micros(self._clock.now())) / 1e6 if row.not_before else 0.0
        if wait > 0:
            loop = asyncio.get_running_loop()
            self._later[row.id] = loop.call_later(min(wait, 3600.0), self._due, row)
            return
        lane = hash(row.subject) % LANES
        self._lanes[lane].append(row)
        self._wake[lane].set()

    def _due(self, row: Waiting) -> None:
        self._later.pop(row.id, None)
        self._enqueue(row)

    async def _lane(self, number: int) -> None:
        lane, wake = self._lanes[number], self._wake[number]
        while True:
            if not lane:
                self._flush_done()
                if self._behind and self.waiting < MOST_IN_MEMORY // 2:
                    self._read_on()
                    continue
                wake.clear()
                await wake.wait()
                continue
            await self._do(lane.popleft())

    async def _do(self, row: Waiting) -> None:
        if row.expires is not None and row.expires <= micros(self._clock.now()):
            await self._give_up(row, "it was too late")
            return
        effect = row.effect
        try:
            if isinstance(effect, SendOrderRequest):
                await self._do_order(row, effect)
            elif isinstance(effect, AskMember):
                await self._doers.ask(effect)
            else:
                await self._doers.tell(effect)
        except DeliveryError as error:
            await self._not_done(row, error)
        except Exception as error:
            log.exception("effect %s failed", row.key)
            await self._not_done(row, DeliveryError(repr(error)))
        else:
            self.sent += 1
            self._done.append(row.id)
            if len(self._done) >= _DONE_TOGETHER:
                self._flush_done()

    def _flush_done(self) -> None:
        if self._done:
            done, self._done = self._done, []

            def record(tx: Tx) -> None:
                for number in done:
                    tx.done(number)

            self._writer.post(record)

    async def _do_order(self, row: Waiting, effect: SendOrderRequest) -> None:
        if effect.request.action == "confirm":
            if row.leased:
                await self._in_doubt(row, effect)
                return
            await self._step(lambda tx: tx.note_attempt(row.id, state="leased"))
        await self._doers.order(effect)

    async def _in_doubt(self, row: Waiting, effect: SendOrderRequest) -> None:
        def ask_for_it(tx: Tx) -> None:
            self._doers.uncertain(tx, effect)
            tx.done(row.id)

        await self._step(ask_for_it)

    async def _not_done(self, row: Waiting, error: DeliveryError) -> None:
        effect = row.effect
        order = effect if isinstance(effect, SendOrderRequest) else None
        if order is not None and order.request.action == "confirm" and error.unknown:
            await self._in_doubt(row, order)
            return
        if not error.retry and not error.unknown:
            await self._give_up(row, str(error))
            return
        attempts = row.attempts + 1
        if attempts >= MOST_ATTEMPTS:
            await self._give_up(row, str(error))
            return
        delay = min(FIRST_DELAY * 2.0 ** (attempts - 1), LONGEST_DELAY)
        not_before = micros(self._clock.now() + timedelta(seconds=delay))
        log.warning("%s: %s; trying again in %g s", row.key, error, delay)
        again = replace(row, attempts=attempts, not_before=not_before, leased=False)
        await self._step(
            lambda tx: tx.note_attempt(
                row.id,
                state="waiting",
                attempts=attempts,
                not_before=not_before,
                error=str(error),
            )
        )
        self._enqueue(again)

    async def _give_up(self, row: Waiting, reason: str) -> None:
        self.failed += 1
        log.warning("%s given up: %s", row.key, reason)
        effect = row.effect

        def record(tx: Tx) -> None:
            if isinstance(effect, SendOrderRequest):
                self._doers.gave_up(tx, effect, reason)
                tx.done(row.id)
            elif isinstance(effect, AskMember) and row.expires is not None:
                tx.done(row.id)
            else:
                tx.note_attempt(row.id, state="dead", attempts=row.attempts + 1, error=reason)

        await self._step(record)

    async def _step(self, step: Callable[[Tx], None]) -> None:
        await asyncio.wrap_future(self._writer.submit(step))
