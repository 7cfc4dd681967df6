"""When everybody has time: busy times of several households brought together (pure).

Words: RFC 5545, 3.6.4 (VFREEBUSY). What a household did not tell is unknown, and never taken for
free: it is said along with each time that is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hub.domain.offers import Window
from hub.domain.spans import clipped, contains, union, without
from hub.domain.values import dataclass

MOST_BUSY = 500
"""Busy times of one household that are looked at."""


class TooBusy(ValueError):
    """More busy times than MOST_BUSY came: one line for a person."""


@dataclass(frozen=True, slots=True)
class FreeBusy:
    """One household's busy times within ``asked``; ``busy`` None: it did not tell."""

    household: str
    asked: Window
    busy: tuple[Window, ...] | None

    def __post_init__(self) -> None:
        """Refuse more than MOST_BUSY times (TooBusy); join and clip what there is."""
        if self.busy is None:
            return
        if len(self.busy) > MOST_BUSY:
            raise TooBusy(
                f"{self.household}: expected at most {MOST_BUSY} busy times, got {len(self.busy)}"
            )
        parts = (clipped(one, self.asked) for one in self.busy)
        object.__setattr__(self, "busy", union(part for part in parts if part is not None))

    def knows(self, window: Window) -> bool:
        """Tell whether it says something about all of ``window``."""
        return self.busy is not None and contains(self.asked, window)


@dataclass(frozen=True, slots=True)
class Survey:
    """A question to several households: when are you busy? It ends at ``due`` at the latest.

    ``purpose`` and ``subject`` say who wants to know. ``waiting`` are the ids of what was asked,
    each with whom (a contact's id); ``told`` are the answers, ``household`` being that id.
    """

    id: str
    purpose: str
    subject: str
    asked: Window
    due: datetime
    waiting: tuple[tuple[str, str], ...] = ()
    told: tuple[FreeBusy, ...] = ()

    def answered(self, request: str, busy: Iterable[Window] | None) -> Survey:
        """Return it with an answer; unchanged where nothing such was asked. TooBusy."""
        who = dict(self.waiting).get(request)
        if who is None:
            return self
        said = FreeBusy(who, self.asked, None if busy is None else tuple(busy))
        left = tuple(one for one in self.waiting if one[0] != request)
        return replace(self, waiting=left, told=(*self.told, said))

    def closed(self) -> Survey:
        """Return it with nobody awaited any more: who said nothing is busy nobody knows when."""
        silent = (FreeBusy(who, self.asked, None) for _, who in self.waiting)
        return replace(self, waiting=(), told=(*self.told, *silent))


@dataclass(frozen=True, slots=True)
class Meeting:
    """A time that suits: everybody who told is free; ``unknown`` are those who did not."""

    window: Window
    unknown: tuple[str, ...] = ()


def free_times(within: Window, busy: Iterable[Window], length: timedelta) -> tuple[Window, ...]:
    """Return the gaps of ``within`` that last at least ``length``, in order of time."""
    gaps = without([within], busy)
    return tuple(gap for gap in gaps if gap.end - gap.start >= length)


def best_time(
    households: Sequence[FreeBusy],
    within: Window,
    length: timedelta,
    wished: datetime,
    step: timedelta = timedelta(minutes=15),
) -> Meeting | None:
    """Return the time of ``length`` within ``within`` nearest to ``wished`` that suits everybody.

    Of two equally near ones the earlier. Starts lie ``step`` apart, counted from ``wished``. None
    when there is no such time.
    """
    if step <= timedelta(0) or length <= timedelta(0):
        raise ValueError("expected a step and a length above zero")
    busy = [window for one in households for window in one.busy or ()]
    best: tuple[timedelta, datetime] | None = None
    for gap in free_times(within, busy, length):
        for start in _nearest(gap, length, wished, step):
            rank = (abs(start - wished), start)
            if best is None or rank < best:
                best = rank
    if best is None:
        return None
    window = Window(best[1], best[1] + length)
    return Meeting(window, tuple(one.household for one in households if not one.knows(window)))


def _nearest(
    gap: Window, length: timedelta, wished: datetime, step: timedelta
) -> Iterable[datetime]:
    """Return the starts in a gap that come nearest to ``wished``: at most two."""
    last = gap.end - length
    if gap.start <= wished <= last:
        return (wished,)
    if wished < gap.start:
        steps = -((wished - gap.start) // step)
        start = wished + steps * step
        return (start,) if start <= last else ()
    start = wished - -((last - wished) // step) * step
    return (start,) if start >= gap.start else ()
