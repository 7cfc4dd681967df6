"""What gets in and what does not, and what is said of a message that did not arrive."""

import asyncio
import json
import socket
import uuid
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web

from hub.domain.money import money
from hub.domain.orders import Line, OrderAnswer, Quote, Subscriber
from hub.ports import DeliveryError
from integrations.beckn import exchange, v2
from integrations.beckn.envelope import Context
from integrations.beckn.exchange import BURST, Sender
from integrations.beckn.keys import Identity
from integrations.beckn.reading import BIGGEST_BODY, parse
from integrations.beckn.registry import Entry, Registry, upsert
from integrations.beckn.signature import sign, verify_countersigned

SHOP = Identity("shop.example.org", "k1", bytes(range(32)))
STRANGER = Identity("stranger.example.org", "k1", bytes(range(1, 33)))
LINES = (Line("milk", "Milk", 1, money("1.29", "EUR")),)


def entry_of(identity, uri="http://127.0.0.1:9/beckn/v2", role="BPP"):
    return Entry(identity.subscriber_id, uri, role, identity.public_key, identity.unique_key_id)


@pytest.fixture
def known_shop(registry, house):
    upsert(registry, entry_of(SHOP))


def callback(house, action="select", **changes):
    context = Context(
        action,
        house.buyer.identity.subscriber_id,
        house.buyer.uri,
        SHOP.subscriber_id,
        "http://127.0.0.1:9/beckn/v2",
        house.transaction,
        str(uuid.uuid4()),
        house.clock.now(),
    )
    answer = OrderAnswer(
        action,
        Subscriber(SHOP.subscriber_id, ""),
        context.transaction_id,
        context.message_id,
        context.timestamp,
        lines=LINES,
        quote=Quote(money("1.29", "EUR")),
    )
    document = v2.build_answer(context, answer, request_digest=None, now=context.timestamp)
    document["context"].update(changes)
    return json.dumps(document).encode()


async def post(url, body, authorization):
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=body, headers={"Authorization": authorization}) as answer,
    ):
        return answer.status, await answer.json(), answer.headers


async def call_back(house, body, *, signer=SHOP, when=None, action="on_select"):
    header = sign(body, signer, when or house.clock.now())
    return await post(f"{house.buyer.uri}/{action}", body, header)


@pytest.mark.usefixtures("known_shop")
async def test_a_callback_is_kept_and_receipted(house):
    body = callback(house)
    status, answer, _ = await call_back(house, body)
    assert (status, answer["status"]) == (200, "ACK")
    kept = await house.answer()
    assert (kept.action, kept.quote.total) == ("select", money("1.29", "EUR"))
    assert kept.sender.subscriber_id == SHOP.subscriber_id
    signer = verify_countersigned(answer, body, kept.message_id, _key_of(house), house.clock.now())
    assert signer == house.buyer.identity.subscriber_id


@pytest.mark.usefixtures("known_shop")
async def test_a_replay_changes_nothing_and_is_receipted_again(house):
    body = callback(house)
    header = sign(body, SHOP, house.clock.now())
    answers = [await post(f"{house.buyer.uri}/on_select", body, header) for _ in range(3)]
    assert [answer["status"] for _, answer, _ in answers] == ["ACK"] * 3
    assert house.answers.qsize() == 1


@pytest.mark.usefixtures("known_shop")
async def test_a_replay_of_an_old_signature_is_refused(house):
    body = callback(house)
    header = sign(body, SHOP, house.clock.now())
    house.clock.offset = 600
    status, answer, _ = await post(f"{house.buyer.uri}/on_select", body, header)
    assert (status, answer["status"]) == (401, "NACK")
    assert "expired" in answer["error"]["errorMessage"]
    assert house.answers.empty()


@pytest.mark.usefixtures("known_shop")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"signer": STRANGER}, "not in the registry"),
        ({"signer": Identity(SHOP.subscriber_id, "k1", bytes(32))}, "does not fit"),
        ({"when": 600}, "future"),
    ],
)
async def test_who_does_not_prove_who_they_are_is_refused(house, change, words):
    if "when" in change:
        change = {"when": house.clock.now() + timedelta(seconds=change["when"])}
    status, answer, headers = await call_back(house, callback(house), **change)
    assert (status, answer["status"]) == (401, "NACK")
    assert words in answer["error"]["errorMessage"]
    assert headers["WWW-Authenticate"] == (
        f'Signature realm="{house.buyer.identity.subscriber_id}",'
        'headers="(created) (expires) digest"'
    )
    assert house.answers.empty()


@pytest.mark.usefixtures("known_shop")
async def test_a_tampered_body_is_refused(house):
    body = callback(house)
    header = sign(body, SHOP, house.clock.now())
    cheaper = body.replace(b"1.29", b"0.01")
    assert cheaper != body
    status, _, _ = await post(f"{house.buyer.uri}/on_select", cheaper, header)
    assert status == 401
    assert house.answers.empty()


@pytest.mark.usefixtures("known_shop")
@pytest.mark.parametrize(
    ("changes", "action", "words"),
    [
        ({"bppId": "other.example.org"}, "on_select", "context.bppId"),
        ({"bapId": "other.example.org"}, "on_select", "context.bapId"),
        ({}, "on_confirm", "context.action"),
        ({"version": "1.1.1"}, "on_select", "context.version"),
    ],
)
async def test_a_message_for_somebody_or_something_else_is_refused(house, changes, action, words):
    status, answer, _ = await call_back(house, callback(house, **changes), action=action)
    assert (status, answer["status"]) == (400, "NACK")
    assert words in answer["error"]["errorMessage"]
    assert answer["error"]["errorCode"] == "30000"
    assert house.answers.empty()


async def test_a_buyer_is_no_provider(house, registry):
    upsert(registry, entry_of(SHOP, role="BAP"))
    status, answer, _ = await call_back(house, callback(house))
    assert (status, answer["status"]) == (400, "NACK")
    assert house.answers.empty()


@pytest.mark.usefixtures("known_shop")
async def test_what_is_no_message_is_refused_and_the_next_one_is_taken(house):
    for body in (b"{", b"[]", b'{"context": NaN}', b"[" * 50_000, b" " * (BIGGEST_BODY + 1)):
        status, answer, _ = await call_back(house, body)
        assert (status, answer["status"]) == (400, "NACK")
    assert (await call_back(house, callback(house)))[0] == 200


@pytest.mark.usefixtures("known_shop")
async def test_what_cannot_be_stored_is_not_acknowledged(house):
    house.refuse = RuntimeError("the disk is full")
    body = callback(house)
    status, answer, _ = await call_back(house, body)
    assert (status, answer["status"]) == (503, "NACK")
    house.refuse = None
    assert (await call_back(house, body))[0] == 200
    assert house.answers.qsize() == 1


@pytest.mark.usefixtures("known_shop")
async def test_a_flood_is_slowed_down(house, monkeypatch):
    monkeypatch.setattr(exchange, "monotonic", lambda: 7.0)
    body = callback(house)
    statuses = [(await call_back(house, body))[0] for _ in range(BURST + 3)]
    assert statuses == [200] * BURST + [429] * 3
    monkeypatch.setattr(exchange, "monotonic", lambda: 8.0)
    assert (await call_back(house, body))[0] == 200


# -- the provider's door ---------------------------------------------------------------------------


def request_of(house, shop, **changes):
    request = house.request("select", shop, lines=LINES)
    document = v2.build_request(
        request,
        bap_id=house.buyer.identity.subscriber_id,
        bap_uri=house.buyer.uri,
        now=house.clock.now(),
    )
    document["context"].update(changes)
    return json.dumps(document).encode()


async def test_a_provider_refuses_strangers_and_what_is_not_for_it(house, shop):
    url = f"{shop.subscriber.uri}/select"
    us, now = house.buyer.identity, house.clock.now()
    body = request_of(house, shop)
    old = (now - timedelta(hours=1)).isoformat()
    cases = [
        (body, sign(body, STRANGER, now), 401, "registry"),
        (body, "", 401, "Authorization"),
        (body, sign(body, us, now - timedelta(hours=1)), 401, "expired"),
        (body.replace(b"EUR", b"JPY"), sign(body, us, now), 401, "does not fit"),
    ]
    for changes, words in (
        ({"bppId": "other.example.org"}, "bppId"),
        ({"bapId": "other.example.org"}, "bapId"),
        ({"timestamp": old}, "ttl"),
        ({"action": "init"}, "context.action"),
    ):
        changed = request_of(house, shop, **changes)
        cases.append((changed, sign(changed, us, now), 400, words))
    for sent, header, expected, words in cases:
        status, answer, _ = await post(url, sent, header)
        assert (status, answer["status"]) == (expected, "NACK")
        assert words in answer["error"]["errorMessage"]
    assert shop.get("/orders") == {"orders": []}
    assert shop.get("/healthz")["status"] == "ok"


async def test_a_provider_receipts_what_it_keeps(house, shop):
    body = request_of(house, shop)
    header = sign(body, house.buyer.identity, house.clock.now())
    status, answer, _ = await post(f"{shop.subscriber.uri}/select", body, header)
    assert status == 200
    message_id = json.loads(body)["context"]["messageId"]
    signer = verify_countersigned(answer, body, message_id, _key_of(house), house.clock.now())
    assert signer == "shop.commonhearth.local"
    assert (await house.answer()).message_id == message_id


# -- what is said of a message that did not arrive ---------------------------------------------


@asynccontextmanager
async def answering(handler):
    app = web.Application()
    app.router.add_post("/beckn/v2/{action}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/beckn/v2"
    finally:
        await runner.cleanup()


async def failure(house, registry, uri):
    upsert(registry, entry_of(SHOP, uri))
    to = Subscriber(SHOP.subscriber_id, uri)
    request = house.request("select", _To(to), lines=LINES)
    with pytest.raises(DeliveryError) as error:
        await house.buyer.send(request)
    return error.value


class _To:
    def __init__(self, subscriber):
        self.subscriber = subscriber


async def test_nobody_at_home_may_be_tried_again(house, registry):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{free.getsockname()[1]}/beckn/v2"
        error = await failure(house, registry, uri)
    assert (error.retry, error.unknown) == (True, False)
    assert SHOP.subscriber_id in str(error)


@pytest.mark.parametrize(
    ("status", "body", "retry", "words"),
    [
        (503, {"status": "NACK"}, True, "503"),
        (429, {}, True, "429"),
        (400, {"status": "NACK", "error": {"errorCode": "30004", "errorMessage": "no milk"}},
         False, "30004 no milk"),
        (409, {"status": "ACK", "error": {"errorMessage": "closed today"}}, False, "closed today"),
        (200, {"status": "NACK"}, False, "refused"),
        (404, {}, False, "404"),
        (307, {}, False, "307"),
    ],
)  # fmt: skip
async def test_what_is_refused_is_not_tried_again(house, registry, status, body, retry, words):
    async def handler(_):
        headers = {"Location": "http://127.0.0.1:1/elsewhere"} if status == 307 else {}
        return web.json_response(body, status=status, headers=headers)

    async with answering(handler) as uri:
        error = await failure(house, registry, uri)
    assert (error.retry, error.unknown) == (retry, False)
    assert words in str(error)


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_fault_behind_which_it_may_have_been_taken_leaves_it_unknown(
    house, registry, status
):
    async def handler(_):
        return web.Response(status=status)

    async with answering(handler) as uri:
        error = await failure(house, registry, uri)
    assert (error.retry, error.unknown) == (True, True)


@pytest.mark.parametrize("body", ["<html>", "x" * 200_000, "{}", '{"status": "maybe"}'])
async def test_an_answer_that_is_none_leaves_it_unknown(house, registry, body):
    async def handler(_):
        return web.Response(text=body)

    async with answering(handler) as uri:
        error = await failure(house, registry, uri)
    assert (error.retry, error.unknown) == (False, True)


async def test_a_connection_that_breaks_after_sending_leaves_it_unknown(house, registry):
    async def handler(request):
        await request.read()
        request.transport.close()
        return web.Response()

    async with answering(handler) as uri:
        error = await failure(house, registry, uri)
    assert (error.retry, error.unknown) == (False, True)


async def test_silence_after_sending_leaves_it_unknown(house, registry):
    asleep = asyncio.Event()

    async def handler(_):
        await asleep.wait()
        return web.Response()

    async with answering(handler) as uri:
        sender = Sender(house.buyer.identity, Registry(registry), patience=0.2)
        with pytest.raises(DeliveryError) as error:
            await sender.post(entry_of(SHOP, uri), "confirm", b"{}", "m", house.clock.now())
        asleep.set()
        await sender.close()
    assert (error.value.retry, error.value.unknown) == (False, True)


async def test_only_addresses_of_the_registry_are_called(house, registry):
    called = []

    async def handler(request):
        called.append(parse(await request.read()))
        return web.json_response({"status": "ACK"})

    async with answering(handler) as uri:
        upsert(registry, entry_of(SHOP, uri))
        lured = Subscriber(SHOP.subscriber_id, "http://127.0.0.1:1/elsewhere")
        await house.buyer.send(house.request("select", _To(lured), lines=LINES))
        assert len(called) == 1
        unknown = Subscriber("nobody.example.org", uri)
        with pytest.raises(DeliveryError) as error:
            await house.buyer.send(house.request("select", _To(unknown), lines=LINES))
        assert not error.value.retry
        assert len(called) == 1


async def test_providers_of_a_domain_are_found_by_whichever_code_they_list_it(house, registry):
    upsert(registry, entry_of(SHOP))
    other = entry_of(STRANGER)
    upsert(
        registry,
        Entry(
            other.subscriber_id,
            other.uri,
            "BPP",
            other.signing_public_key,
            "k1",
            version="1.1.1",
            domains=("ONDC:RET10", "ONDC:TRV10"),
        ),
    )
    found = {one.subscriber_id: one.version for one in await house.buyer.find("grocery")}
    assert found == {SHOP.subscriber_id: "2.0.0", STRANGER.subscriber_id: "1.1.1"}
    assert [one.subscriber_id for one in await house.buyer.find("ride")] == [STRANGER.subscriber_id]
    assert await house.buyer.find("restaurant") == []
    assert await house.buyer.find("something else") == []


def _key_of(house):
    return house.buyer.registry.public_key_of
