"""Getting there: when to leave, and what becomes of a ride when the activity moves (pure).

How long a ride takes is what its provider says: the window of a pickup runs until arrival.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from hub.domain.activities import Activity, Details
from hub.domain.geo import distance_km, read_gps
from hub.domain.money import Money
from hub.domain.offers import DeliverySlot, Place, RideWish, Window
from hub.domain.orders import Order
from hub.domain.tongue import phrase
from hub.domain.values import dataclass

MARGIN = timedelta(minutes=10)
"""How long before an activity begins people want to be there."""

WALKABLE_KM = 1.0
"""Nearer than this nobody takes a ride."""


@dataclass(frozen=True, slots=True)
class Way:
    """Whether a ride makes sense: the wish, or in ``why_not`` the reason that there is none."""

    wish: RideWish | None
    why_not: str = ""


def way_there(
    details: Details,
    home: Place | None,
    seats: int,
    *,
    margin: timedelta = MARGIN,
    walkable_km: float = WALKABLE_KM,
    occurrence: Window | None = None,
) -> Way:
    """Return the ride for ``seats`` people to be at an activity ``margin`` before it begins."""
    place, why_not = _far_enough(details, home, seats, walkable_km)
    if place is None or home is None:
        return Way(None, why_not)
    start = (occurrence or details.window).start
    return Way(RideWish(home, place, seats, arrive_by=start - margin))


def way_back(
    details: Details,
    home: Place | None,
    seats: int,
    *,
    walkable_km: float = WALKABLE_KM,
    occurrence: Window | None = None,
) -> Way:
    """Return the ride home for ``seats`` people, not before the activity has ended."""
    place, why_not = _far_enough(details, home, seats, walkable_km)
    if place is None or home is None:
        return Way(None, why_not)
    end = (occurrence or details.window).end
    return Way(RideWish(place, home, seats, leave_after=end))


def pick_pickup(
    slots: Iterable[DeliverySlot], wish: RideWish, now: datetime
) -> DeliverySlot | None:
    """Return the pickup that suits a wish best, None when none is in time.

    With ``arrive_by`` the one that leaves last, for nobody likes to wait; else the earliest. Of
    equal ones the cheaper.
    """
    able = [
        slot
        for slot in slots
        if slot.window.start > now
        and (wish.arrive_by is None or slot.window.end <= wish.arrive_by)
        and (wish.leave_after is None or slot.window.start >= wish.leave_after)
    ]
    if not able:
        return None

    def rank(slot: DeliverySlot) -> tuple[timedelta, Decimal, str]:
        begin = slot.window.start
        distance = begin - now if wish.arrive_by is None else wish.arrive_by - begin
        return distance, slot.fee.amount if slot.fee else Decimal(0), slot.slot_id

    return min(able, key=rank)


RideAction = Literal["keep", "reschedule", "replace", "cancel", "tell"]


@dataclass(frozen=True, slots=True)
class RideChange:
    """What to do with a ride, once a member agreed to what it costs.

    ``replace``: order anew with ``wish``, then cancel this one. ``tell``: nothing can be done any
    more, members must know. ``fee`` is what it costs by the terms told last, None where it is
    free or not known; ``known`` is false in the latter case: ask the provider first (preview).
    """

    action: RideAction
    why: str
    wish: RideWish | None = None
    fee: Money | None = None
    known: bool = True

    @property
    def costs(self) -> bool:
        """Tell whether a member has to agree first: it has a price, or may have one."""
        return self.fee is not None or not self.known


def follow(
    order: Order, after: Activity, now: datetime, *, margin: timedelta = MARGIN
) -> RideChange:
    """Return what becomes of a ride there or back when its activity is now ``after``.

    It stays while it still brings people in time and not absurdly early, moves when the provider
    allows that, is ordered anew where only cancelling is possible, and is cancelled with the
    activity. What is not confirmed yet costs nothing to change.
    """
    what = after.details.summary
    if order.ride is None or order.state in ("completed", "cancelled", "failed"):
        return RideChange("keep", phrase("there is no ride to change"))
    if not after.open:
        return called_off(
            order,
            phrase("{what} is cancelled", what=what)
            if after.state == "cancelled"
            else phrase("{what} is over", what=what),
            now,
        )
    place = after.details.place
    if place is None:
        return called_off(
            order, phrase("where {what} is to be is not known any more", what=what), now
        )
    wish = _wish_now(order.ride, after, place, margin)
    if _still_fits(order, wish):
        return RideChange("keep", phrase("the ride still fits {what}", what=what))
    why = phrase("{what} has moved", what=what)
    if order.state in ("drafted", "quoted", "initialised"):
        return RideChange("reschedule", why, wish)
    if order.state == "in_progress":
        return RideChange("tell", phrase("{why}, but the ride is under way", why=why), wish)
    same_way = _near(wish.start, order.ride.start) and _near(wish.end, order.ride.end)
    if order.rescheduling is not None and order.rescheduling.possible_at(now) and same_way:
        return RideChange("reschedule", why, wish, order.rescheduling.fee_at(now))
    off = called_off(order, why, now)
    if off.action == "tell":
        return replace(off, wish=wish)
    return RideChange("replace", why, wish, off.fee, off.known)


def called_off(order: Order, why: str, now: datetime) -> RideChange:
    """Return what becomes of a ride that nobody needs any more, for ``why``."""
    if order.state in ("drafted", "quoted", "initialised"):
        return RideChange("cancel", why)
    if order.state == "in_progress":
        return RideChange("tell", phrase("{why}, but the ride is under way", why=why))
    if order.cancellation is None:
        return RideChange("cancel", why, known=False)
    if not order.cancellation.possible_at(now):
        return RideChange(
            "tell", phrase("{why}, but the ride cannot be cancelled any more", why=why)
        )
    return RideChange("cancel", why, fee=order.cancellation.fee_at(now))


def _wish_now(before: RideWish, after: Activity, place: Place, margin: timedelta) -> RideWish:
    """Return what a ride would be wished for as its activity is now."""
    window = after.details.window
    if before.arrive_by is None and before.leave_after is not None:
        return replace(before, start=_same_or(before.start, place), leave_after=window.end)
    return replace(before, end=_same_or(before.end, place), arrive_by=window.start - margin)


def _same_or(before: Place, now: Place) -> Place:
    """Keep a place as it was written where it is the same one: its provider compares."""
    return before if _near(before, now) else now


def _still_fits(order: Order, wish: RideWish) -> bool:
    before = order.ride
    if before is None or (before.start, before.end) != (wish.start, wish.end):
        return False
    if order.slot is None:
        return before == wish
    window = order.slot.window
    if wish.arrive_by is not None:
        spare = wish.arrive_by - window.end
        meant = (before.arrive_by or window.end) - window.end
    else:
        spare = window.start - (wish.leave_after or window.start)
        meant = window.start - (before.leave_after or window.start)
    # As early (or as long after) as it was to be, and a quarter of an hour more.
    return timedelta(0) <= spare <= max(meant, timedelta(0)) + timedelta(minutes=15)


def _near(one: Place, other: Place) -> bool:
    return one.gps == other.gps or distance_km(read_gps(one.gps), read_gps(other.gps)) < 0.1


def _far_enough(
    details: Details, home: Place | None, seats: int, walkable_km: float
) -> tuple[Place | None, str]:
    if seats < 1:
        return None, phrase("nobody needs a ride")
    if home is None or not home.gps:
        return None, phrase("the home's own place (home.gps) is not set")
    if details.place is None:
        return None, phrase(
            "where {summary} is cannot be told well enough to be driven to", summary=details.summary
        )
    if distance_km(read_gps(home.gps), read_gps(details.place.gps)) < walkable_km:
        return None, phrase("{summary} is near enough to walk", summary=details.summary)
    return details.place, ""
