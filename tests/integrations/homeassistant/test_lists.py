"""Calendars and lists, as Home Assistant's services answer them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.domain.homeassistant import ServiceCall
from hub.domain.offers import Window
from hub.domain.shopping import ListItem
from integrations.homeassistant.lists import (
    add_to_list,
    complete_on_list,
    read_calendar,
    read_list,
)

BERLIN = ZoneInfo("Europe/Berlin")
WITHIN = Window(datetime(2026, 11, 25, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC))


class Control:
    """A Home Assistant that answers what it was told to."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.calls: list[ServiceCall] = []

    async def call(self, call: ServiceCall, *, answer: bool = False) -> Mapping[str, object]:
        self.calls.append(call)
        return dict(self.answer) if answer else {}


def listed(*items: Any) -> Control:
    return Control({"todo.list": {"items": list(items)}})


async def events(*found: Any) -> Any:
    control = Control({"calendar.x": {"events": list(found)}})
    return await read_calendar(control, "calendar.x", WITHIN, BERLIN)


async def test_events_are_entries() -> None:
    read = await events(
        {
            "start": "2026-11-25T18:00:00+01:00",
            "end": "2026-11-25T20:00:00+01:00",
            "summary": "Choir",
            "location": "Town hall",
        },
        {"start": "2026-11-26", "end": "2026-11-27", "summary": "Birthday"},
        {"start": "2026-11-26T10:00:00", "end": "2026-11-26T11:00:00", "summary": ""},
    )
    choir, birthday, bare = read.entries
    assert choir.window == Window(
        datetime(2026, 11, 25, 17, tzinfo=UTC), datetime(2026, 11, 25, 19, tzinfo=UTC)
    )
    assert (choir.summary, choir.location, choir.busy) == ("Choir", "Town hall", True)
    assert (birthday.all_day, birthday.busy) == (True, False)
    assert birthday.window.start == datetime(2026, 11, 25, 23, tzinfo=UTC)
    assert bare.window.start == datetime(2026, 11, 26, 9, tzinfo=UTC)
    assert len({one.uid for one in read.entries}) == 3


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"start": 5, "end": None, "summary": "x"},
        {"start": "tomorrow", "end": "later"},
        {"start": "2026-11-26T10:00:00Z", "end": "2026-11-25T10:00:00Z", "summary": "back"},
        {"start": "0001-01-01", "end": "9999-12-31"},
    ],
)
async def test_what_cannot_be_read_is_named(event: Any) -> None:
    read = await events(event, {"start": "2026-11-26", "end": "2026-11-27", "summary": "ok"})
    assert [one.summary for one in read.entries][-1] == "ok"
    assert len(read.entries) == 1 or not read.skipped


@pytest.mark.parametrize("answer", [{}, {"calendar.x": 5}, {"calendar.x": {"events": {}}}])
async def test_an_odd_answer_holds_nothing(answer: Any) -> None:
    assert (await read_calendar(Control(answer), "calendar.x", WITHIN, BERLIN)).entries == ()
    assert await read_list(Control(answer), "todo.list") == []


async def test_open_items_are_listed() -> None:
    control = listed({"uid": "a", "summary": " Milk "}, {"summary": "Eggs"}, {"uid": "c"}, 5)
    assert await read_list(control, "todo.list") == [
        ListItem("todo.list", "a", "Milk"),
        ListItem("todo.list", "", "Eggs"),
    ]
    assert control.calls[0].data == {"status": ["needs_action"]}


async def test_adding_and_ticking_off_twice_is_as_once() -> None:
    control = listed({"uid": "a", "summary": "Milk"})
    await add_to_list(control, "todo.list", "Milk")
    await complete_on_list(control, "todo.list", "Eggs", "")
    await complete_on_list(control, "todo.list", "Milk", "gone")
    assert {call.service for call in control.calls} == {"todo.get_items"}
    await add_to_list(control, "todo.list", "Eggs")
    assert control.calls[-1] == ServiceCall("todo.add_item", ("todo.list",), {"item": "Eggs"})
    for uid in ("a", ""):
        await complete_on_list(control, "todo.list", "Milk", uid)
        assert control.calls[-1].data == {"item": "a", "status": "completed"}
