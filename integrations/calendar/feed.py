"""Other calendars read for what takes the household's time: an .ics file, or a CalDAV report.

One event that cannot be understood is skipped and named; the others are read. Repeated events are
looked at within a window only.
"""

from __future__ import annotations

import copy
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from hub.domain.activities import ActivityError
from hub.domain.calendars import MOST_ENTRIES, Entries, Entry
from hub.domain.offers import Window
from hub.domain.spans import clipped
from integrations.calendar import fields
from integrations.calendar.limits import FEED, Limits
from integrations.calendar.repeats import check_rule, expanded

if TYPE_CHECKING:
    from icalendar import Component, Event

MOST_EVENTS = MOST_ENTRIES
"""Occurrences of one calendar within a window."""
MOST_SKIPPED = 20
"""Faults of one calendar that are told."""


def read_feed(raw: bytes, within: Window, zone: ZoneInfo, limits: Limits = FEED) -> Entries:
    """Return what a calendar holds within a time.

    ``zone`` is for days and times that name none. Raises ActivityError for what is no calendar,
    or too large a one.
    """
    calendar = fields.parse(raw, limits)
    events: list[Component] = []
    skipped: list[str] = []
    for part in calendar.subcomponents:
        if part.name != "VEVENT":
            continue
        try:
            with fields.understood("VEVENT"):
                event = _plain(part, within, zone)
        except ActivityError as error:
            skipped.append(f"{fields.one_line(part.get('UID', '(no UID)'))[:80]}: {error}")
            continue
        if event is not None:
            events.append(event)
    with fields.understood(limits.name):
        found = [_entry(window, one) for window, one in expanded(events, within, MOST_EVENTS)]
    return Entries(tuple(one for one in found if one is not None), tuple(skipped[:MOST_SKIPPED]))


def _plain(part: Component, within: Window, zone: ZoneInfo) -> Event | None:
    """Return an event with aware times and a rule that is taken; None for one that is over."""
    import icalendar

    window, all_day = fields.window(part, zone)
    rule = fields.value(part, "RRULE")
    once = rule is None and part.get("RDATE") is None and part.get("RECURRENCE-ID") is None
    if once and clipped(window, within) is None:
        return None
    own = _zone(part, zone)
    plain = icalendar.Event()
    plain.add("UID", str(fields.value(part, "UID") or f"{window.start}{part.get('SUMMARY')}")[:255])
    plain.add("DTSTART", window.start.astimezone(own))
    plain.add("DTEND", window.end.astimezone(own))
    plain.add("SEQUENCE", _sequence(part))
    if rule is not None:
        recur = icalendar.vRecur.from_ical(check_rule(rule.to_ical().decode()))
        _aware_until(recur, zone)
        plain.add("RRULE", recur)
    for name in ("EXDATE", "RDATE"):
        for each in fields.dates(part, name, zone, MOST_EVENTS):
            plain.add(name, each.astimezone(own))
    occurrence = fields.moment(part, "RECURRENCE-ID", zone)
    if occurrence is not None:
        plain.add("RECURRENCE-ID", occurrence[0].astimezone(own))
    for name in ("SUMMARY", "LOCATION", "STATUS", "TRANSP", "GEO"):
        found = fields.value(part, name)
        if found is not None:
            plain[name] = copy.copy(found)
    plain["CATEGORIES"] = icalendar.vText("day" if all_day else "time")
    return plain


def _entry(window: Window, event: Component) -> Entry | None:
    status = fields.text(event, "STATUS", 20).upper()
    if status == "CANCELLED":
        return None
    return Entry(
        uid=str(event["UID"]),
        window=window,
        summary=fields.text(event, "SUMMARY", 200),
        location=fields.text(event, "LOCATION", 300),
        gps=fields.gps(event),
        all_day=str(event["CATEGORIES"]) == "day",
        busy=fields.text(event, "TRANSP", 20).upper() != "TRANSPARENT",
        tentative=status == "TENTATIVE",
    )


def _zone(part: Component, floating: ZoneInfo) -> Any:
    """Return the zone whose clock a repeated event goes by."""
    start: Any = part["DTSTART"]
    return getattr(start.dt, "tzinfo", None) or floating


def _aware_until(rule: Any, zone: ZoneInfo) -> None:
    """Give a rule's end a zone, as its start has one: a DATE holds to the end of that day."""
    until = rule.get("UNTIL")
    if not until:
        return
    last = until[0]
    if not isinstance(last, datetime):
        last = datetime.combine(last, time(), zone) + timedelta(days=1, seconds=-1)
    elif last.tzinfo is None:
        last = last.replace(tzinfo=zone)
    rule["UNTIL"] = [last.astimezone(UTC)]


def _sequence(part: Component) -> int:
    found = fields.value(part, "SEQUENCE")
    try:
        return max(0, int(found)) if found is not None else 0
    except (TypeError, ValueError):
        return 0
