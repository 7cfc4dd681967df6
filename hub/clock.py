"""Clocks (``hub.ports.Clock``): the machine's, and a paced one that several processes share.

A paced clock is a file that tells how the shown time follows the machine's: one JSON object a line,
``{"real": …, "shown": …, "speed": …}`` with two instants (RFC 3339) and how many shown seconds go
by in a real one. A line counts from its ``real`` on, until the next one's. So whoever reads the
file, also after being killed, has the same time. ``Pace`` writes lines a moment ahead: each
process has read a line before it counts. Processes are given the file in the environment variable
``COMMONHEARTH_CLOCK``; without it they use the machine's clock and nothing here costs anything.

Network time-outs and back-off are waited for by the machine's clock, whatever is shown.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from hub.domain.values import dataclass

if TYPE_CHECKING:
    from hub.ports import Clock

VARIABLE = "COMMONHEARTH_CLOCK"
"""Names the file of a paced clock, for every command of ``run_hub.py`` and every simulator."""

LOOK = 0.05
"""Real seconds after which who waits by a paced clock looks at it again: its pace may change."""

LEAD = 0.3
"""Real seconds ahead of which a change of pace is written down."""


class ClockError(Exception):
    """A paced clock's file cannot be read or written; the text names file and line."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        return datetime.now(UTC)

    def seconds_until(self, instant: datetime) -> float:
        """Return the seconds until ``instant``, 0 when it is past."""
        return max(0.0, (instant - datetime.now(UTC)).total_seconds())


SYSTEM = SystemClock()
"""It has no state: one will do."""


@dataclass(frozen=True, slots=True)
class Segment:
    """From ``real`` on the shown time is ``shown``, and goes on at ``speed`` times the real one."""

    real: datetime
    shown: datetime
    speed: float

    def at(self, real: datetime) -> datetime:
        """Return what is shown at an instant of the machine's clock."""
        return self.shown + (real - self.real) * self.speed


class PacedClock:
    """The shown time of a file, read again whenever the file grew. Safe from any thread."""

    def __init__(self, path: Path) -> None:
        """Read ``path``. Raises ClockError."""
        self.path = path
        # Replaced whole, never changed: threads read it without a lock.
        self._read: tuple[int, tuple[Segment, ...]] = (-1, ())
        self.segments()

    def now(self) -> datetime:
        """Return the shown instant in UTC."""
        return self.at(datetime.now(UTC))

    def at(self, real: datetime) -> datetime:
        """Return what is shown at an instant of the machine's clock."""
        segments = self.segments()
        current = segments[0]
        for segment in segments[1:]:
            if segment.real > real:
                break
            current = segment
        return current.at(real)

    def seconds_until(self, instant: datetime) -> float:
        """Return the real seconds to sleep before looking again; 0 when ``instant`` is past."""
        real = datetime.now(UTC)
        if self.at(real) >= instant:
            return 0.0
        # The shown time grows all the while, so the first of these that reaches it is right.
        segments = self.segments()
        for segment, following in zip(segments, (*segments[1:], None), strict=True):
            if following is not None and (following.real <= real or following.shown < instant):
                continue
            passed = max(timedelta(0), real - segment.real).total_seconds()
            before = max(timedelta(0), segment.real - real).total_seconds()
            left = (instant - segment.shown).total_seconds() - passed * segment.speed
            if left > LOOK * segment.speed:
                return LOOK
            # Never 0 while it is not yet past: rounding must not make anybody spin.
            return min(LOOK, max(0.001, before + (left / segment.speed if left > 0 else 0.0)))
        return LOOK

    def segments(self) -> tuple[Segment, ...]:
        """Return the lines of the file. Raises ClockError for one that cannot be read."""
        size, segments = self._read
        try:
            # Lines are only added, each in one write.
            if self.path.stat().st_size == size:
                return segments
            text = self.path.read_bytes()
        except OSError as error:
            raise ClockError(f"{self.path}: {error.strerror or error}") from None
        segments = tuple(
            _segment(line, f"{self.path}:{number}")
            for number, line in enumerate(text.splitlines(), 1)
        )
        if not segments:
            raise ClockError(f"{self.path}: expected a line with real, shown and speed")
        self._read = (len(text), segments)
        return segments


class Pace:
    """Sets the pace of a paced clock: of this one there is one, in the process that made the file.

    The shown time never jumps or goes back: what is skipped is run through fast.
    """

    def __init__(self, path: Path, *, shown: datetime | None = None, speed: float = 1.0) -> None:
        """Make ``path`` anew; it shows ``shown`` (default: the present) now. Raises ClockError."""
        now = datetime.now(UTC)
        path.unlink(missing_ok=True)
        self._path = path
        self._append(Segment(now, shown.astimezone(UTC) if shown else now, speed))
        self.clock = PacedClock(path)

    def change(self, speed: float) -> None:
        """Have time go by ``speed`` times as fast as the machine's, from a moment from now on."""
        real = self._free()
        self._append(Segment(real, self.clock.at(real), speed))

    def leap(self, until: datetime, speed: float) -> None:
        """Go to ``until`` at ``speed``, and from there as fast as before; do nothing when past.

        Returns at once: ``clock`` says when it is reached.
        """
        real = self._free()
        shown, usual = self.clock.at(real), self.clock.segments()[-1].speed
        if until <= shown:
            return
        end = real + (until - shown) / speed
        self._append(Segment(real, shown, speed), Segment(end, until.astimezone(UTC), usual))

    def _free(self) -> datetime:
        """Return the first instant at which a new line may count."""
        soon = datetime.now(UTC) + timedelta(seconds=LEAD)
        return max(soon, self.clock.segments()[-1].real)

    def _append(self, *segments: Segment) -> None:
        lines = "".join(
            json.dumps(
                {
                    "real": segment.real.isoformat(),
                    "shown": segment.shown.isoformat(),
                    "speed": segment.speed,
                }
            )
            + "\n"
            for segment in segments
        )
        try:
            with self._path.open("ab", buffering=0) as file:
                file.write(lines.encode())
        except OSError as error:
            raise ClockError(f"{self._path}: {error.strerror or error}") from None


def clock_from_environment(environment: Mapping[str, str] | None = None) -> Clock:
    """Return the machine's clock, or the paced one that the environment names.

    Raises ClockError when that one's file cannot be read.
    """
    path = (os.environ if environment is None else environment).get(VARIABLE)
    return PacedClock(Path(path)) if path else SYSTEM


def _segment(line: bytes, where: str) -> Segment:
    try:
        said = json.loads(line)
        real, shown = (datetime.fromisoformat(said[name]) for name in ("real", "shown"))
        speed = float(said["speed"])
        if real.tzinfo is None or shown.tzinfo is None or not 0 <= speed <= 1e6:
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise ClockError(
            f'{where}: expected {{"real": …, "shown": …, "speed": …}} with two instants'
            " that name their zone, and a speed of 0 to 1,000,000"
        ) from None
    return Segment(real.astimezone(UTC), shown.astimezone(UTC), speed)
