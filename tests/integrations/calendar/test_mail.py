"""Invitations by e-mail: what they are made of, and how they are handed to a real SMTP server."""

import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hub.domain.activities import ActivityError, Attendee, Details, Message, Person
from hub.domain.offers import Window
from hub.ports import DeliveryError
from integrations.calendar.imip import invitation_mail
from integrations.calendar.read import from_ics
from integrations.calendar.smtp import MailInviter, SmtpServer
from tests.integrations.calendar.servers import AnyPort, Mailbox, authenticator
from tests.support.certificates import Authority

NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)
ADA, BEN = Person("mailto:ada@one.example", "Ada Ž."), Person("mailto:ben@two.example", "Ben")
REQUEST = Message(
    "REQUEST", ADA.address, "f1@one.example", 0, NOW, ADA, (Attendee(BEN.address, "Ben"),),
    Details(Window(NOW, NOW + timedelta(hours=2)), "Europe/Berlin", "Fishing"),
)  # fmt: skip


def mail(message: Message = REQUEST, to: Person = BEN, subject: str = "Fishing", text: str = "Hi"):
    raw = invitation_mail(message, to, subject, text).as_bytes(policy=policy.SMTP)
    return message_from_bytes(raw, policy=policy.default)


def test_a_mail_is_text_for_people_and_an_invitation_for_programs():
    made = mail(text="Fishing, Saturday 9:00\n")
    assert made.get_content_type() == "multipart/mixed"
    alternative, attached = made.iter_parts()
    assert alternative.get_content_type() == "multipart/alternative"
    plain, calendar = alternative.iter_parts()
    assert plain.get_content_type() == "text/plain"
    assert plain.get_content().splitlines() == ["Fishing, Saturday 9:00"]
    # RFC 6047, 2.4: the method is said in the type as well.
    assert calendar.get_content_type() == "text/calendar"
    assert calendar["Content-Type"].params["method"] == "REQUEST"
    assert calendar["Content-Type"].params["charset"] == "UTF-8"
    assert calendar.get_content_disposition() is None
    assert attached.get_content_type() == "application/ics"
    assert attached.get_filename() == "invite.ics"
    for part in (calendar, attached):
        raw = part.get_payload(decode=True)
        assert from_ics(raw, ADA.address, ZoneInfo("UTC")) == (REQUEST,)


def test_answers_go_to_the_organizer_and_the_guest_sees_only_themselves():
    made = mail()
    assert made["From"].addresses[0].addr_spec == "ada@one.example"
    assert made["From"].addresses[0].display_name == "Ada Ž."
    assert [one.addr_spec for one in made["To"].addresses] == ["ben@two.example"]
    assert made["Date"].datetime == NOW


def test_the_same_again_is_seen_to_be_the_same():
    assert mail()["Message-ID"] == mail()["Message-ID"]
    others = [
        mail(replace(REQUEST, sequence=1)),
        mail(replace(REQUEST, stamp=NOW + timedelta(seconds=1))),
        mail(to=Person("mailto:cleo@two.example")),
        mail(replace(REQUEST, method="CANCEL")),
    ]
    assert len({one["Message-ID"] for one in [mail(), *others]}) == 5


def test_nothing_can_be_put_into_the_header():
    eve = Person("mailto:ben@two.example", "Ben\r\nBcc: all@x.example")
    made = mail(to=eve, subject="Hi\r\nBcc: all@x.example")
    assert made["Bcc"] is None
    assert made["Subject"] == "Hi Bcc: all@x.example"


@pytest.mark.parametrize("address", ["urn:hub:ben", "mailto:ben", "mailto:bén@two.example"])
def test_who_has_no_mail_address_gets_no_mail(address):
    with pytest.raises(ActivityError, match="expected an e-mail address"):
        mail(to=Person(address))


def test_only_what_an_organizer_says_is_mailed():
    with pytest.raises(ActivityError, match="REPLY is not sent by an organizer"):
        mail(replace(REQUEST, method="REPLY", sender=BEN.address))


# -- over SMTP ---------------------------------------------------------------------------------


def inviter(port: int, **more) -> MailInviter:
    return MailInviter(SmtpServer(**{"host": "127.0.0.1", "port": port, "security": "none"} | more))


async def test_a_mail_arrives(mailbox: Mailbox):
    await inviter(mailbox.port).invite(REQUEST, BEN, "Fishing", "Hi")
    (raw,) = mailbox.mails
    got = message_from_bytes(raw, policy=policy.default)
    assert got["Subject"] == "Fishing"
    calendar = next(part for part in got.walk() if part.get_content_type() == "text/calendar")
    assert from_ics(calendar.get_payload(decode=True), ADA.address, ZoneInfo("UTC")) == (REQUEST,)


@pytest.mark.parametrize(
    ("answer", "at_recipient", "retry"),
    [
        ("550 no such user", True, False),
        ("450 come back later", True, True),
        ("554 not wanted", False, False),
        ("451 busy", False, True),
    ],
)
async def test_a_server_that_will_not(mailbox: Mailbox, answer, at_recipient, retry):
    mailbox.refuse, mailbox.at_recipient = answer, at_recipient
    with pytest.raises(DeliveryError, match=answer) as refused:
        await inviter(mailbox.port).invite(REQUEST, BEN, "Fishing", "Hi")
    assert (refused.value.retry, refused.value.unknown) == (retry, False)


async def test_a_server_that_is_not_there():
    with pytest.raises(DeliveryError, match=r"127.0.0.1:1 cannot be reached") as refused:
        await inviter(1).invite(REQUEST, BEN, "Fishing", "Hi")
    assert (refused.value.retry, refused.value.unknown) == (True, False)


async def test_a_server_that_takes_it_and_says_nothing(mailbox: Mailbox):
    mailbox.hang_up = True
    with pytest.raises(DeliveryError) as refused:
        await inviter(mailbox.port).invite(REQUEST, BEN, "Fishing", "Hi")
    assert refused.value.unknown
    assert len(mailbox.mails) == 1


async def test_tls_is_asked_for_and_never_done_without(mailbox: Mailbox):
    with pytest.raises(DeliveryError, match="STARTTLS") as refused:
        await inviter(mailbox.port, security="starttls").invite(REQUEST, BEN, "Fishing", "Hi")
    assert refused.value.retry is False
    assert mailbox.mails == []


async def test_tls_with_a_password(tmp_path: Path):
    authority = Authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("mail"))
    kept = Mailbox()
    controller = AnyPort(
        kept, tls_context=context, require_starttls=True, authenticator=authenticator,
        auth_required=True,
    )  # fmt: skip
    controller.start()
    try:
        port = controller.port
        known = {"security": "starttls", "username": "ada", "ca_file": authority.file}
        await inviter(port, password="secret", **known).invite(REQUEST, BEN, "Fishing", "Hi")
        assert len(kept.mails) == 1
        with pytest.raises(DeliveryError, match="user name or password") as refused:
            await inviter(port, password="wrong", **known).invite(REQUEST, BEN, "x", "Hi")
        assert refused.value.retry is False
        strange = {"security": "starttls", "username": "ada", "password": "secret"}
        with pytest.raises(DeliveryError, match="is not trusted"):
            await inviter(port, **strange).invite(REQUEST, BEN, "x", "Hi")
    finally:
        controller.stop()
    assert "secret" not in repr(SmtpServer("h", password="secret"))
