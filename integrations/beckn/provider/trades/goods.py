"""Grocers, and neighbours who cook or lend: articles out of a stock, in a window."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from datetime import datetime

from hub.domain.matching import named, same_gtin
from hub.domain.orders import (
    Agent,
    BreakupLine,
    Catalog,
    DeliverySlot,
    Line,
    OrderRequest,
    Tracking,
    Window,
)
from integrations.beckn import v2
from integrations.beckn.errors import (
    FULFILLMENT_UNAVAILABLE,
    ITEM_NOT_FOUND,
    QUANTITY_UNAVAILABLE,
    BecknError,
)
from integrations.beckn.provider.catalogue import Goods
from integrations.beckn.provider.listing import Listing, OpenSlot
from integrations.beckn.provider.roads import LENDING, ROADS, Road
from integrations.beckn.provider.sale import Sale
from integrations.beckn.provider.store import Store
from integrations.beckn.provider.trade import Offer


class GoodsTrade:
    """Sells what is in stock, lends what comes back; a ``provider.trade.Trade``."""

    def __init__(self, listing: Listing, store: Store) -> None:
        """Sell what ``listing`` lists out of ``store``."""
        self._listing = listing
        self._shelves = store.shelves
        self._notes = store.notes
        self._goods = {one.id: one for one in listing.goods}
        self._delivery = "Delivery" if listing.shop.kind == "grocer" else "Handing over"

    # -- before an order ---------------------------------------------------------------------

    def catalog(self, asked: v2.Asked, now: datetime) -> Catalog | None:
        """Return the articles that are looked for."""
        left = self._shelves.left()
        open_slots = self._open(now)
        shown = tuple(
            self._listing.item(goods, left.get(goods.id, 0), self._windows(goods, open_slots))
            for goods in self._listing.goods
            if _looked_for(goods, asked.terms)
        )
        if not shown:
            return None
        shop = self._listing.shop
        return Catalog(shop.id, shop.name, shown, tuple(one.slot for one in open_slots))

    def stamp(self, asked: v2.Asked, now: datetime) -> Hashable | None:
        """Return what was looked for, what is left, and which windows are still to come."""
        coming = tuple(one.slot.slot_id for one in self._listing.slots(now))
        return asked.terms, self._shelves.version, coming

    def slots(
        self, lines: Sequence[Line], request: OrderRequest, now: datetime
    ) -> tuple[DeliverySlot, ...]:
        """Return the windows with a place in which all of these can be had."""
        return tuple(
            one.slot
            for one in self._open(now)
            if all(self._fits(line, one) for line in lines if line.item_id in self._goods)
        )

    def offer(self, request: OrderRequest, now: datetime, *, exactly: bool) -> Offer:
        """Price a basket."""
        lines = self._priced(request.lines, exactly=exactly)
        slot = self._slot(request.slot, lines, now) if request.slot else None
        if exactly and slot is None and any(self._goods[line.item_id].lend for line in lines):
            raise BecknError("choose when it is lent: a window is needed", FULFILLMENT_UNAVAILABLE)
        return Offer(lines, slot, (*_prices(lines), *self._fee(slot)))

    def moved(self, sale: Sale, request: OrderRequest, now: datetime) -> Offer:
        """Price the same basket, as it was agreed, in another window."""
        wanted = request.slot or sale.slot
        slot = self._slot(wanted, sale.lines, now, sale.id) if wanted else None
        return Offer(sale.lines, slot, (*_prices(sale.lines), *self._fee(slot)))

    def _open(self, now: datetime) -> tuple[OpenSlot, ...]:
        held = self._shelves.all_held(now)
        return tuple(
            replace(one, slot=replace(one.slot, left=one.capacity - taken))
            for one in self._listing.slots(now)
            if (taken := held.get(_place(one.slot), 0)) < one.capacity
        )

    def _windows(self, goods: Goods, slots: Sequence[OpenSlot]) -> tuple[Window, ...]:
        if not goods.slots:
            return ()
        return tuple(one.slot.window for one in slots if one.template in goods.slots)

    def _fits(self, line: Line, one: OpenSlot, but: str = "") -> bool:
        goods = self._goods[line.item_id]
        if goods.slots and one.template not in goods.slots:
            return False
        if not goods.lend:
            return True
        return self._shelves.held(_lent(goods), one.slot.window, but) + line.count <= goods.stock

    def _priced(self, asked: Sequence[Line], *, exactly: bool) -> tuple[Line, ...]:
        if not asked:
            raise BecknError("message.contract.commitments: expected at least one item")
        goods = dict(self._goods)
        left = self._shelves.left()
        lines = []
        for line in asked:
            one = goods.pop(line.item_id, None)
            if one is None:
                raise BecknError(
                    f"{line.item_id} is not sold here, or was asked twice", ITEM_NOT_FOUND
                )
            count = min(line.count, left.get(one.id, 0))
            if line.count < 1 or count < 1 or (exactly and count < line.count):
                raise BecknError(
                    f"{one.name}: {line.count} wanted, {left.get(one.id, 0)} left",
                    QUANTITY_UNAVAILABLE,
                )
            lines.append(Line(one.id, one.name, count, self._listing.money(one.price)))
        return tuple(lines)

    def _slot(
        self, wanted: DeliverySlot, lines: Sequence[Line], now: datetime, but: str = ""
    ) -> DeliverySlot:
        for one in self._open(now):
            if one.slot.slot_id != wanted.slot_id:
                continue
            for line in lines:
                if line.item_id in self._goods and not self._fits(line, one, but):
                    raise BecknError(
                        f"{line.name} cannot be had in the window {wanted.slot_id}",
                        FULFILLMENT_UNAVAILABLE,
                    )
            return replace(one.slot, left=None)
        raise BecknError(
            f"the delivery slot {wanted.slot_id} is full or over", FULFILLMENT_UNAVAILABLE
        )

    def _fee(self, slot: DeliverySlot | None) -> tuple[BreakupLine, ...]:
        if slot is None or slot.fee is None:
            return ()
        return (BreakupLine(self._delivery, slot.fee),)

    # -- the order ---------------------------------------------------------------------------

    def take(self, sale: Sale, now: datetime) -> None:
        """Take stock and a place in the window."""
        for line in sale.lines:
            goods = self._goods.get(line.item_id)
            lends = goods is not None and goods.lend
            if not lends and not self._shelves.take(line.item_id, line.count):
                raise BecknError(f"{line.name} has run out", QUANTITY_UNAVAILABLE)
        self._hold(sale, now)

    def give_back(self, sale: Sale) -> None:
        """Return both; what is lent was only held."""
        for line in sale.lines:
            goods = self._goods.get(line.item_id)
            if goods is None or not goods.lend:
                self._shelves.take(line.item_id, -line.count)
        self._shelves.release(sale.id)

    def retake(self, before: Sale, sale: Sale, now: datetime) -> None:
        """Take a place in the other window; the stock stays taken."""
        self._shelves.release(before.id)
        self._hold(sale, now)

    def _hold(self, sale: Sale, now: datetime) -> None:
        if sale.slot is None:
            return
        window = sale.slot.window
        offered = self._listing.slots(now, quoted=True)
        capacities = {one.slot.slot_id: one.capacity for one in offered}
        capacity = capacities.get(sale.slot.slot_id, 0)
        if not self._shelves.hold(sale.id, _place(sale.slot), window, 1, capacity):
            raise BecknError(
                f"the delivery slot {sale.slot.slot_id} is full or over", FULFILLMENT_UNAVAILABLE
            )
        for line in sale.lines:
            goods = self._goods.get(line.item_id)
            if goods is None or not goods.lend:
                continue
            if not self._shelves.hold(sale.id, _lent(goods), window, line.count, goods.stock):
                raise BecknError(f"{line.name} is lent to others then", QUANTITY_UNAVAILABLE)

    def road(self, sale: Sale) -> Road:
        """Return the way of a delivery, or of something lent."""
        goods = (self._goods.get(line.item_id) for line in sale.lines)
        lent = any(one is not None and one.lend for one in goods)
        return LENDING if lent else ROADS[self._listing.shop.kind]

    def agent(self, sale: Sale) -> Agent | None:
        """Nobody is named for a delivery."""
        return None

    def tracking(self, sale: Sale, now: datetime) -> Tracking:
        """Return where the delivery is, as far as somebody told it."""
        if sale.state != "in_progress":
            return Tracking()
        told = self._notes.position("delivery", now)
        eta = sale.slot.window.end if sale.slot else None
        gps, at = told or (None, None)
        return Tracking(active=True, gps=gps, at=at, eta=eta)


def _prices(lines: Sequence[Line]) -> tuple[BreakupLine, ...]:
    return tuple(
        BreakupLine(f"{line.count} × {line.name}", line.price.times(line.count), line.item_id)
        for line in lines
    )


def _place(slot: DeliverySlot) -> str:
    return f"slot:{slot.slot_id}"


def _lent(goods: Goods) -> str:
    return f"item:{goods.id}"


def _looked_for(goods: Goods, terms: Sequence[str]) -> bool:
    return not terms or any(
        named(term, goods.name) or same_gtin(term, goods.gtin) for term in terms
    )
