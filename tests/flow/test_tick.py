"""Clocks: each time is taken once, also late, and rules' clocks follow the rules."""

import sqlite3
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from hub.domain.effects import TellMember
from hub.flow import tick as ticking
from hub.flow.tick import begin, next_due
from hub.store.tables import Inbox
from tests.flow.test_notices import alert
from tests.support.household import NOON, Household, make_home

MORNING = """
rules:
  - id: morning
    name: Good morning
    when: {cron: "0 8 * * *"}
    propose: {kind: notify, message: "Good morning"}
"""
EVENING = MORNING.replace("0 8", "0 20")


def told(house: Household) -> int:
    return sum(isinstance(row.effect, TellMember) for row in house.outbox())


def due(house: Household):
    return house.house.timers[("rule", "morning", "")]


def test_a_rule_by_the_clock(build) -> None:
    house = build(rules=MORNING)
    first = NOON.replace(day=25, hour=7)
    assert due(house) == first
    house.clock.at = first
    house.tick()
    assert told(house) == 2
    house.tick()
    assert told(house) == 2
    assert due(house) == first + timedelta(days=1)


def test_a_time_missed_while_off_is_taken_once_late(build) -> None:
    house = build(rules=MORNING)
    house.clock.turn(days=3)
    house.restart()
    assert due(house) < house.clock.now()
    house.tick()
    assert told(house) == 2
    assert due(house) == NOON.replace(day=28, hour=7)


def test_a_timer_stays_due_while_the_database_cannot_be_written(
    build, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = build(rules=MORNING)
    house.clock.at = due(house)
    works = ticking._KINDS["rule"]

    def full(*_: object) -> None:
        raise OperationalError("INSERT", None, sqlite3.OperationalError("disk is full"))

    monkeypatch.setitem(ticking._KINDS, "rule", full)
    with pytest.raises(OperationalError):
        house.tick()
    assert due(house) == house.clock.now()
    monkeypatch.setitem(ticking._KINDS, "rule", works)
    house.tick()
    assert told(house) == 2


def test_a_changed_rule_sets_its_clock_anew(build) -> None:
    house = build(rules=MORNING)
    house.home.rules = make_home(rules=EVENING).rules
    house.do(lambda tx: begin(tx, house.home))
    assert due(house) == NOON.replace(hour=19)
    house.home.rules = make_home(rules="rules: []").rules
    house.do(lambda tx: begin(tx, house.home))
    assert not any(kind == "rule" for kind, _, _ in house.house.timers)


def test_it_is_known_when_there_is_next_something_to_do(build) -> None:
    house = build(rules=MORNING)
    house.tick()
    assert next_due(house.house) == NOON.replace(day=25, hour=7)
    alert(house, info={"expires": "2026-11-24T22:00:00+01:00"})
    assert next_due(house.house) == NOON.replace(hour=21)


def test_housekeeping_comes_each_day(house: Household) -> None:
    house.do(lambda tx: tx.first_time("old"))
    house.tick()
    assert house.house.timers[("tidy", "", "")] == NOON + timedelta(days=1)
    house.tick(days=31)
    assert house.rows(Inbox) == []
