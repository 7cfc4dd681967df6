"""200 hubs search one provider's 5,000 items at once; beside it, a bare handler of the same bytes.

The provider is a process as shopkeepers run it: it checks each signature, keeps the request before
it acknowledges, and calls each hub back with its catalogue, signed. A search is over when the hub
has the whole callback. The bare one is an aiohttp handler that answers with those bytes at once.
The catalogue has been asked for once before. What is left of the difference is mostly hashing: each
callback's bytes are signed anew, 2.5 MB for each hub.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

from benchmarks.harness import (
    ROOT,
    Bench,
    BenchError,
    cpu_seconds,
    free_port,
    memory_mib,
    percentile,
    said,
)
from benchmarks.results import Result

HUBS, ITEMS = 200, 5_000
_ID = "big-shop.commonhearth.local"
_PATIENCE = 120.0

Search = tuple[str, bytes, dict[str, str]]
"""A message id, a body, and headers."""


@dataclass(slots=True)
class Round:
    """How long each hub waited, in seconds, and how long all of them together."""

    waits: list[float] = field(default_factory=list)
    whole: float = 0.0


class Hubs:
    """All the hubs: they sign and send, and count their callbacks."""

    def __init__(self, folder: Path, port: int) -> None:
        """Enter them all in ``folder``/registry.yaml; they listen on ``port``."""
        from integrations.beckn.keys import load_or_create

        self._port = port
        self._known = [
            load_or_create(folder / f"hub-{number}", kind="hub") for number in range(HUBS)
        ]
        self._came: dict[str, asyncio.Future[bytes]] = {}
        rows = [
            {
                "subscriber_id": one.subscriber_id,
                "uri": self._uri(number),
                "role": "BAP",
                "unique_key_id": one.unique_key_id,
                "signing_public_key": one.public_key,
            }
            for number, one in enumerate(self._known)
        ]
        # JSON is YAML, and is written faster.
        (folder / "registry.yaml").write_text(json.dumps({"subscribers": rows}))

    def _uri(self, number: int) -> str:
        return f"http://127.0.0.1:{self._port}/{number}/beckn/v2"

    def requests(self, shop: str) -> list[Search]:
        """Return a new search of each hub: its message id, body and headers."""
        from hub.domain.orders import OrderRequest, Subscriber
        from integrations.beckn import v2
        from integrations.beckn.signature import sign

        now, made = datetime.now(UTC), []
        for number, one in enumerate(self._known):
            request = OrderRequest(
                action="discover",
                transaction_id=str(uuid.uuid4()),
                message_id=str(uuid.uuid4()),
                to=Subscriber(_ID, f"{shop}/beckn/v2"),
                ttl=300,
            )
            uri = self._uri(number)
            document = v2.build_request(request, bap_id=one.subscriber_id, bap_uri=uri, now=now)
            body = json.dumps(document).encode()
            headers = {"Authorization": sign(body, one, now), "Content-Type": "application/json"}
            made.append((request.message_id, body, headers))
        return made

    async def take(self, http: web.Request) -> web.Response:
        """Take a callback, as a hub would that keeps it."""
        body = await http.read()
        # The message id is near the beginning: the whole is not read here, nor by the bare one.
        head = body[:4096]
        at = head.index(b'"messageId":') + len(b'"messageId":')
        message_id = head[at:].split(b'"', 2)[1].decode()
        waiting = self._came.get(message_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(body)
        return web.json_response({"status": "ACK"})

    async def search(self, session: ClientSession, shop: str, one: Search) -> bytes:
        """Return the callback to a search."""
        message_id, body, headers = one
        came: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._came[message_id] = came
        url = f"{shop}/beckn/v2/discover"
        async with session.post(url, data=body, headers=headers) as answer:
            if answer.status != 200:
                raise BenchError(f"the provider answered {answer.status}: {await answer.text()}")
        try:
            return await came
        finally:
            del self._came[message_id]


async def _all_at_once(asks: Sequence[Callable[[], Awaitable[object]]]) -> Round:
    found = Round()

    async def one(ask: Callable[[], Awaitable[object]]) -> None:
        began = time.perf_counter()
        await ask()
        found.waits.append(time.perf_counter() - began)

    began = time.perf_counter()
    async with asyncio.timeout(_PATIENCE):
        await asyncio.gather(*(one(ask) for ask in asks))
    found.whole = time.perf_counter() - began
    return found


def _session() -> ClientSession:
    # As the hub itself: each message has a connection of its own.
    connector = TCPConnector(limit=0, force_close=True)
    return ClientSession(connector=connector, timeout=ClientTimeout(total=_PATIENCE))


async def _provider(hubs: Hubs, port: int, shop: str, rounds: int) -> tuple[list[Round], bytes]:
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/{hub}/beckn/v2/on_discover", hubs.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    try:
        async with _session() as session:
            body = await hubs.search(session, shop, hubs.requests(shop)[0])
            found = []
            for _ in range(rounds):
                asks = [partial(hubs.search, session, shop, one) for one in hubs.requests(shop)]
                found.append(await _all_at_once(asks))
    finally:
        await runner.cleanup()
    return found, body


async def _bare(url: str, requests: list[Search], rounds: int) -> list[Round]:
    async with _session() as session:

        async def ask(body: bytes, headers: dict[str, str]) -> None:
            async with session.post(url, data=body, headers=headers) as answer:
                await answer.read()

        return [
            await _all_at_once([partial(ask, body, headers) for _, body, headers in requests])
            for _ in range(rounds)
        ]


def _catalog(file: Path) -> None:
    items = [
        {
            "id": f"item-{number}",
            "name": f"Article number {number} of the shop",
            "price": f"{1 + number % 900 / 100:.2f}",
            "size": 1,
            "unit": "pc",
            "gtin": f"20{number:010}{_check(f'20{number:010}')}",
            "stock": 100,
        }
        for number in range(ITEMS)
    ]
    shop = {"id": "big-shop", "name": "Big Shop", "timezone": "Europe/Berlin", "currency": "EUR"}
    slots = [{"id": "day", "start": "08:00", "end": "20:00", "capacity": 1000}]
    file.write_text(json.dumps({"provider": shop, "items": items, "slots": slots}))


def _check(digits: str) -> int:
    """Return the check digit of an article number (GS1)."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return -total % 10


def measure(bench: Bench, *, quick: bool) -> Iterator[Result]:
    """Search ``HUBS`` at once, twice or five times."""
    rounds = 2 if quick else 5
    folder = bench.folder / "brokering"
    folder.mkdir()
    port = free_port()
    hubs = Hubs(folder, port)
    catalog = folder / "shop.yaml"
    _catalog(catalog)
    process = bench.start(
        "provider",
        [
            *(sys.executable, str(ROOT / "run_hub.py"), "provider", "--catalog", str(catalog)),
            *("--data", str(folder / "data"), "--registry", str(folder / "registry.yaml")),
        ],
    )
    shop = said(process).rpartition(" ")[2]
    if not urlsplit(shop).port:
        raise BenchError(f"the provider did not start; see {bench.folder}/provider.log")
    used = cpu_seconds(process.pid)
    found, body = asyncio.run(_provider(hubs, port, shop, rounds))
    used = cpu_seconds(process.pid) - used
    same = folder / "bytes"
    same.write_bytes(body)
    bare = bench.start("bare", [sys.executable, "-m", "benchmarks.brokering", str(same)])
    url = f"http://127.0.0.1:{said(bare)}/"
    beside = asyncio.run(_bare(url, hubs.requests(shop), rounds))
    yield from _results(found, beside, len(body), used / HUBS / rounds)
    yield Result(
        "a provider after that, memory at its highest",
        memory_mib(process.pid, "VmHWM"),
        " MiB",
        f"{ITEMS:,} items",
    )


def _results(found: list[Round], beside: list[Round], size: int, cpu: float) -> Iterator[Result]:
    def rate(rounds: list[Round]) -> float:
        return HUBS * len(rounds) / sum(one.whole for one in rounds)

    def p99(rounds: list[Round]) -> float:
        return percentile([wait for one in rounds for wait in one.waits], 0.99)

    what = f"{HUBS} searches of {ITEMS:,} items at once"
    yield Result(
        f"{what}, requests/s to bare",
        rate(found) / rate(beside),
        "",
        f"{rate(found):.0f}/s to {rate(beside):.0f}/s, {size / 1e6:.2f} MB each,"
        f" {cpu * 1000:.1f} ms CPU each",
    )
    yield Result(
        f"{what}, p99 to bare",
        p99(found) / p99(beside),
        "×",
        f"{p99(found) * 1000:.0f} ms to {p99(beside) * 1000:.0f} ms",
    )


def _serve(body: bytes) -> None:
    async def answer(http: web.Request) -> web.Response:
        await http.read()
        return web.Response(body=body, content_type="application/json")

    async def run() -> None:
        app = web.Application()
        app.router.add_post("/", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()

    asyncio.run(run())


if __name__ == "__main__":
    _serve(Path(sys.argv[1]).read_bytes())
