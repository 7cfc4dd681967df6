"""Mail from the hub to a real SMTP server, read by two programs that are not ours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import icalendar
import pytest
import vobject

from hub.app.mail import read_password, send_mail
from hub.domain.activities import Attendee, Details, Message, Person
from hub.domain.effects import SendMail
from hub.domain.offers import Window
from hub.ports import DeliveryError
from hub.settings import SmtpSettings
from tests.integrations.calendar.conftest import mailbox as mailbox
from tests.integrations.calendar.servers import Mailbox
from tests.support.household import make_home

NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)
ADA, DORA = Person("mailto:ada@one.example", "Ada"), Person("mailto:dora@two.example", "Dora")
EFFECT = SendMail(
    Message(
        "REQUEST", ADA.address, "f1@one.example", 2, NOW, ADA, (Attendee(DORA.address, "Dora"),),
        Details(
            Window(NOW, NOW + timedelta(hours=2)), "Europe/Berlin", "Fishing, again",
            recurrence="FREQ=WEEKLY;COUNT=4",
        ),
    ),
    DORA, "c1", "Invitation: Fishing", "Ada invites you.\n",
)  # fmt: skip


def home_with(**smtp: object):
    home = make_home()
    settings = SmtpSettings(**{"security": "none", "sender": "ada@one.example", **smtp})  # type: ignore[arg-type]
    home.settings = home.settings.model_copy(update={"smtp": settings})
    return home


async def test_two_other_programs_read_what_arrives(mailbox: Mailbox) -> None:
    home = home_with(host="127.0.0.1", port=mailbox.port)
    await send_mail(home, EFFECT)
    await send_mail(home, EFFECT)
    first, again = (message_from_bytes(raw, policy=policy.default) for raw in mailbox.mails)
    assert first["Message-ID"] == again["Message-ID"], "sent twice it is one"
    part = next(one for one in first.walk() if one.get_content_type() == "text/calendar")
    raw = part.get_payload(decode=True)
    (event,) = icalendar.Calendar.from_ical(raw).walk("VEVENT")
    other = vobject.readOne(raw.decode()).vevent
    assert str(event["UID"]) == other.uid.value == "f1@one.example"
    assert int(event["SEQUENCE"]) == int(other.sequence.value) == 2
    assert event.start == other.dtstart.value == NOW
    assert other.rrule.value == "FREQ=WEEKLY;COUNT=4"
    assert [one.value for one in other.contents["attendee"]] == [DORA.address]


async def test_without_a_server_and_with_a_bad_password_file_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match=r"smtp in hub.yaml") as refused:
        await send_mail(home_with(), EFFECT)
    assert refused.value.retry is False
    gone = tmp_path / "gone"
    with pytest.raises(DeliveryError, match=r"smtp.password_file: .*gone cannot be read: No such"):
        await send_mail(home_with(host="127.0.0.1", password_file=gone), EFFECT)


def test_a_password_is_the_first_line_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret word\r\nand a remark\n")
    assert read_password("x", file) == "secret word"
    assert read_password("x", None) is None
