"""The agenda as two other programs read it: the same UID when it moves, and its SEQUENCE."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest
import vobject

from hub.app.feeds import HubFeeds
from hub.domain.activities import Activity, Attendee, Details, Person, Planned
from hub.domain.offers import Window
from hub.store.access import Access
from tests.support.household import Household, make_home

US = Person("urn:commonhearth:us", "Elm Street")
HOUR = timedelta(hours=1)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Household]:
    made = Household(tmp_path / "hub.db", make_home())
    made.home.own = US
    yield made
    made.close()


@pytest.fixture
def feeds(house: Household) -> HubFeeds:
    return HubFeeds(house.home, house.house, Access(house.engine), house.clock)


def put(house: Household, key: str, start: datetime, sequence: int = 0, **more: Any) -> None:
    details = Details(
        Window(start, start + 3 * HOUR), "Europe/Berlin", more.pop("summary", "Fishing")
    )
    guests = (Attendee("mailto:ben@x.example", "Ben"),)
    state = more.pop("state", "confirmed")
    made = Activity(key, sequence, start, state, US, details, guests)
    house.do(lambda tx: tx.save(Planned(made, ("ada",))))


def by_icalendar(body: bytes) -> list[tuple[str, int, datetime, datetime, str, str]]:
    return [
        (
            str(event["UID"]),
            int(event["SEQUENCE"]),
            event["DTSTART"].dt,
            event["DTEND"].dt,
            str(event["STATUS"]),
            str(event["SUMMARY"]),
        )
        for event in icalendar.Calendar.from_ical(body).walk("VEVENT")
    ]


def by_vobject(body: bytes) -> list[tuple[str, int, datetime, datetime, str, str]]:
    return [
        (
            event.uid.value,
            int(event.sequence.value),
            event.dtstart.value.astimezone(UTC),
            event.dtend.value.astimezone(UTC),
            event.status.value,
            event.summary.value,
        )
        for event in vobject.readOne(body.decode()).vevent_list
    ]


def test_two_programs_read_the_same(house: Household, feeds: HubFeeds) -> None:
    soon = house.clock.now().replace(microsecond=0) + HOUR
    put(house, "fishing/1@birch", soon, 2, summary="Fishing; with \\n <b>Ben</b>, früh")
    put(house, "later", soon + 9 * HOUR)
    body = feeds.agenda().body
    read = by_icalendar(body)
    assert read == by_vobject(body)
    assert [one[1:] for one in read] == [
        (2, soon, soon + 3 * HOUR, "CONFIRMED", "Fishing; with \\n <b>Ben</b>, früh"),
        (0, soon + 9 * HOUR, soon + 12 * HOUR, "CONFIRMED", "Fishing"),
    ]
    assert all(line.endswith(b"\r") and len(line) < 77 for line in body.split(b"\n") if line)


def test_what_is_moved_keeps_its_uid(house: Household, feeds: HubFeeds) -> None:
    soon = house.clock.now().replace(microsecond=0) + HOUR
    put(house, "fishing", soon)
    before, (first,) = feeds.agenda(), by_icalendar(feeds.agenda().body)
    put(house, "fishing", soon + HOUR, 1)
    after, (moved,) = feeds.agenda(), by_vobject(feeds.agenda().body)
    assert before.tag != after.tag
    assert (moved[0], moved[1], moved[2]) == (first[0], 1, soon + HOUR)
    put(house, "fishing", soon + HOUR, 2, state="cancelled")
    assert by_icalendar(feeds.agenda().body) == []


def test_what_says_the_same_is_the_same(house: Household, feeds: HubFeeds) -> None:
    put(house, "fishing", house.clock.now() + 30 * HOUR)
    first = feeds.agenda()
    house.clock.turn(minutes=5)
    assert feeds.agenda() is first


def test_it_is_bounded(house: Household, feeds: HubFeeds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.app.feeds.MOST", 3)
    for number in range(5):
        put(house, f"a{number}", house.clock.now() + number * HOUR)
    put(house, "far", house.clock.now() + timedelta(days=500))
    assert len(by_icalendar(feeds.agenda().body)) == 3


def test_one_address_a_member(house: Household, feeds: HubFeeds) -> None:
    first = feeds.create("ada")
    ben, second = feeds.create("ben"), feeds.create("ada")
    assert [feeds.member(one) for one in (first, second, ben, "")] == [None, "ada", "ben", None]
    assert feeds.made("ada") == house.clock.now()
    assert (feeds.end("ada"), feeds.end("ada")) == (True, False)
    assert (feeds.member(second), feeds.member(ben), feeds.made("ada")) == (None, "ben", None)
