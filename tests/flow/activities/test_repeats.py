"""Activities that repeat: looked ahead, one occurrence changed, answered or cancelled by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hub.domain.activities import ActivityError, Details, key_of
from hub.domain.agenda import Block
from hub.domain.offers import Window
from hub.flow.activities import organize
from hub.flow.activities.repeat import LOOK_AHEAD
from hub.flow.agenda import agenda_of
from tests.flow.activities.households import (
    FISHING,
    START,
    invited,
    kept,
    open_one,
    partstats,
    pass_on,
    planned,
    turn,
)
from tests.flow.activities.test_answers import answer, propose
from tests.flow.test_peers import Side
from tests.support.household import NOON, same

WEEKLY = replace(FISHING, recurrence="FREQ=WEEKLY;COUNT=3")
ENDLESS = replace(FISHING, recurrence="FREQ=DAILY")
WEEK, HOUR = timedelta(days=7), timedelta(hours=1)
SECOND = START + WEEK


def blocks(side: Side, days: int = 60) -> tuple[Block, ...]:
    now = side.house.clock.now()
    return agenda_of(side.house.house, side.house.home).during(
        Window(now, now + timedelta(days=days))
    )


def starts(side: Side) -> list[datetime]:
    return [one.window.start for one in blocks(side)]


def test_each_occurrence_is_in_the_agenda(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    key = invited(ada, [ben], WEEKLY).key
    assert ben.house.decide("approve").result == "done"
    pass_on(ada, ben)
    for side in sides:
        assert starts(side) == [START, SECOND, SECOND + WEEK]
        assert not any(one.tentative for one in blocks(side))
        assert len({one.id for one in blocks(side)}) == 3
        assert len(side.house.house.activities) == 1
        same(side.house.house, side.house.load())
    turn(ada, ben, days=10)
    assert starts(ada) == [SECOND + WEEK]
    turn(ada, ben, days=10)
    assert kept(ada, key).state == kept(ben, key).state == "over"
    assert ada.house.house.activities == {}


def test_one_without_an_end_is_only_looked_ahead_at(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    key = invited(ada, [ben], ENDLESS).key
    ahead = planned(ben, key).occurrences
    assert ahead[-1].start <= NOON + LOOK_AHEAD <= ahead[-1].start + timedelta(days=1)
    for _ in range(3):
        turn(ada, ben, days=40)
    assert kept(ada, key).open
    later = planned(ada, key).occurrences
    assert later[0].start >= NOON + timedelta(days=118)
    assert len(later) <= 64
    assert later[-1].start > NOON + timedelta(days=170)
    assert len(ada.waiting(ben)) == 0, "to look ahead tells nobody anything"


def test_one_that_happens_once_a_year_is_not_taken_for_over(sides: tuple[Side, Side]) -> None:
    ada, _ = sides
    key = invited(ada, [], replace(FISHING, recurrence="FREQ=YEARLY;COUNT=2")).key
    turn(ada, days=30)
    assert planned(ada, key).occurrences == ()
    assert kept(ada, key).open
    turn(ada, days=330)
    assert len(planned(ada, key).occurrences) == 1
    turn(ada, days=30)
    assert kept(ada, key).state == "over"


def test_one_occurrence_is_moved_and_asked_about(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    key = invited(ada, [ben], WEEKLY).key
    assert ben.house.decide("approve").result == "done"
    pass_on(ada, ben)
    part, home = key_of(key, SECOND), ada.house.home
    moved = Window(SECOND + timedelta(days=1), SECOND + timedelta(days=1, hours=2))
    once = replace(WEEKLY, window=moved, recurrence="")
    made = ada.house.do(lambda tx: organize.change(tx, home, part, once, "ana", "web"))
    assert (made.uid, made.recurrence_id, made.sequence) == (key, SECOND, 1)
    pass_on(ada, ben)
    for side in sides:
        assert starts(side) == [START, moved.start, SECOND + WEEK]
        assert kept(side, key).sequence == 0
        assert kept(side, part).recurrence_id == SECOND
        same(side.house.house, side.house.load())
    assert [one.tentative for one in blocks(ben)] == [False, True, False]
    asked = open_one(ben, "invitation")
    assert asked.subject == part
    assert ben.house.decide("decline", asked).result == "done"
    pass_on(ada, ben)
    assert partstats(ada, part) == {"Ben": "DECLINED"}
    assert partstats(ada, key) == {"Ben": "ACCEPTED"}
    assert starts(ben) == [START, SECOND + WEEK]


def test_one_occurrence_is_cancelled(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    key = invited(ada, [ben], WEEKLY).key
    part, home = key_of(key, SECOND), ada.house.home
    ada.house.do(lambda tx: organize.cancel(tx, home, part, "ana", "web"))
    pass_on(ada, ben)
    for side in sides:
        assert starts(side) == [START, SECOND + WEEK]
        assert kept(side, part).state == "cancelled"
        assert kept(side, key).open
    with pytest.raises(ActivityError, match="is cancelled"):
        ada.house.do(lambda tx: organize.change(tx, home, part, FISHING, "ana", "web"))
    assert open_one(ben, "invitation").subject == key, "the others are still asked about"
    turn(ada, ben, days=30)
    assert kept(ada, key).state == "over"


def test_a_guest_misses_one_occurrence_and_proposes_another_time_for_one(
    sides: tuple[Side, Side],
) -> None:
    ada, ben = sides
    key = invited(ada, [ben], WEEKLY).key
    answer(ben, key, "ACCEPTED")
    answer(ben, key_of(key, SECOND), "DECLINED")
    third = SECOND + WEEK
    wanted = Window(third + timedelta(hours=5), third + timedelta(hours=8))
    propose(ben, key_of(key, third), wanted)
    pass_on(ada, ben)
    assert partstats(ada, key) == {"Ben": "ACCEPTED"}
    assert partstats(ada, key_of(key, SECOND)) == {"Ben": "DECLINED"}
    assert starts(ada) == [START, SECOND, third]
    assert starts(ben) == [START, third]
    assert ada.house.decide("approve", open_one(ada, "counter")).result == "done"
    pass_on(ada, ben)
    assert starts(ada)[-1] == starts(ben)[-1] == wanted.start
    for side in sides:
        same(side.house.house, side.house.load())


def test_when_the_whole_moves_or_ends_so_do_its_parts(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    key = invited(ada, [ben], WEEKLY).key
    part, home = key_of(key, SECOND), ada.house.home
    moved = replace(FISHING, window=Window(SECOND + WEEK / 7, SECOND + WEEK / 7 * 2))
    ada.house.do(lambda tx: organize.change(tx, home, part, moved, "ana", "web"))
    pass_on(ada, ben)
    hour = timedelta(hours=1)
    later = replace(WEEKLY, window=Window(START + hour, START + 3 * hour))
    ada.house.do(lambda tx: organize.change(tx, home, key, later, "ana", "web"))
    pass_on(ada, ben)
    for side in sides:
        assert starts(side) == [START + hour, SECOND + hour, SECOND + WEEK + hour]
        assert kept(side, part).state == "cancelled"
    ada.house.do(lambda tx: organize.cancel(tx, home, key, "ana", "web"))
    pass_on(ada, ben)
    assert [starts(side) for side in sides] == [[], []]


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("FREQ=WEEKLY;BYHOUR=1,2", "BYHOUR: expected at most one a day"),
        ("FREQ=DAILY;BYMONTHDAY=31", "BYMONTHDAY: not expected with FREQ=DAILY"),
        ("FREQ=HOURLY", "recurrence: expected a rule such as"),
    ],
)
def test_a_rule_that_is_not_taken_is_said(sides: tuple[Side, Side], rule: str, why: str) -> None:
    ada, _ = sides
    with pytest.raises(ActivityError, match=why):
        invited(ada, [], replace(FISHING, recurrence=rule))
    assert ada.house.house.activities == {}


def test_there_is_no_occurrence_at_another_time(sides: tuple[Side, Side]) -> None:
    ada, _ = sides
    key = invited(ada, [], WEEKLY).key
    home = ada.house.home
    for other in (key_of(key, START + timedelta(days=1)), f"{key}#soon", "nothing"):
        with pytest.raises(ActivityError, match="there is no such activity"):
            ada.house.do(lambda tx, other=other: organize.cancel(tx, home, other, "ana", "web"))


def test_it_stays_at_the_same_hour_when_clocks_change(sides: tuple[Side, Side]) -> None:
    ada, _ = sides
    start = datetime.fromisoformat("2027-03-22T19:00:00+01:00")
    choir = Details(
        Window(start, start + timedelta(hours=2)), "Europe/Berlin", "Choir",
        recurrence="FREQ=WEEKLY;COUNT=2",
    )  # fmt: skip
    ada.house.clock.at = start - timedelta(days=1)
    invited(ada, [], choir)
    zone = ada.house.home.settings.home.zone
    assert [one.astimezone(zone).hour for one in starts(ada)] == [19, 19]


def test_who_is_invited_later_learns_of_the_exceptions(three: tuple[Side, Side, Side]) -> None:
    ada, ben, cleo = three
    key = invited(ada, [ben], WEEKLY).key
    home, third = ada.house.home, SECOND + WEEK
    moved = replace(FISHING, window=Window(third + HOUR, third + 3 * HOUR))
    ada.house.do(lambda tx: organize.cancel(tx, home, key_of(key, SECOND), "ana", "web"))
    ada.house.do(lambda tx: organize.change(tx, home, key_of(key, third), moved, "ana", "web"))
    pass_on(ada, ben, cleo)
    guest = ada.contact(cleo).id
    ada.house.do(lambda tx: organize.invite(tx, home, key, [guest], "ana", "web"))
    pass_on(ada, ben, cleo)
    assert starts(cleo) == starts(ben) == starts(ada) == [START, third + HOUR]
    assert cleo.lost == ben.lost == ada.lost == []
    gone = kept(ada, key).attendees[1].address
    ada.house.do(lambda tx: organize.uninvite(tx, home, key, gone, "ana", "web"))
    pass_on(ada, ben, cleo)
    assert starts(cleo) == []
    assert starts(ben) == [START, third + HOUR]
    for side in three:
        same(side.house.house, side.house.load())
