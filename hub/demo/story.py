"""``demo --auto``: the household is played, and at the end everybody is asked what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from hub.demo.phone import Shown
from hub.demo.processes import DemoError
from hub.demo.stage import SHOPS, Stage


async def play(stage: Stage) -> None:
    """Play: the fridge runs low, a member says yes on the phone, a provider confirms.

    Raises DemoError naming the first thing that is not as it should be.
    """
    await _heard(stage)
    stage.say("somebody drinks milk: 0.4 l are left, and two eggs")
    await stage.eat(milk=0.4, eggs=2)
    asked = await stage.phone.wait_for("the question", lambda shown: bool(shown.actions))
    status, answer = await stage.phone.tap(asked, "Approve")
    stage.say(f"tapped Approve: {answer} ({status})")
    _expect(status == 200, f"the tap was answered with {status}: {answer}")
    await stage.phone.wait_for("the confirmation", lambda shown: "Ordered at" in shown.body)
    status, answer = await stage.phone.tap(asked, "Approve")
    stage.say(f"tapped again: {answer} ({status})")
    _expect(status == 200 and "Ordered at" in answer, f"a second tap was told: {answer}")
    await stage.announce_outage()
    await stage.phone.wait_for("the notice", lambda shown: "gas" in shown.body.lower())
    await _move(stage)
    await check(stage)


async def _move(stage: Stage) -> None:
    """Have the delivery come in another window its provider offers: asked, paid for, moved."""
    (order,) = await _confirmed(stage)
    offered = (await stage.ask_hub(f"/orders/{order['id']}/slots"))["items"]
    own = order["slot"]["window"]["start"]
    later = [slot for slot in offered if slot["start"] > own]
    _expect(bool(later), "the provider offers no later window")
    slot = later[0]
    stage.say(f"nobody is home then: the delivery is to come {slot['start']}")
    told = await stage.tell_hub(
        f"/orders/{order['id']}/commands",
        {"do": "move", "member": "ada", "slot_id": slot["id"]},
    )
    stage.say(f"the hub: {told['message']}")
    asked = len(stage.phone.shown)

    async def moved() -> bool:
        for shown in stage.phone.shown[asked - 1 :]:
            if shown.actions and shown.title.startswith("Move") and shown not in tapped:
                tapped.append(shown)
                _, answer = await stage.phone.tap(shown, "Approve")
                stage.say(f"tapped Approve: {answer}")
        (now,) = await _confirmed(stage)
        return bool(now["slot"]["window"]["start"] == slot["start"] and not now["pending"])

    tapped: list[Shown] = []
    await _eventually(moved, "the delivery to be moved")
    sales = [sale for shop in SHOPS for sale in (await stage.ask_seller(shop))["orders"]]
    (sale,) = (one for one in sales if one["id"] == order["order_id"])
    _expect(slot["id"] in str(sale["slot"]), f"the provider still has {sale['slot']}")
    stage.say(f"both sides have it from {slot['start']} on")


async def _confirmed(stage: Stage) -> list[dict[str, Any]]:
    orders = (await stage.ask_hub("/orders"))["items"]
    found = [order for order in orders if order["state"] == "confirmed"]
    _expect(len(found) == 1, f"the hub has {len(found)} confirmed orders, expected 1")
    return found


async def check(stage: Stage) -> None:
    """Ask the hub and the shops, each by its own API. Raises DemoError for what does not agree."""
    (order,) = await _confirmed(stage)
    sold: list[tuple[str, dict[str, Any]]] = [
        (shop, sale)
        for shop in SHOPS
        for sale in (await stage.ask_seller(shop))["orders"]
        if sale["state"] not in ("quoted", "initialised")
    ]
    _expect(len(sold) == 1, f"the shops have {len(sold)} orders, expected 1")
    shop, sale = sold[0]
    _expect(sale["id"] == order["order_id"], f"{shop} calls the order {sale['id']}")
    _expect(sale["state"] == "confirmed", f"{shop} says the order is {sale['state']}")
    ours = {line["item_id"]: line["count"] for line in order["lines"]}
    theirs = {line["item_id"]: line["count"] for line in sale["lines"]}
    _expect(ours == theirs, f"the hub ordered {ours}, {shop} brings {theirs}")
    done = (await stage.ask_hub("/suggestions?open=false"))["items"]
    states = [one["state"] for one in done if one["kind"] == "grocery_order"]
    _expect(states.count("carried_out") == 1, f"the suggestions ended as {states}")
    parked = (await stage.ask_hub("/parked"))["items"]
    _expect(not parked, f"not understood: {parked[:1]}")
    items = ", ".join(f"{line['count']} × {line['name']}" for line in order["lines"])
    stage.say(
        f"both sides agree: order {order['order_id']} at {stage.sellers[shop].name}, {items}, "
        f"{order['quote']['total']['amount']} {order['quote']['total']['currency']}, confirmed"
    )


async def _milk(stage: Stage, *, at_least: float) -> bool:
    pantry = (await stage.ask_hub("/pantry"))["items"]
    levels = {one["item"]["id"]: one["level"] for one in pantry}
    return levels["milk"] is not None and levels["milk"]["quantity"] >= at_least


async def _heard(stage: Stage, seconds: float = 30.0) -> None:
    """Return once the hub knows what is in the fridge."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not await _milk(stage, at_least=1.0):
        if stage.cast.ended("fridge") is not None:
            raise DemoError(f"fridge ended: {stage.cast.last_words('fridge')}")
        if loop.time() > end:
            raise DemoError(f"waited {seconds:g} s for the fridge to be heard")
        await asyncio.sleep(0.05)


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise DemoError(otherwise)


async def _eventually(
    holds: Callable[[], Awaitable[bool]], what: str, seconds: float = 30.0
) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not await holds():
        if loop.time() > end:
            raise DemoError(f"waited {seconds:g} s for {what}")
        await asyncio.sleep(0.05)
