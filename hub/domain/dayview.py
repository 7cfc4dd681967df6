"""The picture of a day: its blocks on a time axis, those that overlap side by side (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.domain import spans
from hub.domain.agenda import Agenda, Block
from hub.domain.offers import Window
from hub.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Placed:
    """A block as it is drawn: ``shown`` is its part of the day, ``lane`` of ``lanes`` its column.

    Blocks that overlap stand side by side. ``start`` and ``length`` are minutes of the day that
    pass, from its midnight: a day with a change of the clock has 1380 or 1500 of them. Where short
    blocks are drawn longer (``day``'s ``least``), they are of what is drawn.
    """

    block: Block
    shown: Window
    lane: int
    lanes: int
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Day:
    """One day in one zone: ``window`` from midnight to midnight, and what is in it."""

    window: Window
    blocks: tuple[Placed, ...]

    @property
    def minutes(self) -> int:
        """Return how many minutes it has: 1440 but on two days of the year."""
        return int((self.window.end - self.window.start) / timedelta(minutes=1))


def day_window(on: date, zone: ZoneInfo) -> Window:
    """Return a day in ``zone``, from midnight to midnight."""
    start = datetime.combine(on, time(), zone).astimezone(UTC)
    end = datetime.combine(on + timedelta(days=1), time(), zone).astimezone(UTC)
    return Window(start, end)


def day(agenda: Agenda, on: date, zone: ZoneInfo, least: timedelta = timedelta(0)) -> Day:
    """Return the picture of a day in ``zone``.

    What is shorter than ``least`` is drawn so long, that its words have room.
    """
    window = day_window(on, zone)
    drawn = []
    for block in agenda.during(window):
        part = spans.clipped(block.window, window)
        if part is not None:
            drawn.append((_drawn(part, window, least), block))
    drawn.sort(key=lambda one: (one[0].start, -one[0].end.timestamp(), one[1].id))
    placed: list[Placed] = []
    for cluster in _clusters(drawn):
        placed += _lanes(cluster, window)
    return Day(window, tuple(placed))


def _drawn(part: Window, window: Window, least: timedelta) -> Window:
    if part.end - part.start >= least:
        return part
    end = min(part.start + least, window.end)
    return Window(max(window.start, end - least), end)


def _clusters(shown: list[tuple[Window, Block]]) -> Iterator[list[tuple[Window, Block]]]:
    """Yield what hangs together by overlaps; clusters do not share a moment."""
    cluster: list[tuple[Window, Block]] = []
    end: datetime | None = None
    for part, block in shown:
        if end is not None and part.start >= end:
            yield cluster
            cluster, end = [], None
        cluster.append((part, block))
        end = part.end if end is None else max(end, part.end)
    if cluster:
        yield cluster


def _lanes(cluster: list[tuple[Window, Block]], window: Window) -> list[Placed]:
    free_from: list[datetime] = []
    chosen = []
    for drawn, _ in cluster:
        lane = next((n for n, free in enumerate(free_from) if free <= drawn.start), len(free_from))
        if lane == len(free_from):
            free_from.append(drawn.end)
        else:
            free_from[lane] = drawn.end
        chosen.append(lane)
    minute = timedelta(minutes=1)
    return [
        Placed(
            block,
            Window(max(block.window.start, window.start), min(block.window.end, window.end)),
            lane,
            len(free_from),
            (drawn.start - window.start) // minute,
            max(1, (drawn.end - drawn.start) // minute),
        )
        for (drawn, block), lane in zip(cluster, chosen, strict=True)
    ]
