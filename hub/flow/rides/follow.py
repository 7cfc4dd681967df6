"""A ride goes with its activity: it moves, is replaced or given back; fees are shown first."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from hub.domain import daywords
from hub.domain.activities import Planned
from hub.domain.meals import Cost
from hub.domain.offers import RideWish
from hub.domain.orders import Change, Order
from hub.domain.rides import RideChange, called_off, follow
from hub.domain.sharing import OWN
from hub.domain.suggestions import Because
from hub.domain.tongue import capital, phrase
from hub.domain.wording import listed, order_at
from hub.flow import wishes
from hub.flow.changed import BY_US
from hub.flow.changes import begin, forget_change
from hub.flow.home import Home
from hub.flow.placing import PLACED
from hub.flow.rides.propose import propose, question_about
from hub.flow.rides.together import with_guests
from hub.flow.rides.who import (
    Leg,
    about_of,
    answer_of,
    arrive_by,
    by_of,
    going,
    margin,
    riders,
    settled,
    way_of,
)
from hub.flow.tell import tag_of, tell
from hub.store.tx import Entry, Tx

REMIND = timedelta(minutes=15)
"""How long before moving a ride costs something members are told that it may have to."""


def follow_up(
    tx: Tx,
    home: Home,
    leg: Leg,
    planned: Planned,
    *,
    only: Literal["", "replace"] = "",
) -> None:
    """Bring a ride and the question about one together with how the activity stands now."""
    about = about_of(leg, planned.activity.key)
    goes = bool(going(home, planned))
    if not goes:
        tx.drop_timers("ride", about)
    order = wishes.order_for(tx, about)
    if answer_of(home, planned) == "open":
        # It has changed, and members are asked anew: with their answer the ride follows.
        wishes.withdraw(tx, home, about, phrase("it has changed since; answer first"))
        if order is not None and order.slot is not None:
            tx.set_timer("ride", about, "", max(tx.now, _in_time(order, order.slot.window.start)))
        return
    if order is not None:
        tx.drop_timers("ride", about)
    else:
        if not only:
            _question_follows(tx, home, leg, planned)
        return
    change = _change(home, planned, order, goes, tx.now)
    if only and change.action != only:
        return
    if change.action in ("keep", "tell"):
        forget_change(tx, home, order, change.why)
        wishes.withdraw(tx, home, about, change.why)
        if change.action == "tell":
            tell_of(tx, home, planned, change)
    elif change.action == "cancel":
        wishes.withdraw(tx, home, about, change.why)
        for one in wishes.orders_for(tx, about):
            wishes.give_back(tx, home, one, by=by_of(tx, home, one, planned), why=change.why)
    elif order.state not in PLACED:
        if wishes.give_back(tx, home, order, by=by_of(tx, home, order, planned), why=change.why):
            propose(tx, home, planned, leg)
    elif change.action == "reschedule":
        wishes.withdraw(tx, home, about, change.why)
        _move(tx, home, planned, order, change)
    else:
        _replace(tx, home, leg, planned, order, change)


def _change(home: Home, planned: Planned, order: Order, goes: bool, now: datetime) -> RideChange:
    activity = planned.activity
    if activity.open and not goes:
        return called_off(
            order,
            phrase("nobody here goes to {summary} any more", summary=activity.details.summary),
            now,
        )
    change = follow(order, activity, now, margin=margin(home))
    ride = order.ride
    if ride is None or not activity.open or change.action not in ("keep", "reschedule", "replace"):
        return change
    wish, all_of_us = with_guests(home, planned, change.wish or ride)
    wish = replace(wish, seats=max(wish.seats, len(riders(home, planned))))
    if change.action != "keep":
        return replace(change, wish=wish)
    if _stops(wish) != _stops(ride):
        others = listed([one.name for one in all_of_us if one.household != OWN])
        why = (
            phrase("{others} would get in too", others=others)
            if others
            else phrase("nobody else gets in any more")
        )
        return RideChange("reschedule", why, wish)
    if wish.seats > ride.seats:
        return RideChange("reschedule", phrase("you are {seats} now", seats=wish.seats), wish)
    return change


def _stops(ride: RideWish) -> tuple[str, ...]:
    return tuple(place.gps for place in (ride.start, *ride.via))


def _question_follows(tx: Tx, home: Home, leg: Leg, planned: Planned) -> None:
    """A question nobody decided yet: it is about the activity as it is now, or is taken back."""
    activity = planned.activity
    about = about_of(leg, activity.key)
    asked = wishes.sought(tx, about)
    if asked is None or not asked.open:
        return
    what = activity.details.summary
    way = way_of(home, planned, leg)
    until = activity.details.window.end if leg == "back" else arrive_by(home, activity)
    if not activity.open:
        wishes.withdraw(tx, home, about, phrase("{what} is cancelled", what=what))
    elif way.wish is None or until <= tx.now:
        wishes.withdraw(tx, home, about, way.why_not or phrase("there is no time left for a ride"))
    else:
        question = question_about(home, planned, leg, way.wish, until, tx.now)
        kept = replace(question, ask=asked.ask, urgent=asked.urgent, escalate=asked.escalate)
        wishes.seek(tx, home, kept, way.wish)


def _move(tx: Tx, home: Home, planned: Planned, order: Order, change: RideChange) -> None:
    """Ask what it costs to have a ride at another time; the fee is put to the members."""
    under_way = order.change
    if under_way is not None and under_way.kind == "move" and under_way.ride == change.wish:
        return
    if order.pending is not None and (under_way is None or under_way.agreed):
        # It cannot be called back; once it is answered this is looked at again.
        return
    by = by_of(tx, home, order, planned)
    wish = change.wish
    all_of_us = with_guests(home, planned, wish)[1] if wish is not None else ()
    begin(tx, home, order, Change("move", by, ride=wish, why=change.why, riders=all_of_us))


def _replace(
    tx: Tx, home: Home, leg: Leg, planned: Planned, order: Order, change: RideChange
) -> None:
    """Look for another ride; the present one is given back once that one is ordered."""
    if change.wish is None:
        return
    forget_change(tx, home, order, change.why)
    wish = change.wish
    until = planned.activity.details.window.end if leg == "back" else wish.arrive_by
    if until is None or until <= tx.now:
        tell_of(tx, home, planned, change)
        return
    question = question_about(home, planned, leg, wish, until, tx.now)
    cost = daywords.cost_text(Cost(change.fee, change.known))
    called = order_at(order)
    body = phrase(
        "{why}, and {called} cannot move with it. Another one takes its place, and it is"
        " cancelled then. {cost}",
        why=capital(change.why),
        called=called,
        cost=cost,
    )
    question = replace(
        question,
        title=question.title.replace("A ride", "Another ride", 1)[:120],
        body=f"{body}\n{question.body}",
    )
    wishes.seek(tx, home, question, wish)


def give_back_older(tx: Tx, home: Home, about: str) -> None:
    """Another ride was ordered: the one before it goes, at no more than the question said."""
    placed = [order for order in wishes.orders_for(tx, about) if order.state in PLACED]
    if len(placed) < 2:
        return
    *older, newest = placed
    asked = tx.suggestion(newest.suggestion_id)
    by = (asked.decided_by if asked else None) or next(iter(home.adults()), "")
    for order in older:
        terms = order.cancellation
        shown = terms.fee_at(asked.created_at) if terms is not None and asked else None
        why = phrase(
            "another ride takes its place: {provider_name}", provider_name=newest.provider_name
        )
        wishes.give_back(tx, home, order, by=by, why=why, at_most=shown)


def lost(tx: Tx, home: Home, planned: Planned, leg: Leg, order_id: str) -> None:
    """A ride is cancelled: where that was its driver's doing, look for another."""
    order, activity = tx.order(order_id), planned.activity
    if order is None or order.reason.startswith(BY_US) or not settled(home, planned):
        return
    about = about_of(leg, activity.key)
    if wishes.order_for(tx, about) is not None or wishes.sought(tx, about) is not None:
        return
    way = way_of(home, planned, leg)
    until = activity.details.window.end if leg == "back" else arrive_by(home, activity)
    if way.wish is None or until <= tx.now:
        return
    question = question_about(home, planned, leg, way.wish, until, tx.now)
    why = phrase("{provider_name} cancelled the ride", provider_name=order.provider_name)
    question = replace(
        question,
        title=question.title.replace("A ride", "Another ride", 1)[:120],
        because=(Because(why), *question.because),
        body=f"{why}.\n{question.body}",
    )
    wishes.seek(tx, home, question, way.wish, but=(order.provider.subscriber_id,))


def _in_time(order: Order, leaves: datetime) -> datetime:
    """Return when members should know at the latest that a ride may have to change."""
    free = order.rescheduling.free_until if order.rescheduling is not None else None
    return (free or leaves - REMIND) - REMIND


def tell_of(tx: Tx, home: Home, planned: Planned, change: RideChange) -> None:
    """Tell the adults what they should know about a ride and can do about it themselves."""
    text = daywords.ride_change_text(change)
    activity = planned.activity
    cause = tx.append(Entry("ride_told", activity.key, {"why": change.why}))
    tell(
        tx,
        home,
        home.adults(),
        tag=tag_of(f"ride:{activity.key}"),
        title=activity.details.summary,
        body=text,
        cause=cause,
    )
