"""Durations, quiet hours and cron times, on ordinary days and when the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import cron, times

BERLIN = ZoneInfo("Europe/Berlin")


def local(text: str, zone: ZoneInfo = BERLIN, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("text", "seconds"), [("4h", 14400), ("90m", 5400), ("1d12h", 129600), ("30s", 30)]
)
def test_durations(text: str, seconds: float) -> None:
    assert times.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "4", "h", "0m", "1y", "400d", "-3h", "4h h", "1m1h"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        times.duration(text)


@pytest.mark.parametrize(
    ("quiet", "now", "until"),
    [
        ("22:00-07:00", "2026-11-24T23:30", "2026-11-25T07:00"),
        ("22:00-07:00", "2026-11-24T03:00", "2026-11-24T07:00"),
        ("22:00-07:00", "2026-11-24T22:00", "2026-11-25T07:00"),
        ("22:00-07:00", "2026-11-24T07:00", None),
        ("22:00-07:00", "2026-11-24T12:00", None),
        ("13:00-15:00", "2026-11-24T14:00", "2026-11-24T15:00"),
        ("13:00-15:00", "2026-11-24T15:00", None),
        # 02:30 does not exist on that night: it ends when the clocks have jumped.
        ("22:00-02:30", "2026-03-29T01:30", "2026-03-29T03:00"),
        (None, "2026-11-24T23:30", None),
    ],
)
def test_quiet_hours(quiet: str | None, now: str, until: str | None) -> None:
    expected = local(until) if until else None
    assert times.quiet_until(quiet, local(now), BERLIN) == expected


@pytest.mark.parametrize("text", ["22:00", "22-7", "25:00-07:00", "07:00-07:00", "a-b"])
def test_what_are_no_quiet_hours(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|never"):
        times.quiet_span(text)


def strikes(text: str, start: str, count: int, zone: ZoneInfo = BERLIN) -> list[datetime]:
    clock, found, at = cron.parse(text), [], local(start, zone)
    for _ in range(count):
        following = clock.next(at, zone)
        assert following is not None
        at = following
        found.append(at)
    return found


def test_a_time_that_is_skipped_comes_once_after_the_gap() -> None:
    assert strikes("30 2 * * *", "2026-03-28T00:00", 3) == [
        local("2026-03-28T02:30"),
        local("2026-03-29T03:00"),
        local("2026-03-30T02:30"),
    ]
    assert strikes("*/20 2 * * *", "2026-03-28T12:00", 2) == [
        local("2026-03-29T03:00"),
        local("2026-03-30T02:00"),
    ]


def test_a_time_that_comes_twice_counts_once() -> None:
    assert strikes("30 2 * * *", "2026-10-24T12:00", 2) == [
        local("2026-10-25T02:30"),
        local("2026-10-26T02:30"),
    ]


def test_an_hourly_rule_follows_the_real_hours() -> None:
    autumn = strikes("0 * * * *", "2026-10-25T00:30", 4)
    assert [later - one for one, later in pairwise(autumn)] == [timedelta(hours=1)] * 3
    spring = strikes("30 * * * *", "2026-03-29T00:45", 3)
    assert spring[1] - spring[0] == timedelta(hours=1)
    assert spring[1] == local("2026-03-29T03:30")


def test_a_day_that_begins_after_midnight() -> None:
    cairo = ZoneInfo("Africa/Cairo")
    assert strikes("0 0 * * *", "2026-04-23T12:00", 1, cairo) == [local("2026-04-24T01:00", cairo)]


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        ("0 18 * * mon-fri", "2026-11-27T19:00", "2026-11-30T18:00"),
        ("0 9 * * 7", "2026-11-24T00:00", "2026-11-29T09:00"),
        ("0 9 1,15 * *", "2026-11-24T00:00", "2026-12-01T09:00"),
        ("0 9 13 * fri", "2026-11-24T00:00", "2026-11-27T09:00"),
        ("0 0 29 2 *", "2026-11-24T00:00", "2028-02-29T00:00"),
        ("5/20 8 * jan *", "2026-11-24T00:00", "2027-01-01T08:05"),
    ],
)
def test_cron_fields(text: str, start: str, expected: str) -> None:
    assert strikes(text, start, 1) == [local(expected)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 8 * *", "five fields"),
        ("60 8 * * *", "minute: expected 0 to 59"),
        ("0 8 * * funday", "weekday"),
        ("0 20-8 * * *", "rises"),
        ("*/0 8 * * *", "step"),
        ("0 8 31 2 *", "never comes"),
        ("0 8 " + "1," * 300 + " * *", "five fields"),
    ],
)
def test_what_is_no_cron_time(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        cron.parse(text)


ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"]
).map(ZoneInfo)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)).map(
    lambda at: at.replace(tzinfo=UTC)
)


@settings(max_examples=120, deadline=None)
@given(ZONES, MOMENTS, st.integers(0, 23), st.integers(0, 59))
def test_a_daily_rule_comes_once_each_day(
    zone: ZoneInfo, start: datetime, hour: int, minute: int
) -> None:
    clock = cron.parse(f"{minute} {hour} * * *")
    at, days = start, list[date]()
    for _ in range(4):
        following = clock.next(at, zone)
        assert following is not None
        assert following > at
        there = following.astimezone(zone)
        # Only a gap may move it, and never by more than the gap.
        late = (there.hour * 60 + there.minute) - (hour * 60 + minute)
        assert 0 <= late <= 60
        days.append(there.date())
        at = following
    assert all(later - day == timedelta(days=1) for day, later in pairwise(days))
