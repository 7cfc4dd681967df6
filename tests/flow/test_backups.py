"""A nightly backup that fails is told once a day while it lasts, and that it is mended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

from hub.domain.effects import TellMember
from hub.flow import backups
from hub.store import tables
from hub.store.codec import instant
from tests.support.household import Household


def fail(house: Household, reason: str = "/mnt/usb: expected a folder that is there") -> None:
    house.do(partial(backups.failed, home=house.home, reason=reason))


def work(house: Household) -> None:
    house.do(partial(backups.made, home=house.home))


def told(house: Household) -> list[tuple[str, str, str]]:
    effects = [row.effect for row in house.send()]
    return [(one.member, one.title, one.body) for one in effects if isinstance(one, TellMember)]


def test_adults_hear_of_it_once_a_day_and_that_it_is_mended(house: Household) -> None:
    work(house)
    assert told(house) == [], "what works is no news"
    house.clock.turn(days=1)
    fail(house)
    first = told(house)
    assert [(one[0], one[1]) for one in first] == [
        ("ana", "The nightly backup failed"),
        ("ben", "The nightly backup failed"),
    ], "no child"
    assert first[0][2] == (
        "/mnt/usb: expected a folder that is there\nThe last good one is of 2026-11-24 13:00."
    )
    for _ in range(20):
        house.clock.turn(hours=1)
        fail(house)
    assert told(house) == []
    house.clock.turn(hours=4)
    house.restart()
    fail(house, "another reason")
    assert told(house)[0][2].startswith("another reason\n")
    state = house.do(backups.standing)
    assert (state.ok, state.reason) == (False, "another reason")
    assert state.failing_since == house.clock.now() - timedelta(hours=24)
    work(house)
    assert {one[1] for one in told(house)} == {"The nightly backup works again"}
    assert house.do(backups.standing).ok
    work(house)
    assert told(house) == []
    assert house.ledger().count("backup_failed") == 2, "one an evening, not one an hour"


def test_nobody_is_woken_by_it(house: Household) -> None:
    house.clock.turn(hours=14.5)  # 03:30 in Berlin
    fail(house)
    (row, *_) = [one for one in house.outbox() if isinstance(one.effect, TellMember)]
    assert instant(row.not_before) == datetime(2026, 11, 25, 7, tzinfo=UTC), "08:00 in Berlin"


def test_why_is_sealed_in_the_log(house: Household) -> None:
    fail(house, "sftp://nas: canary")
    (entry,) = [one for one in house.views.ledger(limit=9) if one.kind == "backup_failed"]
    assert "canary" in entry.body, "it can be read while its opening is kept"
    rows = house.rows(tables.LedgerRow)
    assert not any("canary" in row.body for row in rows)
