"""Two versions of the protocol at one door: who is spoken to in which, and in which answered."""

import json
import uuid
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web

from hub.domain.money import money
from hub.domain.orders import Line, OrderAnswer, OrderRequest, Quote, Subscriber
from hub.ports import DeliveryError
from integrations.beckn.acks import read_ack
from integrations.beckn.envelope import Context
from integrations.beckn.errors import BecknError
from integrations.beckn.keys import Identity
from integrations.beckn.reading import Node, parse
from integrations.beckn.registry import Entry, upsert
from integrations.beckn.signature import sign, verify
from integrations.beckn.wire import V1, V2, WIRES, detect, reply_uri, wire_at, wire_of

SHOP = Identity("old-shop.example.org", "k1", bytes(range(32)))
LINES = (Line("milk", "Milk", 1, money("1.29", "EUR")),)


def known(registry, uri="http://127.0.0.1:9/protocol/v1", domains=("ONDC:RET10",)):
    entry = Entry(
        SHOP.subscriber_id, uri, "BPP", SHOP.public_key, "k1", version="1.1.1", domains=domains
    )
    upsert(registry, entry)


def callback(house, action="select", wire=V1, **changes):
    context = Context(
        action, house.buyer.identity.subscriber_id, house.buyer.uri_of(wire), SHOP.subscriber_id,
        "http://127.0.0.1:9/protocol/v1", house.transaction, str(uuid.uuid4()), house.clock.now(),
        domain="ONDC:RET10" if wire is V1 else "grocery",
    )  # fmt: skip
    answer = OrderAnswer(
        action, Subscriber(SHOP.subscriber_id, ""), context.transaction_id, context.message_id,
        context.timestamp, lines=LINES, quote=Quote(money("1.29", "EUR")),
        state="confirmed" if action == "confirm" else "quoted",
    )  # fmt: skip
    document = wire.build_answer(context, answer, request_digest=None, now=context.timestamp)
    document["context"].update(changes)
    return json.dumps(document).encode()


async def call_back(house, body, action="on_select", wire=V1, authorization=None):
    header = authorization or sign(body, SHOP, house.clock.now())
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{house.buyer.uri_of(wire)}/{action}", data=body, headers={"Authorization": header}
        ) as answer,
    ):
        return answer.status, await answer.json(), answer.headers


# -- the buyer's door --------------------------------------------------------------------------


async def test_a_version_1_callback_is_kept_and_acknowledged_in_version_1s_form(house, registry):
    known(registry)
    status, answer, _ = await call_back(house, callback(house))
    assert (status, answer) == (200, {"message": {"ack": {"status": "ACK"}}})
    kept = await house.answer()
    assert (kept.action, kept.quote.total) == ("select", money("1.29", "EUR"))
    assert kept.sender.version == "1.1.1"


async def test_what_is_refused_in_version_1_has_its_form_and_a_code(house, registry):
    known(registry)
    faulty = [
        (callback(house, bap_id="other.example.org"), "on_select", "context.bap_id"),
        (callback(house, bpp_id="other.example.org"), "on_select", "context.bpp_id"),
        (callback(house), "on_confirm", "context.action"),
        (callback(house, transaction_id=""), "on_select", "context.transaction_id"),
        (callback(house, wire=V2), "on_select", "context.version"),
        (b"{", "on_select", "JSON"),
    ]
    for body, action, words in faulty:
        status, answer, _ = await call_back(house, body, action)
        assert (status, answer["message"]["ack"]["status"]) == (400, "NACK"), words
        assert answer["error"]["code"] == "30000"
        if words != "context.version":
            assert words in answer["error"]["message"]
    assert house.answers.empty()


async def test_a_stranger_is_told_so_in_version_1s_form(house, registry):
    known(registry)
    body = callback(house)
    wrong = sign(body, Identity(SHOP.subscriber_id, "k1", bytes(32)), house.clock.now())
    status, answer, headers = await call_back(house, body, authorization=wrong)
    assert (status, answer["message"]["ack"]["status"]) == (401, "NACK")
    assert headers["WWW-Authenticate"].startswith("Signature realm=")
    assert house.answers.empty()


@pytest.mark.parametrize("wire", WIRES)
async def test_a_callback_counts_when_it_is_late_but_not_out_of_its_time(house, registry, wire):
    known(registry)
    now = house.clock.now()
    late = callback(house, "confirm", wire, timestamp=(now - timedelta(days=1)).isoformat())
    assert (await call_back(house, late, "on_confirm", wire))[0] == 200
    assert (await house.answer()).state == "confirmed"
    for moment, words in (
        (now + timedelta(minutes=5), "in the future"),
        (now - timedelta(days=8), "one of the last 7 days"),
    ):
        body = callback(house, "confirm", wire, timestamp=moment.isoformat())
        status, answer, _ = await call_back(house, body, "on_confirm", wire)
        assert status == 400
        assert words in read_ack(Node(answer, "")).reason
    assert house.answers.empty()


async def test_a_repeated_callback_is_acknowledged_again_and_kept_once(house, registry):
    known(registry)
    body = callback(house)
    assert [(await call_back(house, body))[0] for _ in range(3)] == [200, 200, 200]
    assert house.answers.qsize() == 1
    assert house.calls.qsize() == 3


async def test_what_cannot_be_stored_is_not_acknowledged_in_version_1_either(house, registry):
    known(registry)
    house.refuse = RuntimeError("the disk is full")
    status, answer, _ = await call_back(house, callback(house))
    assert (status, answer["message"]["ack"]["status"]) == (503, "NACK")


# -- speaking to a version 1 provider --------------------------------------------------------------


@asynccontextmanager
async def answering(handler):
    app = web.Application()
    app.router.add_post("/protocol/v1/{action}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/protocol/v1"
    finally:
        await runner.cleanup()


async def test_a_version_1_provider_is_asked_in_its_own_words(house, registry):
    got = []

    async def handler(request):
        body = await request.read()
        header = request.headers["Authorization"]
        signer = verify(header, body, house.buyer.registry.public_key_of, house.clock.now())
        got.append((request.match_info["action"], signer, json.loads(body)["context"]))
        return web.json_response({"message": {"ack": {"status": "ACK"}}})

    async with answering(handler) as uri:
        known(registry, uri)
        to = Subscriber(SHOP.subscriber_id, uri, "1.1.1")
        for action in ("discover", "rate"):
            request = OrderRequest(action, house.transaction, str(uuid.uuid4()), to)
            await house.buyer.send(request)
    assert [action for action, _, _ in got] == ["search", "rating"]
    us = house.buyer.identity.subscriber_id
    assert {signer for _, signer, _ in got} == {us}
    context = got[0][2]
    assert (context["domain"], context["version"]) == ("ONDC:RET10", "1.1.1")
    assert context["bap_uri"] == house.buyer.uri_of(V1)
    assert (context["bap_id"], context["bpp_uri"]) == (us, uri)
    assert (context["ttl"], context["action"]) == ("PT30S", "search")


ACKS = [
    {"message": {"ack": {"status": "ACK"}}},
    {"status": "ACK", "signature": "x"},
    {"message": {"status": "ACK", "messageId": "m"}},
]
NACKS = [
    {"message": {"ack": {"status": "NACK"}}, "error": {"code": "30004", "message": "no milk"}},
    {"status": "NACK", "error": {"errorCode": "30004", "errorMessage": "no milk"}},
    {"message": {"status": "NACK", "error": {"code": "30004", "message": "no milk"}}},
]


@pytest.mark.parametrize("status", [200, 202])
@pytest.mark.parametrize("form", ACKS)
async def test_an_ack_is_one_in_all_its_forms(house, registry, status, form):
    async def handler(_):
        return web.json_response(form, status=status, headers={"Signature": "a receipt"})

    async with answering(handler) as uri:
        known(registry, uri)
        to = Subscriber(SHOP.subscriber_id, uri, "1.1.1")
        sent = await house.buyer.send(OrderRequest("status", house.transaction, "m", to))
        assert b"bap_id" in sent.body, "what was sent, byte by byte"


@pytest.mark.parametrize("status", [200, 202, 400])
@pytest.mark.parametrize("form", NACKS)
async def test_a_nack_is_final_in_all_its_forms(house, registry, status, form):
    async def handler(_):
        return web.json_response(form, status=status)

    async with answering(handler) as uri:
        known(registry, uri)
        to = Subscriber(SHOP.subscriber_id, uri, "1.1.1")
        with pytest.raises(DeliveryError, match="30004 no milk") as error:
            await house.buyer.send(OrderRequest("status", house.transaction, "m", to))
    assert (error.value.retry, error.value.unknown) == (False, False)


# -- which version -----------------------------------------------------------------------------


def test_a_message_tells_its_version_by_how_it_names_things():
    for wire in WIRES:
        request = OrderRequest("select", str(uuid.uuid4()), str(uuid.uuid4()), Subscriber("b", "u"))
        body = wire.build_request(request, bap_id="a", bap_uri="http://a", now=_now())
        assert detect(parse(json.dumps(body).encode())) is wire
        assert wire_of(wire.version) is wire
        assert wire_at(f"{wire.base}/on_{wire.word('rate')}") is wire
    with pytest.raises(BecknError, match="bapId"):
        detect(parse(b'{"context": {"domain": "retail"}}'))
    with pytest.raises(BecknError, match="is not spoken"):
        wire_of("0.9.4")


def test_an_answer_goes_to_the_registrys_address_and_never_to_another_host():
    ours, v1 = "https://hub.example.org/beckn/v2", "https://hub.example.org/beckn/v1"
    assert reply_uri(ours, "2.0.0", V2, v1) == ours
    assert reply_uri(ours, "2.0.0", V1, v1) == v1
    for lure in ("https://evil.example.org/beckn/v1", "https://hub.example.org:1/x", "http://[bad"):
        assert reply_uri(ours, "2.0.0", V1, lure) == ours


def _now():
    from datetime import UTC, datetime

    return datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
