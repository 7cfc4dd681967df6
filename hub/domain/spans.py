"""Arithmetic of spans of time: joined, taken away, common to all (pure).

A span is a ``Window``; one that ends when another begins does not touch it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from hub.domain.offers import Window


def overlaps(one: Window, other: Window) -> bool:
    """Tell whether two spans have a moment in common."""
    return one.start < other.end and other.start < one.end


def contains(outer: Window, inner: Window) -> bool:
    """Tell whether ``inner`` lies wholly in ``outer``."""
    return outer.start <= inner.start and inner.end <= outer.end


def clipped(span: Window, within: Window) -> Window | None:
    """Return the part of ``span`` that lies in ``within``, None when there is none."""
    start, end = max(span.start, within.start), min(span.end, within.end)
    return Window(start, end) if start < end else None


def widened(span: Window, before: timedelta, after: timedelta) -> Window:
    """Return ``span`` begun earlier and ended later by so much."""
    return Window(span.start - before, span.end + after) if before or after else span


def union(spans: Iterable[Window]) -> tuple[Window, ...]:
    """Return the spans in order of time, those that overlap or meet joined to one."""
    joined: list[Window] = []
    for span in sorted(spans, key=lambda one: (one.start, one.end)):
        if joined and span.start <= joined[-1].end:
            if span.end > joined[-1].end:
                joined[-1] = Window(joined[-1].start, span.end)
        else:
            joined.append(span)
    return tuple(joined)


def without(spans: Iterable[Window], taken: Iterable[Window]) -> tuple[Window, ...]:
    """Return what is left of ``spans`` once ``taken`` is away, in order of time."""
    left: list[Window] = []
    holes = union(taken)
    first = 0
    for span in union(spans):
        start = span.start
        while first < len(holes) and holes[first].end <= start:
            first += 1
        for hole in holes[first:]:
            if hole.start >= span.end:
                break
            if hole.start > start:
                left.append(Window(start, hole.start))
            start = max(start, hole.end)
        if start < span.end:
            left.append(Window(start, span.end))
    return tuple(left)


def common(sets: Sequence[Iterable[Window]]) -> tuple[Window, ...]:
    """Return the times that are in every one of ``sets``; of no sets at all: none."""
    if not sets:
        return ()
    shared = union(sets[0])
    for spans in sets[1:]:
        shared = _both(shared, union(spans))
    return shared


def _both(one: tuple[Window, ...], other: tuple[Window, ...]) -> tuple[Window, ...]:
    found: list[Window] = []
    i = j = 0
    while i < len(one) and j < len(other):
        part = clipped(one[i], other[j])
        if part is not None:
            found.append(part)
        if one[i].end <= other[j].end:
            i += 1
        else:
            j += 1
    return tuple(found)
