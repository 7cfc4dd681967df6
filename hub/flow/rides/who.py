"""Who goes, who needs a ride there, and from where to where."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from hub.domain.activities import Activity, Planned
from hub.domain.offers import Place
from hub.domain.orders import Order
from hub.domain.rides import Way, way_back, way_there
from hub.domain.tongue import phrase
from hub.flow.home import Home
from hub.store.tx import Tx

Leg = Literal["there", "back"]
LEGS: tuple[Leg, ...] = ("there", "back")


def about_of(leg: Leg, key: str) -> str:
    """Return whose wish a ride to or from an activity is (``belonging``)."""
    return f"ride:{leg}:{key}"


def going(home: Home, planned: Planned) -> tuple[str, ...]:
    """Return the members who go; nobody where it is off, or the household has not said yes."""
    activity = planned.what
    if not isinstance(activity, Activity) or not activity.open:
        return ()
    return (planned.going or home.adults()) if answer_of(home, planned) == "yes" else ()


def answer_of(home: Home, planned: Planned) -> Literal["yes", "no", "open"]:
    """Return whether the household goes; ``open`` where it is to say so (again)."""
    activity, own = planned.activity, home.own
    if own is None:
        return "no"
    if activity.organizer.address == own.address:
        return "yes"
    answer = activity.attendee(own.address)
    if answer is None or answer.partstat == "DECLINED":
        return "no"
    if answer.partstat == "ACCEPTED":
        return "yes"
    return "open" if activity.open else "no"


def settled(home: Home, planned: Planned) -> bool:
    """Tell whether it takes place, and somebody of the household goes."""
    activity = planned.what
    confirmed = isinstance(activity, Activity) and activity.state == "confirmed"
    return confirmed and bool(going(home, planned))


def riders(home: Home, planned: Planned) -> tuple[str, ...]:
    """Return the members who go and need a ride."""
    return tuple(
        one
        for one in going(home, planned)
        if (member := home.member(one)) is not None and member.needs_ride
    )


def way_of(home: Home, planned: Planned, leg: Leg) -> Way:
    """Return the ride that is needed, or why none is."""
    own, settings = home.settings.home, home.settings.rides
    place = Place(own.gps, own.address or "") if own.gps else None
    details = planned.activity.details
    if details.recurrence:
        return Way(None, phrase("it repeats: rides are found for what happens once"))
    seats = len(riders(home, planned))
    if leg == "back":
        return way_back(details, place, seats, walkable_km=settings.walk_km)
    return way_there(details, place, seats, margin=margin(home), walkable_km=settings.walk_km)


def margin(home: Home) -> timedelta:
    """Return how long before it begins people want to be there."""
    return timedelta(minutes=home.settings.rides.margin_minutes)


def arrive_by(home: Home, activity: Activity) -> datetime:
    """Return when one has to be there."""
    return activity.details.window.start - margin(home)


def by_of(tx: Tx, home: Home, order: Order, planned: Planned) -> str:
    """Return who is asked about an order's fees: who agreed to it, else somebody who goes."""
    asked = tx.suggestion(order.suggestion_id)
    by = asked.decided_by if asked is not None else None
    if by is not None and home.member(by) is not None:
        return by
    return next(iter(planned.going or home.adults()), "")
