"""What friends' hubs send about activities."""

from __future__ import annotations

from datetime import datetime

from hub.domain import contacts, daywords, hosting, itip
from hub.domain.activities import Activity, ActivityError, Message, Planned
from hub.domain.contacts import Contact
from hub.domain.peers import PeerError, PeerMessage
from hub.flow.activities.ask import ask_members, tell_members, withdraw
from hub.flow.activities.keep import keep, once, ready
from hub.flow.activities.write import post
from hub.flow.home import Home
from hub.ports import InvitationFormat
from hub.store.tx import Entry, Tx

MOST_TEXT = 64 * 1024

_PAST = {
    "REQUEST": "invited",
    "REPLY": "answered",
    "COUNTER": "countered",
    "CANCEL": "cancelled",
    "DECLINECOUNTER": "counter_declined",
}


def take_in(tx: Tx, home: Home, contact: Contact, message: PeerMessage) -> None:
    """Take one iTIP message of a contact in (``PeerHooks.handlers``). PeerError refuses it."""
    written, own = ready(home)
    try:
        said = _read(home, written, contact, message)
        ruling = contacts.admit(contact, said, _invitations_today(tx, home, contact))
        if ruling.handling == "refuse":
            raise PeerError(ruling.reason)
        planned = tx.activity(said.key)
        outcome = itip.take(planned.what if planned else None, said, (own.address,), tx.now)
    except ActivityError as error:
        raise PeerError(str(error)) from None
    if outcome.verdict == "refused" or (outcome.now_is is None):
        raise PeerError(outcome.reason)
    if outcome.verdict == "late":
        assert planned is not None, "it answers something"
        assert outcome.late is not None, "somebody answers"
        if any(hooks.late(tx, home, planned, outcome.late) for hooks in home.follows):
            return
        raise PeerError(outcome.reason)
    if planned is not None and outcome.now_is == planned.what:
        return
    going = planned.going if planned and not outcome.anew else ()
    facts = {"from": contact.id, "method": said.method, "sequence": said.sequence}
    entry = Entry(f"activity_{_PAST[said.method]}", said.key, facts)
    index = keep(tx, home, Planned(outcome.now_is, going), entry)
    if not isinstance(outcome.now_is, Activity):
        return
    words = daywords.outcome_text(outcome, contact.name)
    known = planned.what if planned is not None else None
    # Who comes is sent anew with each answer: nobody's phone is to ring for that.
    if (
        outcome.verdict == "changed"
        and isinstance(known, Activity)
        and (known.details, known.state) == (outcome.now_is.details, outcome.now_is.state)
    ):
        return
    muted = ruling.handling == "keep"
    if outcome.verdict in ("invited", "changed"):
        if ask_members(tx, home, contact, outcome.now_is, words, muted=muted):
            return
    elif outcome.verdict == "cancelled":
        withdraw(tx, home, outcome.now_is.key, words)
    if outcome.verdict in ("answered", "countered"):
        # Guests see who comes.
        roster = hosting.roster(outcome.now_is, tx.now)
        keep(tx, home, Planned(roster.activity, going))
        post(tx, home, roster)
        words = daywords.who_comes(outcome.now_is)
        if outcome.verdict == "countered":
            proposal = outcome.now_is.proposals[-1]
            zone = home.settings.home.zone
            words = daywords.proposal_text(outcome.now_is, proposal, zone, tx.now)
    if outcome.verdict != "invited" and words and not muted:
        tell_members(tx, home, outcome.now_is, words, index)


def _read(home: Home, written: InvitationFormat, contact: Contact, message: PeerMessage) -> Message:
    text, until = message.body.get("ics"), message.body.get("answer_by")
    if not isinstance(text, str) or len(text) > MOST_TEXT:
        raise ActivityError(f"ics: expected text/calendar of at most {MOST_TEXT} characters")
    answer_by = None
    if until is not None:
        try:
            answer_by = datetime.fromisoformat(str(until))
        except ValueError:
            answer_by = None
        if answer_by is None or answer_by.tzinfo is None:
            raise ActivityError("answer_by: expected an instant with its zone")
    sender = contact.addresses[0]
    messages = written.read(text, sender, home.settings.home.zone, answer_by)
    if len(messages) != 1 or messages[0].recurrence_id is not None:
        raise ActivityError("VEVENT: expected one, of something that happens once")
    if messages[0].details is not None:
        once(messages[0].details)
    return messages[0]


def _invitations_today(tx: Tx, home: Home, contact: Contact) -> int:
    midnight = tx.now.astimezone(home.settings.home.zone).replace(hour=0, minute=0, second=0)
    return sum(
        planned.activity.organizer.address in contact.addresses
        and planned.activity.stamp >= midnight
        for planned in tx.house.activities.values()
    )
