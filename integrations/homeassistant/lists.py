"""Home Assistant's calendars and to-do lists, as its services answer them.

Source of the format: its services ``calendar.get_events`` and ``todo.get_items`` (2023.12).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from hub.domain.calendars import MOST_ENTRIES, Entries, Entry
from hub.domain.homeassistant import ServiceCall
from hub.domain.offers import Window
from hub.domain.shopping import LONGEST, MOST_ITEMS, ListItem
from hub.ports import HomeControl

_LONGEST_PLACE = 500


class AssistantLists:
    """Home Assistant's to-do lists, by their entities (``hub.ports.ShoppingLists``)."""

    def __init__(self, control: HomeControl) -> None:
        """``control`` is the Home Assistant that is asked."""
        self._control = control

    async def read(self, todo: str) -> list[ListItem]:
        """Return what stands open on a list. Raises DeliveryError."""
        return await read_list(self._control, todo)

    async def complete(self, todo: str, text: str, uid: str) -> None:
        """Tick an item off, if it still stands there. Raises DeliveryError."""
        await complete_on_list(self._control, todo, text, uid)


async def read_list(control: HomeControl, todo: str) -> list[ListItem]:
    """Return what stands open on a list. Raises DeliveryError."""
    asked = ServiceCall("todo.get_items", (todo,), {"status": ["needs_action"]})
    return list(_items(todo, await control.call(asked, answer=True)))


async def read_calendar(
    control: HomeControl, calendar: str, within: Window, zone: ZoneInfo
) -> Entries:
    """Return what a calendar holds within a window. Raises DeliveryError."""
    asked = ServiceCall(
        "calendar.get_events",
        (calendar,),
        {
            "start_date_time": within.start.isoformat(),
            "end_date_time": within.end.isoformat(),
        },
    )
    answer = await control.call(asked, answer=True)
    found: list[Entry] = []
    skipped: list[str] = []
    for event in _listed(answer, calendar, "events")[:MOST_ENTRIES]:
        entry = _entry(event, zone)
        if isinstance(entry, Entry):
            found.append(entry)
        else:
            skipped.append(entry)
    return Entries(tuple(found), tuple(dict.fromkeys(skipped))[:20])


async def add_to_list(control: HomeControl, todo: str, text: str) -> None:
    """Add an item, unless it stands there already. Raises DeliveryError."""
    if any(one.text == text for one in await read_list(control, todo)):
        return
    await control.call(ServiceCall("todo.add_item", (todo,), {"item": text}))


async def complete_on_list(control: HomeControl, todo: str, text: str, uid: str) -> None:
    """Tick an item off, if it still stands there. Raises DeliveryError."""
    for one in await read_list(control, todo):
        if one.uid == uid if uid else one.text == text:
            done = {"item": one.uid or one.text, "status": "completed"}
            await control.call(ServiceCall("todo.update_item", (todo,), done))
            return


def _items(todo: str, answer: Mapping[str, object]) -> Iterator[ListItem]:
    for item in _listed(answer, todo, "items")[:MOST_ITEMS]:
        text, uid = item.get("summary"), item.get("uid")
        if isinstance(text, str) and text.strip():
            plain = text.strip()
            yield ListItem(todo, uid if isinstance(uid, str) else "", plain[:LONGEST])


def _listed(answer: Mapping[str, object], name: str, what: str) -> list[Mapping[str, Any]]:
    held = answer.get(name)
    listed = held.get(what) if isinstance(held, Mapping) else None
    if not isinstance(listed, list):
        return []
    return [one for one in listed if isinstance(one, Mapping)]


def _entry(event: Mapping[str, Any], zone: ZoneInfo) -> Entry | str:
    """Return an event, or why it cannot be read."""
    summary = str(event.get("summary") or "")[:LONGEST]
    start, end = _moment(event.get("start"), zone), _moment(event.get("end"), zone)
    if start is None or end is None:
        return f"{summary[:60]!r}: expected start and end as dates or times"
    if end[0] < start[0]:
        return f"{summary[:60]!r}: it ends before it begins"
    # The service tells no id: the same thing at the same time is the same entry.
    uid = sha256(f"{start[0].isoformat()}\n{summary}".encode()).hexdigest()[:24]
    return Entry(
        uid,
        Window(start[0], end[0]),
        summary,
        str(event.get("location") or "")[:_LONGEST_PLACE],
        all_day=start[1],
        # A birthday or a holiday takes nobody's time.
        busy=not start[1],
    )


def _moment(value: object, zone: ZoneInfo) -> tuple[datetime, bool] | None:
    """Read a time, or a date as its beginning; tells which it was."""
    if not isinstance(value, str):
        return None
    try:
        if len(value) == 10:
            day = datetime.combine(date.fromisoformat(value), time(), zone)
            return day.astimezone(UTC), True
        at = datetime.fromisoformat(value)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC), False
    except (ValueError, OverflowError):
        return None
