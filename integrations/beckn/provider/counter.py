"""What a provider answers: quotes, reservations and orders, each within one transaction.

Prices and slots are checked when asked and bound for the quote's time; stock and a place in the
slot are taken at ``confirm``, both or none.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hub.domain.matching import named, same_gtin
from hub.domain.orders import (
    BreakupLine,
    Catalog,
    CatalogItem,
    DeliverySlot,
    Line,
    OrderAnswer,
    ProviderError,
    Quote,
    Subscriber,
)
from integrations.beckn import v2
from integrations.beckn.errors import (
    BUSINESS_ERROR,
    CANCELLATION_NOT_POSSIBLE,
    FULFILLMENT_UNAVAILABLE,
    ITEM_NOT_FOUND,
    ORDER_NOT_FOUND,
    PROVIDER_NOT_FOUND,
    QUANTITY_UNAVAILABLE,
    QUOTE_UNAVAILABLE,
    BecknError,
)
from integrations.beckn.provider.listing import Listing
from integrations.beckn.provider.sale import Sale
from integrations.beckn.provider.store import Store

PAYMENT_NOT_SUPPORTED = "40004"

PROGRESS = (v2.PENDING, "Packed", "Out-for-delivery", "Delivered")
"""How a confirmed order goes on."""


class Counter:
    """The shop's counter: one answer to each request. To be used within ``Store.step``."""

    def __init__(self, listing: Listing, store: Store, uri: str) -> None:
        """Sell what ``listing`` lists out of ``store``; ``uri`` is the provider's own."""
        self._listing = listing
        self._store = store
        self._self = Subscriber(listing.subscriber_id, uri)
        self._answers: dict[str, Callable[[v2.Asked, datetime], OrderAnswer]] = {
            "discover": self._discover,
            "select": self._select,
            "init": self._init,
            "confirm": self._confirm,
            "status": self._status,
            "cancel": self._cancel,
        }

    def answer(self, asked: v2.Asked, now: datetime) -> OrderAnswer:
        """Return the answer to a request; what cannot be granted is an answer with an error."""
        try:
            with self._store.attempt():
                return self._answers[asked.request.action](asked, now)
        except BecknError as error:
            request = asked.request
            refused = ProviderError(error.code, str(error))
            return replace(
                self._blank(asked, now),
                lines=request.lines,
                order_id=request.order_id,
                error=refused,
            )

    def progress(self, sale: Sale, now: datetime) -> tuple[Sale, OrderAnswer]:
        """Move a confirmed order one step on; return it and what its buyer is told unasked."""
        reached = PROGRESS[min(PROGRESS.index(sale.fulfillment_state) + 1, len(PROGRESS) - 1)]
        moved = replace(
            sale,
            state="completed" if reached == PROGRESS[-1] else "in_progress",
            fulfillment_state=reached,
            updated_at=now,
        )
        self._store.save(moved)
        told = OrderAnswer("status", self._self, sale.transaction_id, str(uuid.uuid4()), now)
        return moved, self._about(told, moved)

    # -- before an order ---------------------------------------------------------------------

    def _discover(self, asked: v2.Asked, now: datetime) -> OrderAnswer:
        left = self._store.left()
        items = [self._listing.item(goods, left.get(goods.id, 0)) for goods in self._listing.goods]
        shown = [item for item in items if _looked_for(item, asked.terms)]
        catalog = Catalog(
            self._listing.shop.id, self._listing.shop.name, tuple(shown), self._slots(now)
        )
        return replace(self._blank(asked, now), catalogs=(catalog,) if shown else ())

    def _select(self, asked: v2.Asked, now: datetime) -> OrderAnswer:
        sale = self._quoted(asked, now, exactly=False)
        self._store.save(replace(sale, state="quoted"))
        answer = self._about(self._blank(asked, now), replace(sale, state="quoted"))
        return replace(answer, slots=self._slots(now))

    def _init(self, asked: v2.Asked, now: datetime) -> OrderAnswer:
        if asked.payment not in ("", v2.PAYMENT):
            raise BecknError(f"only {v2.PAYMENT} is taken as payment", PAYMENT_NOT_SUPPORTED)
        sale = self._quoted(asked, now, exactly=True)
        sale = replace(sale, state="initialised", party=asked.request.party)
        self._store.save(sale)
        return self._about(self._blank(asked, now), sale)

    def _quoted(self, asked: v2.Asked, now: datetime, *, exactly: bool) -> Sale:
        """Price a basket; what is short of stock is reduced, or refused when ``exactly``."""
        request = asked.request
        if request.provider_id not in ("", self._listing.shop.id):
            raise BecknError(f"there is no provider {request.provider_id} here", PROVIDER_NOT_FOUND)
        before = self._store.sale(asked.context.bap_id, request.transaction_id)
        if before is not None and before.state not in ("quoted", "initialised"):
            raise BecknError(f"this transaction's order is {before.state}", BUSINESS_ERROR)
        if not request.lines:
            raise BecknError("message.contract.commitments: expected at least one item")
        lines = self._priced(request.lines, exactly=exactly)
        slot = self._slot(request.slot, now) if request.slot else None
        return Sale(
            id=before.id if before else str(uuid.uuid4()),
            sender=asked.context.bap_id,
            transaction_id=request.transaction_id,
            bap_uri=asked.context.bap_uri,
            state="quoted",
            lines=lines,
            slot=slot,
            quote=self._quote(lines, slot, now),
            party=None,
            created_at=before.created_at if before else now,
            updated_at=now,
        )

    def _priced(self, asked: Sequence[Line], *, exactly: bool) -> tuple[Line, ...]:
        goods = {one.id: one for one in self._listing.goods}
        left = self._store.left()
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

    def _quote(self, lines: Sequence[Line], slot: DeliverySlot | None, now: datetime) -> Quote:
        breakup = [
            BreakupLine(f"{line.count} × {line.name}", line.price.times(line.count), line.item_id)
            for line in lines
        ]
        if slot is not None and slot.fee is not None:
            breakup.append(BreakupLine("Delivery", slot.fee))
        total = sum((part.price for part in breakup[1:]), breakup[0].price)
        valid_until = now + timedelta(minutes=self._listing.shop.quote_minutes)
        return Quote(total, tuple(breakup), valid_until)

    def _slots(self, now: datetime) -> tuple[DeliverySlot, ...]:
        booked = self._store.booked()
        return tuple(
            one.slot
            for one in self._listing.slots(now)
            if booked.get(one.slot.slot_id, 0) < one.capacity
        )

    def _slot(self, wanted: DeliverySlot, now: datetime) -> DeliverySlot:
        for slot in self._slots(now):
            if slot.slot_id == wanted.slot_id:
                return slot
        raise BecknError(
            f"the delivery slot {wanted.slot_id} is full or over", FULFILLMENT_UNAVAILABLE
        )

    # -- the order ---------------------------------------------------------------------------

    def _confirm(self, asked: v2.Asked, now: datetime) -> OrderAnswer:
        sale = self._known(asked)
        if sale.state in ("confirmed", "in_progress", "completed"):
            return self._about(self._blank(asked, now), sale)
        if sale.state != "initialised":
            raise BecknError(f"expected init before confirm; it is {sale.state}", BUSINESS_ERROR)
        self._check_agreed(asked, sale, now)
        self._reserve(sale, now)
        sale = replace(sale, state="confirmed", fulfillment_state=v2.PENDING, updated_at=now)
        self._store.save(sale)
        return self._about(self._blank(asked, now), sale)

    def _check_agreed(self, asked: v2.Asked, sale: Sale, now: datetime) -> None:
        """Hold both sides to the last quote: the same goods, window and total, and in time."""
        request = asked.request
        if sale.quote.valid_until is None or now > sale.quote.valid_until:
            raise BecknError("the quote has expired: ask again", QUOTE_UNAVAILABLE)
        if request.quote is None or request.quote.total != sale.quote.total:
            raise BecknError(
                f"message.contract.consideration: expected the quoted {sale.quote.total}",
                QUOTE_UNAVAILABLE,
            )
        counts = [(line.item_id, line.count) for line in request.lines]
        if sorted(counts) != sorted((line.item_id, line.count) for line in sale.lines):
            raise BecknError("message.contract.commitments: not what was quoted", QUOTE_UNAVAILABLE)
        slot = request.slot.slot_id if request.slot else None
        if slot != (sale.slot.slot_id if sale.slot else None):
            raise BecknError("message.contract.performance: not what was quoted", QUOTE_UNAVAILABLE)

    def _reserve(self, sale: Sale, now: datetime) -> None:
        for line in sale.lines:
            if not self._store.take(line.item_id, line.count):
                raise BecknError(f"{line.name} has run out", QUANTITY_UNAVAILABLE)
        if sale.slot is None:
            return
        offered = self._listing.slots(now, quoted=True)
        capacities = {one.slot.slot_id: one.capacity for one in offered}
        capacity = capacities.get(sale.slot.slot_id, 0)
        if capacity < 1 or not self._store.book(sale.slot.slot_id, capacity):
            raise BecknError(
                f"the delivery slot {sale.slot.slot_id} is full or over", FULFILLMENT_UNAVAILABLE
            )

    def _status(self, asked: v2.Asked, now: datetime) -> OrderAnswer:
        sale = self._known(asked)
        if sale.state in ("quoted", "initialised"):
            # A buyer asks what became of a confirm: it never came, so there is no order.
            raise BecknError("there is no confirmed order of this transaction", ORDER_NOT_FOUND)
        return self._about(self._blank(asked, now), sale)

    def _cancel(self, asked: v2.Asked, now: datetime) -> OrderAnswer:
        sale = self._known(asked)
        if sale.state in ("in_progress", "completed"):
            raise BecknError(
                f"the order is {sale.fulfillment_state} already", CANCELLATION_NOT_POSSIBLE
            )
        if sale.state == "confirmed":
            for line in sale.lines:
                self._store.take(line.item_id, -line.count)
            if sale.slot is not None:
                self._store.release(sale.slot.slot_id)
        if sale.state != "cancelled":
            sale = replace(sale, state="cancelled", fulfillment_state="Cancelled", updated_at=now)
            self._store.save(sale)
        return self._about(self._blank(asked, now), sale)

    def _known(self, asked: v2.Asked) -> Sale:
        sale = self._store.sale(asked.context.bap_id, asked.request.transaction_id)
        if sale is None:
            raise BecknError("there is no order of this transaction", ORDER_NOT_FOUND)
        return sale

    def _blank(self, asked: v2.Asked, now: datetime) -> OrderAnswer:
        request = asked.request
        return OrderAnswer(
            request.action, self._self, request.transaction_id, request.message_id, now
        )

    def _about(self, answer: OrderAnswer, sale: Sale) -> OrderAnswer:
        return replace(
            answer,
            lines=sale.lines,
            slot=sale.slot,
            quote=sale.quote,
            order_id=sale.id,
            state=sale.state,
            fulfillment_state=sale.fulfillment_state,
        )


def _looked_for(item: CatalogItem, terms: Sequence[str]) -> bool:
    return not terms or any(named(term, item.name) or same_gtin(term, item.gtin) for term in terms)
