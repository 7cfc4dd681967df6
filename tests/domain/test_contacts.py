"""Contacts: who may write, what they see, and which circle they are of."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.activities import ActivityError, Attendee, Details, Message, Person
from hub.domain.contacts import (
    FARTHEST,
    MOST_INVITATIONS,
    Contact,
    admit,
    by_address,
    circle,
    placed,
    shown,
)
from hub.domain.freebusy import MOST_BUSY, FreeBusy, TooBusy, best_time
from hub.domain.life import IllegalMove
from hub.domain.offers import Window

NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
BEN = "mailto:ben@two.example"


def span(start: float, end: float) -> Window:
    return Window(NOW + HOUR * start, NOW + HOUR * end)


FRIEND = Contact("c1", "Ben", "known", (BEN,), peer="x" * 32, sees="busy", circles=("Anglers",))


def message(method: str = "REQUEST", sender: str = BEN) -> Message:
    details = Details(span(1, 2), "UTC", "Fishing")
    attendee = Attendee("mailto:ada@one.example", partstat="ACCEPTED")
    return Message(method, sender, "u", 0, NOW, Person(sender), (attendee,), details)


def test_a_friend_is_heard():
    assert admit(FRIEND, message(), 0).handling == "ask"


@pytest.mark.parametrize(
    ("contact", "count", "reason"),
    [
        (None, 0, f"{BEN} is not among this household's contacts"),
        (replace(FRIEND, state="offered"), 0, "not among"),
        (replace(FRIEND, state="removed"), 0, "Ben is no contact of this household any more"),
        (replace(FRIEND, addresses=("mailto:x@y.example",)), 0, "cannot speak for"),
        (FRIEND, MOST_INVITATIONS, "that is enough"),
    ],
)
def test_strangers_and_floods_are_refused(contact, count, reason):
    ruling = admit(contact, message(), count)
    assert ruling.handling == "refuse"
    assert reason in ruling.reason


def test_a_muted_friend_is_kept_and_their_cancellation_heard():
    muted = replace(FRIEND, muted=True)
    assert admit(muted, message(), 0).handling == "keep"
    assert admit(muted, message("CANCEL"), MOST_INVITATIONS).handling == "ask"


def test_what_a_contact_sees():
    busy = [span(0, 1), span(1, 2), span(5, 9)]
    assert shown(FRIEND, busy, span(0, 6)) == (span(0, 2), span(5, 6))
    for blind in (None, replace(FRIEND, sees="nothing"), replace(FRIEND, state="offered")):
        assert shown(blind, busy, span(0, 6)) is None
    assert shown(FRIEND, busy, Window(NOW, NOW + FARTHEST + HOUR)) is None


def test_circles():
    cleo = Contact("c2", "Cleo", "known", ("mailto:c@x.example",), email="c@x.example")
    both = [placed(cleo, ["anglers", "Cooks", "anglers "]), FRIEND]
    assert [one.name for one in circle(both, "ANGLERS")] == ["Ben", "Cleo"]
    assert circle([replace(FRIEND, muted=True)], "anglers") == ()
    assert circle([FRIEND.moved("removed")], "anglers") == ()
    assert set(by_address([FRIEND, replace(cleo, state="offered")])) == {BEN}


@pytest.mark.parametrize(
    "changes",
    [{"name": " "}, {"addresses": ()}, {"peer": ""}, {"circles": ("-",)}, {"addresses": ("x",)}],
)
def test_contacts_that_cannot_be(changes):
    with pytest.raises(ActivityError):
        replace(FRIEND, **changes)


def test_who_was_removed_stays_so():
    with pytest.raises(IllegalMove):
        FRIEND.moved("removed").moved("known")


# -- when everybody has time -------------------------------------------------------------------

windows = st.lists(
    st.builds(lambda s, n: span(s, s + n), st.integers(0, 20), st.integers(1, 6)), max_size=5
)


@settings(deadline=None)
@given(st.lists(windows, min_size=1, max_size=3), st.integers(0, 24), st.integers(1, 4))
def test_the_best_time_is_the_nearest_that_suits_all(busy, wished, length):
    asked = span(0, 24)
    told = [FreeBusy(f"h{n}", asked, tuple(one)) for n, one in enumerate(busy)]
    best = best_time(told, asked, HOUR * length, NOW + HOUR * wished, HOUR)
    taken = {hour for one in busy for w in one for hour in range(24) if _in(w, hour)}
    able = [
        start
        for start in range(24 - length + 1)
        if not taken.intersection(range(start, start + length))
    ]
    nearest = min(able, key=lambda start: (abs(start - wished), start), default=None)
    assert (best.window.start if best else None) == (
        NOW + HOUR * nearest if nearest is not None else None
    )
    if best is not None:
        assert best.unknown == ()


def _in(window: Window, hour: int) -> bool:
    return window.start <= NOW + HOUR * hour < window.end


def test_what_was_not_told_is_not_taken_for_free():
    told = [FreeBusy("ben", span(0, 24), (span(3, 5),)), FreeBusy("eve", span(0, 24), None)]
    best = best_time(told, span(0, 24), HOUR, NOW + 4 * HOUR)
    assert (best.window, best.unknown) == (span(5, 6), ("eve",))


def test_busy_times_are_bounded():
    many = tuple(span(n, n + 0.5) for n in range(MOST_BUSY + 1))
    with pytest.raises(TooBusy, match=f"at most {MOST_BUSY} busy times, got"):
        FreeBusy("ben", span(0, 900), many)


def test_a_time_needs_a_length():
    with pytest.raises(ValueError, match="above zero"):
        best_time([], span(0, 1), timedelta(0), NOW)
