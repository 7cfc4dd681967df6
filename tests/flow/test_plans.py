"""Plans of members: kept until they are over, bounded, erased with whom they are about."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.domain import plans
from hub.domain.observations import StateReading
from hub.domain.offers import Window
from hub.domain.plans import Plan, PlanError
from hub.flow.observe import observe_readings
from hub.flow.plans import add_plan, remove_plan
from hub.store import tables
from hub.store.codec import load
from hub.store.erase import ERASED, erase_before, erase_member
from tests.support.household import NOON, Household, same

HOUR = timedelta(hours=1)
EVENING = Window(NOON + 6 * HOUR, NOON + 8 * HOUR)


def away(house: Household, *members: str, window: Window = EVENING, title: str = "") -> Plan:
    return house.do(
        lambda tx: add_plan(tx, house.home, "absence", window, members, title, (), "ana", "api")
    )


def rows(house: Household) -> dict[str, Plan]:
    return {row.id: load(Plan, row.body) for row in house.rows(tables.PlanRow)}


def test_a_plan_is_kept_over_a_restart_until_a_day_after(house: Household) -> None:
    made = away(house, "ben", title="  Night \n shift ")
    assert (made.title, made.by, made.members) == ("Night shift", "ana", ("ben",))
    house.restart()
    assert house.house.plans == {made.id: made}
    house.tick(hours=8, minutes=1)
    assert made.id in house.house.plans
    house.tick(hours=24)
    assert house.house.plans == {}
    assert rows(house) == {}
    same(house.house, house.load())


def test_nobody_named_is_everybody(house: Household) -> None:
    assert away(house).members == ("ana", "ben", "kim")


def test_it_is_dropped_once_and_only_as_what_it_is(house: Household) -> None:
    made = away(house)
    assert house.do(lambda tx: remove_plan(tx, "cooking", made.id, "ana", "api")) is None
    assert house.do(lambda tx: remove_plan(tx, "absence", made.id, "ana", "api")) == made
    assert house.do(lambda tx: remove_plan(tx, "absence", made.id, "ana", "api")) is None
    assert house.ledger()[-2:] == ["absence_planned", "absence_dropped"]


def test_there_is_an_end_to_plans(house: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.flow.plans.MOST_PLANS", 2)
    away(house)
    away(house)
    with pytest.raises(PlanError, match="2 plans already"):
        away(house)
    assert plans.MOST_PLANS == 1000


def test_what_uses_nothing_known_is_refused(house: Household) -> None:
    with pytest.raises(PlanError, match="uses: expected some of gas"):
        house.do(
            lambda tx: add_plan(
                tx, house.home, "cooking", EVENING, (), "", ("steam",), "ana", "api"
            )
        )
    long = Window(NOON, NOON + 25 * HOUR)
    with pytest.raises(PlanError, match="at most 1 days"):
        house.do(lambda tx: add_plan(tx, house.home, "cooking", long, (), "", (), "ana", "api"))


def test_erasing_a_member_erases_what_is_theirs_alone(house: Household) -> None:
    alone, both = away(house, "ben"), away(house, "ana", "ben", title="Ben's birthday")
    house.do(lambda tx: erase_member(tx, "ben", "Ben"))
    left = rows(house)
    assert alone.id not in left
    assert left[both.id].members == ("ana",)
    assert left[both.id].title == "somebody's birthday"
    house.do(lambda tx: erase_member(tx, "ana", "Ana"))
    assert {one.by for one in rows(house).values()} <= {ERASED}


def test_erasing_a_time_erases_plans_that_are_over(house: Household) -> None:
    away(house)
    later = away(house, window=Window(NOON + 30 * HOUR, NOON + 31 * HOUR))
    house.do(lambda tx: erase_before(tx, NOON + 9 * HOUR))
    assert list(rows(house)) == [later.id]


def test_erasing_a_member_erases_where_they_were_seen(house: Household) -> None:
    readings = [
        StateReading("person.ben", "home"),
        StateReading("person.x", "home", attributes={"friendly_name": "Ben"}),
        StateReading("person.ana", "home", attributes={"friendly_name": "Ana"}),
    ]
    house.do(lambda tx: observe_readings(tx, house.home, readings))
    house.do(lambda tx: erase_member(tx, "ben", "Ben"))
    assert [row.entity for row in house.rows(tables.EntityState)] == ["person.ana"]
