"""The same provider and the same household in either version: a whole order, and its faults."""

import asyncio
import json
import uuid
from dataclasses import replace

import aiohttp
import pytest

from hub.domain.orders import ChangeTerms, Line, Party, Rating, Want
from hub.ports import DeliveryError
from integrations.beckn.check import check_provider
from integrations.beckn.keys import Identity
from integrations.beckn.registry import Registry, upsert
from integrations.beckn.signature import sign
from integrations.beckn.wire import V1, wire_of

PARTY = Party(name="A", address="1 Lake Road", area_code="12345", phone="+491", gps="52.5,13.4")


@pytest.fixture(params=["2.0.0", "1.1.1"])
def either(request, new_shop):
    return new_shop("either", version=request.param)


@pytest.fixture
def old(new_shop):
    return new_shop("old", version="1.1.1")


def want(name):
    return Want(name, name, 1, "pc")


async def offered(house, shop):
    found = await house.ask("discover", shop, wants=(want("milk"),))
    (catalog,) = found.catalogs
    item = next(item for item in catalog.items if item.item_id == "milk")
    return catalog, (Line(item.item_id, item.name, 2, item.price),)


async def agreed_with(house, shop):
    catalog, lines = await offered(house, shop)
    slot = catalog.slots[-1]
    return catalog, await house.agree(shop, lines, slot, party=PARTY)


async def test_a_whole_order_in_either_version(house, either):
    found = {one.subscriber_id: one.version for one in await house.buyer.find("grocery")}
    assert found == {"shop.commonhearth.local": either.version}
    catalog, agreed = await agreed_with(house, either)
    assert agreed.sender.version == either.version
    assert (agreed.state, agreed.error) == ("initialised", None)
    assert agreed.quote.total.amount == sum(part.price.amount for part in agreed.quote.breakup)
    assert agreed.slot.window == catalog.slots[-1].window
    await house.buyer.send(house.confirm(either, agreed))
    confirmed = await house.answer()
    assert (confirmed.state, confirmed.order_id) == ("confirmed", agreed.order_id)
    known = {"order_id": confirmed.order_id, "lines": confirmed.lines}
    status = await house.ask("status", either, **known)
    assert (status.state, status.slot.window) == ("confirmed", agreed.slot.window)
    assert isinstance(status.cancellation, ChangeTerms | None)
    support = await house.ask("support", either, **known, reason="where is it?")
    assert support.error is None
    track = await house.ask("track", either, **known)
    assert track.error is not None or track.tracking is not None
    preview = await house.ask("cancel", either, **known, preview=True)
    assert (preview.preview, preview.state) == (True, "confirmed")
    cancelled = await house.ask("cancel", either, **known, reason="away", fee=preview.fee)
    assert (cancelled.state, cancelled.error) == ("cancelled", None)


async def test_an_order_is_moved_in_either_version(house, either):
    catalog, agreed = await agreed_with(house, either)
    await house.buyer.send(house.confirm(either, agreed))
    confirmed = await house.answer()
    other = next(slot for slot in catalog.slots if slot.window != agreed.slot.window)
    about = {"order_id": confirmed.order_id, "lines": confirmed.lines, "slot": other}
    preview = await house.ask("update", either, **about, preview=True)
    assert (preview.error, preview.preview) == (None, True)
    moved = await house.ask("update", either, **about, quote=preview.quote)
    assert moved.error is None
    assert moved.slot.window == other.window
    assert moved.state == "confirmed"


async def test_an_order_is_brought_and_rated_in_either_version(house, new_shop, either):
    either.kill()
    either.progress = 0.1
    either.start()
    _, agreed = await agreed_with(house, either)
    await house.buyer.send(house.confirm(either, agreed))
    seen = []
    while "completed" not in seen:
        answer = await house.answer()
        assert answer.order_id == agreed.order_id
        seen.append(answer.state)
    assert seen[0] == "confirmed"
    rated = await house.ask("rate", either, order_id=agreed.order_id, rating=Rating(5, "good"))
    assert rated.error is None


async def test_the_same_request_twice_has_the_same_answer_in_version_1(house, old):
    _, lines = await offered(house, old)
    request = house.request("select", old, lines=lines)
    await house.buyer.send(request)
    first = await house.answer()
    await house.buyer.send(request)
    calls = [await asyncio.wait_for(house.calls.get(), 10) for _ in range(3)]
    assert calls[1:] == [("select", request.message_id)] * 2
    assert house.answers.empty()
    assert first.message_id == request.message_id


async def test_what_is_refused_in_version_1_says_so_with_its_code(house, old):
    _, agreed = await agreed_with(house, old)
    dearer = replace(agreed.quote, total=agreed.quote.total.times(2))
    refused = replace(house.confirm(old, agreed), quote=dearer)
    await house.buyer.send(refused)
    answer = await house.answer()
    assert answer.error.code == "40003"
    gone = (Line("gone", "Caviar", 1, agreed.quote.total),)
    answer = await house.ask("select", old, lines=gone, transaction_id=str(uuid.uuid4()))
    assert answer.error.code == "40002"


async def post(url, body, identity, now):
    headers = {"Authorization": sign(body, identity, now)}
    async with aiohttp.ClientSession() as session:
        async with session.post(url, data=body, headers=headers) as answer:
            return answer.status, await answer.json()


async def test_a_search_for_everybody_is_answered_by_who_we_are(house, old):
    request = house.request("discover", old)
    document = V1.build_request(
        request,
        bap_id=house.buyer.identity.subscriber_id,
        bap_uri=house.buyer.uri_of(V1),
        now=house.clock.now(),
    )
    del document["context"]["bpp_id"], document["context"]["bpp_uri"]
    body = json.dumps(document).encode()
    status, answer = await post(
        f"{old.url}/beckn/v1/search", body, house.buyer.identity, house.clock.now()
    )
    assert (status, answer) == (200, {"message": {"ack": {"status": "ACK"}}})
    found = await house.answer()
    assert found.sender.subscriber_id == "shop.commonhearth.local"
    assert found.catalogs


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bpp_id", "other.example.org"),
        ("bap_id", "other.example.org"),
        ("timestamp", "2020-01-01T00:00:00Z"),
        ("action", "init"),
        ("domain", ""),
    ],
)
async def test_a_version_1_request_that_is_not_right_is_refused_in_its_form(
    house, old, field, value
):
    request = house.request("select", old, lines=())
    document = V1.build_request(
        request,
        bap_id=house.buyer.identity.subscriber_id,
        bap_uri=house.buyer.uri_of(V1),
        now=house.clock.now(),
    )
    document["context"][field] = value
    body = json.dumps(document).encode()
    url = f"{old.url}/beckn/v1/select"
    status, answer = await post(url, body, house.buyer.identity, house.clock.now())
    assert (status, answer["message"]["ack"]["status"]) == (400, "NACK")
    named = "ttl" if field == "timestamp" else field
    assert f"context.{named}" in answer["error"]["message"]
    stranger = Identity("stranger.example.org", "k1", bytes(32))
    status, answer = await post(url, body, stranger, house.clock.now())
    assert (status, answer["message"]["ack"]["status"]) == (401, "NACK")


async def test_a_provider_off_is_a_provider_to_ask_later(house, old):
    old.kill()
    with pytest.raises(DeliveryError) as error:
        await house.buyer.send(house.request("discover", old))
    assert error.value.retry


async def test_our_own_provider_passes_the_check_in_version_1(old, registry):
    report = await check_provider(
        old.url,
        Registry(registry),
        Identity("checker.example.org", "k1", bytes(range(32))),
        register=lambda entry: upsert(registry, entry),
    )
    assert report.version == "1.1.1"
    assert report.ok, [(step.name, step.found, step.problems) for step in report.steps]
    words = [step.name for step in report.steps]
    assert words[2] == wire_of("1.1.1").word("discover") == "search"
