"""Two households and an invitation between them: asked, answered, moved, called off, refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.domain.activities import ActivityError
from hub.domain.offers import Window
from hub.domain.peers import Receipt
from hub.flow.activities import organize
from tests.flow.activities.households import FISHING, START, invited, kept, pass_on
from tests.flow.test_peers import Side
from tests.support.household import same


def test_an_invitation_is_asked_answered_moved_and_called_off(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    made = invited(ada, [ben])
    (asked,) = ben.house.open()
    assert (asked.kind, asked.subject) == ("invitation", made.key)
    assert asked.asked
    assert "Fishing" in asked.title
    assert asked.deadline == START
    assert ben.house.decide("approve").result == "done"
    pass_on(ada, ben)
    for side in sides:
        (guest,) = kept(side, made.key).attendees
        assert (guest.partstat, guest.sequence) == ("ACCEPTED", 0)
    assert ben.house.house.activities[made.key].going == ("ana",)
    later = replace(FISHING, window=Window(START + timedelta(hours=1), FISHING.window.end))
    home = ada.house.home
    ada.house.do(lambda tx: organize.change(tx, home, made.key, later, "ana", "web"))
    pass_on(ada, ben)
    (asked,) = ben.house.open()
    assert "answer anew" in asked.title
    assert kept(ben, made.key).sequence == kept(ada, made.key).sequence == 1
    assert kept(ben, made.key).details == later
    ada.house.do(lambda tx: organize.cancel(tx, home, made.key, "ana", "web"))
    pass_on(ada, ben)
    assert ben.house.open() == []
    assert [kept(side, made.key).state for side in sides] == ["cancelled", "cancelled"]
    assert not ben.house.house.activities
    kinds = {"invited", "activity_created", "activity_answered", "activity_changed"}
    assert kinds <= set(ada.house.ledger())
    for side in sides:
        same(side.house.house, side.house.load())


def test_who_says_no_is_not_asked_again(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    made = invited(ada, [ben])
    assert ben.house.decide("decline").result == "done"
    pass_on(ada, ben)
    assert [one.partstat for one in kept(ada, made.key).attendees] == ["DECLINED"]
    assert ben.house.open() == []
    assert ben.house.house.activities[made.key].going == ()


def test_only_the_organizer_changes_it(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    made = invited(ada, [ben])
    home = ben.house.home
    with pytest.raises(ActivityError, match="Ada's, who alone"):
        ben.house.do(lambda tx: organize.cancel(tx, home, made.key, "ana", "web"))
    with pytest.raises(ActivityError, match="not a contact"):
        ada.house.do(
            lambda tx: organize.create(tx, ada.house.home, FISHING, ["nobody"], "ana", "web")
        )


def crowd(text: str) -> str:
    many = "".join(f"ATTENDEE:mailto:g{n}@x.example\r\n" for n in range(1000))
    return text.replace("END:VEVENT", f"{many}END:VEVENT")


def repeated(text: str) -> str:
    return text.replace("END:VEVENT", "RRULE:FREQ=HOURLY\r\nEND:VEVENT")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (crowd, "ATTENDEE: expected at most 200 people"),
        (repeated, "RRULE: expected FREQ"),
        (lambda text: text.replace("CN=Ada:urn:", "CN=Ada:urn:other:"), "organizer"),
        (lambda text: "nonsense", "expected"),
        (lambda text: 7, "ics: expected"),
        (lambda text: text.replace("METHOD:REQUEST", "METHOD:PUBLISH"), "METHOD"),
    ],
)
def test_what_cannot_be_an_invitation_is_parked(
    sides: tuple[Side, Side], spoil: Callable[[str], object], why: str
) -> None:
    ada, ben = sides
    guest, home = ada.contact(ben).id, ada.house.home
    ada.house.do(lambda tx: organize.create(tx, home, FISHING, [guest], "ana", "web"))
    (message,) = ada.waiting(ben)
    text = str(message.body["ics"])
    spoilt = spoil(text)
    assert spoilt != text
    receipt = ben.take(replace(message, body={"ics": spoilt}))
    assert isinstance(receipt, Receipt)
    assert why in receipt.refused
    assert ben.parked() == [receipt.refused]
    assert ben.house.open() == []
    assert ben.house.house.activities == {}


def test_it_is_over_when_it_has_ended(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    made = invited(ada, [ben])
    ada.house.tick(days=3)
    assert kept(ada, made.key).state == "over"
    assert ada.house.house.activities == {}
