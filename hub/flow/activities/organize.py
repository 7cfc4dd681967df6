"""What members do with activities of their own household."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from hub.domain import hosting
from hub.domain.activities import (
    Activity,
    ActivityError,
    ActivityState,
    Attendee,
    Details,
    Planned,
)
from hub.flow.activities.keep import keep, once, ours, ready
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
) -> Activity:
    """Make an activity and invite contacts (their ids); ``member`` goes.

    ``tentative``: it is not settled yet. ActivityError, PeerError say in one line why it cannot be.
    """
    _, own = ready(home)
    once(details)
    store = PeerStore(tx.connection)
    asked = []
    for guest in dict.fromkeys(guests):
        contact = store.contact(guest)
        if contact is None or contact.state != "known" or not contact.peer:
            raise ActivityError(f"guests: {guest} is not a contact with a hub of its own")
        asked.append(Attendee(contact.addresses[0], contact.name))
    done = hosting.create(tx.new_id(), own, details, asked, tx.now, tentative=tentative)
    facts = {"member": member, "via": via, "what": details.summary}
    entries = [Entry("activity_created", done.activity.key, facts)]
    if asked:
        entries.append(Entry("invited", done.activity.key, {"count": len(asked)}))
    keep(tx, home, Planned(done.activity, (member,)), *entries)
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

    ``state`` and ``settled`` are as in ``hosting.change``.
    """
    planned = ours(tx, home, key)
    once(details)
    done = hosting.change(planned.activity, details, tx.now, state=state, settled=settled)
    facts = {"member": member, "via": via, "sequence": done.activity.sequence}
    keep(tx, home, replace(planned, what=done.activity), Entry("activity_changed", key, facts))
    post(tx, home, done)
    return done.activity


def cancel(tx: Tx, home: Home, key: str, member: str, via: str, *, comment: str = "") -> Activity:
    """Cancel an activity of ours, and tell its guests, with a ``comment``. ActivityError."""
    planned = ours(tx, home, key)
    done = hosting.cancel(planned.activity, tx.now, comment)
    facts = {"member": member, "via": via, "sequence": done.activity.sequence}
    keep(tx, home, replace(planned, what=done.activity), Entry("activity_cancelled", key, facts))
    post(tx, home, done)
    return done.activity


def let_in(tx: Tx, home: Home, key: str, answer: Attendee, member: str, via: str) -> Activity:
    """Count a yes that came after the deadline, as a member decided. ActivityError."""
    planned = ours(tx, home, key)
    done = hosting.let_in(planned.activity, answer, tx.now)
    facts = {"member": member, "via": via, "who": answer.address}
    keep(tx, home, replace(planned, what=done.activity), Entry("activity_let_in", key, facts))
    post(tx, home, done)
    return done.activity


def uninvite(tx: Tx, home: Home, key: str, who: str, member: str, via: str) -> Activity:
    """Take the invitation of one guest (an address) back, as a member decided. ActivityError."""
    planned = ours(tx, home, key)
    done = hosting.uninvite(planned.activity, who, tx.now)
    facts = {"member": member, "via": via, "who": who}
    keep(tx, home, replace(planned, what=done.activity), Entry("uninvited", key, facts))
    post(tx, home, done)
    return done.activity


def over(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    """Close an activity that has ended (a timer)."""
    planned = tx.house.activities.get(name)
    if planned is None:
        return
    activity = planned.activity
    done = hosting.finished(activity, activity.details.window.end, tx.now)
    if done != activity:
        keep(tx, home, replace(planned, what=done), Entry("activity_over", name, {}))
