"""The noticeboard comes to the same, in whatever order messages arrive."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain import noticeboard
from hub.domain.events import NoticeEnded, NoticeIssued
from hub.domain.noticeboard import apply, expire, next_due, showing
from hub.domain.notices import Notice, NoticeRef

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SENDER = "gas@utility.example"


def notice(identifier="1", msg_type="Alert", references=(), sent=0, **changes):
    made = Notice(
        sender=SENDER,
        identifier=identifier,
        sent=NOW + timedelta(minutes=sent),
        status="Actual",
        msg_type=msg_type,
        event="Gas outage",
        headline="",
        description="",
        urgency="Expected",
        severity="Moderate",
        certainty="Likely",
        response_types=(),
        effective_from=NOW,
        expires=NOW + timedelta(hours=4),
        service="gas",
        areas=(),
        references=tuple(one.ref if isinstance(one, Notice) else one for one in references),
    )
    return replace(made, **changes)


def after(known, change):
    board = {key: one for key, one in known.items() if key not in change.removed}
    assert set(change.removed) <= set(known)
    assert not set(change.removed) & set(change.put)
    return board | dict(change.put)


def played(messages, now=NOW):
    board, events = {}, []
    for one in messages:
        change = apply(board, one, now)
        board = after(board, change)
        events += change.events
    return board, events


ALERT = notice("1")
UPDATE = notice("2", "Update", [ALERT], sent=1, headline="later")
CANCEL = notice("3", "Cancel", [UPDATE], sent=2)


def test_an_alert_is_put_up_and_told():
    board, events = played([ALERT])
    assert board == {str(ALERT.ref): ALERT}
    assert events == [NoticeIssued(ALERT, NOW)]


def test_the_same_alert_twice_is_told_once():
    assert len(played([ALERT, ALERT])[1]) == 1


def test_an_update_takes_the_place_of_what_it_updates():
    board, events = played([ALERT, UPDATE])
    assert list(board) == [str(UPDATE.ref)]
    assert events[-1] == NoticeIssued(UPDATE, NOW, (str(ALERT.ref),))


def test_an_update_that_came_first_keeps_its_place():
    board, events = played([UPDATE, ALERT])
    assert list(board) == [str(UPDATE.ref)]
    assert events == [NoticeIssued(UPDATE, NOW)]


def test_a_cancellation_ends_it_and_is_not_shown():
    board, events = played([ALERT, UPDATE, CANCEL])
    assert showing(board) == {}
    assert events[-1] == NoticeEnded(UPDATE, NOW)


def test_a_cancellation_that_came_first_keeps_the_alert_off():
    board, events = played([CANCEL, ALERT, UPDATE])
    assert showing(board) == {}
    # The alert could not be known to be over until the update named it.
    assert events == [NoticeIssued(ALERT, NOW), NoticeEnded(ALERT, NOW)]


def test_what_was_superseded_twice_does_not_come_back():
    second = notice("4", "Update", [UPDATE], sent=2)
    board, events = played([ALERT, UPDATE, second, ALERT])
    assert list(board) == [str(second.ref)]
    assert len(events) == 3


def test_all_clear_is_an_end():
    clear = notice("5", "Update", [ALERT], sent=1, response_types=("AllClear",))
    board, events = played([ALERT, clear])
    assert showing(board) == {}
    assert events[-1] == NoticeEnded(ALERT, NOW)


@pytest.mark.parametrize("status", ["Test", "Exercise", "System", "Draft"])
def test_what_is_not_actual_changes_nothing(status):
    assert apply({}, notice(status=status), NOW) == noticeboard.NOTHING
    drill = notice("9", "Cancel", [ALERT], sent=1, status=status)
    assert apply({str(ALERT.ref): ALERT}, drill, NOW) == noticeboard.NOTHING


@pytest.mark.parametrize("msg_type", ["Ack", "Error"])
def test_acknowledgements_change_nothing(msg_type):
    assert apply({str(ALERT.ref): ALERT}, notice("9", msg_type, [ALERT], 1), NOW).events == ()


def test_an_alert_that_expired_before_it_came_is_not_told():
    assert played([notice(expires=NOW)]) == ({}, [])


def test_an_update_that_expired_before_it_came_still_ends_what_it_replaced():
    board, events = played([ALERT, notice("2", "Update", [ALERT], 1, expires=NOW)])
    assert showing(board) == {}
    assert events[-1] == NoticeEnded(ALERT, NOW)


def test_what_was_superseded_stays_so_when_the_link_between_came_late():
    end = NOW - timedelta(hours=1)
    first = notice("0")
    second = notice("1", "Update", [first], 1, expires=end)
    third = notice("2", "Update", [second], 2, expires=end)
    fourth = notice("3", "Update", [third], 3)
    board, _ = played([second, fourth, third, first])
    assert list(showing(board)) == [str(fourth.ref)]


def test_a_reference_without_a_time_is_enough():
    ref = NoticeRef(SENDER, "1", None)
    assert showing(played([ALERT, notice("3", "Cancel", [ref], 1)])[0]) == {}


def test_nobody_supersedes_what_was_sent_later():
    early = notice("0", "Cancel", [ALERT], sent=-5)
    assert str(ALERT.ref) in showing(played([ALERT, early])[0])


def test_time_takes_notices_down_and_forgets_cancellations_later():
    board, _ = played([ALERT])
    assert next_due(board) == ALERT.expires
    assert expire(board, ALERT.expires - timedelta(seconds=1)) == noticeboard.NOTHING
    change = expire(board, ALERT.expires)
    assert change.events == (NoticeEnded(ALERT, ALERT.expires),)
    assert after(board, change) == {}
    board, _ = played([ALERT, UPDATE, CANCEL])
    change = expire(board, next_due(board))
    assert (after(board, change), change.events) == ({}, ())


def test_what_has_no_end_stays():
    board, _ = played([notice(expires=None)])
    assert next_due(board) is None
    assert expire(board, NOW + timedelta(days=9999)) == noticeboard.NOTHING


def test_the_board_is_bounded(monkeypatch):
    monkeypatch.setattr(noticeboard, "MOST", 3)
    many = [notice(str(number), sent=number) for number in range(5)]
    board, events = played(many)
    assert list(board) == [str(one.ref) for one in many[2:]]
    assert events.count(NoticeEnded(many[0], NOW)) == 1


@st.composite
def histories(draw):
    """Messages that refer to earlier ones only, as CAP means them."""
    made = []
    for number in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["Alert", "Update", "Cancel"])) if made else "Alert"
        named = [] if kind == "Alert" else draw(st.lists(st.sampled_from(made), min_size=1))
        expires = NOW + timedelta(hours=draw(st.sampled_from([-1, 1, 2])))
        made.append(notice(str(number), kind, dict.fromkeys(named), number, expires=expires))
    return made, draw(st.permutations(made)), draw(st.lists(st.sampled_from(made)))


@given(histories())
def test_the_order_of_arrival_and_repeats_do_not_matter(history):
    messages, shuffled, again = history
    shown = showing(played(messages)[0])
    for order in (shuffled, [*shuffled, *again]):
        board, events = played(order)
        assert set(showing(board)) == set(shown)
        issued = [str(one.notice.ref) for one in events if isinstance(one, NoticeIssued)]
        assert len(issued) == len(set(issued))
        gone = [str(one.notice.ref) for one in events if isinstance(one, NoticeEnded)]
        gone += [ref for one in events if isinstance(one, NoticeIssued) for ref in one.replaced]
        assert sorted([*gone, *showing(board)]) == sorted(issued)
