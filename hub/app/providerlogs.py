"""Checkpoints exchanged with providers: theirs are held against what was seen and countersigned,
and they are asked to countersign ours.

Providers that were ordered from lately are asked; one without a log, or behind a relay, has no such
files, and nothing comes of it. Asking tells nothing that an order did not.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import Engine, select

from hub.domain.decisions import DecisionResult
from hub.domain.orders import Order, OrderAnswer, Subscriber
from hub.domain.peers import PeerError
from hub.domain.witness import GATHER
from hub.flow.cosigning import Taken
from hub.flow.home import Home
from hub.flow.providerlog import WHO, Seller, Shown, begin_anew, judge, seen
from hub.flow.providerwitness import answered, ask
from hub.ledger.leaf import LedgerError
from hub.ports import Clock
from hub.store import tables
from hub.store.codec import load, micros
from hub.store.tx import Tx
from hub.store.witness import WitnessStore
from hub.worker.writer import Writer

if TYPE_CHECKING:
    from hub.ledger.published import Fetch

log = logging.getLogger(__name__)
LOOK_SECONDS = 1800.0
LATELY = timedelta(days=60)
"""Who was ordered from since then is looked at."""
MOST_TURNS = 3
"""Asked, told what they hold instead, and shown the growth from there."""
_SECONDS, _LONGEST_LOOK = 10.0, 60.0
_NOTE_BYTES = 64 * 1024

Sign = Callable[[bytes, datetime], str]
"""Signs a body as the household (Beckn's Authorization header)."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A provider could else have the hub knock on doors at home."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


class ProviderLogs:
    """One look at a time; files are read on a thread of their own."""

    def __init__(
        self, home: Home, writer: Writer, engine: Engine, clock: Clock, sign: Sign
    ) -> None:
        """``sign`` proves to a provider who countersigns."""
        self._home, self._writer, self._engine = home, writer, engine
        self._clock, self._sign = clock, sign
        self._looking = asyncio.Lock()
        self._soon: asyncio.Task[None] | None = None

    async def look(self) -> None:
        """Exchange checkpoints with each provider that was ordered from lately."""
        async with self._looking:
            for name, provider, dealt in (await asyncio.to_thread(self._lately)).values():
                try:
                    place = _place(provider)
                    if await self._theirs(place, name, provider):
                        await self._ours(place, Seller(provider.subscriber_id, name), dealt)
                except (OSError, ValueError, LookupError, LedgerError, PeerError) as error:
                    log.info("no checkpoints with %s now: %s", provider.subscriber_id, error)

    def soon(self, answer: OrderAnswer) -> None:
        """Look a minute after a provider answered what binds both; a crash leaves it to the next
        look. To be called in the event loop."""
        if answer.action in ("confirm", "update", "cancel") and self._soon is None:
            self._soon = asyncio.create_task(self._after_a_while())

    async def _after_a_while(self) -> None:
        await asyncio.sleep(GATHER.total_seconds())
        self._soon = None
        await self.look()

    async def close(self) -> None:
        """End what waits."""
        if self._soon is not None:
            self._soon.cancel()
            await asyncio.gather(self._soon, return_exceptions=True)

    async def begin_anew(self, provider: str, member: str) -> DecisionResult:
        """Take a provider's log as it is from now on; returns after it is committed."""
        return await self._writer.run(lambda tx: begin_anew(tx, self._home, provider, member))

    async def _theirs(self, place: str, name: str, provider: Subscriber) -> bool:
        """Look at a provider's log and countersign it; False where it has none."""
        who = provider.subscriber_id
        with self._engine.connect() as connection:
            known = WitnessStore(connection).witness(WHO + who)
        shown = await asyncio.to_thread(_shown, place, name, who, known.seen_size)
        if shown is None:
            return False
        line, now_known = await self._writer.run(
            lambda tx: (judge(tx, self._home, shown), seen(tx, who))
        )
        if line and now_known.seen and self._home.log_key is not None:
            said = {
                "size": now_known.seen_size,
                "witness": self._home.log_key.witness,
                "signature": line,
            }
            body = json.dumps(said).encode()
            await self._hand_over(f"{place}/cosignature", body)
        return True

    async def _ours(self, place: str, seller: Seller, dealt: datetime | None) -> None:
        """Have a provider countersign our log; what it holds decides what it is shown next."""
        owed: int | None = None
        for _ in range(MOST_TURNS):
            body = await self._writer.run(partial(self._question, seller, dealt, owed))
            if body is None:
                return
            said = read_object(await self._hand_over(f"{place}/witness", body))
            taken = await self._writer.run(partial(self._take, seller, said))
            if taken.kind not in ("again", "owed"):
                return
            owed = taken.size

    def _question(
        self, seller: Seller, dealt: datetime | None, owed: int | None, tx: Tx
    ) -> bytes | None:
        return ask(tx, self._home, seller, dealt, owed)

    def _take(self, seller: Seller, said: dict[str, object], tx: Tx) -> Taken:
        return answered(tx, self._home, seller, said)

    async def _hand_over(self, url: str, body: bytes) -> bytes:
        header = self._sign(body, self._clock.now())
        return await asyncio.to_thread(_posted, url, body, header)

    def _lately(self) -> dict[str, tuple[str, Subscriber, datetime | None]]:
        """Return who was ordered from, by subscriber id, and when it was dealt with last."""
        table = tables.core(tables.OrderRow)
        since = micros(self._clock.now() - LATELY)
        statement = (
            select(table.c.body).where(table.c.created_at >= since).order_by(table.c.created_at)
        )
        with self._engine.connect() as connection:
            orders = [load(Order, body) for body in connection.execute(statement).scalars()]
        found: dict[str, tuple[str, Subscriber, datetime | None]] = {}
        for one in orders:
            if one.order_id is None:
                continue
            who = one.provider.subscriber_id
            before = found[who][2] if who in found else None
            times = [at for at in (before, one.updated_at or one.created_at) if at is not None]
            found[who] = (one.provider_name, one.provider, max(times, default=None))
        return found


def _place(provider: Subscriber) -> str:
    from integrations.beckn.wire import wire_of

    base = wire_of(provider.version).base
    return f"{provider.uri.rstrip('/').removesuffix(base)}/ledger"


def _shown(place: str, name: str, provider: str, since: int) -> Shown | None:
    """Read what a provider shows of its log; None where it has none. OSError, ValueError."""
    from hub.ledger.audit import consistency_path
    from hub.ledger.checkpoint import Checkpoint
    from hub.ledger.note import Note
    from hub.ledger.published import PublishedHashes

    fetch = _fetcher(place)
    note = fetch("checkpoint", _NOTE_BYTES)
    key = fetch("key", 1024)
    if note is None or key is None:
        return None
    text, size = note.decode(), Checkpoint.parse(Note.parse(note).text).size
    path: tuple[bytes, ...] | None = ()
    if 0 < since < size:
        try:
            path = tuple(consistency_path(PublishedHashes(size, fetch), since, size))
        except (LookupError, ValueError) as error:
            log.info("the log of %s does not show how it grew: %s", provider, error)
            path = None
    return Shown(provider, name, key.decode().strip(), text, since, path)


def _fetcher(place: str) -> Fetch:
    if not place.startswith(("http://", "https://")):
        raise ValueError(f"{place}: expected http:// or https://")
    until = time.monotonic() + _LONGEST_LOOK

    def fetch(path: str, most: int) -> bytes | None:
        if time.monotonic() > until:
            raise TimeoutError(f"{place}: no proof within {_LONGEST_LOOK:g} seconds")
        try:
            with _OPENER.open(f"{place}/{path}", timeout=_SECONDS) as answer:
                data: bytes = answer.read(most + 1)
        except urllib.error.HTTPError as error:
            if error.code in (404, 410):
                return None
            raise
        if len(data) > most:
            raise ValueError(f"{path}: over {most} bytes")
        return data

    return fetch


def _posted(url: str, body: bytes, header: str) -> bytes:
    headers = {"Authorization": header, "Content-Type": "application/json"}
    request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310
    with _OPENER.open(request, timeout=_SECONDS) as answer:
        data: bytes = answer.read(_NOTE_BYTES + 1)
    if len(data) > _NOTE_BYTES:
        raise ValueError(f"{url}: over {_NOTE_BYTES} bytes")
    return data


def read_object(data: bytes) -> dict[str, object]:
    """Return what a provider answered. ValueError where it is no JSON object."""
    found = orjson.loads(data)
    if not isinstance(found, dict):
        raise ValueError("the answer: expected a JSON object")
    return found
