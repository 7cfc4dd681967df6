"""Invitations by e-mail for friends without a hub: iMIP (RFC 6047).

One mail a guest: a text for people, the invitation as ``text/calendar`` with its method, which
Gmail, Outlook and Apple Mail show with buttons, and once more as a file, for all other programs.
"""

from __future__ import annotations

from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256

from hub.domain.activities import ActivityError, Message, Person
from integrations.calendar.write import to_ics

_LONGEST_SUBJECT = 200


def invitation_mail(message: Message, to: Person, subject: str, text: str) -> EmailMessage:
    """Return the mail that brings one guest an iTIP message of its organizer.

    Organizer and guest need ``mailto:`` addresses: answers go to the former. The same message to
    the same guest has the same Message-ID, so that a second sending is seen to be one. Raises
    ActivityError.
    """
    if message.method not in ("REQUEST", "CANCEL", "DECLINECOUNTER"):
        raise ActivityError(f"{message.method} is not sent by an organizer")
    sender = _mailbox(message.organizer)
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = _mailbox(to)
    mail["Subject"] = _one_line(subject)[:_LONGEST_SUBJECT]
    mail["Date"] = format_datetime(message.stamp)
    mail["Message-ID"] = f"<{_identity(message, to)}@{sender.domain}>"
    # An answering machine should not answer to this (RFC 3834, 5).
    mail["Auto-Submitted"] = "auto-generated"
    ics = to_ics(message)
    mail.set_content(text)
    mail.add_alternative(
        ics,
        maintype="text",
        subtype="calendar",
        cte="base64",
        params={"charset": "UTF-8", "method": message.method, "component": "VEVENT"},
    )
    # Not an attachment: mail programs look for it among the alternatives.
    del list(mail.iter_parts())[1]["Content-Disposition"]
    mail.add_attachment(ics, maintype="application", subtype="ics", filename="invite.ics")
    return mail


def _mailbox(person: Person) -> Address:
    scheme, _, plain = person.address.partition(":")
    local, at, domain = plain.rpartition("@")
    if scheme != "mailto" or not at or not plain.isascii():
        raise ActivityError(f"expected an e-mail address, got {person.address[:80]!r}")
    try:
        return Address(_one_line(person.name), local, domain)
    except (ValueError, IndexError, TypeError):
        raise ActivityError(f"expected an e-mail address, got {plain[:80]!r}") from None


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _identity(message: Message, to: Person) -> str:
    facts = f"{message.key}\n{message.method}\n{message.sequence}\n{message.stamp}\n{to.address}"
    return sha256(facts.encode()).hexdigest()[:40]
