"""``demo --auto``: a Saturday is played, from the invitation to go fishing to the end of dinner.

What a member does is done on the member's phone, by what it shows; what happens outside happens
there: a friend invites, somebody drinks the milk, the utility gives notice, the driver drives.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from hub.demo.home import Home, eventually
from hub.demo.phone import Shown
from hub.demo.stage import SHOPS, Stage, expect

ZONE = ZoneInfo("Europe/Berlin")
SATURDAY = datetime(2027, 6, 5, 8, 0, tzinfo=ZONE)
"""When the played day begins."""

LAKE = {"location": "Mill Lake, Berlin", "gps": "52.4420,13.1790"}

Beat = Callable[["Story"], Awaitable[None]]


@dataclass(slots=True)
class Story:
    """The day on a stage. ``day`` is a moment of it; ``began`` is called as each part begins."""

    stage: Stage
    day: datetime
    began: Callable[[int], None] = lambda number: None

    def at(self, hour: int, minute: int = 0) -> datetime:
        """Return a local time of the day."""
        return datetime.combine(self.day.astimezone(ZONE).date(), time(hour, minute), ZONE)

    async def play(self) -> None:
        """Play it. Raises DemoError naming the first thing that is not as it should be."""
        for number, beat in enumerate(BEATS):
            self.began(number)
            await beat(self)

    def say(self, text: str) -> None:
        """Tell what happens."""
        self.stage.say(text)

    async def tap(self, home: Home, shown: Shown, label: str = "Approve") -> str:
        """Tap a button of a notification; return the hub's answer. Raises DemoError."""
        status, answer = await home.phone.tap(shown, label)
        self.say(f"{home.member.capitalize()} taps {label}: {answer} ({status})")
        expect(status == 200, f"the tap was answered with {status}: {answer}")
        return answer

    async def asked(self, home: Home, what: str, about: str) -> Shown:
        """Return the question with these words once it is on a member's phone."""

        def is_it(shown: Shown) -> bool:
            return bool(shown.actions) and about in f"{shown.title} {shown.body}"

        return await home.phone.wait_for(what, is_it)


async def fishing(story: Story) -> None:
    """Ben asks all his friends to go fishing, and all of them join."""
    stage, ben = story.stage, story.stage.friends["ben"]
    guests = [one["id"] for one in await ben.ask("/friends")]
    story.say("Ben asks his friends to go fishing")
    await ben.call_once(
        "POST",
        "/activities",
        {
            "summary": "Fishing",
            "start": story.at(10, 30).isoformat(),
            "end": story.at(13, 30).isoformat(),
            **LAKE,
            "member": "ben",
            "guests": guests,
        },
    )
    for home in (stage.home, stage.friends["cleo"], stage.friends["dan"]):
        asked = await story.asked(home, f"{home.title} to be asked", "Fishing")
        await story.tap(home, asked)

    async def joined() -> bool:
        (one,) = await ben.ask("/activities")
        return [who["partstat"] for who in one["attendees"]] == ["ACCEPTED"] * len(guests)

    await eventually(joined, "Ben's hub to know that all of them come")


async def groceries(story: Story) -> None:
    """The fridge is empty: offers are asked for, and one is ordered, to come after six."""
    stage = story.stage
    await _fridge_heard(story)
    story.say("somebody drinks milk: 0.4 l are left, and two eggs")
    await stage.eat(milk=0.4, eggs=2)
    asked = await story.asked(stage.home, "the question", "running low")
    await story.tap(stage.home, asked)
    await stage.home.phone.wait_for("the confirmation", lambda shown: "Ordered at" in shown.body)
    answer = await story.tap(stage.home, asked)
    expect("Ordered at" in answer, f"a second tap was told: {answer}")
    (order,) = await orders(stage.home, "delivery")
    start = datetime.fromisoformat(order["slot"]["window"]["start"])
    expect(start >= story.at(18), f"the delivery comes at {start}, before six")


async def gas(story: Story) -> None:
    """The utility gives notice that there will be no gas in the evening."""
    await story.stage.announce_outage(begins=story.at(17), lasts=4 * 3600)
    await story.stage.home.phone.wait_for("the notice", lambda shown: "gas" in shown.body.lower())


async def moved(story: Story) -> None:
    """Have the delivery come in another window its provider offers: asked, paid for, moved."""
    stage = story.stage
    (order,) = await orders(stage.home, "delivery")
    offered = await stage.home.ask(f"/orders/{order['id']}/slots")
    own = order["slot"]["window"]["start"]
    later = [slot for slot in offered if slot["start"] > own]
    expect(bool(later), "the provider offers no later window")
    slot = later[0]
    story.say(f"nobody is home then: the delivery is to come {slot['start']}")
    told = await stage.home.call(
        "POST",
        f"/orders/{order['id']}/commands",
        {"do": "move", "member": "ada", "slot_id": slot["id"]},
    )
    story.say(f"the hub: {told['message']}")
    before = len(stage.home.phone.shown)
    tapped: list[Shown] = []

    async def has_moved() -> bool:
        for shown in stage.home.phone.shown[max(0, before - 1) :]:
            if shown.actions and shown.title.startswith("Move") and shown not in tapped:
                tapped.append(shown)
                await story.tap(stage.home, shown)
        (now,) = await orders(stage.home, "delivery")
        return bool(now["slot"]["window"]["start"] == slot["start"] and not now["pending"])

    await eventually(has_moved, "the delivery to be moved")


async def orders(home: Home, what: str) -> list[dict[str, Any]]:
    """Return a household's orders of a kind that are confirmed: delivery, ride or table."""
    found = [one for one in await home.ask("/orders") if one["state"] in ALIVE]
    kinds = {"ride": "ride", "table": "table"}
    return [one for one in found if (_kind(one) == kinds.get(what, "delivery"))]


def _kind(order: dict[str, Any]) -> str:
    if order.get("ride"):
        return "ride"
    return "table" if order.get("table") else "delivery"


ALIVE = ("confirmed", "in_progress", "completed")


async def _fridge_heard(story: Story) -> None:
    """Return once the hub knows what is in the fridge."""

    async def heard() -> bool:
        levels = {one["item"]["id"]: one["level"] for one in await story.stage.home.ask("/pantry")}
        return levels["milk"] is not None and levels["milk"]["quantity"] >= 1.0

    await eventually(heard, "the fridge to be heard")


async def agree(story: Story) -> None:
    """Ask everybody, each by its own API, and compare. Raises DemoError for what differs."""
    stage = story.stage
    (order,) = await orders(stage.home, "delivery")
    sold = [
        (shop, sale)
        for shop in SHOPS
        for sale in await stage.sellers[shop].orders()
        if sale["state"] not in ("quoted", "initialised")
    ]
    expect(len(sold) == 1, f"the shops have {len(sold)} orders, expected 1")
    shop, sale = sold[0]
    expect(sale["id"] == order["order_id"], f"{shop} calls the order {sale['id']}")
    expect(sale["state"] == order["state"], f"{shop} says the order is {sale['state']}")
    ours = {line["item_id"]: line["count"] for line in order["lines"]}
    theirs = {line["item_id"]: line["count"] for line in sale["lines"]}
    expect(ours == theirs, f"the hub ordered {ours}, {shop} brings {theirs}")
    expect(
        order["slot"]["slot_id"] in str(sale["slot"]),
        f"the hub has {order['slot']['slot_id']}, {shop} has {sale['slot']}",
    )
    for home in stage.homes:
        parked = await home.ask("/parked")
        expect(not parked, f"{home.title} did not understand: {parked[:1]}")
    items = ", ".join(f"{line['count']} × {line['name']}" for line in order["lines"])
    total = order["quote"]["total"]
    story.say(
        f"both sides agree: order {order['order_id']} at {stage.sellers[shop].title}, {items}, "
        f"{total['amount']} {total['currency']}, {order['state']}"
    )


BEATS: tuple[Beat, ...] = (fishing, groceries, gas, moved, agree)
