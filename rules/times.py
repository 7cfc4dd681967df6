"""Durations, times of day and quiet hours, right on the nights the clocks change."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.domain.tongue import phrase

_DURATION = re.compile(r"(?:([0-9]{1,4})d)?(?:([0-9]{1,4})h)?(?:([0-9]{1,5})m)?(?:([0-9]{1,6})s)?")
_LONGEST = 366 * 86400.0
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


def duration(text: str) -> float:
    """Return the seconds of ``4h``, ``90m``, ``1h30m``, ``2d`` or ``30s``; else ValueError."""
    match = _DURATION.fullmatch(text.replace(" ", ""))
    if match is None or not any(match.groups()):
        raise ValueError(f'expected a duration like 4h, 90m or 1d12h, got "{text[:40]}"')
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    total = float(days * 86400 + hours * 3600 + minutes * 60 + seconds)
    if not 0 < total <= _LONGEST:
        raise ValueError(f"expected a duration of 1s to 366d, got {text[:40]}")
    return total


def duration_text(seconds: float) -> str:
    """Write seconds as people do: ``5 min``, ``1 h 30 min``, ``2 days``."""
    whole = round(seconds)
    days, rest = divmod(whole, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    parts = [
        (phrase("1 day") if days == 1 else phrase("{days} days", days=days)) if days else "",
        f"{hours} h" if hours else "",
        f"{minutes} min" if minutes else "",
        f"{left} s" if left else "",
    ]
    return " ".join(part for part in parts if part) or "0 s"


def time_of_day(text: str) -> time:
    """Return the time of ``18:00``; ValueError when it is none."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f'expected a time of day like 18:00, got "{text[:40]}"')
    return time(int(match[1]), int(match[2]))


def quiet_span(text: str) -> tuple[time, time]:
    """Return start and end of ``22:00-07:00``; ValueError when they are none or equal."""
    start, dash, end = text.partition("-")
    if not dash:
        raise ValueError(f'expected quiet hours like 22:00-07:00, got "{text[:40]}"')
    span = time_of_day(start.strip()), time_of_day(end.strip())
    if span[0] == span[1]:
        raise ValueError("quiet hours that end when they begin would never let anybody be asked")
    return span


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the UTC instant of a naive local time.

    A time that the clocks skip is the first instant after the gap; one that comes twice is the
    first of the two.
    """
    early = local.replace(tzinfo=zone).astimezone(UTC)
    if early.astimezone(zone).replace(tzinfo=None) == local:
        return early
    # In a gap fold=1 lies before the change and fold=0 after it: find the change between them.
    before = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = early
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def skipped(local: datetime, zone: ZoneInfo) -> bool:
    """Tell whether the clocks jump over this naive local time."""
    there = local.replace(tzinfo=zone).astimezone(UTC)
    return there.astimezone(zone).replace(tzinfo=None) != local


def quiet_until(quiet: str | None, now: datetime, zone: ZoneInfo) -> datetime | None:
    """Return when the quiet hours that hold at ``now`` end (UTC), None when none hold.

    ``quiet`` is like ``22:00-07:00`` in local time and may span midnight.
    """
    if not quiet:
        return None
    start, end = quiet_span(quiet)
    local = now.astimezone(zone)
    clock = local.time()
    if start < end:
        holds, day = start <= clock < end, local.date()
    else:
        holds = clock >= start or clock < end
        day = local.date() + timedelta(days=1 if clock >= start else 0)
    if not holds:
        return None
    ends = instant(datetime.combine(day, end), zone)
    # When the clocks go back, the hours between can come again after they had ended.
    return ends if ends > now else None
