"""Calendars kept elsewhere: in the agenda, also offline; a faulty one is told by name, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.domain.agenda import Block, busy
from hub.domain.calendars import Entry
from hub.domain.effects import TellMember
from hub.domain.offers import Window
from hub.flow.agenda import agenda_of
from hub.flow.calendars import WRITE_EVERY, calendar_failed, forget_calendars, keep_calendar
from tests.support.household import NOON, Household, make_home, same

DAY = Window(NOON, NOON + timedelta(days=1))
DENTIST = Entry("u1", Window(NOON + timedelta(hours=2), NOON + timedelta(hours=3)), "Dentist")
BIRTHDAY = Entry("u2", DAY, "Kim's birthday", all_day=True, busy=False)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Household]:
    made = Household(tmp_path / "hub.db", make_home())
    yield made
    made.close()


def keep(home: Household, *entries: Entry, members: tuple[str, ...] = ("ben",), **more) -> None:
    home.do(lambda tx: keep_calendar(tx, home.home, "work", entries, members, **more))


def fail(home: Household, problem: str = "cannot be reached", **more) -> None:
    home.do(lambda tx: calendar_failed(tx, home.home, "work", problem, **more))


def blocks(home: Household) -> tuple[Block, ...]:
    return agenda_of(home.house, home.home).during(DAY)


def told(home: Household) -> list[str]:
    return [one.effect.body for one in home.outbox() if isinstance(one.effect, TellMember)]


def test_what_takes_time_is_a_block_of_its_members(home: Household) -> None:
    keep(home, BIRTHDAY, DENTIST)
    (block,) = blocks(home)
    assert (block.kind, block.title, block.window) == ("activity", "Dentist", DENTIST.window)
    assert (block.members, block.movable, block.away) == (("ben",), False, False)
    agenda = agenda_of(home.house, home.home)
    assert busy(agenda, DAY, ["ben"]) == (DENTIST.window,)
    assert busy(agenda, DAY, ["ana"]) == ()
    home.restart()
    assert blocks(home) == (block,)
    keep(home, members=())
    assert blocks(home) == ()
    same(home.house, home.load())


def test_two_calendars_and_two_times_are_not_taken_for_one(home: Household) -> None:
    later = Entry("u1", Window(NOON + timedelta(hours=5), NOON + timedelta(hours=6)), "Again")
    keep(home, DENTIST, later)
    home.do(lambda tx: keep_calendar(tx, home.home, "ha/family", [DENTIST]))
    found = blocks(home)
    assert len({one.id for one in found}) == 3
    assert {one.members for one in found} == {("ben",), ("ana", "ben")}
    home.do(lambda tx: forget_calendars(tx, {"ha/other"}, "ha/"))
    assert len(blocks(home)) == 2
    home.do(lambda tx: forget_calendars(tx, ()))
    assert blocks(home) == ()
    same(home.house, home.load())


def test_the_same_again_is_not_written(home: Household) -> None:
    keep(home, DENTIST)
    home.clock.turn(minutes=15)
    keep(home, DENTIST)
    assert home.house.calendars["work"].read_at == NOON
    home.clock.turn(hours=13)
    keep(home, DENTIST)
    read_at = home.house.calendars["work"].read_at
    assert read_at is not None
    assert read_at - NOON > WRITE_EVERY


def test_a_faulty_one_is_told_once_and_believed_meanwhile(home: Household) -> None:
    keep(home, DENTIST)
    fail(home)
    home.clock.turn(hours=2)
    fail(home)
    assert told(home) == []
    home.clock.turn(hours=23)
    fail(home)
    fail(home)
    assert len(told(home)) == len(home.home.adults())
    assert "cannot be reached" in told(home)[0]
    assert "24 Nov" in told(home)[0]
    assert len(blocks(home)) == 1
    home.restart()
    fail(home)
    assert len(told(home)) == len(home.home.adults())
    keep(home, DENTIST)
    assert "read again" in told(home)[-1]
    assert home.house.calendars["work"].problem == ""


def test_a_wrong_password_is_told_at_once(home: Household) -> None:
    fail(home, "calendar work answered 401: check its user name and password", lasting=True)
    assert "password" in told(home)[0]
    (parked,) = home.views.parked(10)
    assert parked.topic == "calendars/work"


def test_what_is_not_understood_is_parked_once(home: Household) -> None:
    for _ in range(2):
        keep(home, DENTIST, skipped=("u9: RRULE: expected FREQ",))
    assert [one.reason for one in home.views.parked(10)] == [
        "not understood: u9: RRULE: expected FREQ"
    ]
