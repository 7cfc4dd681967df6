"""The one thread that writes: messages and commands in batches, one transaction each.

Whatever has arrived, at most ``BATCH`` items, goes into one transaction; nothing is waited for.
When a batch fails it is taken back and replayed one by one, and the item at fault is parked (a
message) or gets its exception (a command). Messages are acknowledged after the commit.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import field
from typing import Any, TypeVar

from sqlalchemy import Engine

from hub.domain.values import dataclass
from hub.ports import Clock, InMessage
from hub.store.house import House
from hub.store.tx import Tx, Waiting
from hub.worker.faults import machine_fault

log = logging.getLogger(__name__)
T = TypeVar("T")
Step = Callable[[Tx], Any]
BATCH = 256
MOST_WAITING = 20_000
MOST_BYTES = 32 * 1024 * 1024
_RETRY_SECONDS = (0.05, 0.2, 1.0, 5.0)


class Stopping(RuntimeError):
    """The hub is stopping; nothing more is written."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message with the step that takes it in."""

    message: InMessage
    step: Step


@dataclass(frozen=True, slots=True)
class Command:
    """A step somebody else asked for; ``future`` gets its result, if anybody wants it."""

    step: Step
    future: Future[Any] | None = None


@dataclass(slots=True)
class Committed:
    """What one transaction leaves for those outside: effects to do, and what may have changed."""

    effects: list[Waiting] = field(default_factory=list)
    page_changed: bool = False
    timers_changed: bool = False
    topics_changed: bool = False
    messages: int = 0
    rows: int = 0


Intake = Callable[[Sequence[InMessage]], Sequence[Step]]
"""Decodes messages (outside a transaction) to a step each, in order. What fails is parked."""


class Writer:
    """The writer thread. ``run_once`` is one round of it, for tests."""

    def __init__(
        self,
        engine: Engine,
        house: House,
        clock: Clock,
        *,
        intake: Intake,
        acknowledge: Callable[[Sequence[InMessage]], None],
        committed: Callable[[Committed], None],
        standing: Callable[[Committed], None] = lambda after: None,
        closing: Step = lambda tx: None,
    ) -> None:
        """Join the parts; ``committed`` is called in the writer thread after each commit, and
        ``standing`` before it and before whoever waits for a step is told.

        ``closing`` is what each transaction ends with, after its steps.
        """
        self.house = house
        self._engine = engine
        self._clock = clock
        self._intake = intake
        self._acknowledge = acknowledge
        self._committed = committed
        self._standing = standing
        self._closing = closing
        self._queue: queue.SimpleQueue[InMessage | Command | None] = queue.SimpleQueue()
        self._room = threading.Event()
        self._room.set()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._counting = threading.Lock()
        self._bytes = 0
        self._ended = False
        self.messages = 0
        self.batches = 0
        self.parked = 0

    # -- what others call ---------------------------------------------------------------------

    def put(self, message: InMessage) -> None:
        """Take a message (``hub.ports.MessageSink``); waits while too many are waiting."""
        with self._counting:
            self._bytes += len(message.payload)
            full = self._queue.qsize() > MOST_WAITING or self._bytes > MOST_BYTES
            if full:
                self._room.clear()
        self._queue.put(message)
        # Waiting comes after: what waits is in the queue, so the writer is sure to make room.
        while full and not self._room.wait(1.0) and not self._stopping.is_set():
            pass

    def connected(self, connection: int, session_present: bool) -> None:
        """Forget packet ids when the broker began a new session."""
        if not session_present:
            self.post(lambda tx: tx.forget_mqtt())

    def submit(self, step: Callable[[Tx], T]) -> Future[T]:
        """Have a step run in a transaction; the future is resolved after its commit."""
        future: Future[T] = Future()
        if self._ended:
            future.set_exception(Stopping("the hub is stopping; nothing more is written"))
        else:
            self._queue.put(Command(step, future))
        return future

    async def run(self, step: Callable[[Tx], T]) -> T:
        """Return what a step returns, once its transaction is committed; raise what it raises."""
        return await asyncio.wrap_future(self.submit(step))

    def post(self, step: Step) -> None:
        """Have a step run whose result nobody waits for."""
        self._queue.put(Command(step))

    @property
    def waiting(self) -> int:
        """Return how many items wait to be written."""
        return self._queue.qsize()

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Commit what was submitted so far and end the thread."""
        self._ended = True
        self._stopping.set()
        self._room.set()
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join(timeout=30)

    # -- the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        going = True
        while going:
            try:
                going = self.run_once()
            except Exception:
                # Whatever it was, the house must go on being written to.
                log.exception("the writer failed on a batch")

    def run_once(self, timeout: float | None = None) -> bool:
        """Take what has arrived into one transaction; False once it was told to stop."""
        try:
            first = self._queue.get(timeout=timeout)
        except queue.Empty:
            return True
        items: list[InMessage | Command] = []
        going = True
        while True:
            if first is None:
                going = False
                break
            items.append(first)
            if len(items) >= BATCH:
                break
            try:
                first = self._queue.get_nowait()
            except queue.Empty:
                break
        self._make_room(items)
        if items:
            self._take(self._prepare(items))
        return going

    def _make_room(self, taken: Sequence[InMessage | Command]) -> None:
        bytes_taken = sum(len(item.payload) for item in taken if isinstance(item, InMessage))
        with self._counting:
            self._bytes -= bytes_taken
            few = self._queue.qsize() < MOST_WAITING // 2 and self._bytes < MOST_BYTES // 2
        if few and not self._room.is_set():
            self._room.set()

    def _prepare(self, items: Sequence[InMessage | Command]) -> list[Received | Command]:
        messages = [item for item in items if isinstance(item, InMessage)]
        steps = iter(self._steps(messages)) if messages else iter(())
        return [Received(i, next(steps)) if isinstance(i, InMessage) else i for i in items]

    def _steps(self, messages: Sequence[InMessage]) -> Sequence[Step]:
        try:
            steps = self._intake(messages)
            if len(steps) == len(messages):
                return steps
            error: Exception = ValueError(f"{len(steps)} steps for {len(messages)} messages")
        except Exception as raised:
            error = raised
        if len(messages) > 1:
            return [step for message in messages for step in self._steps([message])]
        log.error("message on %s parked", messages[0].topic, exc_info=error)
        self.parked += 1
        return [_parking(messages[0], error)]

    def _take(self, items: Sequence[Received | Command]) -> None:
        try:
            results, after = self._commit(items)
        except Exception as error:
            if len(items) > 1:
                for item in items:
                    self._take([item])
            else:
                self._one_failed(items[0], error)
            return
        self._finish(items, results, after)

    def _finish(
        self, items: Sequence[Received | Command], results: Sequence[Any], after: Committed
    ) -> None:
        """Tell everybody concerned what was committed. Nothing here can undo that."""
        self.batches += 1
        messages = [item.message for item in items if isinstance(item, Received)]
        self.messages += len(messages)
        after.messages = len(messages)
        try:
            self._standing(after)
        except Exception:
            log.exception("what stands now could not be taken")
        # Who waits comes first: a broker that waits for its acknowledgement keeps nobody waiting.
        for item, result in zip(items, results, strict=True):
            if isinstance(item, Command) and item.future is not None:
                _resolve(item.future, result)
        try:
            self._committed(after)
        except Exception:
            log.exception("what was committed could not be passed on")
        if messages:
            try:
                self._acknowledge(messages)
            except Exception:
                # They are delivered again, and recognised.
                log.exception("%d messages could not be acknowledged", len(messages))

    def _commit(self, items: Sequence[Received | Command]) -> tuple[list[Any], Committed]:
        with self._engine.connect().execution_options(immediate=True) as connection:
            tx = Tx(self.house, connection, self._clock.now())
            try:
                results = [item.step(tx) for item in items]
                self._closing(tx)
                tx.flush()
                connection.commit()
            except BaseException:
                tx.undo()
                connection.rollback()
                raise
        return results, Committed(
            tx.effects, tx.page_changed, tx.timers_changed, tx.topics_changed, rows=tx.rows
        )

    def _one_failed(self, item: Received | Command, error: Exception) -> None:
        """Tell who waits for it, or try again, or park it.

        A full disk or a locked file is nobody's fault but the machine's: what nobody waits for is
        tried again until it can be committed, and a message stays unacknowledged so long.
        """
        if isinstance(item, Command) and item.future is not None:
            _resolve(item.future, error)
            return
        attempt = 0
        while True:
            if machine_fault(error):
                if self._stopping.wait(_RETRY_SECONDS[min(attempt, len(_RETRY_SECONDS) - 1)]):
                    log.error("stopped while the database could not be written: %s", error)
                    return
                log.error("cannot write to the database: %s; trying again", error)
                attempt += 1
            elif isinstance(item, Command):
                log.error("a step failed", exc_info=error)
                return
            elif isinstance(item, _Parking):
                log.critical("message on %s is lost", item.message.topic, exc_info=error)
                return
            else:
                log.error("message on %s parked", item.message.topic, exc_info=error)
                self.parked += 1
                item = _Parking(item.message, _parking(item.message, error))
            try:
                results, after = self._commit([item])
            except Exception as again:
                error = again
            else:
                self._finish([item], results, after)
                return


class _Parking(Received):
    """A message that failed, being parked."""


def _parking(message: InMessage, error: Exception) -> Step:
    reason = f"the hub failed on it: {error!r}"

    def park(tx: Tx) -> None:
        if message.qos:
            tx.seen_mqtt(message)
        tx.park(message.topic, message.payload, reason)

    return park


def _resolve(future: Future[Any], result: object) -> None:
    """Answer who waits; who has stopped waiting (a cancelled request) is nobody's trouble."""
    try:
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
    except InvalidStateError:
        log.debug("nobody waits any more for the result of a step")
