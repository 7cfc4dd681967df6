"""What friends' hubs send about activities."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hub.domain import contacts, daywords, itip
from hub.domain.activities import Activity, ActivityError, Message, Planned, Tombstone
from hub.domain.contacts import Contact
from hub.domain.peers import PeerError, PeerMessage
from hub.flow.activities.ask import (
    ask_late,
    ask_members,
    ask_proposal,
    tell_members,
    withdraw,
    withdraw_proposals,
)
from hub.flow.activities.keep import keep, ready
from hub.flow.activities.repeat import occurrence
from hub.flow.activities.signed import heard
from hub.flow.activities.timers import gather
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
        planned = tx.activity(said.key) or occurrence(tx, home, said.key)
        outcome = itip.take(planned.what if planned else None, said, (own.address,), tx.now)
        if outcome.verdict == "refused" or outcome.now_is is None:
            raise PeerError(outcome.reason)
        _take(tx, home, contact, said, planned, outcome, muted=ruling.handling == "keep")
        heard(tx, said.uid, message)
    except ActivityError as error:
        raise PeerError(str(error)) from None


def _take(
    tx: Tx,
    home: Home,
    contact: Contact,
    said: Message,
    planned: Planned | None,
    outcome: itip.Outcome,
    *,
    muted: bool,
) -> None:
    if outcome.verdict == "late":
        assert planned is not None, "it answers something"
        _late(tx, home, contact, planned, outcome, muted=muted)
        return
    what = outcome.now_is
    assert what is not None, "what came to nothing was refused"
    if planned is not None and what == planned.what and outcome.verdict != "counter_declined":
        return
    before = planned if planned is not None else Planned(what)
    going = () if planned is None or outcome.anew else planned.going
    facts = {"from": contact.id, "method": said.method, "sequence": said.sequence}
    entry = Entry(f"activity_{_PAST[said.method]}", said.key, facts)
    index = keep(tx, home, replace(before, what=what, going=going), entry)
    if isinstance(what, Activity):
        now = tx.activity(said.key) or Planned(what, going)
        known = planned.what if planned is not None else None
        _say(tx, home, contact, outcome, now, known, index, muted=muted)


def _say(
    tx: Tx,
    home: Home,
    contact: Contact,
    outcome: itip.Outcome,
    now: Planned,
    known: Activity | Tombstone | None,
    index: int,
    *,
    muted: bool,
) -> None:
    activity, verdict = now.activity, outcome.verdict
    words = daywords.outcome_text(outcome, contact.name)
    # Who comes is sent anew with each answer: nobody's phone is to ring for that.
    if (
        verdict == "changed"
        and isinstance(known, Activity)
        and (known.details, known.state) == (activity.details, activity.state)
    ):
        return
    if verdict in ("invited", "changed", "counter_declined"):
        again = verdict == "counter_declined"
        if ask_members(tx, home, contact, now, words, muted=muted, again=again):
            return
    elif verdict == "cancelled":
        withdraw(tx, home, activity.key, words)
    elif verdict in ("answered", "countered"):
        gather(tx, activity.key, len(activity.attendees))
        words = daywords.who_comes(activity)
        withdraw_proposals(tx, home, activity)
    if verdict == "countered":
        if not muted:
            ask_proposal(tx, home, contact, now, activity.proposals[-1])
    elif verdict != "invited" and words and not muted:
        tell_members(tx, home, activity, words, index)


def _late(
    tx: Tx,
    home: Home,
    contact: Contact,
    planned: Planned,
    outcome: itip.Outcome,
    *,
    muted: bool,
) -> None:
    """Keep a yes that came after the deadline for the members to decide about."""
    late = outcome.late
    assert late is not None, "somebody answers"
    others = tuple(one for one in planned.late if one.address != late.address)
    kept = replace(planned, late=(*others, late))
    keep(tx, home, kept, Entry("answered_late", planned.what.key, {"from": contact.id}))
    asked = [hooks.late(tx, home, kept, late) for hooks in home.follows]
    if not any(asked) and not muted:
        ask_late(tx, home, contact, kept, late, outcome.reason)


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
    if len(messages) != 1:
        raise ActivityError(f"VEVENT: expected one, got {len(messages)}")
    return messages[0]


def _invitations_today(tx: Tx, home: Home, contact: Contact) -> int:
    midnight = tx.now.astimezone(home.settings.home.zone).replace(hour=0, minute=0, second=0)
    return sum(
        planned.activity.organizer.address in contact.addresses
        and planned.activity.stamp >= midnight
        for planned in tx.house.activities.values()
    )
