"""Friends without a hub: invited, told of changes and cancelled by mail; what they say is noted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.domain.activities import ActivityError
from hub.domain.effects import SendMail
from hub.domain.offers import Window
from hub.domain.peers import PeerError
from hub.flow import befriend
from hub.flow.activities import organize
from hub.flow.activities.mail import mail_gave_up
from hub.settings import SmtpSettings
from hub.store import tables
from tests.flow.activities.households import (
    FISHING,
    START,
    kept,
    partstats,
    pass_on,
    told,
    turn,
)
from tests.flow.test_peers import Side
from tests.support.household import same

SMTP = SmtpSettings(host="127.0.0.1", sender="linden@mail.example")


@pytest.fixture
def sides(sides: tuple[Side, Side]) -> tuple[Side, Side]:
    settings = sides[0].house.home.settings
    sides[0].house.home.settings = settings.model_copy(update={"smtp": SMTP})
    return sides


def dora(ada: Side) -> str:
    """Return the id of Dora, who has no hub."""
    return ada.house.do(lambda tx: befriend.add_by_mail(tx, "Dora", "Dora@Mail.example")).id


def invite(ada: Side, *guests: str) -> str:
    home = ada.house.home
    made = ada.house.do(lambda tx: organize.create(tx, home, FISHING, guests, "ana", "web"))
    return made.key


def mails(ada: Side) -> list[SendMail]:
    return [one.effect for one in ada.house.outbox() if isinstance(one.effect, SendMail)]


def note(ada: Side, key: str, said: str, who: str = "mailto:dora@mail.example") -> None:
    home = ada.house.home
    ada.house.do(lambda tx: organize.note_answer(tx, home, key, who, said, "ana", "web"))  # type: ignore[arg-type]


def test_she_is_invited_told_of_changes_and_called_off_each_once(
    sides: tuple[Side, Side],
) -> None:
    ada, ben = sides
    guest, home = dora(ada), ada.house.home
    key = invite(ada, guest, ada.contact(ben).id)
    (first,) = mails(ada)
    assert (first.message.method, first.message.sequence) == ("REQUEST", 0)
    assert first.to.address == "mailto:dora@mail.example"
    assert first.message.organizer.address == "mailto:linden@mail.example"
    assert [one.name for one in first.message.attendees] == ["Dora"], "nobody else is shown to her"
    assert first.subject == "Invitation: Fishing"
    assert "Ada invites you to Fishing" in first.text
    assert "Thursday 26 November 2026, 13:00-16:00 (CET)" in first.text
    pass_on(ada, ben)
    ben.house.decide("approve")
    pass_on(ada, ben)
    turn(ada, seconds=11)
    assert len(mails(ada)) == 1, "no mail each time somebody answers"
    later = replace(FISHING, window=Window(START + timedelta(hours=1), FISHING.window.end))
    ada.house.do(lambda tx: organize.change(tx, home, key, later, "ana", "web"))
    ada.house.do(lambda tx: organize.cancel(tx, home, key, "ana", "web", comment="storm"))
    methods = [(one.message.method, one.message.sequence) for one in mails(ada)]
    assert methods == [("REQUEST", 0), ("REQUEST", 1), ("CANCEL", 2)]
    assert mails(ada)[-1].subject == "Cancelled: Fishing"
    assert "storm" in mails(ada)[-1].text
    assert len({row.key for row in ada.house.outbox()}) == len(ada.house.outbox())
    told_to = [row for row in ada.house.rows(tables.DisclosedRow) if row.about == guest]
    assert len(told_to) == 3
    same(ada.house.house, ada.house.load())


def test_what_she_says_is_noted_and_the_others_see_it(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    key = invite(ada, dora(ada), ada.contact(ben).id)
    pass_on(ada, ben)
    note(ada, key, "ACCEPTED")
    turn(ada, ben, seconds=11)
    pass_on(ada, ben)
    assert partstats(ben, key) == {"Dora": "ACCEPTED", "Ben": "NEEDS-ACTION"}
    note(ada, key, "DECLINED")
    assert kept(ada, key).attendees[0].partstat == "DECLINED"
    with pytest.raises(ActivityError, match="Ben answers by a hub of its own"):
        note(ada, key, "ACCEPTED", kept(ada, key).attendees[1].address)
    with pytest.raises(ActivityError, match="was not invited"):
        note(ada, key, "ACCEPTED", "mailto:eve@mail.example")


def test_without_a_mail_server_it_is_said_at_once(sides: tuple[Side, Side]) -> None:
    _, ben = sides
    guest = dora(ben)
    with pytest.raises(ActivityError, match=r"Dora has no hub, .* \(smtp in hub.yaml\)"):
        invite(ben, guest)
    assert ben.house.house.activities == {}


def test_what_could_not_be_sent_is_told(sides: tuple[Side, Side]) -> None:
    ada, _ = sides
    invite(ada, dora(ada))
    (effect,) = mails(ada)
    ada.house.do(lambda tx: mail_gave_up(tx, ada.house.home, effect, "550 no such user"))
    assert told(ada)[-1] == "“Invitation: Fishing” could not be sent: 550 no such user."
    assert "mail_not_sent" in ada.house.ledger()


def test_an_address_is_one_contact(sides: tuple[Side, Side]) -> None:
    ada, _ = sides
    assert dora(ada) == dora(ada)
    for name, email in (("Eve", "urn:hub:eve"), ("Eve", "eve"), ("", "eve@mail.example")):
        with pytest.raises((ActivityError, PeerError)):
            ada.house.do(lambda tx, n=name, e=email: befriend.add_by_mail(tx, n, e))


@pytest.mark.parametrize("sender", ["", "no address", "a@b\nBcc: c@d"])
def test_a_sender_that_is_none_is_refused(sender: str) -> None:
    with pytest.raises(ValueError, match="sender"):
        SmtpSettings(host="mail.example", sender=sender)
