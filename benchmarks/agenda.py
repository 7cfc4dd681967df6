"""The agenda by itself: what a change of the day costs as history and the days ahead grow.

A change is an absence that comes and goes on a day with a delivery and twenty other blocks, in a
transaction of its own on a real database. It takes turns between a household that is new, one with
ten times the history, and one with ten times as much on other days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import process_time
from typing import TypeVar

from benchmarks.harness import Bench
from benchmarks.results import Result
from hub.app.config import read_config
from hub.app.plugins import device_book
from hub.domain.activities import Activity, ActivityState, Attendee, Details, Person, Planned
from hub.domain.offers import DeliverySlot, Window
from hub.domain.orders import ChangeTerms, Order, Subscriber
from hub.flow.conflicts import look
from hub.flow.home import Home
from hub.flow.plans import add_plan, remove_plan
from hub.settings import Settings
from hub.store.database import open_database
from hub.store.house import House, load_house
from hub.store.tx import Tx

NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOST = 1.2
"""How much dearer a change may be with ten times the history."""
_CONFIG = Path(__file__).parents[1] / "config"
_BLOCKS = 20
T = TypeVar("T")


class _Household:
    """A household whose Saturday is the same, whatever else it has."""

    def __init__(self, file: Path, past: int, ahead: int) -> None:
        config = read_config(_CONFIG)
        settings = config.settings or Settings()
        meaning, book = config.meaning(), device_book(settings)
        self.home = Home(settings, config.pantry, meaning, config.rules, book, {})
        self.home.own = Person("mailto:us@home.example", "Us")
        self.member = settings.members[0].id
        self.engine = open_database(file)
        with self.engine.connect() as connection:
            self.house: House = load_house(connection, NOW)
        window = Window(NOW + 10 * HOUR, NOW + 12 * HOUR)
        seller = Subscriber("shop.example", "http://127.0.0.1:9")
        order = Order(
            "o",
            "t",
            "s",
            seller,
            "Shop",
            "confirmed",
            slot=DeliverySlot("s", window),
            rescheduling=ChangeTerms(),
        )
        self._do(lambda tx: tx.save(order))
        days = [-1 - number % 700 for number in range(past)]
        days += [1 + number % 300 for number in range(ahead)]
        for number, day in enumerate(days):
            self._activity(f"other-{number}", NOW + day * DAY, "over" if day < 0 else "confirmed")
        for number in range(_BLOCKS):
            self._activity(f"today-{number}", NOW - 8 * HOUR + number * HOUR / 2, "confirmed")

    def _activity(self, uid: str, start: datetime, state: ActivityState) -> None:
        details = Details(Window(start, start + HOUR / 2), "Europe/Berlin", f"Something {uid}")
        who = Person("mailto:friend@home.example", "Friend")
        guest = Attendee("mailto:us@home.example", "Us", "ACCEPTED")
        activity = Activity(uid, 0, NOW, state, who, details, (guest,))
        self._do(lambda tx: tx.save(Planned(activity, (self.member,))), look_too=False)

    def _do(self, step: Callable[[Tx], T], *, look_too: bool = True) -> T:
        with self.engine.connect().execution_options(immediate=True) as connection:
            tx = Tx(self.house, connection, NOW)
            result = step(tx)
            if look_too:
                look(tx, self.home)
            tx.flush()
            connection.commit()
        return result

    def change(self) -> float:
        """Have a short absence come and go; return the CPU milliseconds that took."""
        window = Window(NOW + 13 * HOUR, NOW + 14 * HOUR)
        began = process_time()
        made = self._do(
            lambda tx: add_plan(
                tx, self.home, "absence", window, (), "Walk", (), self.member, "bench"
            )
        )
        self._do(lambda tx: remove_plan(tx, "absence", made.id, self.member, "bench"))
        return (process_time() - began) * 1e3


def measure(bench: Bench, *, quick: bool) -> Iterator[Result]:
    """Measure a change of the day in three households."""
    size, tries = (100, 40) if quick else (300, 200)
    households = {
        "new": _Household(bench.folder / "new.db", size, size // 10),
        "old": _Household(bench.folder / "old.db", size * 10, size // 10),
        "busy": _Household(bench.folder / "busy.db", size, size),
    }
    spent: dict[str, list[float]] = {name: [] for name in households}
    for number in range(tries + 5):
        for name, household in households.items():
            took = household.change()
            if number >= 5:
                spent[name].append(took)
    for household in households.values():
        household.engine.dispose()
    cost = {name: median(times) for name, times in spent.items()}
    yield Result(
        "a change of the day, 10 times the history",
        cost["old"] / cost["new"],
        "x",
        f"{cost['new']:.2f} ms with {size} things past, {cost['old']:.2f} ms with {size * 10}",
        MOST,
    )
    yield Result(
        "a change of the day, 10 times as much on other days",
        cost["busy"] / cost["new"],
        "x",
        f"{cost['new']:.2f} ms with {size // 10} ahead, {cost['busy']:.2f} ms with {size}",
    )
