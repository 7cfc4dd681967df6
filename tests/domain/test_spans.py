"""Spans of time against a brute force over single minutes."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.offers import Window
from hub.domain.spans import clipped, common, contains, overlaps, union, widened, without

ZERO = datetime(2026, 11, 28, tzinfo=UTC)


def span(start: int, end: int) -> Window:
    return Window(ZERO + timedelta(minutes=start), ZERO + timedelta(minutes=end))


def minutes(spans) -> set[int]:
    return {
        minute
        for one in spans
        for minute in range(
            (one.start - ZERO) // timedelta(minutes=1), (one.end - ZERO) // timedelta(minutes=1)
        )
    }


one_span = st.builds(
    lambda start, length: span(start, start + length), st.integers(0, 30), st.integers(1, 12)
)
some = st.lists(one_span, max_size=6)


def well_formed(spans) -> bool:
    return all(a.end < b.start for a, b in itertools.pairwise(spans))


@settings(deadline=None)
@given(some)
def test_a_union_is_the_same_minutes_in_order_without_seams(spans):
    joined = union(spans)
    assert minutes(joined) == minutes(spans)
    assert well_formed(joined)


@settings(deadline=None)
@given(some, some)
def test_what_is_taken_away_is_gone(spans, taken):
    left = without(spans, taken)
    assert minutes(left) == minutes(spans) - minutes(taken)
    assert well_formed(left)


@settings(deadline=None)
@given(st.lists(some, min_size=1, max_size=4))
def test_common_is_in_each(sets):
    shared = common(sets)
    assert minutes(shared) == set.intersection(*map(minutes, sets))


def test_common_of_nothing_is_nothing():
    assert common([]) == ()


@settings(deadline=None)
@given(one_span, one_span)
def test_two_spans(one, other):
    both = minutes([one]) & minutes([other])
    assert overlaps(one, other) == bool(both)
    assert contains(one, other) == (minutes([other]) <= minutes([one]))
    part = clipped(one, other)
    assert minutes([part] if part else []) == both


def test_widened_by_nothing_is_itself():
    one = span(5, 6)
    assert widened(one, timedelta(0), timedelta(0)) is one
    assert widened(one, timedelta(minutes=2), timedelta(minutes=3)) == span(3, 9)
