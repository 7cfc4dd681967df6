"""The provider's back office: answers what was received, and delivers what was answered.

It owns the one thread that uses the database. Each request is answered in one transaction that
also puts the callback into the outbox; callbacks are sent until they are acknowledged, also after
a crash.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from hub.domain.orders import OrderAnswer
from hub.ports import DeliveryError
from integrations.beckn import v2
from integrations.beckn.envelope import Context
from integrations.beckn.errors import ORDER_NOT_FOUND, BecknError
from integrations.beckn.exchange import Sender
from integrations.beckn.grocery import Json
from integrations.beckn.provider.changes import Changes
from integrations.beckn.provider.counter import Counter
from integrations.beckn.provider.sale import Sale
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

GIVE_UP = timedelta(hours=24)
"""How long a callback is tried."""


def present() -> datetime:
    """Return the present instant in UTC."""
    return datetime.now(UTC)


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
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="provider-db")
        self._received = asyncio.Event()
        self._posted = asyncio.Event()

    async def step(self, work: Callable[[], T]) -> T:
        """Do ``work`` with the store in one transaction, on the database's thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._store.step, work)

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
        await self.step(lambda: self._store.tidy(present()))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._answer_all())
            group.create_task(self._deliver_all())
            if self._progress is not None:
                group.create_task(self._progress_all(self._progress))

    def close(self) -> None:
        """Let the last step finish, and close the database."""
        self._thread.shutdown(wait=True)
        self._store.close()

    # -- answering ---------------------------------------------------------------------------

    async def _answer_all(self) -> None:
        while True:
            self._received.clear()
            while (row := await self.step(self._store.next_request)) is not None:
                self._say(await self._answer_one(row))
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
        now = present()
        received = parse(row.body)
        wire = detect(received)
        asked = wire.read_request(received)
        bpp_id, bpp_uri = self._bpp
        # A search that was for everybody named nobody; the answer says who we are.
        context = replace(
            asked.context, bpp_id=bpp_id, bpp_uri=asked.context.bpp_uri or bpp_uri + wire.base
        )
        answer = self._counter.answer(asked, now)
        document = wire.build_answer(context, answer, request_digest=digest(row.body), now=now)
        self._post(answer, document, context, wire, now)
        self._store.answered(row.seq)
        outcome = f"refused: {answer.error.message}" if answer.error else _summary(answer)
        return f"{row.action} from {row.sender}: {outcome}"

    def _post(
        self, answer: OrderAnswer, document: Json, context: Context, wire: Wire, now: datetime
    ) -> None:
        callback = Callback(
            receiver=context.bap_id,
            message_id=answer.message_id,
            action=f"on_{wire.word(answer.action)}",
            body=json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(),
            version=wire.version,
            uri=context.bap_uri,
        )
        self._store.post(callback, now)

    # -- delivering --------------------------------------------------------------------------

    async def _deliver_all(self) -> None:
        while True:
            self._posted.clear()
            rows = await self.step(lambda: self._store.due(present()))
            if rows:
                await asyncio.gather(*(self._deliver(row) for row in rows))
                continue
            upcoming = await self.step(self._store.next_due)
            wait = None if upcoming is None else max(0.0, (upcoming - present()).total_seconds())
            try:
                async with asyncio.timeout(wait):
                    await self._posted.wait()
            except TimeoutError:
                continue

    async def _deliver(self, row: OutRow) -> None:
        now = present()
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
        now = present()
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
            now = present()
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
        self._post(answer, document, context, wire, now)
        return f"order {sale.id} of {sale.sender}: {sale.fulfillment_state}"


def _summary(answer: OrderAnswer) -> str:
    if answer.action == "discover":
        return f"{sum(len(catalog.items) for catalog in answer.catalogs)} items shown"
    total = f", {answer.quote.total}" if answer.quote else ""
    asked = "would be " if answer.preview else ""
    return f"{asked}{answer.state or 'answered'}{total} (order {answer.order_id})"
