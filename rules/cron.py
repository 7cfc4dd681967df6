"""Cron times (POSIX crontab's five fields) in the household's zone, right when clocks change.

A time that is skipped in spring comes once, at the first instant after the gap; a time that comes
twice in autumn counts the first time only. With ``*`` for the hour a rule follows the real hours
instead: it comes in both, and not for hours that are skipped.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.domain.values import dataclass
from rules.times import instant, skipped

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
_FIELDS: Sequence[tuple[str, int, int, dict[str, int]]] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 7, _DAYS),
)
_HORIZON_DAYS = 9 * 366
"""29 February is at most eight years away."""
_MAX_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Cron:
    """When a rule's clock strikes: minutes, hours, days, months, weekdays (0: Sunday)."""

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_hour: bool
    either_day: bool

    def on(self, day: date) -> bool:
        """Tell whether it strikes on this day."""
        if day.month not in self.months:
            return False
        by_month, by_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        # POSIX: where both are limited, either will do.
        return by_month or by_week if self.either_day else by_month and by_week

    def next(self, after: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the first instant (UTC) after ``after``; None when there is none in 9 years."""
        day = after.astimezone(zone).date() - timedelta(days=1)
        for _ in range(_HORIZON_DAYS):
            if self.on(day):
                later = [one for one in self._instants(day, zone) if one > after]
                if later:
                    return min(later)
            day += timedelta(days=1)
        return None

    def _instants(self, day: date, zone: ZoneInfo) -> set[datetime]:
        found = set()
        for hour in self.hours:
            for minute in self.minutes:
                local = datetime.combine(day, time(hour, minute))
                if not self.any_hour:
                    found.add(instant(local, zone))
                elif not skipped(local, zone):
                    found.add(local.replace(tzinfo=zone).astimezone(UTC))
                    found.add(local.replace(tzinfo=zone, fold=1).astimezone(UTC))
        return found


def parse(text: str) -> Cron:
    """Read five fields such as ``30 18 * * mon-fri``; ValueError says which field is wrong."""
    parts = text.split() if len(text) <= _MAX_LENGTH else []
    if len(parts) != 5:
        raise ValueError(
            "expected five fields (minute hour day month weekday) like 30 18 * * mon-fri, "
            f'got "{text[:40]}"'
        )
    sets = [_field(part, *shape) for part, shape in zip(parts, _FIELDS, strict=True)]
    cron = Cron(
        text=" ".join(parts),
        minutes=sets[0],
        hours=sets[1],
        days=sets[2],
        months=sets[3],
        weekdays=frozenset(day % 7 for day in sets[4]),
        any_hour=parts[1].startswith("*"),
        either_day=not parts[2].startswith("*") and not parts[4].startswith("*"),
    )
    if cron.next(datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo("UTC")) is None:
        raise ValueError(f'"{cron.text}" never comes')
    return cron


def _field(text: str, name: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step_text = part.partition("/")
        step = 1
        if slash:
            if not (step_text.isdecimal() and 1 <= int(step_text[:4]) <= high):
                raise ValueError(f'{name}: expected a step of 1 to {high}, got "{part}"')
            step = int(step_text)
        if span == "*":
            first, last = low, high
        else:
            start, dash, end = span.partition("-")
            first = _number(start, name, low, high, names)
            last = _number(end, name, low, high, names) if dash else high if slash else first
            if last < first:
                raise ValueError(f'{name}: expected a span that rises, got "{part}"')
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _number(text: str, name: str, low: int, high: int, names: dict[str, int]) -> int:
    if text.lower() in names:
        return names[text.lower()]
    if text.isascii() and text.isdecimal() and low <= int(text[:4]) <= high:
        return int(text[:4])
    words = f" or {', '.join(names)}" if names else ""
    raise ValueError(f'{name}: expected {low} to {high}{words}, got "{text}"')
