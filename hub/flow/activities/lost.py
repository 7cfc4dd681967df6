"""Messages about activities that a friend's hub never took: members are told, and why."""

from __future__ import annotations

from collections.abc import Mapping

from hub.domain.activities import Activity, ActivityError, Message
from hub.domain.contacts import Contact
from hub.domain.tongue import later, phrase
from hub.flow.activities.ask import tell_members
from hub.flow.activities.write import ITIP
from hub.flow.home import Home
from hub.store.tx import Entry, Tx

_WORDS = {
    "REQUEST": later("{name} did not get the invitation"),
    "CANCEL": later("{name} was not told that it is cancelled"),
    "DECLINECOUNTER": later("{name} was not told that the time stays"),
    "REPLY": later("{name} did not take our answer"),
    "COUNTER": later("{name} did not take the time that we proposed"),
}


def itip_lost(
    tx: Tx, home: Home, contact: Contact, type_: str, body: Mapping[str, object], reason: str
) -> None:
    """Tell members of a message that was refused, or not delivered in time (``PeerHooks.lost``)."""
    message = ours(home, body) if type_ == ITIP else None
    if message is None:
        return
    facts = {"to": contact.id, "method": message.method, "reason": reason[:200]}
    cause = tx.append(Entry("activity_message_lost", message.key, facts))
    planned = tx.activity(message.key)
    what = planned.what if planned is not None else None
    if isinstance(what, Activity) and (what.open or message.method == "CANCEL"):
        words = phrase(_WORDS[message.method], name=contact.name)
        tell_members(tx, home, what, f"{words}: {reason}.", cause)


def ours(home: Home, body: Mapping[str, object]) -> Message | None:
    """Return what a message of ours says, None when it cannot be read (any more)."""
    written, own = home.invitations, home.own
    if written is None or own is None:
        return None
    try:
        found = written.read(str(body.get("ics")), own.address, home.settings.home.zone, None)
    except ActivityError:
        return None
    return found[0]
