"""A household without an open port: it joins a registry and takes its callbacks over a relay."""

import asyncio
import json
import uuid
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from hub.domain.money import money
from hub.domain.orders import Line, OrderAnswer, Quote, Subscriber
from hub.settings import BecknSettings
from integrations.beckn import v2
from integrations.beckn.buyer import BecknBuyer
from integrations.beckn.envelope import Context
from integrations.beckn.gate import BecknGate
from integrations.beckn.registry import Registry, Source
from integrations.beckn.registry.subscription import Subscription
from integrations.beckn.registry_server import serve_registry
from integrations.beckn.signature import sign
from integrations.relay import RelayClient
from tests.integrations.relay.conftest import (
    RELAY,
    SHOP,
    STRANGER,
    get,
    member_of,
    now,
    running,
    send,
    until,
)


class Now:
    def now(self):
        return datetime.now(UTC)


class Household:
    """What a hub wires: a buyer, a relay's client, a place in a registry."""

    def __init__(self, url, registry, folder, source=None):
        self.answers, self.refuse, self.uri = [], None, ""
        self.buyer = BecknBuyer(
            BecknSettings(registry=registry),
            secrets_dir=folder / "secrets",
            public_url_of=lambda: self.uri,
            sink=self._keep,
            clock=Now(),
        )
        me = self.buyer.identity
        self.subscription = Subscription(source, me) if source else None
        self.client = RelayClient(url, member_of(me), self._handle, data=folder)

    async def _keep(self, answer):
        if self.refuse is not None:
            error, self.refuse = self.refuse, None
            raise error
        self.answers.append(answer)
        return True

    async def _handle(self, relayed):
        header = relayed.headers.get("authorization", "")
        if relayed.path.endswith("/on_subscribe") and self.subscription:
            await self.subscription.take(header, relayed.body, relayed.received_at)
        else:
            await self.buyer.take(relayed.path, header, relayed.body, relayed.received_at)

    async def open(self):
        self.uri = await self.client.start()
        await asyncio.wait_for(self.client.ready(), 20)

    async def close(self):
        await self.client.stop()
        await self.buyer.close()
        if self.subscription:
            await self.subscription.close()


@asynccontextmanager
async def household(*values, **rest):
    home = Household(*values, **rest)
    await home.open()
    try:
        yield home
    finally:
        await home.close()


def callback(home, **changes):
    moment = now()
    context = Context(
        "select", home.buyer.identity.subscriber_id, home.buyer.uri, SHOP.subscriber_id,
        "http://127.0.0.1:9/beckn/v2", str(uuid.uuid4()), str(uuid.uuid4()), moment,
    )  # fmt: skip
    answer = OrderAnswer(
        "select", Subscriber(SHOP.subscriber_id, ""), context.transaction_id, context.message_id,
        moment, lines=(Line("milk", "Milk", 1, money("1.29", "EUR")),),
        quote=Quote(money("1.29", "EUR")),
    )  # fmt: skip
    document = v2.build_answer(context, answer, request_digest=None, now=moment)
    document["context"].update(changes)
    return json.dumps(document).encode()


async def test_a_callback_is_stored_before_the_broker_forgets_it(broker, registry, tmp_path):
    async with running(broker, registry, tmp_path / "relay") as url:
        async with household(url, registry, tmp_path / "home") as home:
            home.refuse = OSError("the disk is full")
            uri = home.buyer.uri
            assert uri.startswith(f"{url}/hubs/hub-")
            assert (await send(uri, callback(home), path="on_select"))[0] == 200
            await until(lambda: home.answers)
            assert home.answers[0].quote.total == money("1.29", "EUR")
            assert home.answers[0].sender.subscriber_id == SHOP.subscriber_id


async def test_what_is_not_for_the_household_is_dropped_and_the_next_taken(
    broker, registry, tmp_path, caplog
):
    async with running(broker, registry, tmp_path / "relay") as url:
        async with household(url, registry, tmp_path / "home") as home:
            uri = home.buyer.uri
            for body, path in (
                (b"{", "on_select"),
                (callback(home, bapId="other.example.org"), "on_select"),
                (callback(home), "on_confirm"),
                (callback(home), "../../admin"),
                (callback(home), "select"),
                (callback(home, timestamp="2001-01-01T00:00:00Z"), "on_select"),
            ):
                await send(uri, body, path=path)
            good = callback(home)
            assert (await send(uri, good, path="on_select"))[0] == 200
            await until(lambda: home.answers)
            assert len(home.answers) == 1
            assert caplog.text.count("over the relay refused") >= 4


async def test_the_hub_checks_the_signature_itself(broker, registry, tmp_path, caplog):
    async with running(broker, registry, tmp_path / "relay") as url:
        async with household(url, registry, tmp_path / "home") as home:
            body, path = callback(home), "/beckn/v2/on_select"
            moment = now()
            for header, at in (
                (sign(body, STRANGER, moment), moment),
                (sign(body + b" ", SHOP, moment), moment),
                (sign(body, SHOP, moment), moment + timedelta(minutes=5)),
                (sign(body, SHOP, moment), moment - timedelta(hours=1)),
                (sign(body, SHOP, moment - timedelta(days=8)), moment - timedelta(days=8)),
                ("", moment),
            ):
                await home.buyer.take(path, header, body, at)
            assert home.answers == []
            assert caplog.text.count("refused") == 6
            # A signature that was good when the relay took it is good an hour later.
            hour = timedelta(hours=1)
            await home.buyer.take(path, sign(body, SHOP, moment - hour), body, moment - hour)
            assert len(home.answers) == 1


async def test_a_hub_joins_a_registry_by_way_of_its_relay(broker, registry, tmp_path):
    ready = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve_registry(
            "127.0.0.1", 0, tmp_path / "registry", say=lambda _: None, ready=ready.set_result
        )
    )
    url = await ready
    told = await get(f"{url}/identity")
    source = Source(
        url,
        subscriber_id=told["subscriber_id"],
        unique_key_id=told["key_id"],
        signing_public_key=told["signing_public_key"],
        encr_public_key=told["encr_public_key"],
    )
    known = Registry(registry, sources=[source])
    try:
        async with running(
            broker, registry, tmp_path / "relay", gate=BecknGate(RELAY, known)
        ) as relay:
            async with household(relay, registry, tmp_path / "home", source) as home:
                entry = home.buyer.entry()
                await home.subscription.ensure(entry, patience=timedelta(seconds=15))
                name = entry.subscriber_id
                shop = Registry(None, sources=[source])
                await shop.refresh(name, entry.unique_key_id)
                assert shop.find(name, role="BAP").uri == home.buyer.uri
                await shop.close()
                # From now on the relay takes its word at the registry's: enrolled again.
                await home.client.stop()
                assert await home.client.start() == home.uri
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await known.close()
