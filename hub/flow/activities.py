"""Activities with friends: made, asked about, answered, changed and cancelled, by iTIP.

Each step changes what is kept and writes the messages down in the same transaction. What a message
comes to is decided in ``hub.domain.itip``, what a member may do in ``hub.domain.hosting``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hub.domain import contacts, daywords, hosting, itip
from hub.domain.activities import (
    Activity,
    ActivityError,
    Attendee,
    Details,
    Message,
    PartStat,
    Person,
    Planned,
)
from hub.domain.contacts import Contact
from hub.domain.decisions import Decision
from hub.domain.peers import PeerError, PeerMessage
from hub.domain.suggestions import Because, Suggestion
from hub.flow.ending import end
from hub.flow.home import Home
from hub.flow.peerout import send
from hub.flow.tell import ask, tag_of, tell
from hub.ports import InvitationFormat
from hub.store.peers import PeerStore
from hub.store.tx import Entry, Tx

ITIP = "itip"
"""The type of a message between hubs that carries iTIP."""
MOST_TEXT = 64 * 1024


# -- what members do ---------------------------------------------------------------------------


def create(
    tx: Tx, home: Home, details: Details, guests: Sequence[str], member: str, via: str
) -> Activity:
    """Make an activity and invite contacts (their ids); ``member`` goes.

    ActivityError, PeerError say in one line why it cannot be.
    """
    _, own = _ready(home)
    _once(details)
    store = PeerStore(tx.connection)
    asked = []
    for guest in dict.fromkeys(guests):
        contact = store.contact(guest)
        if contact is None or contact.state != "known" or not contact.peer:
            raise ActivityError(f"guests: {guest} is not a contact with a hub of its own")
        asked.append(Attendee(contact.addresses[0], contact.name))
    done = hosting.create(tx.new_id(), own, details, asked, tx.now)
    facts = {"member": member, "via": via, "what": details.summary}
    entries = [Entry("activity_created", done.activity.key, facts)]
    if asked:
        entries.append(Entry("invited", done.activity.key, {"count": len(asked)}))
    _keep(tx, Planned(done.activity, (member,)), *entries)
    _send(tx, home, done)
    return done.activity


def change(tx: Tx, home: Home, key: str, details: Details, member: str, via: str) -> Activity:
    """Change what, when or where an activity of ours is, and tell its guests. ActivityError."""
    planned = _ours(tx, home, key)
    _once(details)
    done = hosting.change(planned.activity, details, tx.now)
    facts = {"member": member, "via": via, "sequence": done.activity.sequence}
    _keep(tx, replace(planned, what=done.activity), Entry("activity_changed", key, facts))
    _send(tx, home, done)
    return done.activity


def cancel(tx: Tx, home: Home, key: str, member: str, via: str) -> Activity:
    """Cancel an activity of ours, and tell its guests. ActivityError."""
    planned = _ours(tx, home, key)
    done = hosting.cancel(planned.activity, tx.now)
    facts = {"member": member, "via": via, "sequence": done.activity.sequence}
    _keep(tx, replace(planned, what=done.activity), Entry("activity_cancelled", key, facts))
    _send(tx, home, done)
    return done.activity


def answer_invitation(tx: Tx, home: Home, suggestion: Suggestion, decision: Decision) -> None:
    """Answer what a friend asked, as a member decided. ActivityError, PeerError."""
    _, own = _ready(home)
    planned = _known(tx, suggestion.subject)
    said: PartStat = "ACCEPTED" if decision.verb == "approve" else "DECLINED"
    done = hosting.answer(planned.activity, own.address, said, tx.now)
    facts = {"member": decision.member, "via": decision.via, "answer": said}
    going = (decision.member,) if said == "ACCEPTED" else ()
    entry = Entry("activity_answered", suggestion.subject, facts)
    _keep(tx, Planned(done.activity, going), entry)
    _send(tx, home, done)


# -- what friends send -------------------------------------------------------------------------


def take_in(tx: Tx, home: Home, contact: Contact, message: PeerMessage) -> None:
    """Take one iTIP message of a contact in (``PeerHooks.handlers``). PeerError refuses it."""
    written, own = _ready(home)
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
        raise PeerError(outcome.reason)
    if planned is not None and outcome.now_is == planned.what:
        return
    going = planned.going if planned and not outcome.anew else ()
    facts = {"from": contact.id, "method": said.method, "sequence": said.sequence}
    entry = Entry(f"activity_{_PAST[said.method]}", said.key, facts)
    index = _keep(tx, Planned(outcome.now_is, going), entry)
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
        if _ask(tx, home, contact, outcome.now_is, words, muted=muted):
            return
    elif outcome.verdict == "cancelled":
        _withdraw(tx, home, outcome.now_is.key, words)
    if outcome.verdict in ("answered", "countered"):
        # Guests see who comes.
        roster = hosting.roster(outcome.now_is, tx.now)
        _keep(tx, Planned(roster.activity, going))
        _send(tx, home, roster)
        words = daywords.who_comes(outcome.now_is)
        if outcome.verdict == "countered":
            proposal = outcome.now_is.proposals[-1]
            zone = home.settings.home.zone
            words = daywords.proposal_text(outcome.now_is, proposal, zone, tx.now)
    if outcome.verdict != "invited" and words and not muted:
        _tell(tx, home, outcome.now_is, words, index)


_PAST = {
    "REQUEST": "invited",
    "REPLY": "answered",
    "COUNTER": "countered",
    "CANCEL": "cancelled",
    "DECLINECOUNTER": "counter_declined",
}


def over(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    """Close an activity that has ended (a timer)."""
    planned = tx.house.activities.get(name)
    if planned is None:
        return
    activity = planned.activity
    done = hosting.finished(activity, activity.details.window.end, tx.now)
    if done != activity:
        tx.save(replace(planned, what=done), Entry("activity_over", name, {}))


# -- within ------------------------------------------------------------------------------------


def _ready(home: Home) -> tuple[InvitationFormat, Person]:
    if home.invitations is None or home.own is None:
        raise ActivityError("this hub cannot write invitations")
    return home.invitations, home.own


def _once(details: Details) -> None:
    if details.recurrence:
        raise ActivityError("it repeats; this hub keeps what happens once")


def _known(tx: Tx, key: str) -> Planned:
    planned = tx.activity(key)
    if planned is None:
        raise ActivityError("there is no such activity")
    return planned


def _ours(tx: Tx, home: Home, key: str) -> Planned:
    planned = _known(tx, key)
    _, own = _ready(home)
    organizer = planned.activity.organizer
    if organizer.address != own.address:
        raise ActivityError(f"it is {organizer.name or organizer.address}'s, who alone may do that")
    return planned


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
        _once(messages[0].details)
    return messages[0]


def _invitations_today(tx: Tx, home: Home, contact: Contact) -> int:
    midnight = tx.now.astimezone(home.settings.home.zone).replace(hour=0, minute=0, second=0)
    return sum(
        planned.activity.organizer.address in contact.addresses
        and planned.activity.stamp >= midnight
        for planned in tx.house.activities.values()
    )


def _keep(tx: Tx, planned: Planned, *entries: Entry) -> int:
    indexes = tx.save(planned, *entries)
    what = planned.what
    due = what.details.window.end if isinstance(what, Activity) and what.open else None
    tx.set_timer("activity", what.key, "", due)
    return indexes[-1] if indexes else 0


def _send(tx: Tx, home: Home, done: hosting.Done) -> None:
    written, _ = _ready(home)
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
            send(tx, contact, ITIP, body)


def _suggested(tx: Tx, key: str) -> Suggestion | None:
    return tx.house.suggestions.get(tx.house.open_keys.get(f"invitation:{key}", ""))


def _withdraw(tx: Tx, home: Home, key: str, why: str) -> None:
    older = _suggested(tx, key)
    if older is not None and older.open:
        end(tx, home, older, "superseded", why)


def _ask(
    tx: Tx, home: Home, contact: Contact, activity: Activity, words: str, *, muted: bool
) -> bool:
    """Ask the members about an invitation; False where there is nothing to ask."""
    own = activity.attendee(_ready(home)[1].address)
    zone = home.settings.home.zone
    if own is None or own.partstat != "NEEDS-ACTION":
        return False
    _withdraw(tx, home, activity.key, "It has changed since.")
    deadline = min(activity.details.answer_by or activity.details.window.start, tx.now + _LONGEST)
    if muted or deadline <= tx.now:
        return False
    line = daywords.activity_line(activity, zone, tx.now)
    suggestion = Suggestion(
        id=tx.new_id(),
        key=f"invitation:{activity.key}",
        kind="invitation",
        rule_id="",
        rule_version="",
        rule_text="",
        subject=activity.key,
        title=words.rstrip(".")[:120],
        body=line,
        state="proposed",
        version=1,
        because=(Because(line),),
        options=(),
        ask=home.adults(),
        created_at=tx.now,
        deadline=deadline,
    )
    facts = {"kind": "invitation", "from": contact.id, "key": suggestion.key}
    tx.save(suggestion, Entry("suggested", suggestion.id, facts))
    tx.set_timer("deadline", suggestion.id, "", deadline)
    ask(tx, home, suggestion)
    return True


_LONGEST = timedelta(days=60)


def _tell(tx: Tx, home: Home, activity: Activity, words: str, cause: int) -> None:
    line = daywords.activity_line(activity, home.settings.home.zone, tx.now)
    tell(
        tx,
        home,
        home.adults(),
        tag=tag_of(f"activity:{activity.key}"),
        title=activity.details.summary,
        body=f"{words}\n{line}",
        cause=cause,
    )
