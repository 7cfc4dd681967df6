"""What happens to activities and rides, and what the flow does about it."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.domain.activities import Activity, Planned
from hub.domain.contacts import Contact
from hub.domain.peers import PeerError, PeerMessage
from hub.domain.proposals import Firing
from hub.domain.rides import RideChange
from hub.domain.tongue import phrase
from hub.flow import wishes
from hub.flow.activities.hooks import ActivityHooks
from hub.flow.belonging import News
from hub.flow.ending import end
from hub.flow.home import Home
from hub.flow.rides import hosting, joining, together
from hub.flow.rides.follow import follow_up, give_back_older, lost, tell_of
from hub.flow.rides.propose import propose
from hub.flow.rides.together import text_in
from hub.flow.rides.who import LEGS, Leg, about_of, answer_of, settled
from hub.store.tx import Entry, Tx

TRIES = 2
RETRY = timedelta(hours=1)
"""How often in that time another ride is looked for where one that was taken could not be had."""
RULE_AHEAD = timedelta(days=1)
"""How far ahead a rule's firing looks for activities that need a ride."""


# -- what happens ------------------------------------------------------------------------------


def changed(tx: Tx, home: Home, before: Planned | None, now: Planned) -> None:
    """Propose a ride to who goes now, and have the rides there are follow (``ActivityHooks``)."""
    activity = now.activity
    if activity.state == "over":
        # The ride home may still be to come.
        return
    now = _shares_follow(tx, home, now)
    for leg in LEGS:
        follow_up(tx, home, leg, now)
    if home.settings.rides.propose == "off" or not settled(home, now):
        return
    known = before.activity if before is not None else None
    moved = known is None or not known.details.same_question(activity.details)
    if moved or before is None or not settled(home, before):
        propose(tx, home, now, "there")


def news(tx: Tx, home: Home, key: str, what: News, identity: str) -> None:
    """Look at what became of a ride (``owners.Owner``)."""
    name, _, activity_key = key.partition(":")
    if name in ("offer", "join"):
        _share_answered(tx, home, name, activity_key, identity)
        return
    leg: Leg = "back" if name == "back" else "there"
    planned = tx.activity(activity_key)
    if planned is None or not isinstance(planned.what, Activity):
        return
    if what == "booked":
        give_back_older(tx, home, about_of(leg, activity_key))
        if planned.activity.open:
            follow_up(tx, home, leg, planned)
            if leg == "there" and home.settings.rides.way_back:
                propose(tx, home, planned, "back")
        if leg == "there":
            joining.give_back_own(tx, home, planned)
            hosting.settle(tx, home, planned)
            hosting.consider(tx, home, planned)
    elif what == "changed" and planned.activity.open:
        follow_up(tx, home, leg, planned)
        if leg == "there":
            hosting.settle(tx, home, planned)
    elif what == "unchanged" and planned.activity.open:
        # A member's no to a fee stands; where the provider would not, another ride may do.
        if leg == "there":
            planned = hosting.unsettled(tx, planned)
        follow_up(tx, home, leg, planned, only="replace")
    elif what == "cancelled":
        if leg == "there" and wishes.order_for(tx, about_of(leg, activity_key)) is None:
            planned = hosting.let_down(tx, planned, phrase("the ride is cancelled"))
        lost(tx, home, planned, leg, identity)
    elif what == "ended":
        _look_again(tx, home, planned, leg, identity)


def _look_again(tx: Tx, home: Home, planned: Planned, leg: Leg, suggestion_id: str) -> None:
    """Members took a ride that could not be had after all: what others are there?"""
    asked, about = tx.suggestion(suggestion_id), about_of(leg, planned.activity.key)
    if asked is None or asked.state != "failed" or asked.decided_by is None:
        return
    if not settled(home, planned) or tx.count("ride_failed", about, tx.now - RETRY) >= TRIES:
        return
    tx.append(Entry("ride_failed", about, {"why": asked.outcome}))
    propose(tx, home, planned, leg)


def due(tx: Tx, home: Home, name: str, subject: str, at: datetime) -> None:
    """Look for a ride to an activity that is near enough by now (a timer).

    Or say that a ride stands for an activity that has changed, before moving it costs something.
    """
    _, leg, key = name.split(":", 2)
    contact = ""
    if leg == "join":
        contact, _, key = key.partition(":")
    planned = tx.activity(key)
    if planned is None or not isinstance(planned.what, Activity):
        return
    if contact:
        if planned.activity.open:
            joining.hold_against(tx, home, planned, contact)
        return
    order = wishes.order_for(tx, name)
    if order is not None and answer_of(home, planned) == "open":
        what = planned.activity.details.summary
        why = phrase(
            "{what} has changed and nobody has answered, but the ride is as it was", what=what
        )
        tell_of(tx, home, planned, RideChange("tell", why))
    elif settled(home, planned):
        propose(tx, home, planned, "back" if leg == "back" else "there")


def by_rule(tx: Tx, home: Home, firing: Firing, observed: Entry) -> None:
    """Propose rides to what the household goes to within a day, as a rule wants."""
    soon = tx.now + RULE_AHEAD
    for planned in list(tx.house.activities.values()):
        window = planned.activity.details.window
        near = tx.now < window.start <= soon and settled(home, planned)
        if near and propose(tx, home, planned, "there", firing=firing, observed=observed):
            tx.cool_down(firing.rule_id, firing.subject, firing.cooldown)


# -- shared rides ------------------------------------------------------------------------------


def take_off(tx: Tx, home: Home, contact: Contact, message: PeerMessage) -> None:
    """A contact's hub says that a shared ride is off, theirs or ours. PeerError refuses it."""
    planned = tx.activity(text_in(message.body, "activity"))
    if planned is None or not isinstance(planned.what, Activity):
        raise PeerError("activity: it is not known here")
    share = planned.share(contact.id)
    if share is not None and share.role == "host":
        hosting.take_off(tx, home, contact, planned)
    elif share is not None:
        joining.take_off(tx, home, contact, planned, joining.reason_in(message))


def _share_answered(tx: Tx, home: Home, name: str, key: str, suggestion_id: str) -> None:
    """Members have decided on a shared ride, or nobody did."""
    contact, _, activity_key = key.partition(":")
    asked, planned = tx.suggestion(suggestion_id), tx.activity(activity_key)
    if asked is None or planned is None or not isinstance(planned.what, Activity):
        return
    if not planned.activity.open or not settled(home, planned):
        return
    if asked.state == "carried_out":
        if name == "offer":
            hosting.offer(tx, home, planned, contact)
        else:
            joining.join(tx, home, planned, contact)


def _shares_follow(tx: Tx, home: Home, now: Planned) -> Planned:
    """Who does not go any more neither gives nor takes a seat; return how things stand."""
    if now.activity.open and answer_of(home, now) != "no":
        return now
    key = now.activity.key
    if now.shares:
        why = phrase("{summary} is off for us", summary=now.activity.details.summary)
        joining.leave(tx, home, now, why)
        now = hosting.let_down(tx, tx.activity(key) or now, why)
    for asked in list(tx.house.suggestions.values()):
        if asked.kind == "share_ride" and asked.subject == key and asked.open:
            end(tx, home, asked, "superseded", phrase("Nobody here goes any more."))
    return now


HANDLERS = {
    together.OFFER: joining.take_offer,
    together.JOIN: hosting.take_join,
    together.SHARED: joining.take_shared,
    together.OFF: take_off,
}
"""What contacts' hubs say about shared rides (``PeerHooks.handlers``)."""

HOOKS = ActivityHooks(changed=changed)
