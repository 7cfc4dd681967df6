"""A whole order between a hub and a provider in another process, over real HTTP."""

import asyncio
import uuid
from dataclasses import replace
from decimal import Decimal

import pytest

from hub.domain.matching import match, pick_slot
from hub.domain.money import money
from hub.domain.orders import Line, Party, Place, Quote, RideWish, Want
from hub.ports import DeliveryError


def line(item_id="milk", count=2, price="1.29"):
    return Line(item_id, "", count, money(price, "EUR"))


async def test_from_a_want_to_a_confirmed_order(house, shop):
    (provider,) = await house.buyer.find("grocery")
    assert provider == shop.subscriber
    want = Want("milk", "Milk", Decimal(2), "l", words=("whole milk",))
    shown = await house.ask("discover", shop, wants=(want,))
    (catalog,) = shown.catalogs
    assert [item.item_id for item in catalog.items] == ["milk"]
    assert catalog.items[0].available == 5
    chosen = match([want], catalog)
    slot = pick_slot(catalog.slots, None, None, house.clock.now())

    quoted = await house.ask("select", shop, lines=chosen.lines, slot=slot)
    fee = slot.fee or money("0", "EUR")
    assert quoted.quote.total == money("2.58", "EUR") + fee
    assert quoted.slot == slot
    assert slot in quoted.slots

    party = Party(name="Ada", address="Lane 1", phone="+49 1")
    agreed = await house.ask("init", shop, lines=quoted.lines, slot=quoted.slot, party=party)
    assert agreed.quote.total == quoted.quote.total
    assert agreed.order_id
    assert agreed.state == "initialised"

    await house.buyer.send(house.confirm(shop, agreed, party=party))
    confirmed = await house.answer()
    assert (confirmed.state, confirmed.fulfillment_state) == ("confirmed", "Pending")
    assert confirmed.order_id == agreed.order_id
    there = shop.get(f"/orders/{agreed.order_id}")
    assert there["state"] == "confirmed"
    assert there["buyer"] == house.buyer.identity.subscriber_id
    assert there["deliver_to"]["participantAttributes"]["streetAddress"] == "Lane 1"

    status = await house.ask("status", shop, order_id=agreed.order_id, lines=agreed.lines)
    assert status.state == "confirmed"
    again = await house.ask("discover", shop)
    assert {i.item_id: i.available for i in again.catalogs[0].items}["milk"] == 3


async def test_a_repeated_confirm_is_the_same_order(house, shop):
    agreed = await house.agree(shop, (line("honey", 1, "4.50"),))
    confirm = house.confirm(shop, agreed)
    await house.buyer.send(confirm)
    first = await house.answer()
    await house.buyer.send(confirm)
    await house.buyer.send(house.confirm(shop, agreed))
    second = await house.answer()
    assert (first.error, second.error) == (None, None)
    assert first.order_id == second.order_id
    assert [order["state"] for order in shop.get("/orders")["orders"]] == ["confirmed"]


async def test_a_repeated_request_brings_its_callback_again(house, shop):
    request = house.request("select", shop, lines=(line(),))
    for _ in range(2):
        await house.buyer.send(request)
        called = await asyncio.wait_for(house.calls.get(), 15)
        assert called == ("select", request.message_id)


async def test_a_provider_stops_when_it_is_told_to(shop):
    shop.stop()
    assert shop.process.returncode == 0
    assert "Traceback" not in (shop.folder / "stderr").read_text()


async def test_the_last_piece_is_sold_once(house, neighbour, shop):
    offers = [await one.agree(shop, (line("honey", 1, "4.50"),)) for one in (house, neighbour)]
    await asyncio.gather(
        *(
            one.buyer.send(one.confirm(shop, agreed))
            for one, agreed in zip((house, neighbour), offers, strict=True)
        )
    )
    answers = [await house.answer(), await neighbour.answer()]
    won = [answer for answer in answers if answer.error is None]
    lost = [answer for answer in answers if answer.error is not None]
    assert [answer.state for answer in won] == ["confirmed"]
    assert [answer.error.code for answer in lost] == ["40002"]
    states = sorted(order["state"] for order in shop.get("/orders")["orders"])
    assert states == ["confirmed", "initialised"]


async def test_the_last_place_in_a_slot_is_given_once_and_its_goods_stay(house, neighbour, shop):
    shown = await house.ask("discover", shop)
    early = next(slot for slot in shown.catalogs[0].slots if slot.slot_id.endswith("early"))
    offers = [await one.agree(shop, (line(count=1),), early) for one in (house, neighbour)]
    await house.buyer.send(house.confirm(shop, offers[0]))
    assert (await house.answer()).error is None
    await neighbour.buyer.send(neighbour.confirm(shop, offers[1]))
    assert (await neighbour.answer()).error.code == "30008"
    shown = await house.ask("discover", shop)
    assert {i.item_id: i.available for i in shown.catalogs[0].items}["milk"] == 4
    assert early not in shown.catalogs[0].slots


async def test_what_is_short_is_reduced_when_quoted_and_refused_when_ordered(house, shop):
    quoted = await house.ask("select", shop, lines=(line(count=9),))
    assert [one.count for one in quoted.lines] == [5]
    refused = await house.ask("init", shop, lines=(line(count=9),))
    assert refused.error.code == "40002"
    assert "9 wanted, 5 left" in refused.error.message
    gone = await house.ask("select", shop, lines=(line("gone", 1, "99"),))
    assert gone.error.code == "40002"
    unknown = await house.ask("select", shop, lines=(line("kiwi", 1),))
    assert unknown.error.code == "30004"


@pytest.mark.parametrize("change", ["total", "lines", "slot", "not initialised"])
async def test_a_confirm_of_something_else_than_was_quoted_is_refused(house, shop, change):
    agreed = await house.agree(shop, (line(),))
    shown = await house.ask("discover", shop)
    confirm = {
        "total": house.confirm(shop, replace(agreed, quote=Quote(money("0.01", "EUR")))),
        "lines": house.confirm(shop, replace(agreed, lines=(line(count=3),))),
        "slot": house.confirm(shop, replace(agreed, slot=shown.catalogs[0].slots[0])),
        "not initialised": house.confirm(shop, agreed),
    }[change]
    if change == "not initialised":
        await house.ask("select", shop, lines=agreed.lines)
    await house.buyer.send(confirm)
    refused = await house.answer()
    assert refused.error.code == ("40000" if change == "not initialised" else "40003")
    assert [order["state"] for order in shop.get("/orders")["orders"]] != ["confirmed"]


async def test_a_cancelled_order_returns_its_goods(house, shop):
    agreed = await house.agree(shop, (line("honey", 1, "4.50"),))
    await house.buyer.send(house.confirm(shop, agreed))
    await house.answer()
    gone = await house.ask("cancel", shop, order_id=agreed.order_id, lines=agreed.lines)
    assert gone.state == "cancelled"
    shown = await house.ask("discover", shop)
    assert {i.item_id: i.available for i in shown.catalogs[0].items}["honey"] == 1


async def test_a_status_of_what_was_never_confirmed_says_so(house, shop):
    agreed = await house.agree(shop, (line(),))
    asked = await house.ask("status", shop, order_id=agreed.order_id, lines=agreed.lines)
    assert asked.error.code == "30010"
    nothing = await house.ask("status", shop, transaction_id=str(uuid.uuid4()))
    assert nothing.error.code == "30010"


async def test_an_order_goes_on_and_the_buyer_is_told(house, new_shop):
    shop = new_shop(progress=0.2)
    agreed = await house.agree(shop, (line(),))
    await house.buyer.send(house.confirm(shop, agreed))
    states = [await house.answer() for _ in range(4)]
    assert [(answer.action, answer.state, answer.fulfillment_state) for answer in states] == [
        ("confirm", "confirmed", "Pending"),
        ("status", "in_progress", "Packed"),
        ("status", "in_progress", "Out-for-delivery"),
        ("status", "completed", "Delivered"),
    ]
    late = await house.ask("cancel", shop, order_id=agreed.order_id, lines=agreed.lines)
    assert late.error.code == "50001"


async def test_a_callback_outlives_a_kill_of_the_provider(house, shop):
    agreed = await house.agree(shop, (line(),))
    await house.shut()
    await house.buyer.send(house.confirm(shop, agreed))
    shop.kill()
    await house.open()
    shop.start()
    confirmed = await house.answer()
    assert (confirmed.action, confirmed.state) == ("confirm", "confirmed")
    assert [order["state"] for order in shop.get("/orders")["orders"]] == ["confirmed"]


async def test_a_callback_that_could_not_be_stored_comes_again(house, shop):
    house.refuse = RuntimeError("the disk is full")
    await house.buyer.send(house.request("select", shop, lines=(line(),)))
    await asyncio.to_thread(_until_tried, shop)
    house.refuse = None
    assert (await house.answer()).action == "select"


def _until_tried(shop):
    for _ in range(200):
        if "503" in (shop.folder / "stderr").read_text():
            return
        shop.process.poll()
        __import__("time").sleep(0.05)
    raise AssertionError("no callback was tried")


async def test_what_cannot_be_said_is_not_sent(house, shop):
    nowhere = RideWish(Place("nowhere"), Place("0,0"))
    with pytest.raises(DeliveryError, match="lat,lon") as refused:
        await house.buyer.send(house.request("discover", shop, ride=nowhere))
    assert not refused.value.retry
