"""What happens to activities and rides, and what the flow does about it."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.domain.activities import Activity, Planned
from hub.domain.proposals import Firing
from hub.domain.rides import RideChange
from hub.flow import wishes
from hub.flow.activities.hooks import ActivityHooks
from hub.flow.belonging import News
from hub.flow.home import Home
from hub.flow.rides.follow import follow_up, give_back_older, lost, tell_of
from hub.flow.rides.propose import propose
from hub.flow.rides.who import LEGS, Leg, about_of, answer_of, settled
from hub.store.tx import Entry, Tx

RULE_AHEAD = timedelta(days=1)
"""How far ahead a rule's firing looks for activities that need a ride."""


# -- what happens ------------------------------------------------------------------------------


def changed(tx: Tx, home: Home, before: Planned | None, now: Planned) -> None:
    """Propose a ride to who goes now, and have the rides there are follow (``ActivityHooks``)."""
    activity = now.activity
    if activity.state == "over":
        # The ride home may still be to come.
        return
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
    elif what == "changed" and planned.activity.open:
        follow_up(tx, home, leg, planned)
    elif what == "unchanged" and planned.activity.open:
        # A member's no to a fee stands; where the provider would not, another ride may do.
        follow_up(tx, home, leg, planned, only="replace")
    elif what == "cancelled":
        lost(tx, home, planned, leg, identity)


def due(tx: Tx, home: Home, name: str, subject: str, at: datetime) -> None:
    """Look for a ride to an activity that is near enough by now (a timer).

    Or say that a ride stands for an activity that has changed, before moving it costs something.
    """
    _, leg, key = name.split(":", 2)
    planned = tx.activity(key)
    if planned is None or not isinstance(planned.what, Activity):
        return
    order = wishes.order_for(tx, name)
    if order is not None and answer_of(home, planned) == "open":
        what = planned.activity.details.summary
        why = f"{what} has changed and nobody has answered, but the ride is as it was"
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


HOOKS = ActivityHooks(changed=changed)
