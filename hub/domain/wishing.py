"""A ride or a table from what a provider offers: which, and how good it is (pure).

Which pickup and which sitting is decided in ``rides`` and ``venues``; this is what they share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from hub.domain.choosing import Offer, asks_more, badly_rated, price_beside
from hub.domain.offers import Catalog, CatalogItem, DeliverySlot, RideWish, TableWish, Window
from hub.domain.orders import Line, Order
from hub.domain.rides import pick_pickup
from hub.domain.tongue import phrase
from hub.domain.values import dataclass
from hub.domain.venues import NEAR, Venue, tables

LONG_WAIT = timedelta(minutes=30)
"""Rather a dearer vehicle than to wait longer than this."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One vehicle or table, and when; ``slot`` None leaves the time to the provider.

    ``notes`` are what members should know of it.
    """

    line: Line
    slot: DeliverySlot | None
    notes: tuple[str, ...] = ()


def choose(catalog: Catalog, wish: RideWish | TableWish, now: datetime) -> Choice | str:
    """Return what of a catalogue suits a wish best, or why nothing does."""
    if isinstance(wish, RideWish):
        return _choose_ride(catalog, wish, now)
    return _choose_table(catalog, wish, now)


def _choose_ride(catalog: Catalog, wish: RideWish, now: datetime) -> Choice | str:
    able = [
        item
        for item in catalog.items
        if (item.seats is None or item.seats >= wish.seats)
        and (item.available is None or item.available > 0)
    ]
    if not able:
        return phrase("it has no vehicle for {seats}", seats=wish.seats)
    found = [(item, pick_pickup(_times(item, catalog.slots), wish, now)) for item in able]
    fitting = [(item, slot) for item, slot in found if slot is not None or not catalog.slots]
    if not fitting:
        return phrase("it cannot be there in time")
    item, slot = min(
        fitting,
        key=lambda one: (
            _waits(one[1], wish) > LONG_WAIT,
            one[0].price.amount,
            one[0].seats or 0,
            one[0].item_id,
        ),
    )
    return Choice(_line(item), slot)


def _waits(slot: DeliverySlot | None, wish: RideWish) -> timedelta:
    """Return how long people wait who come too early, or have to stay on."""
    if slot is None:
        return timedelta(0)
    if wish.arrive_by is not None:
        return wish.arrive_by - slot.window.end
    return slot.window.start - wish.leave_after if wish.leave_after else timedelta(0)


def _times(item: CatalogItem, slots: Sequence[DeliverySlot]) -> list[DeliverySlot]:
    """Return when one vehicle can be had; where it does not tell, whenever its provider can."""
    if not item.windows:
        return list(slots)
    begins = {window.start for window in item.windows}
    return [slot for slot in slots if slot.window.start in begins]


def _choose_table(catalog: Catalog, wish: TableWish, now: datetime) -> Choice | str:
    at = wish.at or now
    ahead = tuple(slot for slot in catalog.slots if slot.window.start > now)
    diets = None if catalog.diets is None else frozenset(map(str.casefold, catalog.diets))
    found = tables(
        [Venue(replace(catalog, slots=ahead), catalog.gps, diets)],
        wish.party_size,
        at,
        # Who may be anywhere is not asked where they are.
        wish.homes if wish.most_km is not None else (),
        map(str.casefold, wish.diets),
        wish.most_km,
    )
    if not found.able:
        return found.not_able[0][1]
    table = found.able[0]
    item = next(one for one in catalog.items if one.item_id == table.item_id)
    return Choice(_line(item), table.slot, table.notes)


def _line(item: CatalogItem) -> Line:
    return Line(item.item_id, item.name, 1, item.price)


def another_time(
    slots: Sequence[DeliverySlot], wish: RideWish | TableWish, now: datetime
) -> DeliverySlot | None:
    """Return the best time among ``slots`` that has not begun, None when none suits."""
    if isinstance(wish, RideWish):
        return pick_pickup(slots, wish, now)
    at = wish.at or now
    near = [
        slot
        for slot in slots
        if slot.window.start > now and abs(slot.window.start - at) <= NEAR and slot.left != 0
    ]
    return min(
        near,
        key=lambda one: (abs(one.window.start - at), one.window.start, one.slot_id),
        default=None,
    )


def suits(slot: DeliverySlot | None, wish: RideWish | TableWish, now: datetime) -> bool:
    """Tell whether the time a provider named is one that was wished for."""
    return slot is None or another_time((slot,), wish, now) is not None


# -- side by side ------------------------------------------------------------------------------


def rank(
    offers: Sequence[Offer], wish: RideWish | TableWish, *, currency: str
) -> tuple[tuple[Offer, tuple[str, ...]], ...]:
    """Return the offers, best first, each with what speaks for it and against it, in words.

    The household's own currency first. Of tables the one nearest to the wished time; then whom
    the household always takes, who is not badly rated, who is cheaper, who needs less time or
    leaves later, who asks less, and the name.
    """
    ordered = sorted(offers, key=lambda offer: _key(offer, wish, currency))
    return tuple((offer, _because(offer, ordered, wish, currency)) for offer in ordered)


def _key(offer: Offer, wish: RideWish | TableWish, currency: str) -> tuple[object, ...]:
    return (
        offer.total.currency != currency,
        offer.total.currency,
        _away(offer.window, wish),
        not offer.preferred,
        badly_rated(offer.score),
        offer.total.amount,
        -offer.window.start.timestamp() if offer.window else 0.0,
        -(offer.score.mean if offer.score else Decimal(0)),
        len(offer.disclosed),
        offer.name,
        offer.id,
    )


def _away(window: Window | None, wish: RideWish | TableWish) -> timedelta:
    """Return how far from the wished time a sitting begins; every ride offered is in time."""
    if isinstance(wish, RideWish) or wish.at is None or window is None:
        return timedelta(0)
    return abs(window.start - wish.at)


def _because(
    offer: Offer, ordered: Sequence[Offer], wish: RideWish | TableWish, currency: str
) -> tuple[str, ...]:
    reasons: list[str] = []
    rival = ordered[0] if offer is not ordered[0] else next(iter(ordered[1:]), None)
    if offer.total.currency != currency:
        reasons.append(
            phrase(
                "asks in {theirs}, not in {ours}",
                theirs=offer.total.currency,
                ours=currency,
            )
        )
    elif rival is not None and rival.total.currency == currency:
        reasons.append(price_beside(offer, rival))
    if isinstance(wish, TableWish) and wish.at is not None and offer.window is not None:
        minutes = round((offer.window.start - wish.at).total_seconds() / 60)
        if minutes:
            reasons.append(
                phrase("begins {minutes} minutes later than wished", minutes=minutes)
                if minutes > 0
                else phrase("begins {minutes} minutes earlier than wished", minutes=-minutes)
            )
    if isinstance(wish, RideWish) and offer.window is not None:
        takes = offer.window.end - offer.window.start
        reasons.append(
            phrase(
                "the way takes {minutes} minutes",
                minutes=round(takes.total_seconds() / 60),
            )
        )
    if offer.preferred:
        reasons.append(phrase("whom you always take"))
    if offer.score is not None and offer.score.count > 0:
        stars = offer.score.mean.quantize(Decimal("0.1"))
        reasons.append(
            phrase("rated {stars} of 5 by {count}", stars=stars, count=offer.score.count)
        )
    reasons += asks_more(offer, rival)
    return tuple(reasons)


def wish_of(order: Order) -> RideWish | TableWish | None:
    """Return what an order is to be, None where it is a basket."""
    return order.ride or order.table
