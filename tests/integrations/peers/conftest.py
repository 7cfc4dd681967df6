"""Hubs as they are towards one another: keys, envelopes, an HTTP server each, no household."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web

from hub.domain.peers import Card, Peer, PeerMessage, Receipt, Refusal
from integrations.peers.endpoint import PeerEndpoint
from integrations.peers.keys import PeerKeys
from integrations.peers.transport import HttpPeers

CHANNEL = "c" * 32


class TurnedClock:
    def __init__(self) -> None:
        self.at = datetime.now(UTC).replace(microsecond=0)

    def now(self) -> datetime:
        return self.at

    def seconds_until(self, instant: datetime) -> float:
        return max(0.0, (instant - self.at).total_seconds())


class Hub:
    """One end: it notes what it takes, and answers as a test wishes."""

    def __init__(self, folder: Path, clock: TurnedClock, name: str) -> None:
        self.name = name
        self.clock = clock
        self.keys = PeerKeys(folder / name)
        self.url = "http://127.0.0.1:9"
        self.known: dict[str, Peer] = {}
        self.got: list[PeerMessage] = []
        self.relayed: list[bool] = []
        self.parked: list[tuple[str, str]] = []
        self.answer: Receipt | Refusal | Exception | None = None
        self.active = True
        self.transport = HttpPeers(self.keys, clock, patience=5)
        self.endpoint = PeerEndpoint(
            self.keys,
            self.known.get,
            self.sink,
            clock,
            on_refused=lambda topic, kept, reason: self.parked.append((topic, reason)),
            active=lambda: self.active,
        )

    async def sink(self, message: PeerMessage, relayed: bool) -> Receipt | Refusal:
        if isinstance(self.answer, Exception):
            raise self.answer
        self.got.append(message)
        self.relayed.append(relayed)
        return self.answer or Receipt(message.seq, re=message.id)

    def card(self) -> Card:
        return Card(self.keys.id, self.name, self.url, self.keys.current.public)

    def knows(self, other: Hub) -> Peer:
        peer = Peer(
            other.keys.id,
            f"contact-{other.name}",
            other.url,
            "https",
            other.keys.current.public,
            CHANNEL,
        )
        self.known[peer.id] = peer
        return peer

    def says(self, **changes: object) -> PeerMessage:
        now = self.clock.now()
        words: dict[str, object] = {
            "sender": self.keys.id,
            "type": "note",
            "id": str(uuid.uuid4()),
            "channel": CHANNEL,
            "seq": 1,
            "body": {"text": "Grüße"},
            "issued_at": now,
            "expires": now + timedelta(days=14),
            "base": 1,
        }
        return PeerMessage(**{**words, **changes})  # type: ignore[arg-type]


@asynccontextmanager
async def serving(hub: Hub) -> AsyncIterator[None]:
    app = web.Application()
    app.add_routes(hub.endpoint.routes())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        hub.url = f"http://{host}:{port}"
        yield
    finally:
        await hub.transport.close()
        await runner.cleanup()
