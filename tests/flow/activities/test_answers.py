"""Answers: yes, maybe and no, changed later, another time proposed, and answers that come late."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.domain.activities import ActivityError, Attendee, Planned
from hub.domain.effects import AskMember, TellMember
from hub.domain.offers import Window
from hub.domain.peers import PeerError, Receipt
from hub.flow.activities import attend, organize
from hub.flow.activities.hooks import ActivityHooks, answers
from hub.flow.activities.receive import take_in
from tests.flow.activities.households import (
    FISHING,
    START,
    invited,
    kept,
    open_one,
    partstats,
    pass_on,
    planned,
    told,
    turn,
)
from tests.flow.test_peers import Side
from tests.support.household import same

LATER = Window(START + timedelta(hours=1), START + timedelta(hours=4))


def answer(side: Side, key: str, said: str, member: str = "ana", comment: str = "") -> None:
    home = side.house.home
    side.house.do(lambda tx: attend.answer(tx, home, key, said, member, "web", comment))  # type: ignore[arg-type]


def propose(side: Side, key: str, window: Window = LATER, comment: str = "") -> None:
    home = side.house.home
    side.house.do(lambda tx: attend.propose(tx, home, key, window, "ana", "web", comment))


def test_maybe_is_said_on_the_phone_and_changed_later(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    key = invited(ada, [ben]).key
    done = ben.house.decide("maybe")
    assert (done.result, done.message) == ("done", "Ana said maybe.")
    pass_on(ada, ben)
    assert partstats(ada, key) == {"Ben": "TENTATIVE"}
    assert planned(ben, key).going == ()
    answer(ben, key, "ACCEPTED", comment="I bring bait")
    pass_on(ada, ben)
    (guest,) = kept(ada, key).attendees
    assert (guest.partstat, guest.comment) == ("ACCEPTED", "I bring bait")
    assert "Ben comes" in told(ada)[-1]
    answer(ben, key, "DECLINED")
    pass_on(ada, ben)
    assert partstats(ada, key) == {"Ben": "DECLINED"}
    assert planned(ben, key).going == ()
    for side in sides:
        same(side.house.house, side.house.load())


def test_an_answer_given_elsewhere_takes_the_question_back(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    key = invited(ada, [ben]).key
    asked = open_one(ben, "invitation")
    answer(ben, key, "ACCEPTED")
    assert ben.house.open() == []
    assert ben.house.suggestion(asked.id).outcome == "Ana comes."
    assert ben.house.decide("decline", asked).result == "refused"


def test_a_household_comes_while_one_of_it_goes(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    key = invited(ada, [ben]).key
    answer(ben, key, "ACCEPTED", "ana")
    answer(ben, key, "ACCEPTED", "ben")
    assert planned(ben, key).going == ("ana", "ben")
    assert len(ben.waiting(ada)) == 1, "the second yes says nothing new"
    answer(ben, key, "DECLINED", "ana")
    assert planned(ben, key).going == ("ben",)
    pass_on(ada, ben)
    assert partstats(ada, key) == {"Ben": "ACCEPTED"}
    answer(ben, key, "DECLINED", "ben")
    pass_on(ada, ben)
    assert partstats(ada, key) == {"Ben": "DECLINED"}


def test_members_say_who_of_them_goes_to_what_they_make(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    key = invited(ada, [ben]).key
    answer(ada, key, "ACCEPTED", "ben")
    assert planned(ada, key).going == ("ana", "ben")
    answer(ada, key, "DECLINED", "ana")
    assert planned(ada, key).going == ("ben",)
    assert ada.waiting(ben) == [], "that is nobody else's business"


def test_only_an_invitation_is_answered_with_maybe(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    key = invited(ada, [ben]).key
    propose(ben, key)
    pass_on(ada, ben)
    assert ada.house.decide("maybe").result == "refused"


def test_guests_see_who_comes_and_are_told_at_once_of_several(
    three: tuple[Side, Side, Side],
) -> None:
    ada, ben, cleo = three
    key = invited(ada, [ben, cleo]).key
    answer(ben, key, "ACCEPTED")
    answer(cleo, key, "TENTATIVE")
    pass_on(ada, ben, cleo)
    assert partstats(ben, key) == {"Ben": "ACCEPTED", "Cleo": "NEEDS-ACTION"}
    assert ada.waiting(ben) == [], "answers are gathered"
    turn(ada, ben, cleo, seconds=11)
    assert len(ada.waiting(ben)) == 1
    pass_on(ada, ben, cleo)
    for side in three:
        assert partstats(side, key) == {"Ben": "ACCEPTED", "Cleo": "TENTATIVE"}
    assert not any("changed" in one for one in told(ben)), "nobody's phone rings for that"
    answer(cleo, key, "DECLINED")
    pass_on(ada, ben, cleo)
    turn(ada, ben, cleo, seconds=11)
    pass_on(ada, ben, cleo)
    assert partstats(ben, key)["Cleo"] == "DECLINED"
    assert kept(ada, key).sequence == kept(ben, key).sequence == 0


def test_another_time_is_proposed_and_agreed_to(three: tuple[Side, Side, Side]) -> None:
    ada, ben, cleo = three
    key = invited(ada, [ben, cleo]).key
    answer(cleo, key, "ACCEPTED")
    propose(ben, key, comment="the tide")
    pass_on(ada, ben, cleo)
    assert ben.house.open() == [], "who proposed a time has answered"
    asked = open_one(ada, "counter")
    assert "Ben proposes" in asked.title
    assert "“the tide”" in asked.title
    assert ada.house.decide("approve", asked).result == "done"
    pass_on(ada, ben, cleo)
    assert [kept(one, key).sequence for one in three] == [1, 1, 1]
    assert [kept(one, key).details.window for one in three] == [LATER] * 3
    assert partstats(ada, key) == {"Ben": "ACCEPTED", "Cleo": "NEEDS-ACTION"}
    assert partstats(ben, key)["Ben"] == "ACCEPTED"
    assert "answer anew" in open_one(cleo, "invitation").title
    assert "counter_accepted" in ada.house.ledger()
    for side in three:
        same(side.house.house, side.house.load())


def test_a_proposal_that_is_declined_leaves_the_time_and_asks_again(
    sides: tuple[Side, Side],
) -> None:
    ada, ben = sides
    key = invited(ada, [ben]).key
    propose(ben, key)
    pass_on(ada, ben)
    assert ada.house.decide("decline", open_one(ada, "counter")).result == "done"
    pass_on(ada, ben)
    assert kept(ada, key).proposals == ()
    assert "stays with the time" in open_one(ben, "invitation").title
    assert ben.house.decide("approve").result == "done"
    pass_on(ada, ben)
    assert partstats(ada, key) == {"Ben": "ACCEPTED"}


def test_a_second_proposal_takes_the_place_of_the_first(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    key = invited(ada, [ben]).key
    propose(ben, key)
    pass_on(ada, ben)
    propose(ben, key, replace(LATER, end=LATER.end + timedelta(hours=1)))
    pass_on(ada, ben)
    (proposal,) = kept(ada, key).proposals
    assert proposal.window.end == LATER.end + timedelta(hours=1)
    assert "14:00-18:00" in open_one(ada, "counter").title
    answer(ben, key, "DECLINED")
    pass_on(ada, ben)
    assert partstats(ada, key) == {"Ben": "DECLINED"}
    assert ada.house.open() == [], "an answer after it takes the proposal back"


def test_what_is_moved_otherwise_takes_the_question_back(three: tuple[Side, Side, Side]) -> None:
    ada, ben, cleo = three
    key = invited(ada, [ben, cleo]).key
    propose(ben, key)
    propose(cleo, key, replace(LATER, end=LATER.end + timedelta(hours=2)))
    pass_on(ada, ben, cleo)
    first, second = (one for one in ada.house.open() if one.kind == "counter")
    assert ada.house.decide("approve", first).result == "done"
    assert ada.house.open() == []
    assert ada.house.suggestion(second.id).state == "superseded"
    assert ada.house.decide("approve", second).result == "refused"


def test_a_proposal_after_the_end_is_refused_and_said(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    key = invited(ada, [ben]).key
    home = ada.house.home
    propose(ben, key)
    (counter,) = ben.waiting(ada)
    ada.house.do(lambda tx: organize.cancel(tx, home, key, "ana", "web"))
    receipt = ada.take(counter)
    assert isinstance(receipt, Receipt)
    assert receipt.refused == "Fishing was cancelled; there is nothing left to answer"
    assert ada.house.open() == []
    ben.told(ada, receipt)
    assert ben.lost == [("itip", receipt.refused)]
    assert "Ada did not take the time that we proposed: Fishing was cancelled" in told(ben)[-1]
    pass_on(ada, ben)
    with pytest.raises(ActivityError, match="Fishing is cancelled"):
        propose(ben, key)
    with pytest.raises(ActivityError, match="Fishing is cancelled"):
        answer(ben, key, "ACCEPTED")


def test_an_answer_to_what_has_moved_changes_nothing(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    key = invited(ada, [ben]).key
    answer(ben, key, "ACCEPTED")
    home = ada.house.home
    moved = replace(FISHING, window=LATER)
    ada.house.do(lambda tx: organize.change(tx, home, key, moved, "ana", "web"))
    pass_on(ada, ben)
    assert partstats(ada, key) == {"Ben": "NEEDS-ACTION"}
    assert ben.lost == [], "it is no fault to be overtaken"


UNTIL = START - timedelta(days=1)
ASKED = replace(FISHING, answer_by=UNTIL)


def late_yes(ada: Side, ben: Side) -> str:
    """Have Ben say yes in time, and his hub be off until it is too late."""
    key = invited(ada, [ben], ASKED).key
    answer(ben, key, "ACCEPTED")
    turn(ada, ben, hours=25)
    pass_on(ada, ben)
    assert partstats(ada, key) == {"Ben": "NEEDS-ACTION"}
    return key


def test_nobody_says_yes_after_the_deadline(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    key = invited(ada, [ben], ASKED).key
    turn(ada, ben, hours=25)
    assert ben.house.open() == [], "the question has expired"
    with pytest.raises(ActivityError, match=r"answers were awaited until .* ask Ada"):
        answer(ben, key, "ACCEPTED")
    answer(ben, key, "DECLINED")
    pass_on(ada, ben)
    assert partstats(ada, key) == {"Ben": "DECLINED"}, "who does not come may always say so"


def test_a_late_yes_is_the_members_to_decide(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    key = late_yes(ada, ben)
    asked = open_one(ada, "late_answer")
    assert asked.title == "Ben would come to Fishing after all"
    assert ada.house.decide("approve", asked).result == "done"
    pass_on(ada, ben)
    assert partstats(ada, key) == partstats(ben, key) == {"Ben": "ACCEPTED"}
    assert planned(ada, key).late == ()
    same(ada.house.house, ada.house.load())


def test_a_late_yes_that_is_not_wanted_is_told(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    key = late_yes(ada, ben)
    assert ada.house.decide("decline", open_one(ada, "late_answer")).result == "done"
    pass_on(ada, ben)
    assert kept(ada, key).attendees == ()
    assert kept(ben, key).state == "cancelled"
    assert "cancelled" in told(ben)[-1]


def test_a_part_of_the_hub_may_ask_about_late_answers_itself(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    heard: list[Attendee] = []

    def late(tx: object, home: object, known: Planned, one: Attendee) -> bool:
        heard.append(one)
        return True

    ada.house.home.follows = (ActivityHooks(late=late),)
    late_yes(ada, ben)
    assert [one.partstat for one in heard] == ["ACCEPTED"]
    assert ada.house.open() == []


def test_what_hangs_on_an_activity_hears_of_each_change(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    heard: list[tuple[str, ...]] = []

    def changed(tx: object, home: object, before: Planned | None, now: Planned) -> None:
        said = [one.partstat for one in answers(before, now)]
        heard.append((now.activity.state, *said))
        if said == ["TENTATIVE"]:
            raise RuntimeError("a fault of ours")

    ada.house.home.follows = (ActivityHooks(changed),)
    key = invited(ada, [ben]).key
    for said in ("ACCEPTED", "TENTATIVE"):
        answer(ben, key, said)
        pass_on(ada, ben)
    assert heard == [("confirmed",), ("confirmed", "ACCEPTED"), ("confirmed", "TENTATIVE")]
    assert partstats(ada, key) == {"Ben": "TENTATIVE"}, "it stands although that failed"
    assert "what hangs on it failed" in ada.parked()[0]


def test_a_stranger_and_an_unknown_uid_are_refused(three: tuple[Side, Side, Side]) -> None:
    ada, ben, cleo = three
    key = invited(ada, [ben]).key
    answer(ben, key, "ACCEPTED")
    (reply,) = ben.waiting(ada)
    text = str(reply.body["ics"])

    def refused(ics: str, sender: Side = ben) -> str:
        sent = replace(reply, sender=sender.card.id, body={"ics": ics}, id="x", copy="x")
        with pytest.raises(PeerError) as error:
            ada.house.do(lambda tx: take_in(tx, ada.house.home, ada.contact(sender), sent))
        return str(error.value)

    assert "answers nothing that was asked" in refused(text.replace(key, "another"))
    assert "cannot answer for" in refused(text, cleo)
    assert "that was never made" in refused(text.replace("SEQUENCE:0", "SEQUENCE:7"))
    assert partstats(ada, key) == {"Ben": "NEEDS-ACTION"}


def test_more_are_invited_and_one_is_not_any_more(three: tuple[Side, Side, Side]) -> None:
    ada, ben, cleo = three
    key = invited(ada, [ben]).key
    home, guest = ada.house.home, ada.contact(cleo).id
    ada.house.do(lambda tx: organize.invite(tx, home, key, [guest], "ana", "web"))
    assert ada.waiting(ben) == []
    pass_on(ada, ben, cleo)
    assert open_one(cleo, "invitation").subject == key
    gone = kept(ada, key).attendees[0].address
    ada.house.do(lambda tx: organize.uninvite(tx, home, key, gone, "ana", "web"))
    pass_on(ada, ben, cleo)
    assert kept(ben, key).state == "cancelled"
    assert partstats(cleo, key) == {"Cleo": "NEEDS-ACTION"}


def test_a_guest_who_cannot_stop_rings_no_phone_each_time(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    key = invited(ada, [ben]).key
    for number in range(40):
        answer(ben, key, ("ACCEPTED", "TENTATIVE")[number % 2])
        propose(ben, key, replace(LATER, end=LATER.end + timedelta(minutes=number)))
        turn(ada, ben, seconds=1)
        pass_on(ada, ben)
    members = (AskMember, TellMember)
    rows = [one for one in ada.house.outbox() if isinstance(one.effect, members)]
    assert not rows[0].not_before
    assert all(one.not_before for one in rows[-20:]), "the last of them alone is said, later"
    assert not open_one(ada, "counter").asked
    turn(ada, ben, minutes=11)
    assert open_one(ada, "counter").asked
