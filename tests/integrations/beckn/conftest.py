"""A hub's side in this process, providers in processes of their own, HTTP between them."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.request
import uuid
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from hub.domain.orders import OrderRequest, Subscriber
from hub.settings import BecknSettings
from integrations.beckn.buyer import BecknBuyer
from integrations.beckn.registry import upsert
from integrations.beckn.wire import wire_of

ROOT = Path(__file__).parents[3]

CATALOGUE = """
provider:
  id: shop
  name: The Shop
  timezone: Europe/Berlin
  lead_minutes: 0
items:
  - {id: milk, name: Whole milk, price: "1.29", size: 1, unit: l, gtin: "20000015", stock: 5}
  - {id: honey, name: Honey, price: "4.50", size: 500, unit: g, stock: 1}
  - {id: gone, name: Caviar, price: "99.00", stock: 0}
slots:
  - {id: early, start: "06:00", end: "08:00", capacity: 1, fee: "1.50"}
  - {id: late, start: "20:00", end: "22:00", capacity: 3}
"""

_RUN = """
import sys
from pathlib import Path
from integrations.beckn.provider import run_provider
folder, registry, port, progress, version = sys.argv[1:]
folder = Path(folder)
run_provider(
    folder / "catalogue.yaml", port=int(port), data=folder / "data", registry=Path(registry),
    version=version, progress=float(progress) or None, say=lambda line: print(line, flush=True),
    ready=lambda url: print("READY", url, flush=True),
)
"""


class Now:
    """The real time, which a test may move."""

    def __init__(self):
        self.offset = 0.0

    def now(self):
        return datetime.fromtimestamp(datetime.now(UTC).timestamp() + self.offset, UTC)

    def seconds_until(self, instant):
        return max(0.0, (instant - self.now()).total_seconds())


class Shop:
    """A provider in another process."""

    def __init__(self, folder, registry, progress=0.0, version="2.0.0"):
        self.version = version
        self.folder, self.registry, self.progress = folder, registry, progress
        self.port, self.process = 0, None
        folder.mkdir()
        (folder / "catalogue.yaml").write_text(CATALOGUE)

    def start(self):
        arguments = [str(self.folder), str(self.registry), str(self.port), str(self.progress)]
        arguments.append(self.version)
        self.process = subprocess.Popen(
            [sys.executable, "-c", _RUN, *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=(self.folder / "stderr").open("ab"),
            text=True,
        )
        for line in self.process.stdout:
            if line.startswith("READY"):
                self.url = line.split()[1]
                self.port = int(self.url.rsplit(":", 1)[1])
                return self
        raise AssertionError((self.folder / "stderr").read_text())

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return json.load(answer)

    @property
    def subscriber(self):
        uri = f"{self.url}{wire_of(self.version).base}"
        return Subscriber("shop.commonhearth.local", uri, self.version)


class House:
    """A hub's side: a buyer, its web server, and the answers it kept."""

    def __init__(self, folder, registry, subscriber_id=None):
        self.clock, self.answers, self.refuse = Now(), asyncio.Queue(), None
        self.port, self.runner = 0, None
        self.buyer = BecknBuyer(
            BecknSettings(registry=registry, subscriber_id=subscriber_id),
            secrets_dir=folder / "secrets",
            public_url_of=lambda: f"http://127.0.0.1:{self.port}",
            sink=self._keep,
            clock=self.clock,
        )
        self.registry, self.seen, self.transaction = registry, set(), str(uuid.uuid4())
        self.calls = asyncio.Queue()

    async def _keep(self, answer):
        if self.refuse is not None:
            raise self.refuse
        key = (answer.action, answer.message_id)
        self.calls.put_nowait(key)
        if key in self.seen:
            return False
        self.seen.add(key)
        await self.answers.put(answer)
        return True

    async def open(self):
        app = web.Application()
        app.add_routes(self.buyer.routes())
        self.runner = web.AppRunner(app, access_log=None)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]
        upsert(self.registry, self.buyer.entry())
        return self

    async def shut(self):
        if self.runner is not None:
            await self.runner.cleanup()
            self.runner = None

    def request(self, action, shop, **rest):
        rest = {"transaction_id": self.transaction, "message_id": str(uuid.uuid4())} | rest
        return OrderRequest(action, to=shop.subscriber, **rest)

    async def answer(self):
        return await asyncio.wait_for(self.answers.get(), 15)

    async def ask(self, action, shop, **rest):
        await self.buyer.send(self.request(action, shop, **rest))
        return await self.answer()

    async def agree(self, shop, lines, slot=None, **rest):
        """Select and init; return the answer of init."""
        quoted = await self.ask("select", shop, lines=lines, slot=slot, **rest)
        assert quoted.error is None, quoted.error
        return await self.ask("init", shop, lines=quoted.lines, slot=quoted.slot, **rest)

    def confirm(self, shop, agreed, **rest):
        what = {"lines": agreed.lines, "slot": agreed.slot, "quote": agreed.quote}
        rest = {"transaction_id": agreed.transaction_id, "order_id": agreed.order_id} | rest
        return self.request("confirm", shop, **what, **rest)


@pytest.fixture
def registry(tmp_path):
    return tmp_path / "registry.yaml"


@pytest.fixture
async def house(tmp_path, registry):
    house = await House(tmp_path, registry).open()
    yield house
    await house.shut()
    await house.buyer.close()


@pytest.fixture
def shop(tmp_path, registry):
    shop = Shop(tmp_path / "shop", registry).start()
    yield shop
    shop.stop()


@asynccontextmanager
async def another_house(folder, registry):
    folder.mkdir()
    house = await House(folder, registry).open()
    try:
        yield house
    finally:
        await house.shut()
        await house.buyer.close()


@pytest.fixture
async def neighbour(tmp_path, registry):
    async with another_house(tmp_path / "neighbour", registry) as house:
        yield house


@pytest.fixture
def new_shop(tmp_path, registry):
    """Start further providers, with other settings."""
    shops = []

    def start(name="other", **settings):
        shops.append(Shop(tmp_path / name, registry, **settings).start())
        return shops[-1]

    yield start
    for one in shops:
        one.stop()
