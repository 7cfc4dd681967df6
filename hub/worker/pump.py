"""The outbox pump: does what was committed, once, however often the hub is killed meanwhile.

Rows come straight from the writer after their commit, and from the database at start. A row is
deleted in the step that records its success; killed in between, it is sent again with the same
key, by which the receiver recognises it. A ``confirm`` costs money, so it is *leased* before it
is sent: found leased at start, it is asked for with ``status`` and not sent again. What Home
Assistant is to do is leased, too: found so at start, a member is told to look.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta

from hub.domain.effects import (
    AskMember,
    CallHome,
    ChangeList,
    SendMail,
    SendOrderRequest,
    SendPeerMessage,
    TellMember,
)
from hub.domain.values import dataclass
from hub.ports import Clock, DeliveryError
from hub.store.codec import micros
from hub.store.tx import Tx, Waiting
from hub.worker.later import Later, WakeUp
from hub.worker.writer import Writer

log = logging.getLogger(__name__)
LANES = 8
MOST_IN_MEMORY = 5_000
MOST_ATTEMPTS = 300
"""About a day at the longest delay: a phone's server may be away for a night."""
FIRST_DELAY = 1.0
LONGEST_DELAY = 300.0
LONGEST_WISH = 3600.0
"""Seconds a server may ask us to wait."""
AFTER_FAULT = 5.0
_DONE_TOGETHER = 64


async def _no_peers(effect: SendPeerMessage) -> None:
    raise DeliveryError("this hub has no contacts", retry=False)


async def _no_mail(effect: SendMail) -> None:
    raise DeliveryError("this hub sends no mail", retry=False)


async def _no_home(effect: CallHome | ChangeList) -> None:
    raise DeliveryError("this hub has no Home Assistant", retry=False)


@dataclass(frozen=True, slots=True)
class Doers:
    """How each kind of effect is done. Each returns when it is done or no longer wanted, and
    raises DeliveryError. ``uncertain``, ``home_unsure`` and those that ``gave_up`` are flow steps
    for what went wrong.
    """

    ask: Callable[[AskMember], Awaitable[None]]
    tell: Callable[[TellMember], Awaitable[None]]
    order: Callable[[SendOrderRequest], Awaitable[None]]
    uncertain: Callable[[Tx, SendOrderRequest], None]
    gave_up: Callable[[Tx, SendOrderRequest, str], None]
    peer: Callable[[SendPeerMessage], Awaitable[None]] = _no_peers
    peer_gave_up: Callable[[Tx, SendPeerMessage, str], None] = lambda tx, effect, reason: None
    mail: Callable[[SendMail], Awaitable[None]] = _no_mail
    mail_gave_up: Callable[[Tx, SendMail, str], None] = lambda tx, effect, reason: None
    home: Callable[[CallHome], Awaitable[None]] = _no_home
    listed: Callable[[ChangeList], Awaitable[None]] = _no_home
    home_done: Callable[[Tx, CallHome], None] = lambda tx, effect: None
    home_unsure: Callable[[Tx, CallHome], None] = lambda tx, effect: None
    home_gave_up: Callable[[Tx, CallHome, str], None] = lambda tx, effect, reason: None


class Pump:
    """Empties the outbox over ``LANES`` lanes; effects of one subject keep their order."""

    def __init__(
        self,
        writer: Writer,
        clock: Clock,
        doers: Doers,
        load: Callable[[int, int], list[Waiting]],
        *,
        wake_up: WakeUp | None = None,
    ) -> None:
        """``load(after_id, limit)`` reads waiting rows from the database, by id.

        ``wake_up(seconds, call)`` is how it waits; by default the event loop's clock.
        """
        self._writer = writer
        self._clock = clock
        self._doers = doers
        self._load = load
        self._lanes: list[deque[Waiting]] = [deque() for _ in range(LANES)]
        self._wake = [asyncio.Event() for _ in range(LANES)]
        self._tasks: list[asyncio.Task[None]] = []
        self._later = Later(clock, self._enqueue, wake_up)
        self._mine: set[int] = set()
        """Rows in memory, also while their end is being recorded: not to be taken up twice."""
        self._highest = 0
        self._behind = False
        self._done: list[int] = []
        self.under_way = 0
        self.sent = 0
        self.failed = 0

    @property
    def waiting(self) -> int:
        """Return how many effects wait in memory."""
        return sum(len(lane) for lane in self._lanes) + len(self._later)

    def start(self) -> None:
        """Take up what an earlier run left and begin; call in the event loop."""
        self._read_on()
        self._tasks = [asyncio.create_task(self._lane(n), name=f"pump-{n}") for n in range(LANES)]

    async def stop(self) -> None:
        """Finish nothing more; what is in flight is taken up at the next start."""
        self._later.stop()
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
            self._take_up(row)

    def _read_on(self) -> None:
        rows = self._load(self._highest, MOST_IN_MEMORY)
        self._behind = len(rows) == MOST_IN_MEMORY
        for row in rows:
            self._take_up(row)

    def _take_up(self, row: Waiting) -> None:
        self._highest = max(self._highest, row.id)
        if row.id not in self._mine:
            self._mine.add(row.id)
            self._enqueue(row)

    def _enqueue(self, row: Waiting) -> None:
        if row.not_before > micros(self._clock.now()):
            self._put_off(row)
            return
        lane = hash(row.subject) % LANES
        self._lanes[lane].append(row)
        self._wake[lane].set()

    def _put_off(self, row: Waiting) -> None:
        """Keep a row for later: of two notifications that replace each other, the newer one."""
        older = self._later.newest(_replaces(row))
        if older is not None and older.id > row.id:
            self._end(row.id)
            return
        self._drop_older(row)
        self._later.add(_replaces(row), row)

    def _drop_older(self, row: Waiting) -> None:
        older = self._later.newest(_replaces(row))
        if older is not None and older.id < row.id:
            self._later.remove(_replaces(row))
            self._end(older.id)

    async def _lane(self, number: int) -> None:
        lane, wake = self._lanes[number], self._wake[number]
        while True:
            if not lane:
                self._flush_done()
                if self._behind and self.waiting < MOST_IN_MEMORY // 2 and self._catch_up():
                    continue
                wake.clear()
                await wake.wait()
                continue
            row = lane.popleft()
            self.under_way += 1
            try:
                await self._do(row)
            except Exception:
                # What became of it could not be written down; it is still in the database.
                log.exception("effect %s failed", row.key)
                leased = row.leased or _only_once(row)
                not_before = micros(self._clock.now() + timedelta(seconds=AFTER_FAULT))
                self._put_off(replace(row, not_before=not_before, leased=leased))
            finally:
                self.under_way -= 1

    def _catch_up(self) -> bool:
        try:
            self._read_on()
        except Exception:
            log.exception("the outbox could not be read")
            self._later.call(AFTER_FAULT, self._wake_all)
            return False
        return True

    def _wake_all(self) -> None:
        for wake in self._wake:
            wake.set()

    async def _do(self, row: Waiting) -> None:
        self._drop_older(row)
        effect = row.effect
        if row.leased and isinstance(effect, SendOrderRequest | CallHome):
            # However late: it may have arrived, and only the provider knows.
            await self._in_doubt(row, effect)
            return
        if row.expires is not None and row.expires <= micros(self._clock.now()):
            await self._give_up(row, "it was too late", late=True)
            return
        try:
            if isinstance(effect, SendOrderRequest | CallHome):
                await self._do_once(row, effect)
            elif isinstance(effect, AskMember):
                await self._doers.ask(effect)
            elif isinstance(effect, SendPeerMessage):
                await self._doers.peer(effect)
            elif isinstance(effect, ChangeList):
                await self._doers.listed(effect)
            elif isinstance(effect, SendMail):
                await self._doers.mail(effect)
            else:
                await self._doers.tell(effect)
        except DeliveryError as error:
            await self._not_done(row, error)
        except Exception as error:
            log.exception("effect %s failed", row.key)
            await self._not_done(row, DeliveryError(repr(error), unknown=True))
        else:
            self.sent += 1
            self._end(row.id)

    def _end(self, number: int) -> None:
        self._done.append(number)
        if len(self._done) >= _DONE_TOGETHER:
            self._flush_done()

    def _flush_done(self) -> None:
        if not self._done:
            return
        done, self._done = self._done, []

        def record(tx: Tx) -> None:
            for number in done:
                tx.done(number)

        self._writer.submit(record).add_done_callback(self._recorded(done))

    def _recorded(self, done: list[int]) -> Callable[[Future[None]], None]:
        loop = asyncio.get_running_loop()

        def forget(future: Future[None]) -> None:
            error = future.exception()
            try:
                if error is None:
                    loop.call_soon_threadsafe(self._mine.difference_update, done)
                else:
                    log.error("that effects were done could not be recorded: %s", error)
                    loop.call_soon_threadsafe(self._record_later, done)
            except RuntimeError:
                log.debug("the event loop ended first")

        return forget

    def _record_later(self, done: list[int]) -> None:
        self._done += done
        self._later.call(AFTER_FAULT, self._flush_done)

    async def _do_once(self, row: Waiting, effect: SendOrderRequest | CallHome) -> None:
        if _only_once(row):
            await self._step(lambda tx: tx.note_attempt(row.id, state="leased"))
        if isinstance(effect, CallHome):
            await self._doers.home(effect)
            await self._step(lambda tx: self._doers.home_done(tx, effect))
        else:
            await self._doers.order(effect)

    async def _in_doubt(self, row: Waiting, effect: SendOrderRequest | CallHome) -> None:
        def ask_for_it(tx: Tx) -> None:
            if isinstance(effect, CallHome):
                self._doers.home_unsure(tx, effect)
            else:
                self._doers.uncertain(tx, effect)
            tx.done(row.id)

        await self._step(ask_for_it)
        self._mine.discard(row.id)

    async def _not_done(self, row: Waiting, error: DeliveryError) -> None:
        effect = row.effect
        if isinstance(effect, SendOrderRequest | CallHome) and _only_once(row) and error.unknown:
            await self._in_doubt(row, effect)
            return
        attempts = row.attempts + 1
        patient = attempts < MOST_ATTEMPTS or isinstance(effect, SendPeerMessage)
        if not patient or not (error.retry or error.unknown):
            await self._give_up(row, str(error))
            return
        delay = min(FIRST_DELAY * 2.0 ** min(attempts - 1, 16), LONGEST_DELAY)
        delay = max(delay, min(getattr(error, "retry_after", None) or 0.0, LONGEST_WISH))
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
        self._put_off(again)

    async def _give_up(self, row: Waiting, reason: str, *, late: bool = False) -> None:
        self.failed += 1
        log.warning("%s given up: %s", row.key, reason)
        effect = row.effect

        def record(tx: Tx) -> None:
            if isinstance(effect, SendOrderRequest):
                self._doers.gave_up(tx, effect, reason)
                tx.done(row.id)
            elif isinstance(effect, SendPeerMessage):
                self._doers.peer_gave_up(tx, effect, reason)
                tx.done(row.id)
            elif isinstance(effect, SendMail):
                self._doers.mail_gave_up(tx, effect, reason)
                tx.done(row.id)
            elif isinstance(effect, CallHome):
                self._doers.home_gave_up(tx, effect, reason)
                tx.done(row.id)
            elif late:
                tx.done(row.id)
            else:
                tx.note_attempt(row.id, state="dead", attempts=row.attempts + 1, error=reason)

        await self._step(record)
        self._mine.discard(row.id)

    async def _step(self, step: Callable[[Tx], None]) -> None:
        await self._writer.run(step)


def _only_once(row: Waiting) -> bool:
    """Tell whether doing it twice would be felt, and the receiver could not tell."""
    effect = row.effect
    if isinstance(effect, SendOrderRequest):
        return effect.request.action == "confirm"
    return isinstance(effect, CallHome)


def _replaces(row: Waiting) -> tuple[str, ...]:
    """Name what a row stands for: a newer notification of one tag replaces one not yet sent, and
    a newer row of messages to a hub stands for an older one."""
    effect = row.effect
    if isinstance(effect, SendOrderRequest | SendMail | CallHome | ChangeList):
        return (row.key,)
    if isinstance(effect, SendPeerMessage):
        return (row.subject, effect.kind) if effect.kind == "messages" else (row.key,)
    return (row.subject, effect.member, effect.channel)
