"""``demo --auto``: a Saturday is played, from the invitation to go fishing to the end of dinner.

What a member does is done on the member's phone, by what it shows; what happens outside happens
there: a friend invites, somebody drinks the milk, the utility gives notice, the driver drives.
Between the parts time runs fast; while anything happens it goes as ours does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from hub.demo.home import Home, eventually
from hub.demo.left import all_of_it_is_told
from hub.demo.phone import Shown
from hub.demo.stage import Stage, expect
from hub.demo.truth import agendas_agree, nothing_is_left, nothing_is_open, orders_agree
from hub.domain.values import dataclass

ZONE = ZoneInfo("Europe/Berlin")
SATURDAY = datetime(2027, 6, 5, 8, 0, tzinfo=ZONE)
"""When the played day begins."""

LAKE = {"location": "Mill Lake, Berlin", "gps": "52.4420,13.1790"}
SHOWN = ("members", "keys", "contacts", "orders under way", "activities", "entries")
"""What is told of a household that was restored."""
COMES = ("cleo", "ben")
"""Who says yes to dinner; Dan cannot."""

Beat = Callable[["Story"], Awaitable[None]]


def _nothing(number: int) -> None:
    """Let a part of the story begin."""


async def _at_once() -> None:
    """Let the story end."""


@dataclass(slots=True)
class Story:
    """The day on a stage. ``day`` is a moment of it.

    With ``pi_lost`` the household's machine is lost in the afternoon, and it goes on from a backup.

    ``began`` is called with the number of each part as it begins, ``settled`` is awaited before
    the last, in which everybody is asked what came of it.
    """

    stage: Stage
    day: datetime
    began: Callable[[int], None] = _nothing
    settled: Callable[[], Awaitable[None]] = _at_once
    pi_lost: bool = False

    def at(self, hour: int, minute: int = 0) -> datetime:
        """Return a local time of the day."""
        return datetime.combine(self.day.astimezone(ZONE).date(), time(hour, minute), ZONE)

    async def play(self) -> None:
        """Play it. Raises DemoError naming the first thing that is not as it should be."""
        for number, beat in enumerate(BEATS):
            self.began(number)
            await beat(self)
            if self.pi_lost and beat is groceries:
                await lose_the_pi(self)
        await self.settled()
        await agree(self)

    def say(self, text: str) -> None:
        """Tell what happens."""
        self.stage.say(text)

    async def asked(self, home: Home, about: str) -> Shown:
        """Return the question with these words once it is on a member's phone."""

        def is_it(shown: Shown) -> bool:
            return bool(shown.actions) and about in f"{shown.title} {shown.body}"

        return await home.phone.wait_for(f"{home.title} to be asked: {about}", is_it)

    async def tap(self, home: Home, shown: Shown, label: str = "Approve") -> str:
        """Tap a button of a question as the phone shows it last; return what the hub answers."""
        status, answer = await home.phone.tap(home.phone.newest(shown), label)
        self.say(f"{home.member.capitalize()} taps {label}: {answer} ({status})")
        expect(status == 200, f"the tap was answered with {status}: {answer}")
        return answer

    async def agrees(self, home: Home, about: str, label: str = "Approve") -> None:
        """Have a member answer the question with these words."""
        await self.tap(home, await self.asked(home, about), label)


# -- the parts of the day ----------------------------------------------------------------------


async def invite_fishing(story: Story) -> int:
    """Have Ben ask all his friends to go fishing; return how many."""
    ben = story.stage.friends["ben"]
    guests = [one["id"] for one in await ben.ask("/friends")]
    story.say("Ben asks his friends to go fishing")
    body = {
        "summary": "Fishing",
        "start": story.at(10, 30).isoformat(),
        "end": story.at(13, 30).isoformat(),
        **LAKE,
        "member": "ben",
        "guests": guests,
    }

    async def proposed() -> bool:
        # Made once, also where Ben's hub is killed before it can say so.
        return bool(await ben.ask("/activities")) or await ben.attempt("POST", "/activities", body)

    await eventually(proposed, "Ben to ask")
    return len(guests)


async def fishing(story: Story) -> None:
    """Ben asks all his friends to go fishing, and all of them join."""
    stage, ben = story.stage, story.stage.friends["ben"]
    count = await invite_fishing(story)
    for home in (stage.home, stage.friends["cleo"], stage.friends["dan"]):
        await story.agrees(home, "invites you to Fishing")

    async def joined() -> bool:
        (one,) = await ben.ask("/activities")
        return [who["partstat"] for who in one["attendees"]] == ["ACCEPTED"] * count

    await eventually(joined, "Ben's hub to know that all of them come")


async def ride(story: Story) -> None:
    """A car is booked to the lake, and home again."""
    home = story.stage.home
    await story.agrees(home, "A ride to Fishing?")
    (there,) = await placed(home, "ride", 1)
    expect(
        _moment(there["slot"]["window"]["end"]) <= story.at(10, 20),
        f"the car is there at {there['slot']['window']['end']}",
    )
    await story.agrees(home, "A ride home from Fishing?")
    await placed(home, "ride", 2)


async def driven(story: Story) -> None:
    """Mara drives to the lake in time, and home after it."""
    home, driver = story.stage.home, story.stage.sellers["driver"]
    rides = await placed(home, "ride", 2)
    for one in sorted(rides, key=lambda order: str(order["slot"]["window"]["start"])):
        window = one["slot"]["window"]
        await story.stage.leap(_moment(window["start"]))
        await driver.act(one["order_id"], "dispatch")
        await driver.act(one["order_id"], "start")
        await _becomes(home, one, "in_progress")
        await story.stage.leap(_moment(window["end"]))
        await driver.act(one["order_id"], "deliver")
        await _becomes(home, one, "completed")
        story.say(f"Mara has driven Ada, {window['start']} to {window['end']}")


async def groceries(story: Story) -> None:
    """The fridge is empty: offers are asked for, and one is ordered, to come after six."""
    stage, home = story.stage, story.stage.home
    await stage.leap(story.at(14, 30))
    story.say("somebody drinks milk: 0.4 l are left, and two eggs")
    await stage.eat(milk=0.4, eggs=2)
    asked = await story.asked(home, "Milk and Eggs are running low")
    await story.tap(home, asked)
    await home.phone.wait_for("the confirmation", lambda shown: "Ordered at" in shown.body)
    answer = await story.tap(home, asked)
    expect("Ordered at" in answer, f"a second tap was told: {answer}")
    (order,) = await placed(home, "grocery", 1)
    start = _moment(order["slot"]["window"]["start"])
    expect(start >= story.at(18), f"the delivery comes at {start}, before six")


async def lose_the_pi(story: Story) -> None:
    """With groceries on their way the household's Pi is gone: another goes on from the backup."""
    stage, home = story.stage, story.stage.home
    await nothing_is_left(stage)
    story.say(f"{home.title} is backed up, and its Pi is stolen")
    told = await home.lost_and_restored(stage.folder)
    counts = told["counts"]
    expect(counts["orders under way"] == 1, f"{counts['orders under way']} orders are under way")
    story.say(
        f"{home.title} runs on another Pi, compared with what was lost: "
        + ", ".join(f"{name} {counts[name]}" for name in SHOWN)
    )


async def gas(story: Story) -> None:
    """There will be no gas: dinner with the friends is proposed, and two of three come."""
    stage, home = story.stage, story.stage.home
    await stage.leap(story.at(15))
    await stage.announce_outage(begins=story.at(17), lasts=4 * 3600)
    await home.phone.wait_for("the notice", lambda shown: "gas" in shown.body.lower())
    await story.agrees(home, "Dinner with")
    for name, friend in stage.friends.items():
        label = "Approve" if name in COMES else "Decline"
        await story.agrees(friend, "Dinner", label)
    (table,) = await placed(home, "restaurant", 1)
    party = 1 + len(COMES)
    expect(
        table["table"]["party_size"] == party, f"the table is for {table['table']}, not for {party}"
    )


async def moved(story: Story) -> None:
    """Nobody is home when the groceries come: they are moved."""
    home = story.stage.home
    (order,) = await placed(home, "grocery", 1)
    before = order["slot"]["slot_id"]
    await story.agrees(home, "Nobody is at home")

    async def has_moved() -> bool:
        (now,) = await placed(home, "grocery", 1)
        return now["slot"]["slot_id"] != before and not now["pending"]

    await eventually(has_moved, "the delivery to be moved")
    await nothing_is_left(story.stage)
    await agendas_agree(story.stage)
    await orders_agree(story.stage)


async def dinner(story: Story) -> None:
    """They sit at their table, and the evening ends."""
    stage, home = story.stage, story.stage.home
    (table,) = await placed(home, "restaurant", 1)
    await stage.leap(_moment(table["slot"]["window"]["start"]))
    await stage.sellers["restaurant"].act(table["order_id"], "arrive")
    await _becomes(home, table, "completed")
    await stage.leap(story.at(22, 45))


async def agree(story: Story) -> None:
    """Ask everybody what came of it."""
    await agendas_agree(story.stage)
    for line in await orders_agree(story.stage):
        story.say(f"both sides agree: {line}")
    for line in await all_of_it_is_told(story.stage):
        story.say(f"on the privacy page stands all that left: {line}")
    await nothing_is_left(story.stage)
    await nothing_is_open(story.stage)


BEATS: tuple[Beat, ...] = (fishing, ride, driven, groceries, gas, moved, dinner)


async def placed(home: Home, domain: str, count: int) -> list[dict[str, Any]]:
    """Return a household's orders of a kind, once so many are placed. Raises DemoError."""
    found: list[dict[str, Any]] = []

    async def there() -> bool:
        found[:] = [
            one
            for one in await home.ask("/orders")
            if one["domain"] == domain and one["state"] in _PLACED
        ]
        return len(found) == count

    await eventually(there, lambda: f"{count} {domain} orders, there are {len(found)}")
    return found


async def _becomes(home: Home, order: dict[str, Any], state: str) -> None:
    async def does() -> bool:
        return bool((await home.ask(f"/orders/{order['id']}"))["state"] == state)

    await eventually(does, f"the {order['domain']} order of {home.title} to be {state}")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


_PLACED = ("confirmed", "in_progress", "completed")
