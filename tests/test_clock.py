"""A paced clock shows the same time to everybody who reads its file, whenever they began."""

from __future__ import annotations

import asyncio
import json
import random
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.clock import (
    SYSTEM,
    VARIABLE,
    ClockError,
    Pace,
    PacedClock,
    Segment,
    clock_from_environment,
)
from integrations.scheduler import Alarm

ROOT = Path(__file__).parents[1]
SATURDAY = datetime(2026, 11, 28, 7, 0, tzinfo=UTC)
REAL = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def written(path: Path, *segments: Segment) -> PacedClock:
    lines = [
        json.dumps(
            {"real": one.real.isoformat(), "shown": one.shown.isoformat(), "speed": one.speed}
        )
        for one in segments
    ]
    path.write_text("".join(line + "\n" for line in lines))
    return PacedClock(path)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def test_each_line_counts_from_its_instant_on(tmp_path: Path) -> None:
    clock = written(
        tmp_path / "clock",
        Segment(REAL, SATURDAY, 1),
        Segment(REAL + seconds(10), SATURDAY + seconds(10), 600),
        Segment(REAL + seconds(16), SATURDAY + seconds(3610), 0),
    )
    shown = {at: (clock.at(REAL + seconds(at)) - SATURDAY).total_seconds() for at in (-1, 0, 5, 10)}
    assert shown == {-1: -1, 0: 0, 5: 5, 10: 10}
    assert clock.at(REAL + seconds(13)) == SATURDAY + seconds(10 + 1800)
    assert clock.at(REAL + seconds(16)) == SATURDAY + seconds(3610)
    assert clock.at(REAL + seconds(99)) == SATURDAY + seconds(3610), "it stands"


@given(
    speeds=st.lists(st.floats(0, 1e6, allow_nan=False), min_size=1, max_size=5),
    lengths=st.lists(st.floats(0.001, 3600), min_size=5, max_size=5),
    target=st.floats(-10, 1e6),
)
def test_who_waits_is_never_woken_for_nothing_and_never_sleeps_for_long(
    tmp_path_factory: pytest.TempPathFactory,
    speeds: list[float],
    lengths: list[float],
    target: float,
) -> None:
    path = tmp_path_factory.getbasetemp() / "waits"
    real, shown, segments = datetime.now(UTC), SATURDAY, []
    for speed, length in zip(speeds, lengths, strict=False):
        segments.append(Segment(real, shown, speed))
        real, shown = real + seconds(length), shown + seconds(length) * speed
    clock = written(path, *segments)
    instant = SATURDAY + seconds(target)
    wait = clock.seconds_until(instant)
    assert 0 <= wait <= 0.05
    assert wait > 0 or clock.now() >= instant


def test_without_the_variable_it_is_the_machines_clock(tmp_path: Path) -> None:
    assert clock_from_environment({}) is SYSTEM
    Pace(tmp_path / "clock", shown=SATURDAY)
    paced = clock_from_environment({VARIABLE: str(tmp_path / "clock")})
    assert SATURDAY <= paced.now() < SATURDAY + timedelta(hours=1)
    assert SYSTEM.seconds_until(SYSTEM.now() - seconds(5)) == 0
    assert 4 < SYSTEM.seconds_until(SYSTEM.now() + seconds(5)) <= 5


def test_a_leap_ends_exactly_where_it_was_told_and_goes_on_as_before(tmp_path: Path) -> None:
    pace = Pace(tmp_path / "clock", shown=SATURDAY, speed=2)
    evening = SATURDAY + timedelta(hours=11)
    pace.leap(evening, 36_000)
    *_, leap, after = pace.clock.segments()
    assert leap.speed == 36_000
    assert (after.shown, after.speed) == (evening, 2)
    assert pace.clock.at(after.real) == evening
    assert abs(leap.at(after.real) - evening) < seconds(0.1)
    assert pace.clock.at(leap.real) == leap.shown
    pace.leap(SATURDAY, 10)
    assert pace.clock.segments()[-1] == after, "there is no way back"
    pace.change(7)
    last = pace.clock.segments()[-1]
    assert last.speed == 7
    assert last.real >= after.real
    assert last.shown == after.at(last.real)


def test_another_process_shows_the_same_time_whenever_it_begins(tmp_path: Path) -> None:
    pace = Pace(tmp_path / "clock", shown=SATURDAY, speed=500)
    code = (
        "from hub.clock import *; from datetime import *;"
        "real = datetime.now(UTC); print(real.isoformat(), clock_from_environment().at(real))"
    )
    for _ in range(2):
        told = subprocess.run(
            [sys.executable, "-c", code],
            env={VARIABLE: str(tmp_path / "clock"), "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        )
        real, shown = told.stdout.split(" ", 1)
        at = pace.clock.at(datetime.fromisoformat(real))
        assert shown.strip() == str(at)
        pace.change(random.Random(7).uniform(1, 1000))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "expected a line"),
        ("{}", "clock:1: expected"),
        ("[1]", "clock:1: expected"),
        ('{"real": "2026-01-01", "shown": "2026-01-01", "speed": 1}', "that name their zone"),
        ('{"real": "2026-01-01T00Z", "shown": "2026-01-01T00Z", "speed": -1}', "a speed of 0"),
        ('{"real": "2026-01-01T00Z", "shown": "2026-01-01T00Z", "speed": NaN}', "a speed of 0"),
        ('{"real": "2026-01-01T00Z", "shown": "2026-01-01T00Z", "speed": 1}\nwhat', "clock:2: "),
        ("\xff\xfe", "clock:1: expected"),
    ],
)
def test_a_file_that_is_none_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "clock").write_bytes(text.encode("latin-1"))
    with pytest.raises(ClockError, match=told):
        PacedClock(tmp_path / "clock")
    with pytest.raises(ClockError, match="nothing: No such file"):
        clock_from_environment({VARIABLE: str(tmp_path / "nothing")})
    with pytest.raises(ClockError, match="No such file"):
        Pace(tmp_path / "no" / "clock")


async def test_an_alarm_rings_when_it_is_shown_that_the_instant_came(tmp_path: Path) -> None:
    pace = Pace(tmp_path / "clock", shown=SATURDAY)
    alarm, rang = Alarm(pace.clock), asyncio.Event()
    at: list[datetime] = []

    async def wake() -> None:
        at.append(pace.clock.now())
        rang.set()

    evening = SATURDAY + timedelta(hours=11)
    alarm.start(wake)
    alarm.at(evening)
    pace.leap(evening - timedelta(hours=1), 200_000)
    pace.leap(evening + timedelta(hours=2), 50_000)
    await asyncio.wait_for(rang.wait(), 30)
    alarm.stop()
    assert len(at) == 1
    assert evening <= at[0]


def test_nobody_else_asks_the_machine_what_time_it_is() -> None:
    reads = re.compile(r"datetime\.(now|utcnow|today)\(|date\.today\(|\btime\.time(_ns)?\(")
    found = {
        str(file.relative_to(ROOT))
        for package in ("hub", "integrations", "devices", "rules")
        for file in (ROOT / package).rglob("*.py")
        if reads.search(file.read_text(encoding="utf-8"))
    }
    assert found == {
        "hub/clock.py",
        # A server on the internet says until when it wants to be left alone.
        "integrations/ntfy/notifier.py",
        # APScheduler goes by the machine's clock; what it is told is made of ours.
        "integrations/scheduler/alarm.py",
    }
