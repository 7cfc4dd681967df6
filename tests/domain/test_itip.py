"""Invitations and answers: between an organizer and guests, in any order, twice, from strangers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain import hosting
from hub.domain.activities import (
    ACTIVITY_LIFE,
    MOST_ATTENDEES,
    Activity,
    ActivityError,
    Attendee,
    Details,
    Message,
    Person,
    Tombstone,
    address,
    zone_of,
)
from hub.domain.itip import take
from hub.domain.life import IllegalMove
from hub.domain.offers import Window
from hub.store.codec import dump, load

NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)
ADA, BEN, CLEO = "mailto:ada@one.example", "mailto:ben@two.example", "mailto:cleo@three.example"
HOUR = timedelta(hours=1)


def window(start: float = 2, length: float = 3) -> Window:
    return Window(NOW + HOUR * start, NOW + HOUR * (start + length))


FISHING = Details(
    window(), "Europe/Berlin", "Fishing", location="Mill Lake", gps="52.500000,13.500000"
)


def made(details: Details = FISHING, **more) -> hosting.Done:
    guests = [Attendee(BEN, "Ben"), Attendee(CLEO, "Cleo")]
    return hosting.create("f1@one.example", Person(ADA, "Ada"), details, guests, NOW, **more)


def sent(done: hosting.Done, method: str = "REQUEST") -> Message:
    return next(one.message for one in done.send if one.message.method == method)


def guest_side(done: hosting.Done, who: str = BEN) -> Activity:
    taken = take(None, sent(done), {who}, NOW)
    assert taken.verdict == "invited"
    assert isinstance(taken.now_is, Activity)
    return taken.now_is


def replied(activity: Activity, who: str, partstat: str, now=NOW) -> Message:
    return hosting.answer(activity, who, partstat, now).send[0].message


# -- as it should be ---------------------------------------------------------------------------


def test_invited_answered_and_seen_by_the_other_guest():
    done = made()
    assert done.send[0].to == (BEN, CLEO)
    bens = guest_side(done)
    outcome = take(done.activity, replied(bens, BEN, "ACCEPTED"), {ADA}, NOW)
    assert outcome.verdict == "answered"
    assert [one.address for one in outcome.now_is.coming()] == [BEN]
    told = sent(hosting.roster(outcome.now_is, NOW))
    cleos = take(guest_side(done, CLEO), told, {CLEO}, NOW)
    assert cleos.verdict == "changed"
    assert [one.name for one in cleos.now_is.coming()] == ["Ben"]


def test_another_time_asks_everybody_anew():
    done = made()
    bens = hosting.answer(guest_side(done), BEN, "ACCEPTED", NOW).activity
    ours = take(done.activity, replied(guest_side(done), BEN, "ACCEPTED"), {ADA}, NOW).now_is
    moved = hosting.change(ours, replace(FISHING, window=window(4)), NOW)
    assert moved.activity.sequence == 1
    assert moved.activity.coming() == ()
    outcome = take(bens, sent(moved), {BEN}, NOW)
    assert (outcome.verdict, outcome.anew) == ("changed", True)
    assert outcome.now_is.attendee(BEN).partstat == "NEEDS-ACTION"
    # What Ben had said about the other time does not count any more.
    late = take(moved.activity, replied(bens, BEN, "DECLINED", NOW + HOUR), {ADA}, NOW)
    assert late.verdict == "outdated"


def test_other_words_keep_the_answers():
    done = made()
    bens = hosting.answer(guest_side(done), BEN, "ACCEPTED", NOW).activity
    reworded = hosting.change(done.activity, replace(FISHING, summary="Fishing!"), NOW)
    assert reworded.activity.sequence == 0
    outcome = take(bens, sent(reworded), {BEN}, NOW)
    assert (outcome.verdict, outcome.anew) == ("changed", False)
    # Written before Ben's answer arrived there: it stays all the same.
    assert outcome.now_is.attendee(BEN).partstat == "ACCEPTED"
    assert outcome.now_is.details.summary == "Fishing!"


def test_no_change_sends_nothing():
    done = made()
    assert hosting.change(done.activity, FISHING, NOW).send == ()
    assert hosting.invite(done.activity, [Attendee(BEN)], NOW).send == ()
    bens = hosting.answer(guest_side(done), BEN, "ACCEPTED", NOW).activity
    assert hosting.answer(bens, BEN, "ACCEPTED", NOW).send == ()


def test_a_tentative_one_is_confirmed():
    done = made(tentative=True)
    bens = guest_side(done)
    assert bens.state == "tentative"
    settled = hosting.change(done.activity, FISHING, NOW, state="confirmed")
    assert settled.activity.sequence == 1
    outcome = take(bens, sent(settled), {BEN}, NOW)
    assert (outcome.now_is.state, outcome.anew) == ("confirmed", False)


def test_a_counter_is_taken_and_its_author_need_not_answer():
    done = made()
    proposed = hosting.propose(guest_side(done), BEN, window(5), NOW, "the lake is full then")
    outcome = take(done.activity, sent(proposed, "COUNTER"), {ADA}, NOW)
    assert outcome.verdict == "countered"
    assert outcome.now_is.proposals[0].window == window(5)
    moved = hosting.accept_counter(outcome.now_is, BEN, NOW)
    assert moved.activity.details.window == window(5)
    assert moved.activity.proposals == ()
    partstats = {one.address: one.partstat for one in moved.activity.attendees}
    assert partstats == {BEN: "ACCEPTED", CLEO: "NEEDS-ACTION"}
    bens = take(proposed.activity, sent(moved), {BEN}, NOW)
    assert bens.now_is.attendee(BEN).partstat == "ACCEPTED"
    with pytest.raises(ActivityError, match="no other time"):
        hosting.accept_counter(moved.activity, BEN, NOW)


def test_a_counter_is_declined():
    done = made()
    proposed = hosting.propose(guest_side(done), BEN, window(5), NOW)
    ours = take(done.activity, sent(proposed, "COUNTER"), {ADA}, NOW).now_is
    stays = hosting.decline_counter(ours, BEN, NOW, "too late for us")
    assert stays.send[0].to == (BEN,)
    outcome = take(proposed.activity, sent(stays, "DECLINECOUNTER"), {BEN}, NOW)
    assert (outcome.verdict, outcome.reason) == ("counter_declined", "too late for us")
    assert outcome.now_is == proposed.activity


def test_uninvited_and_invited_again():
    done = made()
    gone = hosting.uninvite(done.activity, BEN, NOW)
    assert [(one.message.method, one.to) for one in gone.send] == [
        ("CANCEL", (BEN,)),
        ("REQUEST", (CLEO,)),
    ]
    bens = take(guest_side(done), sent(gone, "CANCEL"), {BEN}, NOW)
    assert (bens.verdict, bens.now_is.state) == ("cancelled", "cancelled")
    # The same seen by who got the list without them only.
    assert take(guest_side(done), sent(gone), {BEN}, NOW).verdict == "cancelled"
    again = hosting.invite(gone.activity, [Attendee(BEN, "Ben")], NOW)
    assert again.send[0].to == (BEN,)
    back = take(bens.now_is, sent(again), {BEN}, NOW)
    assert (back.verdict, back.now_is.state) == ("invited", "confirmed")


def test_cancelled_once_and_over_for_good():
    off = hosting.cancel(made().activity, NOW, "storm")
    assert sent(off, "CANCEL").sequence == 1
    assert hosting.cancel(off.activity, NOW).send == ()
    with pytest.raises(ActivityError, match="cancelled"):
        hosting.change(off.activity, FISHING, NOW)
    over = hosting.finished(made().activity, window().end, window().end)
    assert over.state == "over"
    assert hosting.finished(made().activity, window().end, NOW).state == "confirmed"
    with pytest.raises(IllegalMove):
        over.moved("confirmed")
    assert ACTIVITY_LIFE.ended("over")


def test_who_declined_is_not_bothered_by_what_follows():
    done = made()
    ours = take(done.activity, replied(guest_side(done), BEN, "DECLINED"), {ADA}, NOW).now_is
    assert hosting.roster(ours, NOW).send[0].to == (CLEO,)
    assert hosting.cancel(ours, NOW).send[0].to == (CLEO,)
    # Another time may suit them.
    moved = hosting.change(ours, replace(FISHING, window=window(5)), NOW)
    assert moved.send[0].to == (BEN, CLEO)


# -- late, twice, out of order -----------------------------------------------------------------


def history() -> list[Message]:
    """What an organizer sends over a morning."""
    done = made()
    messages = [sent(done)]
    done = hosting.roster(done.activity, NOW)
    messages.append(sent(done))
    done = hosting.change(done.activity, replace(FISHING, window=window(4)), NOW)
    messages.append(sent(done))
    off = hosting.cancel(done.activity, NOW)
    messages.append(sent(off, "CANCEL"))
    return messages


HISTORY = history()
REVIVED = replace(HISTORY[2], sequence=5, stamp=NOW + HOUR)


@settings(deadline=None)
@given(st.permutations([*HISTORY, REVIVED]), st.lists(st.sampled_from([*HISTORY, REVIVED])))
def test_the_order_of_arrival_does_not_matter(order, again):
    known = None
    for message in [*order, *again]:
        known = take(known, message, {BEN}, NOW).now_is
    assert isinstance(known, Activity)
    assert (known.sequence, known.state, known.details.window) == (5, "confirmed", window(4))


@settings(deadline=None)
@given(st.permutations(HISTORY), st.lists(st.sampled_from(HISTORY)))
def test_what_is_cancelled_stays_cancelled(order, again):
    known = None
    for message in [*order, *again]:
        known = take(known, message, {BEN}, NOW).now_is
    assert isinstance(known, Tombstone) or known.state == "cancelled"
    assert (known.sequence, known.stamp) == (HISTORY[-1].sequence, HISTORY[-1].stamp)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["ACCEPTED", "DECLINED", "TENTATIVE"]), min_size=1, max_size=5),
    st.data(),
)
def test_the_last_answer_counts(answers, data):
    done = made()
    bens, replies = guest_side(done), []
    for partstat in answers:
        said = hosting.answer(bens, BEN, partstat, NOW)
        bens = said.activity
        replies += [one.message for one in said.send]
    stamps = [one.stamp for one in replies]
    assert stamps == sorted(set(stamps))
    ours = done.activity
    for message in data.draw(st.permutations([*replies, *replies])):
        ours = take(ours, message, {ADA}, NOW).now_is
    assert ours.attendee(BEN).partstat == answers[-1]


def test_the_same_twice_is_a_duplicate():
    done = made()
    bens = guest_side(done)
    assert take(bens, sent(done), {BEN}, NOW).verdict == "duplicate"
    message = replied(bens, BEN, "ACCEPTED")
    ours = take(done.activity, message, {ADA}, NOW).now_is
    again = take(ours, message, {ADA}, NOW)
    assert (again.verdict, again.now_is) == ("duplicate", ours)


def test_one_occurrence_is_a_thing_of_its_own():
    weekly = replace(FISHING, recurrence="FREQ=WEEKLY")
    master = guest_side(made(weekly))
    one = replace(sent(made(weekly)), recurrence_id=window().start, sequence=1)
    assert one.key != master.key
    single = take(None, replace(one, details=replace(FISHING, window=window(4))), {BEN}, NOW)
    assert single.now_is.recurrence_id == window().start


# -- what should not be ------------------------------------------------------------------------


def test_an_answer_after_the_deadline_is_for_the_organizer_to_decide():
    done = made(replace(FISHING, answer_by=NOW + HOUR))
    message = replied(guest_side(done), BEN, "ACCEPTED")
    late = take(done.activity, message, {ADA}, NOW + 2 * HOUR)
    assert (late.verdict, late.now_is) == ("late", done.activity)
    assert late.reason == "answers were awaited until 2026-11-28 09:00 UTC"
    inside = hosting.let_in(late.now_is, late.late, NOW + 2 * HOUR)
    assert inside.activity.attendee(BEN).partstat == "ACCEPTED"
    assert inside.send[0].to == (BEN,)
    # Once they have said something newer, it is not for the old answer any more.
    with pytest.raises(ActivityError, match="anew"):
        hosting.let_in(inside.activity, late.late, NOW)


def test_a_no_after_the_deadline_counts():
    done = made(replace(FISHING, answer_by=NOW + HOUR))
    message = replied(guest_side(done), BEN, "DECLINED")
    assert take(done.activity, message, {ADA}, NOW + 2 * HOUR).verdict == "answered"


def test_a_guest_is_told_that_it_is_too_late_for_a_yes():
    bens = guest_side(made(replace(FISHING, answer_by=NOW + HOUR)))
    with pytest.raises(ActivityError, match="awaited until 2026-11-28 09:00 UTC; ask Ada"):
        hosting.answer(bens, BEN, "ACCEPTED", NOW + 2 * HOUR)
    assert hosting.answer(bens, BEN, "DECLINED", NOW + 2 * HOUR).send


def test_a_counter_after_the_cancellation_is_refused():
    done = made()
    counter = sent(hosting.propose(guest_side(done), BEN, window(5), NOW), "COUNTER")
    off = hosting.cancel(done.activity, NOW).activity
    outcome = take(off, counter, {ADA}, NOW)
    assert outcome.verdict == "refused"
    assert outcome.reason == "Fishing was cancelled; there is nothing left to answer"
    assert outcome.now_is == off


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sender": CLEO}, "cannot answer for"),
        (
            {
                "attendees": (Attendee("mailto:eve@x.example", partstat="ACCEPTED"),),
                "sender": "mailto:eve@x.example",
            },
            "was not invited",
        ),
        ({"sequence": 7}, "never made"),
        ({"attendees": (Attendee(BEN),)}, "expected an answer"),
    ],
)
def test_answers_that_are_refused(changes, reason):
    done = made()
    message = replace(replied(guest_side(done), BEN, "ACCEPTED"), **changes)
    outcome = take(done.activity, message, {ADA}, NOW)
    assert outcome.verdict == "refused"
    assert reason in outcome.reason
    assert outcome.now_is == done.activity


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sender": CLEO}, "is not its organizer"),
        ({"organizer": Person(CLEO), "sender": CLEO}, "who alone may change it"),
        ({"organizer": Person(BEN), "sender": BEN}, "from this household"),
    ],
)
def test_invitations_that_are_refused(changes, reason):
    bens = guest_side(made())
    outcome = take(bens, replace(sent(made()), sequence=9, **changes), {BEN}, NOW)
    assert (outcome.verdict, outcome.now_is) == ("refused", bens)
    assert reason in outcome.reason


def test_what_nobody_asked_for_is_refused():
    done = made()
    message = replied(guest_side(done), BEN, "ACCEPTED")
    assert take(None, message, {ADA}, NOW).verdict == "refused"
    assert take(guest_side(done, CLEO), message, {CLEO}, NOW).verdict == "refused"
    assert take(None, sent(done), {"mailto:x@y.example"}, NOW).verdict == "refused"
    assert take(None, sent(done), {BEN}, NOW + 9 * HOUR).reason == "Fishing is over already"


def test_a_counter_into_the_past_or_to_the_same_time_is_refused():
    done = made()
    counter = sent(hosting.propose(guest_side(done), BEN, window(1), NOW), "COUNTER")
    assert take(done.activity, counter, {ADA}, NOW + 2 * HOUR).verdict == "refused"
    same = replace(counter, details=FISHING)
    assert take(done.activity, same, {ADA}, NOW).verdict == "refused"
    with pytest.raises(ActivityError, match="over"):
        hosting.propose(guest_side(done), BEN, window(-3), NOW)


def test_ten_thousand_attendees_are_too_many():
    crowd = tuple(Attendee(f"mailto:n{number}@x.example") for number in range(10_000))
    with pytest.raises(ActivityError, match=f"at most {MOST_ATTENDEES} people, got 10000"):
        replace(sent(made()), attendees=crowd)
    with pytest.raises(ActivityError, match="at most"):
        hosting.invite(made().activity, crowd, NOW)


@pytest.mark.parametrize("name", ["Europe/Atlantis", "", "../../etc/passwd", "x" * 500, "\0"])
def test_a_zone_that_does_not_exist(name):
    with pytest.raises(ActivityError, match="there is no time zone"):
        zone_of(name)
    with pytest.raises(ActivityError, match="there is no time zone"):
        replace(FISHING, zone=name)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"summary": " "}, "summary"),
        ({"summary": "x" * 201}, "summary"),
        ({"description": "x" * 4001}, "description"),
        ({"gps": "1,999"}, "gps"),
        ({"recurrence": "FREQ=SECONDLY"}, "recurrence"),
        ({"recurrence": "FREQ=DAILY\nX:1"}, "recurrence"),
        ({"window": Window(NOW, NOW + timedelta(days=400))}, "366 days"),
    ],
)
def test_details_that_cannot_be(changes, field):
    with pytest.raises(ActivityError, match=field):
        replace(FISHING, **changes)


@pytest.mark.parametrize("text", ["", "ben", "mailto:", "mailto:a b@c", "x:" + "y" * 400])
def test_addresses_that_are_none(text):
    with pytest.raises(ActivityError, match="expected an address"):
        address(text)


def test_an_address_is_compared_without_case():
    assert address(" Ben@Two.example ") == BEN
    assert address("MAILTO:ben@two.example") == BEN


def test_the_past_is_not_planned():
    with pytest.raises(ActivityError, match="past"):
        made(replace(FISHING, window=window(-5)))
    with pytest.raises(ActivityError, match="longer"):
        made(replace(FISHING, answer_by=NOW + 30 * HOUR))


def test_activities_and_messages_can_be_stored():
    done = made(replace(FISHING, answer_by=NOW + HOUR))
    assert load(Activity, dump(done.activity)) == done.activity
    assert load(Message, dump(sent(done))) == sent(done)
