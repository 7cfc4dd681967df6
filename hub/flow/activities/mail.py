"""Invitations by mail for friends without a hub (iMIP, RFC 6047).

Such a guest answers by mail to a person, not to the hub: a member notes what they said.
"""

from __future__ import annotations

from dataclasses import replace

from hub.domain import daywords
from hub.domain.activities import Activity, ActivityError, Message, Person
from hub.domain.contacts import Contact
from hub.domain.effects import SendMail
from hub.domain.tongue import phrase
from hub.flow.activities.keep import ready
from hub.flow.gate import to_guest
from hub.flow.home import Home
from hub.flow.tell import tag_of, tell
from hub.store.peers import PeerStore
from hub.store.tx import Entry, Tx


def mailable(home: Home, contact: Contact) -> None:
    """Refuse a contact that has no hub where this hub sends no mail (ActivityError)."""
    if not contact.peer and home.settings.mail_from is None:
        raise ActivityError(
            f"guests: {contact.name} has no hub, and this hub sends no mail (smtp in hub.yaml)"
        )


def mail(tx: Tx, home: Home, contact: Contact, activity: Activity, message: Message) -> None:
    """Have a guest brought an iTIP message by mail, once; they see themselves alone in it.

    The organizer is who answers go to: the sender of the mail.
    """
    written, own = ready(home)
    sender = home.settings.mail_from
    if sender is None:
        tx.append(Entry("invitation_unsent", activity.key, {"to": contact.id}))
        return
    to = Person(f"mailto:{contact.email}", contact.name)
    me = tuple(one for one in message.attendees if one.address == to.address)
    organizer = Person(f"mailto:{sender}", own.name)
    alone = replace(message, sender=organizer.address, organizer=organizer, attendees=me)
    ics = written.write(alone)
    key = f"mail:{message.key}:{message.method}:{message.stamp:%Y%m%dT%H%M%SZ}:{contact.id}"
    to_guest(tx, contact.id, contact.name, ics, key)
    subject, text = daywords.mail_words(activity, message, own.name, home.settings.home.zone)
    over = None if activity.details.recurrence else activity.details.window.end
    tx.emit(
        SendMail(alone, to, contact.id, subject, text),
        key=key,
        subject=f"mail:{contact.id}",
        expires=over,
    )


def mail_gave_up(tx: Tx, home: Home, effect: SendMail, reason: str) -> None:
    """Tell the members that a guest's mail could not be sent (a step of the outbox)."""
    contact = PeerStore(tx.connection).contact(effect.contact)
    name = contact.name if contact is not None else effect.to.name
    facts = {"to": effect.contact, "method": effect.message.method, "reason": reason[:300]}
    cause = tx.append(Entry("mail_not_sent", effect.message.key, facts))
    tell(
        tx,
        home,
        home.adults(),
        tag=tag_of(f"mail:{effect.message.key}:{effect.contact}"),
        title=phrase("{name} got no mail", name=name),
        body=phrase("“{what}” could not be sent: {reason}.", what=effect.subject, reason=reason),
        cause=cause,
    )
