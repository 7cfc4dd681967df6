"""Two households and an invitation between them: asked, answered, moved, called off, refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.domain.activities import ActivityError, Person
from hub.domain.offers import Window
from hub.domain.peers import Receipt
from hub.flow.activities import organize
from tests.flow.activities.households import (
    FISHING,
    START,
    invited,
    kept,
    partstats,
    pass_on,
    told,
    turn,
)
from tests.flow.test_peers import Side
from tests.support.household import NOON, same


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


def multitude(text: str) -> str:
    many = "".join(f"ATTENDEE:mailto:g{n}@x.example\r\n" for n in range(10_000))
    return text.replace("END:VEVENT", f"{many}END:VEVENT")


def nowhere(text: str) -> str:
    start, end = text.index("BEGIN:VTIMEZONE"), text.index("BEGIN:VEVENT")
    return (text[:start] + text[end:]).replace("Europe/Berlin", "Nowhere/Land")


def hollow(text: str) -> str:
    return text.replace("BEGIN:VTIMEZONE", "BEGIN:VTIMEZONE\r\nRRULE:FREQ=SECONDLY")


def repeated(text: str) -> str:
    return text.replace("END:VEVENT", "RRULE:FREQ=HOURLY\r\nEND:VEVENT")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (crowd, "ATTENDEE: expected at most 200 people"),
        (multitude, "ics: expected text/calendar of at most 65536 characters"),
        (nowhere, "DTSTART;TZID=Nowhere/Land: there is no such time zone"),
        (hollow, "ZONE"),
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


def test_what_a_friends_hub_refuses_or_never_gets_is_told(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    guest, home = ada.contact(ben).id, ada.house.home
    made = ada.house.do(lambda tx: organize.create(tx, home, FISHING, [guest], "ana", "web"))
    ben.house.home.own = Person("mailto:another@x.example")
    ada.deliver(ben)
    assert "Ben did not get the invitation: nobody of this household is invited" in told(ada)[-1]
    assert kept(ada, made.key).open
    assert ada.lost != []


def test_a_hub_that_is_off_until_tomorrow_gets_all_of_it_in_order(
    three: tuple[Side, Side, Side],
) -> None:
    ada, ben, cleo = three
    home, ids = ada.house.home, [ada.contact(one).id for one in (ben, cleo)]
    made = ada.house.do(lambda tx: organize.create(tx, home, FISHING, ids, "ana", "web"))
    pass_on(ada, cleo)
    assert cleo.house.decide("approve").result == "done"
    pass_on(ada, cleo)
    later = replace(FISHING, window=Window(START + timedelta(hours=1), FISHING.window.end))
    ada.house.do(lambda tx: organize.change(tx, home, made.key, later, "ana", "web"))
    turn(ada, ben, cleo, hours=20)
    pass_on(ada, cleo)
    assert cleo.house.decide("approve").result == "done"
    pass_on(ada, cleo)
    turn(ada, ben, cleo, seconds=11)
    ada.house.restart()
    pass_on(ada, ben, cleo)
    (asked,) = ben.house.open()
    assert asked.title == "Ada changed Fishing"
    assert kept(ben, made.key).sequence == kept(ada, made.key).sequence == 1
    assert kept(ben, made.key).details == later
    assert partstats(ben, made.key) == {"Ben": "NEEDS-ACTION", "Cleo": "ACCEPTED"}
    assert ben.house.decide("approve").result == "done"
    pass_on(ada, ben, cleo)
    assert partstats(ada, made.key) == {"Ben": "ACCEPTED", "Cleo": "ACCEPTED"}


def test_nobody_is_woken_for_what_can_wait(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    for side in sides:
        own = side.house.home.settings.home.model_copy(update={"quiet_hours": "22:00-07:00"})
        side.house.home.settings = side.house.home.settings.model_copy(update={"home": own})
    turn(ada, ben, hours=11)
    soon = replace(FISHING, window=Window(NOON + timedelta(hours=15), START))
    invited(ada, [ben], FISHING)
    (asked,) = ben.house.open()
    assert not asked.asked
    assert asked.not_before == NOON.replace(hour=6) + timedelta(days=1)
    invited(ada, [ben], soon)
    assert [one.asked for one in ben.house.open()] == [False, True], "that begins at night"
    turn(ben, hours=8)
    (asked,) = ben.house.open()
    assert asked.asked, "in the morning"
