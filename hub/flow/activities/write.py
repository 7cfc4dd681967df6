"""Messages about activities, on their way to those they are for."""

from __future__ import annotations

from hub.domain import contacts, hosting
from hub.flow.activities.keep import ready
from hub.flow.activities.mail import mail
from hub.flow.home import Home
from hub.flow.peerout import send
from hub.store.peers import PeerStore
from hub.store.tx import Entry, Tx

ITIP = "itip"
"""The type of a message between hubs that carries iTIP."""


def post(tx: Tx, home: Home, done: hosting.Done, *, by_mail: bool = True) -> None:
    """Send what a step wants sent, ``by_mail`` also to guests without a hub.

    ActivityError, PeerError.
    """
    written, _ = ready(home)
    known = contacts.by_address(PeerStore(tx.connection).contacts())
    for sending in done.send:
        details = sending.message.details
        until = details.answer_by if details is not None else None
        body: dict[str, object] = {"ics": written.write(sending.message)}
        if until is not None:
            body["answer_by"] = until.isoformat()
        for address in sending.to:
            contact = known.get(address)
            if contact is None:
                # Another guest's friend, or one who is a contact no more: not ours to reach.
                tx.append(Entry("invitation_unsent", done.activity.key, {"to": address}))
                continue
            if contact.peer:
                send(tx, contact, ITIP, body)
            elif by_mail:
                mail(tx, home, contact, done.activity, sending.message)
