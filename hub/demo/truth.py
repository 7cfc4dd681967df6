"""What has to hold at the end: every process is asked by its own API, and they have to agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.demo.home import eventually
from hub.demo.processes import DemoError
from hub.demo.stage import Stage, expect

_BARE = ("quoted", "initialised", "drafted")
"""States of what was asked for and never ordered."""


async def agendas_agree(stage: Stage) -> None:
    """Have all households the same activities, with the same answers, at the same times.

    Who has declined is told no more about an activity, and has no time taken by it.
    """

    async def same() -> None:
        known: dict[str, tuple[str, object]] = {}
        for home in stage.homes:
            blocks = {
                one["title"]: one["window"]["start"]
                for one in await home.ask("/agenda")
                if one["kind"] in ("activity", "meal")
            }
            for one in await home.ask("/activities"):
                details = one["details"]
                what = details["summary"]
                if ("DECLINED", home.title) in _answers(one):
                    expect(what not in blocks, f"{home.title}'s agenda has {what}, it declined")
                    continue
                where, first = known.setdefault(one["uid"], (home.title, _told(one)))
                expect(_told(one) == first, f"{where} has {first}, {home.title} has {_told(one)}")
                start = details["window"]["start"]
                expect(
                    blocks.get(what) == start,
                    f"{home.title}'s agenda has {what} at {blocks.get(what)}, it is at {start}",
                )

    await _soon(same, "the agendas to agree")


def _told(activity: dict[str, Any]) -> object:
    details = activity["details"]
    return (
        details["summary"],
        activity["sequence"],
        activity["state"],
        details["window"],
        _answers(activity),
    )


def _answers(activity: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted((one["partstat"], one["name"]) for one in activity["attendees"])


async def orders_agree(stage: Stage) -> list[str]:
    """Have every order the same state on both sides; return a line for each that was placed."""
    told: list[str] = []

    async def same() -> None:
        told.clear()
        ours = {
            one["order_id"]: (home, one)
            for home in stage.homes
            for one in await home.ask("/orders")
            if one["order_id"] and one["state"] not in _BARE
        }
        theirs = {
            sale["id"]: (seller, sale)
            for seller in stage.sellers.values()
            for sale in await seller.orders()
            if sale["state"] not in _BARE
        }
        for order_id, (home, order) in ours.items():
            if order_id not in theirs:
                expect(order["state"] in ("cancelled", "failed"), f"nobody has order {order_id}")
                continue
            seller, sale = theirs[order_id]
            expect(
                sale["state"] == order["state"],
                f"order {order_id} is {order['state']} at {home.title},"
                f" {sale['state']} at {seller.title}",
            )
            expect(not order["pending"], f"order {order_id}: {order['pending']} is not answered")
            mine = {line["item_id"]: line["count"] for line in order["lines"]}
            sold = {line["item_id"]: line["count"] for line in sale["lines"]}
            expect(mine == sold, f"order {order_id}: {mine} is ordered, {sold} is sold")
            if order["slot"] is not None:
                slot = order["slot"]["slot_id"]
                expect(slot in str(sale["slot"]), f"order {order_id}: {slot}, not {sale['slot']}")
            total = order["quote"]["total"]
            told.append(
                f"{order['domain']} {order_id} at {seller.title}: {order['state']},"
                f" {total['amount']} {total['currency']}"
            )
        for order_id, (seller, sale) in theirs.items():
            expect(
                order_id in ours or sale["state"] in ("cancelled", "failed"),
                f"{seller.title} has order {order_id}, {sale['state']}, that no household knows",
            )

    await _soon(same, "the orders to agree")
    return told


async def nothing_is_left(stage: Stage) -> None:
    """Have nobody anything that could not be read, and no two things that clash."""
    for home in stage.homes:
        clashes = await home.ask("/conflicts")
        expect(not clashes, f"{home.title} has what does not go together: {clashes[:1]}")
        parked = await home.ask("/parked")
        expect(not parked, f"{home.title} did not understand: {parked[:1]}")


async def nothing_is_open(stage: Stage) -> None:
    """Have nobody a question that still waits for an answer."""
    for home in stage.homes:
        titles = [one["title"] for one in await home.ask("/suggestions")]
        expect(not titles, f"{home.title} is still asked: {', '.join(titles)}")


async def _soon(holds: Callable[[], Any], what: str) -> None:
    """Wait until ``holds()`` raises nothing: messages are under way for a moment."""
    last = ""

    async def does() -> bool:
        nonlocal last
        try:
            await holds()
        except DemoError as error:
            last = str(error)
            return False
        return True

    await eventually(does, lambda: f"{what}: {last}")
