"""A restaurant: tables of some sizes, and sittings that take so many guests."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hub.domain.orders import (
    Agent,
    BreakupLine,
    Catalog,
    CatalogItem,
    DeliverySlot,
    Line,
    OrderRequest,
    TableWish,
    Tracking,
)
from integrations.beckn import v2
from integrations.beckn.errors import (
    FULFILLMENT_UNAVAILABLE,
    ITEM_NOT_FOUND,
    QUANTITY_UNAVAILABLE,
    BecknError,
)
from integrations.beckn.provider.catalogue import Table
from integrations.beckn.provider.listing import Listing, OpenSlot
from integrations.beckn.provider.roads import ROADS, Road
from integrations.beckn.provider.sale import Sale
from integrations.beckn.provider.store import Store
from integrations.beckn.provider.trade import Offer

NEAR = timedelta(hours=3)
"""How far from the wished time a sitting may begin to be offered."""


class TableTrade:
    """Keeps tables; a ``provider.trade.Trade``."""

    def __init__(self, listing: Listing, store: Store) -> None:
        """Keep the tables of ``listing``; who sits where is held in ``store``."""
        self._listing = listing
        self._shelves = store.shelves
        self._tables = {one.id: one for one in listing.file.tables}

    # -- before an order ---------------------------------------------------------------------

    def catalog(self, asked: v2.Asked, now: datetime) -> Catalog | None:
        """Return the tables that seat the party, the smallest first, and the sittings."""
        wish = asked.request.table or TableWish(1)
        tables = self._seating(wish)
        slots = {
            one.slot.slot_id: one.slot for table in tables for one in self._open(table, wish, now)
        }
        if not tables or not slots:
            return None
        shop = self._listing.shop
        items = tuple(self._item(table, wish) for table in tables)
        ordered = sorted(slots.values(), key=lambda slot: slot.window.start)
        return Catalog(shop.id, shop.name, items, tuple(ordered))

    def stamp(self, asked: v2.Asked, now: datetime) -> Hashable | None:
        """Return None: what is free depends on who asks for when."""
        return None

    def slots(
        self, lines: Sequence[Line], request: OrderRequest, now: datetime
    ) -> tuple[DeliverySlot, ...]:
        """Return the sittings in which such a table is free."""
        if request.table is None or not lines:
            return ()
        table = self._table(lines)
        return tuple(one.slot for one in self._open(table, request.table, now))

    def offer(self, request: OrderRequest, now: datetime, *, exactly: bool) -> Offer:
        """Price a table: the deposit of each guest."""
        wish = request.table
        if wish is None:
            raise BecknError("message.contract.performance: expected partySize")
        table = self._table(request.lines)
        if exactly and request.slot is None:
            raise BecknError("choose a sitting: a window is needed", FULFILLMENT_UNAVAILABLE)
        slot = self._slot(table, wish, request.slot, now) if request.slot else None
        return self._offer(table, wish, slot)

    def moved(self, sale: Sale, request: OrderRequest, now: datetime) -> Offer:
        """Price a table for another sitting, or another party."""
        wish = request.table or sale.table or TableWish(1)
        wanted = request.slot or sale.slot
        table = self._table(sale.lines)
        if table.seats < wish.party_size:
            # The party has grown: the smallest kind that still seats it, if there is one.
            table = next(iter(self._seating(wish)), table)
        slot = self._slot(table, wish, wanted, now, sale) if wanted else None
        return self._offer(table, wish, slot)

    def _offer(self, table: Table, wish: TableWish, slot: DeliverySlot | None) -> Offer:
        if table.seats < wish.party_size:
            raise BecknError(f"{table.name} seats {table.seats}", QUANTITY_UNAVAILABLE)
        deposit = self._listing.money(table.deposit * wish.party_size)
        line = Line(table.id, table.name, 1, deposit)
        part = BreakupLine(f"{table.name} for {wish.party_size}", deposit, table.id)
        return Offer((line,), slot, (part,), table=wish)

    def _item(self, table: Table, wish: TableWish) -> CatalogItem:
        deposit = self._listing.money(table.deposit * wish.party_size)
        return CatalogItem(
            table.id, table.name, deposit, available=table.count, category="table",
            seats=table.seats,
        )  # fmt: skip

    def _seating(self, wish: TableWish) -> list[Table]:
        able = (one for one in self._tables.values() if one.seats >= wish.party_size)
        return sorted(able, key=lambda one: (one.seats, one.id))

    def _table(self, lines: Sequence[Line]) -> Table:
        if len(lines) != 1 or lines[0].count != 1:
            raise BecknError("message.contract.commitments: expected one table")
        table = self._tables.get(lines[0].item_id)
        if table is None:
            raise BecknError(f"there is no table {lines[0].item_id}", ITEM_NOT_FOUND)
        return table

    def _open(
        self, table: Table, wish: TableWish, now: datetime, sale: Sale | None = None
    ) -> list[OpenSlot]:
        but = sale.id if sale else ""
        found = []
        for one in self._listing.slots(now):
            window = one.slot.window
            if (
                wish.at is not None
                and abs(window.start - wish.at) > NEAR
                and not (window.start <= wish.at < window.end)
            ):
                continue
            left = one.capacity - self._shelves.held(_seats(one.slot), window, but)
            taken = self._shelves.held(_kind(table, one.slot), window, but)
            if left >= wish.party_size and taken < table.count:
                found.append(replace(one, slot=replace(one.slot, left=left)))
        return found

    def _slot(
        self,
        table: Table,
        wish: TableWish,
        wanted: DeliverySlot,
        now: datetime,
        sale: Sale | None = None,
    ) -> DeliverySlot:
        anytime = replace(wish, at=None)
        for one in self._open(table, anytime, now, sale):
            if one.slot.slot_id == wanted.slot_id:
                return replace(one.slot, left=None)
        raise BecknError(
            f"{table.name} is not free in the sitting {wanted.slot_id}", FULFILLMENT_UNAVAILABLE
        )

    # -- the order ---------------------------------------------------------------------------

    def take(self, sale: Sale, now: datetime) -> None:
        """Hold a table of the kind, and the guests' share of the sitting."""
        assert sale.slot is not None, "a table is sold with its sitting"
        table, slot = self._table(sale.lines), sale.slot
        guests = sale.table.party_size if sale.table else 1
        sittings = {one.slot.slot_id: one for one in self._listing.slots(now, quoted=True)}
        sitting = sittings.get(slot.slot_id)
        if (
            sitting is None
            or not self._shelves.hold(sale.id, _seats(slot), slot.window, guests, sitting.capacity)
            or not self._shelves.hold(sale.id, _kind(table, slot), slot.window, 1, table.count)
        ):
            raise BecknError(
                f"{table.name} is not free in the sitting {slot.slot_id} any more",
                FULFILLMENT_UNAVAILABLE,
            )

    def give_back(self, sale: Sale) -> None:
        """Let others sit there."""
        self._shelves.release(sale.id)

    def retake(self, before: Sale, sale: Sale, now: datetime) -> None:
        """Hold a table in the other sitting instead."""
        self._shelves.release(before.id)
        self.take(sale, now)

    def road(self, sale: Sale) -> Road:
        """Return the way of a reservation."""
        return ROADS["restaurant"]

    def agent(self, sale: Sale) -> Agent | None:
        """Nobody comes: the guests do."""
        return None

    def tracking(self, sale: Sale, now: datetime) -> Tracking:
        """There is nothing that moves."""
        return Tracking()


def _seats(slot: DeliverySlot) -> str:
    return f"slot:{slot.slot_id}"


def _kind(table: Table, slot: DeliverySlot) -> str:
    return f"table:{table.id}@{slot.slot_id}"
