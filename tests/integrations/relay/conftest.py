"""A real broker, a relay in this process or its own, a shop that sends, a hub that listens."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from integrations.beckn.gate import BecknGate
from integrations.beckn.keys import Identity
from integrations.beckn.registry import Entry, Registry, upsert
from integrations.beckn.signature import sign
from integrations.relay import Broker, Member, RelayClient, serve_relay
from tests.support.mosquitto import free_port, start_mosquitto

ROOT = Path(__file__).parents[3]

SHOP = Identity("shop.example.org", "k1", bytes(range(32)))
STRANGER = Identity("stranger.example.org", "k1", bytes(range(1, 33)))
HUB = Identity("hub-1.commonhearth.local", "h1", bytes(range(2, 34)))
RELAY = Identity("relay.example.org", "r1", bytes(range(3, 35)))


def now():
    return datetime.now(UTC)


def member_of(identity):
    return Member(
        identity.subscriber_id,
        identity.unique_key_id,
        identity.public_key,
        identity.encryption_seed,
        lambda body, when: sign(body, identity, when),
    )


def register(registry, identity, role="BPP", uri="http://127.0.0.1:9/beckn/v2"):
    upsert(
        registry,
        Entry(identity.subscriber_id, uri, role, identity.public_key, identity.unique_key_id),
    )


@pytest.fixture
def broker(tmp_path):
    with start_mosquitto(tmp_path) as running:
        yield running


@pytest.fixture
def registry(tmp_path):
    path = tmp_path / "registry.yaml"
    register(path, SHOP)
    return path


@asynccontextmanager
async def running(broker, registry, data, **settings):
    """A relay in this process."""
    known = Registry(registry)
    ready = asyncio.get_running_loop().create_future()
    gate = settings.pop("gate", None) or BecknGate(RELAY, known)
    user = settings.pop("as_user", None) or Broker(broker.url)
    said = []
    serving = asyncio.create_task(
        serve_relay(gate, user, data=data, say=said.append, ready=ready.set_result, **settings)
    )
    done, _ = await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
    assert ready in done, serving.exception()
    url = ready.result()
    try:
        await until(lambda: healthy(url))
        yield url
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await known.close()


async def healthy(url):
    async with aiohttp.ClientSession() as session, session.get(f"{url}/healthz") as answer:
        return answer.status == 200


async def get(url):
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.json()


async def until(true):
    async with asyncio.timeout(20):
        while True:
            found = true()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.01)


class Home:
    """A hub's side: what it was handed, and whether it can store."""

    def __init__(self, url, data, identity=HUB, **settings):
        self.got, self.refused, self.calls = [], [], 0
        self.broken = False
        self.member = member_of(identity)
        self.make = lambda: RelayClient(
            url,
            self.member,
            self.handle,
            data=data,
            on_refused=self.refused.append,
            **settings,
        )
        self.client = None

    async def handle(self, relayed):
        self.calls += 1
        if self.broken:
            self.broken = False
            raise OSError("the disk is full")
        self.got.append(relayed)

    async def start(self):
        self.client = self.make()
        uri = await self.client.start()
        await asyncio.wait_for(self.client.ready(), 20)
        return uri

    async def stop(self):
        if self.client is not None:
            await self.client.stop()
            self.client = None

    async def bodies(self, count):
        await until(lambda: len(self.got) >= count)
        return [one.body for one in self.got]


@pytest.fixture
async def homes(tmp_path):
    made = []

    def make(url, name="home", **settings):
        made.append(Home(url, tmp_path / name, **settings))
        return made[-1]

    yield make
    for one in made:
        await one.stop()


async def send(uri, body, *, signer=SHOP, path="beckn/v2/on_select", header=None, when=None):
    headers = {"Authorization": header or sign(body, signer, when or now()), "X-Odd": "1"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{uri}/{path}", data=body, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


_RUN = """
import os, signal, sys
from pathlib import Path
from integrations.beckn.gate import BecknGate
from integrations.beckn.keys import Identity
from integrations.beckn.registry import Registry
from integrations.relay import Broker, run_relay
from integrations.relay.link import Link
registry, data, broker, port, die = sys.argv[1:]
if die:
    publish = Link.publish
    async def publish_and_die(self, *values, **rest):
        await publish(self, *values, **rest)
        os.kill(os.getpid(), signal.SIGKILL)
    Link.publish = publish_and_die
identity = Identity("relay.example.org", "r1", bytes(range(3, 35)))
run_relay(
    BecknGate(identity, Registry(Path(registry))), Broker(broker), data=Path(data), port=int(port),
    say=lambda line: print(line, flush=True), ready=lambda url: print("READY", url, flush=True),
)
"""


class RelayProcess:
    """A relay in a process of its own, which may be killed at the worst moment."""

    def __init__(self, broker, registry, data):
        self.broker, self.registry, self.data = broker, registry, data
        self.port, self.process = free_port(), None
        self.url = f"http://127.0.0.1:{self.port}"

    async def start(self, die=""):
        arguments = [str(self.registry), str(self.data), self.broker.url, str(self.port), die]
        command = [sys.executable, "-c", _RUN, *arguments]
        self.process = await asyncio.to_thread(
            subprocess.Popen, command, cwd=ROOT, stdout=subprocess.DEVNULL
        )
        await until(self._up)
        return self

    async def _up(self):
        assert self.process.poll() is None, "the relay ended at its start"
        try:
            return await healthy(self.url)
        except aiohttp.ClientError:
            return False

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(10) == 0


@pytest.fixture
def relay_process(broker, registry, tmp_path):
    one = RelayProcess(broker, registry, tmp_path / "relay")
    yield one
    one.stop()
