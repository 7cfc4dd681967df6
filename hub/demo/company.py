"""What everybody else does while a person plays: friends answer, the driver drives.

It is tomorrow's day that is played, so that there is time to decide.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from hub.demo.home import Home
from hub.demo.phone import Shown
from hub.demo.processes import DemoError
from hub.demo.stage import Stage
from hub.demo.story import COMES, Story, invite_fishing

_LOOK = 1.0
_BEFORE_NOTICE = 20.0
"""Real seconds after which the utility gives notice."""

_VERBS = {"ride": ("start", "deliver"), "restaurant": ("arrive", ""), "grocery": ("", "deliver")}
"""What a provider does as an order's time begins, and as it ends; "": nothing."""


async def keep_company(stage: Stage) -> None:
    """Play all others until cancelled."""
    story = Story(stage, stage.clock.now() + timedelta(days=1))
    async with asyncio.TaskGroup() as group:
        for name, home in stage.friends.items():
            group.create_task(_answer(home, dinner="Approve" if name in COMES else "Decline"))
        group.create_task(_happen(story))
        group.create_task(_provide(stage))


async def _happen(story: Story) -> None:
    """Have Ben invite, and the utility give notice a little later."""
    await invite_fishing(story)
    await asyncio.sleep(_BEFORE_NOTICE)
    await story.stage.announce_outage(begins=story.at(17), lasts=4 * 3600)


async def _answer(home: Home, *, dinner: str) -> None:
    """Answer each question on a friend's phone, a moment after it came."""
    answered: set[Shown] = set()
    while True:
        for shown in list(home.phone.shown):
            if shown.actions and shown not in answered:
                answered.add(shown)
                await asyncio.sleep(_LOOK)
                await _tap(home, shown, dinner if "Dinner" in shown.title else "Approve")
        await asyncio.sleep(_LOOK)


async def _tap(home: Home, shown: Shown, label: str) -> None:
    if any(text.startswith(label) for text, _ in shown.actions):
        await home.phone.tap(home.phone.newest(shown), label)


async def _provide(stage: Stage) -> None:
    """Have the providers do what was ordered, when its time has come."""
    done: set[tuple[str, str]] = set()
    while True:
        for order in await stage.home.ask("/orders"):
            for verb in _due(order, stage.clock.now()):
                if (order["order_id"], verb) not in done:
                    done.add((order["order_id"], verb))
                    await _act(stage, order, verb)
        await asyncio.sleep(_LOOK)


def _due(order: dict[str, Any], now: datetime) -> list[str]:
    if order["state"] not in ("confirmed", "in_progress") or order["slot"] is None:
        return []
    window = order["slot"]["window"]
    moments = zip(_VERBS.get(order["domain"], ()), (window["start"], window["end"]), strict=False)
    return [verb for verb, at in moments if verb and datetime.fromisoformat(at) <= now]


async def _act(stage: Stage, order: dict[str, Any], verb: str) -> None:
    seller = next(
        (one for one in stage.sellers.values() if one.title == order["provider_name"]), None
    )
    if seller is None:
        return
    try:
        await seller.act(order["order_id"], verb)
    except DemoError as error:
        # It was cancelled meanwhile, say.
        stage.say(str(error))
