"""The provider's page and API over HTTP, and what its buyer hears of it."""

import asyncio
import json
import re
import uuid

import aiohttp
import pytest

from hub.domain.money import money
from hub.domain.orders import Line, Rating

MILK = (Line("milk", "", 1, money("1.29", "EUR")),)


@pytest.fixture
async def web():
    async with aiohttp.ClientSession() as session:
        yield session


async def ordered(house, shop, slot=None, **rest):
    agreed = await house.agree(shop, MILK, slot, **rest)
    await house.buyer.send(house.confirm(shop, agreed))
    confirmed = await house.answer()
    assert confirmed.error is None
    return confirmed


async def acts(web, shop, order, verb, **fields):
    async with web.post(f"{shop.url}/orders/{order.order_id}/{verb}", json=fields) as answer:
        return answer.status, await answer.text()


async def test_steps_taken_by_api_reach_the_buyer(house, shop, web):
    order = await ordered(house, shop)
    for verb, word in (("pack", "Packed"), ("dispatch", "Out-for-delivery")):
        status, body = await acts(web, shop, order, verb)
        assert (status, json.loads(body)["fulfillment_state"]) == (200, word)
        told = await house.answer()
        assert (told.action, told.fulfillment_state) == ("status", word)
    status, body = await acts(web, shop, order, "accept")
    assert (status, body) == (409, "the order is Out-for-delivery: it cannot accept\n")
    status, _ = await acts(web, shop, order, "cancel", reason="out of\nmilk")
    assert status == 200
    gone = await house.answer()
    assert (gone.action, gone.state, gone.reason) == ("cancel", "cancelled", "out of milk")
    assert (await acts(web, shop, order, "deliver"))[0] == 409


async def test_an_order_is_moved_by_either_side(house, shop, web):
    shown = await house.ask("discover", shop)
    slots = [slot for slot in shown.catalogs[0].slots if slot.slot_id.endswith("late")]
    order = await ordered(house, shop, slots[0])
    status, _ = await acts(web, shop, order, "move", slot_id=slots[1].slot_id, reason="snow")
    assert status == 200
    told = await house.answer()
    assert (told.action, told.slot, told.reason) == ("update", slots[1], "snow")
    ask = {"order_id": order.order_id, "lines": order.lines, "slot": slots[0]}
    would = await house.ask("update", shop, preview=True, **ask)
    assert (would.preview, would.slot) == (True, slots[0])
    assert shop.get(f"/orders/{order.order_id}")["slot"]["id"] == slots[1].slot_id
    moved = await house.ask("update", shop, quote=would.quote, **ask)
    assert (moved.preview, moved.slot) == (False, slots[0])
    assert shop.get(f"/orders/{order.order_id}")["slot"]["id"] == slots[0].slot_id
    status, body = await acts(web, shop, order, "move", slot_id="never")
    assert (status, body) == (409, "there is no free window never\n")


async def test_the_page_shows_orders_and_its_buttons_work(house, shop, web):
    order = await ordered(house, shop)
    what = {"order_id": order.order_id}
    await house.ask("support", shop, reason="<b>sour</b>", **what)
    await house.ask("rate", shop, rating=Rating(2), **what)
    async with web.get(f"{shop.url}/desk") as answer:
        page = await answer.text()
        assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    assert "1 × Whole milk" in page
    assert "&lt;b&gt;sour&lt;/b&gt;" in page
    assert "Rated 2 of 5." in page
    actions = re.findall(rf"/orders/{order.order_id}/(\w+)", page)
    assert actions == ["accept", "pack", "dispatch", "arrive", "deliver", "cancel"]
    key = re.search(r'name="key" value="(\w+)"', page)[1]
    async with web.post(f"{shop.url}/orders/{order.order_id}/accept", data={"key": key}) as answer:
        assert str(answer.url) == f"{shop.url}/desk"
        assert "Accepted" in await answer.text()
    told = await house.answer()
    assert (told.state, told.fulfillment_state) == ("confirmed", "Accepted")


async def test_another_sites_form_does_nothing(house, shop, web):
    order = await ordered(house, shop)
    for fields in ({}, {"key": "guessed"}):
        url = f"{shop.url}/orders/{order.order_id}/cancel"
        async with web.post(url, data=fields) as answer:
            assert answer.status == 403
    rebound = {"Host": "evil.example.org"}
    async with web.get(f"{shop.url}/orders", headers=rebound) as answer:
        assert answer.status == 403
    url = f"{shop.url}/desk"
    async with web.get(url, headers=rebound, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/desk/in")
    assert shop.get(f"/orders/{order.order_id}")["state"] == "confirmed"


async def test_the_token_opens_the_page_from_elsewhere(shop, web):
    elsewhere = {"X-Forwarded-For": "203.0.113.7"}
    token = (shop.folder / "data" / "desk-token").read_text().strip()
    async with web.post(f"{shop.url}/desk/in", data={"token": "wrong"}) as answer:
        assert answer.status == 403
    url = f"{shop.url}/desk/in"
    async with web.post(url, data={"token": token}, allow_redirects=False) as answer:
        kept = answer.headers["Set-Cookie"]
    assert "HttpOnly" in kept
    assert "SameSite=Strict" in kept
    assert token not in kept
    cookie = elsewhere | {"Cookie": kept.partition(";")[0]}
    async with web.get(f"{shop.url}/desk", headers=cookie) as answer:
        assert "There are no orders yet." in await answer.text()
    bearer = elsewhere | {"Authorization": f"Bearer {token}"}
    async with web.get(f"{shop.url}/orders", headers=bearer) as answer:
        assert await answer.json() == {"orders": []}


async def test_whoever_has_the_link_sees_where_it_is_and_nothing_more(house, shop, web):
    order = await ordered(house, shop)
    await acts(web, shop, order, "dispatch")
    await house.answer()
    url = f"{shop.url}/vehicles/delivery/position"
    async with web.post(url, json={"gps": "52.52,13.4"}) as answer:
        assert answer.status == 200
    for gps, status in (("here", 400), ("95,13", 400)):
        async with web.post(url, json={"gps": gps}) as answer:
            assert answer.status == status
    async with web.post(f"{shop.url}/vehicles/ufo/position", json={"gps": "1,1"}) as answer:
        assert answer.status == 404
    found = await house.ask("track", shop, order_id=order.order_id, lines=order.lines)
    assert (found.tracking.active, found.tracking.gps) == (True, "52.52,13.4")
    stranger = {"X-Forwarded-For": "203.0.113.7"}
    async with web.get(found.tracking.url, headers=stranger) as answer:
        told = await answer.json()
    assert set(told) == {"state", "fulfillment_state", "active", "gps", "at", "eta"}
    async with web.get(found.tracking.url, headers=stranger | {"Accept": "text/html"}) as answer:
        assert "Out-for-delivery" in await answer.text()
    async with web.get(f"{shop.url}/track/guess") as answer:
        assert answer.status == 404


async def test_confirms_at_the_same_time_never_oversell(house, shop):
    shown = await house.ask("discover", shop)
    early = next(slot for slot in shown.catalogs[0].slots if slot.slot_id.endswith("late"))
    agreed = []
    for _ in range(8):
        house.transaction = str(uuid.uuid4())
        agreed.append(await house.agree(shop, MILK, early))
    sent = [house.confirm(shop, one, transaction_id=one.transaction_id) for one in agreed]
    # Each twice, as a buyer does who heard no acknowledgement.
    await asyncio.gather(*(house.buyer.send(request) for request in sent * 2))
    answers = [await house.answer() for _ in sent]
    won = [answer for answer in answers if answer.error is None]
    lost = [answer.error.code for answer in answers if answer.error is not None]
    assert (len(won), lost) == (3, ["30008"] * 5)
    orders = shop.get("/orders")["orders"]
    assert sum(order["state"] == "confirmed" for order in orders) == 3
    left = {i.item_id: i.available for i in (await house.ask("discover", shop)).catalogs[0].items}
    assert left["milk"] == 2


async def test_a_kill_after_any_message_leaves_one_order_and_loses_no_answer(house, shop, web):
    shown = await house.ask("discover", shop)
    slots = [slot for slot in shown.catalogs[0].slots if slot.slot_id.endswith("late")]
    agreed = await house.agree(shop, MILK, slots[0])
    ask = {"order_id": agreed.order_id, "lines": agreed.lines}
    messages = [
        house.confirm(shop, agreed),
        house.request("update", shop, slot=slots[1], quote=agreed.quote, **ask),
        house.request("support", shop, reason="late", order_id=agreed.order_id),
        house.request("cancel", shop, **ask),
        house.request("rate", shop, rating=Rating(3), order_id=agreed.order_id),
    ]
    for message in messages:
        await house.buyer.send(message)
        shop.kill()
        shop.start()
        answer = await house.answer()
        assert (answer.action, answer.error) == (message.action, None)
    (order,) = shop.get("/orders")["orders"]
    assert (order["state"], order["slot"]["id"]) == ("cancelled", slots[1].slot_id)
    left = {i.item_id: i.available for i in (await house.ask("discover", shop)).catalogs[0].items}
    assert left["milk"] == 5
