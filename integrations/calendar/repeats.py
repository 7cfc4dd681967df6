"""Repeated activities: which rules are taken, and when they occur within a time.

A rule without an end is fine, for it is only ever looked at within a window and up to a number of
occurrences. What repeats by the hour or faster is no activity of people, and is refused.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hub.domain.activities import ActivityError, Details, zone_of
from hub.domain.offers import Window
from hub.domain.spans import clipped

if TYPE_CHECKING:
    from icalendar import Component

MOST_OCCURRENCES = 1000
"""Occurrences within one window."""

_FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_TOO_FINE = ("BYSECOND", "BYMINUTE", "BYHOUR")
_RARE = ("BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "BYEASTER")
"""With them a rule of days or weeks may never match, and be looked through to the year 9999."""
_YEAR = timedelta(days=366)
_PART = re.compile(r"([A-Z-]+)=([A-Z0-9,+:-]+)")
_MOST_VALUES = 40


def check_rule(rule: str) -> str:
    """Return an RRULE's text as it is taken; ActivityError for one that is not."""
    parts: dict[str, str] = {}
    for part in rule.upper().strip(";").split(";"):
        match = _PART.fullmatch(part)
        if match is None or match[1] in parts:
            raise ActivityError(f"RRULE: expected NAME=VALUE, each once, got {part[:60]!r}")
        parts[match[1]] = match[2]
    frequency = parts.pop("FREQ", "")
    if frequency not in _FREQUENCIES:
        raise ActivityError(
            f"RRULE: expected FREQ to be DAILY, WEEKLY, MONTHLY or YEARLY, got {frequency[:20]!r}"
        )
    often = frequency in ("DAILY", "WEEKLY")
    for name, text in parts.items():
        if often and name in _RARE:
            raise ActivityError(f"RRULE: {name}: not expected with FREQ={frequency}")
        if name in _TOO_FINE and "," in text:
            raise ActivityError(f"RRULE: {name}: expected at most one a day")
        if text.count(",") >= _MOST_VALUES and name != "BYYEARDAY":
            raise ActivityError(f"RRULE: {name}: expected at most {_MOST_VALUES} values")
    if not parts.get("COUNT", "1").isdigit() or len(parts.get("COUNT", "")) > 6:
        raise ActivityError("RRULE: COUNT: expected a number below a million")
    return ";".join([f"FREQ={frequency}", *(f"{name}={text}" for name, text in parts.items())])


def occurrences(
    details: Details, within: Window, most: int = MOST_OCCURRENCES
) -> tuple[Window, ...]:
    """Return when an activity happens within a time, the first ``most``, in order.

    Raises ActivityError for a rule that is not taken.
    """
    if not details.recurrence:
        return (details.window,) if clipped(details.window, within) else ()
    import icalendar

    zone = zone_of(details.zone)
    first, last = details.window.start.astimezone(zone), details.window.end.astimezone(zone)
    event = icalendar.Event()
    event.add("UID", "occurrences")
    event.add("DTSTART", first)
    event.add("DTEND", last)
    event.add("RRULE", icalendar.vRecur.from_ical(check_rule(details.recurrence)))
    for one in details.excluded:
        event.add("EXDATE", one.astimezone(zone))
    found = []
    day = timedelta(days=1)
    for window, _ in expanded([event], Window(within.start - day, within.end + day), most):
        end = window.start + (details.window.end - details.window.start)
        if details.all_day:
            # A day ends at midnight, also the two that have 23 and 25 hours.
            local = window.start.astimezone(zone).replace(tzinfo=None)
            length = last.replace(tzinfo=None) - first.replace(tzinfo=None)
            end = (local + length).replace(tzinfo=zone).astimezone(UTC)
        span = Window(window.start, end)
        if clipped(span, within):
            found.append(span)
    return tuple(found[:most])


def expanded(
    events: Iterable[Component], within: Window, most: int
) -> list[tuple[Window, Component]]:
    """Return the occurrences of VEVENTs within a time with their components, in order of time.

    Their times are aware. Rules are given an end at that of ``within``, so that one that never
    matches comes to an end. Of more than ``most`` the first.
    """
    import icalendar
    import recurring_ical_events

    calendar = icalendar.Calendar()
    for event in events:
        calendar.add_component(_ended(event, within.end))
    found: list[tuple[Window, Component]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        query = recurring_ical_events.of(calendar, skip_bad_series=True)
        start = within.start
        while start < within.end and len(found) < most:
            end = min(start + _YEAR, within.end)
            for one in query.between(start, end):
                window = _times(one)
                # What lasts over the end of one look begins before the next.
                if window.start >= start or start == within.start:
                    found.append((window, one))
            start = end
    found = [pair for pair in found if clipped(pair[0], within)]
    found.sort(key=lambda pair: (pair[0].start, pair[0].end))
    return found[:most]


def _times(event: Component) -> Window:
    begins: Any = event["DTSTART"]
    ends: Any = event["DTEND"]
    start = begins.dt.astimezone(UTC)
    return Window(start, max(ends.dt.astimezone(UTC), start + timedelta(minutes=1)))


def _ended(event: Component, end: datetime) -> Component:
    rule: Any = event.get("RRULE")
    if rule is None:
        return event
    until = rule.get("UNTIL")
    if not until or _instant(until[0]) > end:
        rule["UNTIL"] = [end.astimezone(UTC)]
    return event


def _instant(until: Any) -> datetime:
    """Return the end of a rule as an instant: a DATE holds to the end of that day."""
    if not isinstance(until, datetime):
        return datetime(until.year, until.month, until.day, 23, 59, 59, tzinfo=UTC)
    return until.replace(tzinfo=UTC) if until.tzinfo is None else until.astimezone(UTC)
