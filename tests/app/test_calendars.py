"""Calendars read in the background: a real CalDAV server, a real .ics file, and a restart."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hub.app.calendars import SELDOM, Calendars
from hub.domain.agenda import Block
from hub.domain.offers import Window
from hub.flow.agenda import agenda_of
from hub.settings import Settings
from hub.store.house import load_house
from tests.app.conftest import Bench
from tests.integrations.calendar.conftest import published as published
from tests.integrations.calendar.conftest import radicale as radicale
from tests.integrations.calendar.servers import Published
from tests.integrations.calendar.test_reading import calendar, event
from tests.support.household import NOON

LUNCH = event("lunch", "DTSTART:20261125T110000Z", "DTEND:20261125T120000Z", "SUMMARY:Lunch")
ENDLESS = event(
    "gym", "DTSTART;TZID=Europe/Berlin:20240101T070000", "DURATION:PT1H", "SUMMARY:Gym",
    "RRULE:FREQ=DAILY",
)  # fmt: skip
STRANGE = event("odd", "DTSTART;TZID=Nowhere/Land:20261125T110000", "SUMMARY:Odd")
WEEK = Window(NOON, NOON + timedelta(days=7))


def named(bench: Bench, *calendars: dict[str, Any]) -> Calendars:
    facts = bench.home.settings.model_dump(mode="json", exclude_none=True)
    facts["calendars"] = [{"local": True, **one} for one in calendars]
    bench.home.settings = Settings.model_validate(facts)
    return Calendars(bench.home, bench.writer, bench.clock)


def blocks(bench: Bench) -> list[Block]:
    return list(agenda_of(bench.house, bench.home).during(WEEK))


def titles(bench: Bench) -> list[str]:
    return [one.title for one in blocks(bench)]


async def test_an_ics_file_is_read_again_when_its_time_has_come(
    bench: Bench, published: Published
) -> None:
    published.body = calendar(LUNCH)
    mine = {"name": "Work", "url": published.url, "every": 30, "members": ["ada"]}
    calendars = named(bench, mine)
    await calendars.look()
    await calendars.look()
    assert len(published.asked) == 1
    assert [(one.title, one.members) for one in blocks(bench)] == [("Lunch", ("ada",))]
    published.body = calendar()
    bench.clock.turn(minutes=29)
    await calendars.look()
    assert titles(bench) == ["Lunch"]
    bench.clock.turn(minutes=2)
    await calendars.look()
    assert titles(bench) == []


async def test_offline_and_over_a_restart_what_was_read_holds(
    bench: Bench, published: Published
) -> None:
    published.body = calendar(LUNCH)
    await named(bench, {"name": "Work", "url": published.url}).look()
    published.status = 503
    again = named(bench, {"name": "Work", "url": published.url})
    await again.look()
    assert titles(bench) == ["Lunch"]
    assert "answered 503" in bench.house.calendars["Work"].problem
    with bench.writer._engine.connect() as connection:
        assert load_house(connection, NOON).calendars == bench.house.calendars
    asked = len(published.asked)
    for _ in range(100):
        bench.clock.turn(minutes=15)
        await again.look()
    assert asked + 4 < len(published.asked) < asked + 12, "more and more seldom"
    bench.clock.turn(hours=SELDOM / timedelta(hours=1))
    published.status = 200
    await again.look()
    assert bench.house.calendars["Work"].problem == ""


async def test_a_caldav_account_is_read_by_its_password_file(
    bench: Bench, radicale: str, tmp_path: Path
) -> None:
    auth = (
        aiohttp.encode_basic_auth("ada", "secret")
        if hasattr(aiohttp, "encode_basic_auth")
        else aiohttp.BasicAuth("ada", "secret").encode()
    )
    url = f"{radicale}/ada/home/"
    async with aiohttp.ClientSession(headers={"Authorization": auth}) as session:
        await session.request("MKCALENDAR", url)
        put = await session.put(f"{url}lunch.ics", data=calendar(LUNCH))
        assert put.status == 201
    password = tmp_path / "password"
    ours = {
        "name": "Ours", "url": radicale, "kind": "caldav", "username": "ada",
        "password_file": str(password),
    }  # fmt: skip
    calendars = named(bench, ours)
    await calendars.look()
    assert "password cannot be read: No such file" in bench.house.calendars["Ours"].problem
    password.write_text("wrong\n")
    bench.clock.turn(hours=1)
    await calendars.look()
    assert "check its user name and password" in bench.house.calendars["Ours"].problem
    password.write_text("secret\n")
    bench.clock.turn(hours=1)
    await calendars.look()
    assert titles(bench) == ["Lunch"]


async def test_one_faulty_calendar_or_entry_does_not_keep_others_from_being_read(
    bench: Bench, published: Published
) -> None:
    published.body = calendar(LUNCH, STRANGE, ENDLESS)
    bad = {"name": "Bad", "url": "http://127.0.0.1:1/x.ics"}
    outside = {"name": "Outside", "url": published.url, "local": False}
    await named(bench, bad, outside, {"name": "Good", "url": published.url}).look()
    assert "cannot be reached" in bench.house.calendars["Bad"].problem
    assert "local: true" in bench.house.calendars["Outside"].problem
    good = bench.house.calendars["Good"]
    assert titles(bench).count("Gym") == 7, "one without an end is looked at for a while"
    assert len(good.entries) < 80
    assert any("odd" in one for one in good.skipped)
    published.body = b"<html>sign in first</html>"
    bench.clock.turn(hours=1)
    await named(bench, {"name": "Good", "url": published.url}).look()
    assert "expected" in bench.house.calendars["Good"].problem
    assert set(bench.house.calendars) == {"Good"}, "those that are named no more are forgotten"
    assert "Lunch" in titles(bench)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        ({"members": ["eve"]}, "there is no member 'eve'"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"name": "ha/x"}, "name"),
        ({"every": 1}, "every"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(spoil: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Settings.model_validate({"calendars": [{"name": "X", "url": "https://x.example", **spoil}]})


def test_two_calendars_have_two_names() -> None:
    one = {"name": "X", "url": "https://x.example"}
    with pytest.raises(ValueError, match="there twice"):
        Settings.model_validate({"calendars": [one, one]})
