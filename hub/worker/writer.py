"""The one thread that writes: messages and commands in batches, one transaction each.

Whatever has arrived, at most ``BATCH`` items, goes into one transaction; nothing is waited for.
When a batch fails it is taken back and replayed one by one, and the item at fault is parked (a
message) or gets its exception (a command). Messages are acknowledged after the commit.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from hub.ports import Clock, InMessage
from hub.store.house import House
from hub.store.tx import Tx, Waiting

log = logging.getLogger(__name__)
T = TypeVar("T")
Step = Callable[[Tx], Any]
BATCH = 256
MOST_WAITING = 20_000
_RETRY_SECONDS = (0.05, 0.2, 1.0, 5.0)


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


Intake = Callable[[Sequence[InMessage]], Sequence[Step]]
"""Decodes messages (outside a transaction) to one step each, in order. Never raises."""


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
    ) -> None:
        """Join the parts; ``committed`` is called in the writer thread after each commit."""
        self.house = house
        self._engine = engine
        self._clock = clock
        self._intake = intake
        self._acknowledge = acknowledge
        self._committed = committed
        self._queue: queue.SimpleQueue[InMessage | Command | None] = queue.SimpleQueue()
        self._room = threading.Event()
        self._room.set()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self.messages = 0
        self.batches = 0
        self.parked = 0

    # -- what others call ---------------------------------------------------------------------

    def put(self, message: InMessage) -> None:
        """Take a message (``hub.ports.MessageSink``); waits while too many are waiting."""
        if self._queue.qsize() > MOST_WAITING:
            self._room.clear()
            while not self._room.wait(1.0) and not self._stopping:
                pass
        self._queue.put(message)

    def connected(self, connection: int, session_present: bool) -> None:
        """Forget packet ids when the broker began a new session."""
        if not session_present:
            self.post(lambda tx: tx.forget_mqtt())

    def submit(self, step: Callable[[Tx], T]) -> Future[T]:
        """Have a step run in a transaction; the future is resolved after its commit."""
        future: Future[T] = Future()
        self._queue.put(Command(step, future))
        return future

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
        self._stopping = True
        self._room.set()
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join(timeout=30)

    # -- the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        while self.run_once():
            pass

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
        if not self._room.is_set() and self._queue.qsize() < MOST_WAITING // 2:
            self._room.set()
        if items:
            self._take(self._prepare(items))
        return going

    def _prepare(self, items: Sequence[InMessage | Command]) -> list[Received | Command]:
        messages = [item for item in items if isinstance(item, InMessage)]
        steps = iter(self._intake(messages)) if messages else iter(())
        return [Received(i, next(steps)) if isinstance(i, InMessage) else i for i in items]

    def _take(self, items: list[Received | Command]) -> None:
        try:
            results, after = self._commit(items)
        except Exception as error:
            if len(items) > 1:
                for item in items:
                    self._take([item])
                return
            self._one_failed(items[0], error)
            return
        self.batches += 1
        messages = [item.message for item in items if isinstance(item, Received)]
        self.messages += len(messages)
        after.messages = len(messages)
        if messages:
            self._acknowledge(messages)
        for item, result in zip(items, results, strict=True):
            if isinstance(item, Command) and item.future is not None:
                item.future.set_result(result)
        self._committed(after)

    def _commit(self, items: Sequence[Received | Command]) -> tuple[list[Any], Committed]:
        with self._engine.connect() as connection:
            tx = Tx(self.house, connection, self._clock.now())
            try:
                results = [item.step(tx) for item in items]
                tx.flush()
                connection.commit()
            except BaseException:
                tx.undo()
                connection.rollback()
                raise
        return results, Committed(tx.effects, tx.page_changed, tx.timers_changed, tx.topics_changed)

    def _one_failed(self, item: Received | Command, error: Exception) -> None:
        """Park a message that cannot be taken in; keep one that could not be *written*.

        A full disk or a locked file is nobody's fault but the machine's: the message stays
        unacknowledged and is tried again until it can be committed.
        """
        if isinstance(item, Command):
            if item.future is not None:
                item.future.set_exception(error)
            else:
                log.error("a step failed", exc_info=error)
            return
        attempt = 0
        while _machine_fault(error) and not self._stopping:
            log.error("cannot write to the database: %s; trying again", error)
            time.sleep(_RETRY_SECONDS[min(attempt, len(_RETRY_SECONDS) - 1)])
            attempt += 1
            try:
                self._commit([item])
            except Exception as again:
                error = again
            else:
                self._acknowledge([item.message])
                return
        if self._stopping and _machine_fault(error):
            return
        message = item.message
        log.error("message on %s parked", message.topic, exc_info=error)
        self.parked += 1

        def park(tx: Tx) -> None:
            if message.qos:
                tx.seen_mqtt(message)
            tx.park(message.topic, message.payload, f"the hub failed on it: {error!r}")

        self._take([Received(message, park)])


def _machine_fault(error: Exception) -> bool:
    """Tell whether the database could not be written, as opposed to a fault of the message."""
    return isinstance(error, OperationalError)
