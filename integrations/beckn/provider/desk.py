"""The provider's back office: answers what was received, and delivers what was answered.

It owns the one thread that uses the database. Each request is answered in one transaction that
also puts the callback into the outbox; callbacks are sent until they are acknowledged, also after
a crash.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from hub.domain.orders import OrderAnswer
from hub.ports import Clock, DeliveryError
from integrations.beckn import v2
from integrations.beckn.envelope import Context
from integrations.beckn.errors import ORDER_NOT_FOUND, BecknError
from integrations.beckn.exchange import Sender
from integrations.beckn.grocery import Json
from integrations.beckn.provider.changes import Changes
from integrations.beckn.provider.counter import Counter
from integrations.beckn.provider.sale import Sale
from integrations.beckn.provider.shown import Ending, Shown, beginning, written
from integrations.beckn.provider.store import Callback, InRow, OutRow, Store
from integrations.beckn.reading import parse
from integrations.beckn.registry import Registry
from integrations.beckn.signature import digest
from integrations.beckn.wire import Wire, detect, reply_uri, wire_of

log = logging.getLogger(__name__)
T = TypeVar("T")

Change = Callable[[Changes, Sale, datetime], tuple[Sale, OrderAnswer]]
"""Something the provider does with an order of its own accord."""

FIRST_DELAY = 0.5
LONGEST_DELAY = 60.0
"""Seconds between two attempts to deliver a callback: doubling from the first to the longest."""

AT_ONCE = 16
"""Buyers that are called at a time."""

MOST_TOGETHER = 64
"""Steps that share a transaction: those behind them should not wait long."""

ANSWERED_TOGETHER = 16
"""Requests that are answered in one transaction, in the order they came."""

TIDY_SECONDS = 6 * 3600.0

GIVE_UP = timedelta(hours=24)
"""How long a callback is tried."""


class Desk:
    """Runs the steps of a provider one after another, and its outbox beside them."""

    def __init__(
        self,
        store: Store,
        counter: Counter,
        sender: Sender,
        registry: Registry,
        *,
        bpp_id: str,
        bpp_uri: str,
        progress: float | None,
        say: Callable[[str], None],
        clock: Clock,
    ) -> None:
        """Wire; ``bpp_uri`` is our address without the version's path.

        ``progress`` is the seconds an order stays in each fulfilment state, None: ever.
        """
        self._store = store
        self._counter = counter
        self._sender = sender
        self._registry = registry
        self._bpp = (bpp_id, bpp_uri)
        self._progress = progress
        self._say = say
        self.clock = clock
        self._shown = Shown()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="provider-db")
        self._pending: list[tuple[Callable[[], Any], asyncio.Future[Any]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._under_way: set[str] = set()
        self._received = asyncio.Event()
        self._posted = asyncio.Event()

    async def step(self, work: Callable[[], T]) -> T:
        """Do ``work`` with the store, on the database's thread; return once it is on disk.

        What waits meanwhile shares a transaction, and the disk's patience. It is undone alone.
        """
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._pending.append((work, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        return await done

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._pending:
            together, self._pending = self._pending[:MOST_TOGETHER], self._pending[MOST_TOGETHER:]
            works = [work for work, _ in together]
            try:
                outcomes = await loop.run_in_executor(self._thread, self._store.steps, works)
            except Exception as error:
                outcomes = [(None, error)] * len(together)
            for (_, done), (result, problem) in zip(together, outcomes, strict=True):
                if done.done():
                    continue
                if problem is not None:
                    done.set_exception(problem)
                else:
                    done.set_result(result)

    async def take_in(self, asked: v2.Asked, body: bytes, now: datetime) -> None:
        """Return when a request is kept for good: only then may it be acknowledged."""
        context = asked.context
        new = await self.step(
            lambda: self._store.receive(
                context.bap_id, context.message_id, context.action, body, now
            )
        )
        (self._received if new else self._posted).set()

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tidy_all())
            group.create_task(self._answer_all())
            group.create_task(self._deliver_all())
            if self._progress is not None:
                group.create_task(self._progress_all(self._progress))

    async def _tidy_all(self) -> None:
        while True:
            await self.step(lambda: self._store.tidy(self.clock.now()))
            await asyncio.sleep(TIDY_SECONDS)

    def close(self) -> None:
        """Let the last step finish, and close the database."""
        self._thread.shutdown(wait=True)
        self._store.close()

    # -- answering ---------------------------------------------------------------------------

    async def _answer_all(self) -> None:
        while True:
            self._received.clear()
            while rows := await self.step(lambda: self._store.unanswered(ANSWERED_TOGETHER)):
                for told in await asyncio.gather(*map(self._answer_one, rows)):
                    self._say(told)
                self._posted.set()
            await self._received.wait()

    async def _answer_one(self, row: InRow) -> str:
        try:
            return await self.step(lambda: self._answer(row))
        except sqlite3.Error:
            raise
        except Exception:
            # What we cannot answer must not keep others waiting, also not after a restart.
            log.exception("%s from %s was put aside", row.action, row.sender)
            await self.step(lambda: self._store.answered(row.seq))
            return f"{row.action} from {row.sender}: put aside, see the log"

    def _answer(self, row: InRow) -> str:
        now = self.clock.now()
        received = parse(row.body)
        wire = detect(received)
        asked = wire.read_request(received)
        bpp_id, bpp_uri = self._bpp
        # A search that was for everybody named nobody; the answer says who we are.
        context = replace(
            asked.context, bpp_id=bpp_id, bpp_uri=asked.context.bpp_uri or bpp_uri + wire.base
        )
        hashed = digest(row.body)
        if (stamp := self._counter.stamp(asked, now)) is not None:
            items = self._show(asked, stamp, context, wire, hashed, now)
            self._store.answered(row.seq)
            return f"{row.action} from {row.sender}: {items} items shown"
        entered = self._store.ledger.size
        answer = self._counter.answer(asked, now)
        document = wire.build_answer(context, answer, request_digest=hashed, now=now)
        told = written(document)
        self._post(answer, told, context, wire, now)
        if answer.order_id and self._store.ledger.size > entered:
            word = f"on_{wire.word(answer.action)}"
            self._store.ledger.answered(answer.order_id, word, told, row.body, now)
        self._store.answered(row.seq)
        outcome = f"refused: {answer.error.message}" if answer.error else _summary(answer)
        return f"{row.action} from {row.sender}: {outcome}"

    def _show(
        self,
        asked: v2.Asked,
        stamp: Hashable,
        context: Context,
        wire: Wire,
        hashed: str,
        now: datetime,
    ) -> int:
        """Post the answer to a search, whose catalogue others may have been shown already."""

        def build() -> tuple[Json, int]:
            answer = self._counter.answer(asked, now)
            document = wire.build_answer(context, answer, request_digest=hashed, now=now)
            return document, sum(len(one.items) for one in answer.catalogs)

        key = (wire.version, context.bpp_id, context.bpp_uri, context.domain, stamp)
        ending = self._shown.ending(key, build)
        blank = self._counter.books.blank(asked, now)
        document = wire.build_answer(context, blank, request_digest=hashed, now=now)
        self._post(blank, beginning(document), context, wire, now, ending)
        return ending.items

    def _post(
        self,
        answer: OrderAnswer,
        body: bytes,
        context: Context,
        wire: Wire,
        now: datetime,
        ending: Ending | None = None,
    ) -> None:
        callback = Callback(
            receiver=context.bap_id,
            message_id=answer.message_id,
            action=f"on_{wire.word(answer.action)}",
            body=body,
            version=wire.version,
            uri=context.bap_uri,
            ending=ending,
        )
        self._store.post(callback, now)

    # -- delivering --------------------------------------------------------------------------

    async def _deliver_all(self) -> None:
        """Deliver to ``AT_ONCE`` buyers at a time: one that is slow keeps no other waiting."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._posted.clear()
                busy = frozenset(self._under_way)
                room = AT_ONCE - len(busy)
                rows, upcoming = await self.step(
                    lambda busy=busy, room=room: self._store.due(self.clock.now(), busy, room)  # type: ignore[misc]
                )
                for row in rows:
                    self._under_way.add(row.receiver)
                    group.create_task(self._deliver(row))
                if len(rows) == room:
                    upcoming = None
                wait = None if upcoming is None else self.clock.seconds_until(upcoming)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._posted.wait()

    async def _deliver(self, row: OutRow) -> None:
        try:
            await self._delivered(row)
        finally:
            self._under_way.discard(row.receiver)
            self._posted.set()

    async def _delivered(self, row: OutRow) -> None:
        now = self.clock.now()
        find = self._registry.find
        entry = find(row.receiver, role="BAP", version=row.version)
        entry = entry or find(row.receiver, role="BAP")
        try:
            if entry is None:
                raise DeliveryError(f"{row.receiver} is not a buyer in the registry", retry=True)
            uri = reply_uri(entry.uri, entry.version, wire_of(row.version), row.uri)
            await self._sender.post(entry, row.action, row.body, row.message_id, now, uri=uri)
        except DeliveryError as error:
            # A callback may be repeated: who receives it knows it by its message id.
            hopeless = not (error.retry or error.unknown) or now - row.created_at > GIVE_UP
            delay = min(FIRST_DELAY * 2.0 ** min(row.attempts, 16), LONGEST_DELAY)
            again_at = None if hopeless else now + timedelta(seconds=delay)
            reason = str(error)
            await self.step(lambda: self._store.not_sent(row, reason, again_at))
            log.warning("%s: %s%s", row.action, error, "; given up" if hopeless else "")
        else:
            await self.step(lambda: self._store.sent(row))

    # -- fulfilment --------------------------------------------------------------------------

    async def _progress_all(self, seconds: float) -> None:
        while True:
            for told in await self.step(lambda: self._progress_due(seconds)):
                self._say(told)
                self._posted.set()
            await asyncio.sleep(min(seconds, 1.0))

    def _progress_due(self, seconds: float) -> list[str]:
        now = self.clock.now()
        told = []
        for sale in self._store.sales("confirmed", "in_progress"):
            if (now - sale.updated_at).total_seconds() < seconds:
                continue
            if (step := self._counter.changes.progress(sale, now)) is not None:
                told.append(self._told(*step, now))
        return told

    async def change(self, order_id: str, change: Change) -> Sale:
        """Carry out what the provider itself does with an order, and tell its buyer.

        BecknError for an order that is not there, and for what cannot be done with it now.
        """

        def work() -> tuple[Sale, str]:
            now = self.clock.now()
            sale = self._store.sale_by_id(order_id)
            if sale is None:
                raise BecknError("there is no order of that id", ORDER_NOT_FOUND, status=404)
            changed, answer = change(self._counter.changes, sale, now)
            return changed, self._told(changed, answer, now)

        changed, line = await self.step(work)
        self._say(line)
        self._posted.set()
        return changed

    def _told(self, sale: Sale, answer: OrderAnswer, now: datetime) -> str:
        """Post what a buyer is told unasked; return it for the log."""
        bpp_id, bpp_uri = self._bpp
        wire = wire_of(sale.network.version)
        context = Context(
            answer.action,
            sale.sender,
            sale.bap_uri,
            bpp_id,
            bpp_uri + wire.base,
            sale.transaction_id,
            answer.message_id,
            now,
            domain=sale.network.domain or sale.domain,
            country=sale.network.country,
            city=sale.network.city,
        )
        document = wire.build_answer(context, answer, request_digest=None, now=now)
        told = written(document)
        self._post(answer, told, context, wire, now)
        self._store.ledger.answered(sale.id, f"on_{wire.word(answer.action)}", told, b"", now)
        return f"order {sale.id} of {sale.sender}: {sale.fulfillment_state}"


def _summary(answer: OrderAnswer) -> str:
    if answer.action == "discover":
        return f"{sum(len(catalog.items) for catalog in answer.catalogs)} items shown"
    total = f", {answer.quote.total}" if answer.quote else ""
    asked = "would be " if answer.preview else ""
    return f"{asked}{answer.state or 'answered'}{total} (order {answer.order_id})"
