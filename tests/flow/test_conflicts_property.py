"""Whatever happens in whatever order: what is asked is what a fresh look at the day finds."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.domain.conflicts import find
from hub.domain.offers import Window
from hub.domain.orders import OrderRequest
from hub.flow.agenda import agenda_of
from hub.flow.conflicts import FARTHEST
from hub.store import tables
from tests.flow.test_conflicts import (
    LATER,
    TOMORROW,
    TONIGHT,
    away,
    back,
    dinner,
    hours,
    off,
    ordered,
    over,
    plan,
    seen,
)
from tests.support.household import Household, Market, make_home, refusal, same

HOURS = st.integers(13, 22)
LENGTHS = st.integers(1, 4)
WHO = st.sampled_from([(), ("ana",), ("ben",), ("ana", "ben")])
STEPS = st.one_of(
    st.tuples(st.just("away"), HOURS, LENGTHS, WHO),
    st.tuples(st.just("cook"), HOURS, st.just(1), WHO),
    st.tuples(st.just("dinner"), HOURS, LENGTHS, WHO, st.booleans()),
    st.tuples(st.just("off"), st.sampled_from(["gas", "electricity"]), HOURS, LENGTHS),
    st.tuples(st.just("over")),
    st.tuples(st.just("back"), st.integers(0, 3)),
    st.tuples(st.just("seen"), st.sampled_from(["home", "not_home", "unknown"])),
    st.tuples(st.just("windows"), st.lists(st.sampled_from([LATER, TOMORROW]), unique=True)),
    st.tuples(st.just("priced")),
    st.tuples(st.just("refused")),
    st.tuples(st.just("moved_by_provider"), st.sampled_from([TONIGHT, LATER, TOMORROW])),
    st.tuples(st.just("approve")),
    st.tuples(st.just("decline")),
    st.tuples(st.just("wait"), st.integers(1, 90)),
    st.tuples(st.just("restart")),
)


class Day:
    """A household whose day things happen to."""

    def __init__(self, folder: Path) -> None:
        home = make_home(rules="rules: [" + GROCERIES + "]")
        self.house = Household(folder / "hub.db", home)
        self.market = Market(self.house)
        self.order = ordered(self.house, self.market).id
        milk = home.pantry["milk"]
        home.pantry = {**home.pantry, "milk": replace(milk, frozen=True)}
        self.made: list[Any] = []
        self.outages = 0

    def take(self, step: tuple[Any, ...]) -> None:
        getattr(self, step[0])(*step[1:])
        self.holds()

    def away(self, start: int, length: int, who: tuple[str, ...]) -> None:
        self.made.append(away(self.house, start, start + length, *who))

    def cook(self, start: int, length: int, who: tuple[str, ...]) -> None:
        window = hours(start, start + length)
        self.made.append(plan(self.house, "cooking", window, *who, uses=("gas",)))

    def dinner(self, start: int, length: int, who: tuple[str, ...], own: bool) -> None:
        dinner(self.house, start, start + length, *who, own=own)

    def off(self, service: str, start: int, length: int) -> None:
        self.outages += 1
        off(self.house, service, start, start + length, f"n{self.outages}")

    def over(self) -> None:
        if self.outages:
            over(self.house, f"n{self.outages}")

    def back(self, number: int) -> None:
        if number < len(self.made):
            back(self.house, self.made.pop(number))

    def seen(self, where: str) -> None:
        seen(self.house, ana=where, ben=where)

    def windows(self, slots: list[Any]) -> None:
        self.market.serve("update", preview=True, slots=(TONIGHT, *slots))

    def priced(self) -> None:
        for row in self.house.requests("update"):
            self.market.serve("update", preview=row.preview, slot=row.slot)
            return

    def refused(self) -> None:
        self.market.serve("update", error=refusal(message="no"))

    def moved_by_provider(self, slot: Any) -> None:
        order = self.house.order(self.order)
        if order.state == "confirmed":
            number = f"unasked-{slot.slot_id}-{self.house.clock.now()}"
            self.market.answer(
                OrderRequest("update", order.transaction_id, number, order.provider), slot=slot
            )

    def approve(self) -> None:
        for one in self.house.open():
            if one.open:
                self.house.decide("approve", one)

    def decline(self) -> None:
        for one in self.house.open():
            if one.open:
                self.house.decide("decline", one)

    def wait(self, minutes: int) -> None:
        self.house.tick(minutes=minutes)

    def restart(self) -> None:
        self.house.restart()
        same(self.house.house, self.house.load())

    def holds(self) -> None:
        """Compare with a look from nothing."""
        house, now = self.house.house, self.house.clock.now()
        coming = Window(now, now + FARTHEST)
        agenda = agenda_of(house, self.house.home, None, now)
        found = find(agenda, coming, self.house.home.doors())
        wanted = {(one.key, one.block.id) for one in found if one.overlap.end > now}
        cases = house.cases.values()
        assert {(one.key, one.block.id) for case in cases for one in case.conflicts} == wanted
        questions = {one.id: one for one in self.house.open() if one.key.startswith("conflict:")}
        asked = {case.suggestion_id for case in cases if case.suggestion_id in questions}
        waiting = {key for key, one in questions.items() if one.open}
        assert waiting <= asked
        for case in cases:
            if case.state == "asked":
                assert case.suggestion_id
        assert self.house.rows(tables.ParkedRow) == []


GROCERIES = (
    "{id: groceries, name: Groceries, when: {stock_below_par: {item: any}}, "
    "propose: {kind: grocery_order, items: below_par}}"
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(st.lists(STEPS, min_size=3, max_size=14))
def test_what_is_asked_is_what_a_fresh_look_finds(steps: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        day = Day(Path(folder))
        try:
            for step in steps:
                day.take(step)
        finally:
            day.house.close()
