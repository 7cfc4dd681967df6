"""What members do with activities of their own household."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hub.domain import contacts, hosting
from hub.domain.activities import (
    Activity,
    ActivityError,
    ActivityState,
    Attendee,
    Details,
    PartStat,
    Planned,
    address,
)
from hub.flow.activities.ask import withdraw_proposals
from hub.flow.activities.keep import keep, ours, ready
from hub.flow.activities.mail import mailable
from hub.flow.activities.repeat import set_apart_of
from hub.flow.activities.timers import gather
from hub.flow.activities.write import post
from hub.flow.home import Home
from hub.store.peers import PeerStore
from hub.store.tx import Entry, Tx


def create(
    tx: Tx,
    home: Home,
    details: Details,
    guests: Sequence[str],
    member: str,
    via: str,
    *,
    tentative: bool = False,
    going: Sequence[str] = (),
) -> Activity:
    """Make an activity and invite contacts (their ids); ``member`` goes, or those in ``going``.

    ``tentative``: it is not settled yet. ActivityError, PeerError say in one line why it cannot be.
    """
    _, own = ready(home)
    asked = _guests(tx, home, guests)
    done = hosting.create(tx.new_id(), own, details, asked, tx.now, tentative=tentative)
    facts = {"member": member, "via": via, "what": details.summary}
    entries = [Entry("activity_created", done.activity.key, facts)]
    if asked:
        entries.append(Entry("invited", done.activity.key, {"count": len(asked)}))
    keep(tx, home, Planned(done.activity, tuple(going) or (member,)), *entries)
    post(tx, home, done)
    return done.activity


def change(
    tx: Tx,
    home: Home,
    key: str,
    details: Details,
    member: str,
    via: str,
    *,
    state: ActivityState | None = None,
    settled: bool = False,
) -> Activity:
    """Change what, when or where an activity of ours is, and tell its guests. ActivityError.

    ``key`` may name one occurrence of a repeated one, which stands for itself from then on.
    ``state`` and ``settled`` are as in ``hosting.change``.
    """
    planned = ours(tx, home, key)
    if planned.activity.recurrence_id is not None and details.recurrence:
        raise ActivityError("recurrence: one occurrence does not repeat; change the whole")
    done = hosting.change(planned.activity, details, tx.now, state=state, settled=settled)
    facts = {"member": member, "via": via, "sequence": done.activity.sequence}
    keep(tx, home, replace(planned, what=done.activity), Entry("activity_changed", key, facts))
    withdraw_proposals(tx, home, done.activity)
    post(tx, home, done)
    return done.activity


def cancel(tx: Tx, home: Home, key: str, member: str, via: str, *, comment: str = "") -> Activity:
    """Cancel an activity of ours, and tell its guests, with a ``comment``. ActivityError.

    ``key`` may name one occurrence of a repeated one.
    """
    planned = ours(tx, home, key)
    done = hosting.cancel(planned.activity, tx.now, comment)
    facts = {"member": member, "via": via, "sequence": done.activity.sequence}
    keep(tx, home, replace(planned, what=done.activity), Entry("activity_cancelled", key, facts))
    withdraw_proposals(tx, home, done.activity)
    post(tx, home, done)
    return done.activity


def invite(tx: Tx, home: Home, key: str, guests: Sequence[str], member: str, via: str) -> Activity:
    """Invite more contacts; who was invited already is left alone. ActivityError, PeerError."""
    planned, asked = ours(tx, home, key), _guests(tx, home, guests)
    done = hosting.invite(planned.activity, asked, tx.now)
    if done.activity == planned.activity:
        return done.activity
    facts = {"member": member, "via": via, "count": len(done.send[0].to)}
    keep(tx, home, replace(planned, what=done.activity), Entry("invited", key, facts))
    post(tx, home, done)
    for part in set_apart_of(tx, planned):
        # Whoever comes later has to know which occurrences are not as the whole says.
        told = hosting.invite if part.activity.open else hosting.tell_cancelled
        _post_part(tx, home, part, told(part.activity, asked, tx.now))
    return done.activity


def uninvite(tx: Tx, home: Home, key: str, who: str, member: str, via: str) -> Activity:
    """Take an invitation back: ``who`` (an address) is told, and the others. ActivityError."""
    planned = ours(tx, home, key)
    done = hosting.uninvite(planned.activity, who, tx.now)
    left = tuple(one for one in planned.late if done.activity.attendee(one.address) is not None)
    facts = {"member": member, "via": via, "who": who}
    kept = replace(planned, what=done.activity, late=left)
    keep(tx, home, kept, Entry("uninvited", key, facts))
    withdraw_proposals(tx, home, done.activity)
    post(tx, home, done)
    for part in set_apart_of(tx, planned):
        if part.activity.open and part.activity.attendee(who) is not None:
            _post_part(tx, home, part, hosting.uninvite(part.activity, who, tx.now))
    return done.activity


def let_in(tx: Tx, home: Home, key: str, answer: Attendee, member: str, via: str) -> Activity:
    """Count a yes that came after the deadline, as a member decided. ActivityError."""
    planned = ours(tx, home, key)
    done = hosting.let_in(planned.activity, answer, tx.now)
    left = tuple(one for one in planned.late if one.address != answer.address)
    facts = {"member": member, "via": via, "who": answer.address}
    kept = replace(planned, what=done.activity, late=left)
    keep(tx, home, kept, Entry("activity_let_in", key, facts))
    post(tx, home, done)
    return done.activity


def note_answer(
    tx: Tx, home: Home, key: str, who: str, partstat: PartStat, member: str, via: str
) -> Activity:
    """Note what a guest without a hub said by mail or word of mouth. ActivityError."""
    planned = ours(tx, home, key)
    contact = contacts.by_address(PeerStore(tx.connection).contacts()).get(address(who))
    if contact is not None and contact.peer:
        raise ActivityError(f"guest: {contact.name} answers by a hub of its own")
    noted = hosting.noted(planned.activity, who, partstat, tx.now)
    facts = {"member": member, "via": via, "who": who, "answer": partstat}
    keep(tx, home, replace(planned, what=noted), Entry("answer_noted", key, facts))
    gather(tx, key, len(noted.attendees))
    return noted


def _post_part(tx: Tx, home: Home, part: Planned, done: hosting.Done) -> None:
    if done.activity != part.what:
        keep(tx, home, replace(part, what=done.activity))
        post(tx, home, done)


def _guests(tx: Tx, home: Home, ids: Sequence[str]) -> list[Attendee]:
    store = PeerStore(tx.connection)
    found = []
    for guest in dict.fromkeys(ids):
        contact = store.contact(guest)
        if contact is None or contact.state != "known":
            raise ActivityError(f"guests: {guest:.80} is not a contact")
        mailable(home, contact)
        found.append(Attendee(contact.addresses[0], contact.name))
    return found
