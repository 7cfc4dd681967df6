"""How a confirmed order changes: steps, another window, a cancellation, asked for or not.

A change that costs is told before it is made: ``update`` and ``cancel`` with ``preview`` change
nothing, and the ones that are meant must bear what was told (docs/profiles/reschedule.md).
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime

from hub.domain.money import Money, money
from hub.domain.orders import (
    Action,
    BreakupLine,
    ChangeTerms,
    DeliverySlot,
    Line,
    OrderAnswer,
    OrderRequest,
    Subscriber,
)
from integrations.beckn import v2
from integrations.beckn.errors import (
    BUSINESS_ERROR,
    CANCELLATION_NOT_POSSIBLE,
    FULFILLMENT_UNAVAILABLE,
    QUOTE_UNAVAILABLE,
    BecknError,
)
from integrations.beckn.provider.books import Books
from integrations.beckn.provider.roads import Step
from integrations.beckn.provider.sale import Sale

UPDATE_NOT_POSSIBLE = "50002"


class Changes:
    """Changes of orders; to be used within ``Store.step``."""

    def __init__(self, books: Books) -> None:
        """Change what is in ``books``."""
        self._books = books

    # -- asked for by the buyer --------------------------------------------------------------

    def update(self, asked: v2.Asked, now: datetime) -> OrderAnswer:
        """Move an order to another window, or say what that would come to."""
        books, request = self._books, asked.request
        sale = books.known(asked)
        terms = books.rescheduling(sale)
        if sale.state != "confirmed" or terms is None:
            so = sale.fulfillment_state or sale.state
            raise BecknError(f"the order is {so}: it is not moved", UPDATE_NOT_POSSIBLE)
        if not _same(request.lines, sale.lines):
            raise BecknError(
                "message.contract.commitments: an order is moved as it is", UPDATE_NOT_POSSIBLE
            )
        answer = replace(books.blank(asked, now), preview=request.preview)
        slots = books.trade.slots(sale.lines, _with_wish(request, sale), now)
        if _nothing_new(request, sale):
            nothing = money(0, books.listing.shop.currency)
            return replace(books.about(answer, sale), slots=slots, fee=nothing)
        if not terms.possible_at(now):
            raise BecknError("it is too late to move the order", UPDATE_NOT_POSSIBLE)
        moved, fee = self._moved(sale, request, terms, now)
        if request.preview:
            return replace(books.about(answer, moved), slots=slots, fee=fee)
        if request.quote is not None and request.quote.total != moved.quote.total:
            raise BecknError(
                f"message.contract.consideration: moved it is {moved.quote.total}",
                QUOTE_UNAVAILABLE,
            )
        if request.quote is None and moved.quote.total.amount > sale.quote.total.amount:
            raise BecknError(
                f"message.contract.consideration: expected {moved.quote.total}, as agreed",
                QUOTE_UNAVAILABLE,
            )
        books.trade.retake(sale, moved, now)
        books.store.save(moved)
        return replace(books.about(answer, moved), fee=fee)

    def _moved(
        self, sale: Sale, request: OrderRequest, terms: ChangeTerms, now: datetime
    ) -> tuple[Sale, Money]:
        books = self._books
        offer = books.trade.moved(sale, request, now)
        fee = terms.fee_at(now)
        fees = (*sale.fees, BreakupLine("Moving the order", fee)) if fee else sale.fees
        moved = replace(
            sale,
            lines=offer.lines,
            slot=offer.slot,
            ride=offer.ride or sale.ride,
            table=offer.table or sale.table,
            fees=fees,
            quote=books.quote((*offer.parts, *fees), now),
            updated_at=now,
        )
        return moved, fee or money(0, books.listing.shop.currency)

    def cancel(self, asked: v2.Asked, now: datetime) -> OrderAnswer:
        """Cancel an order, or say what that would cost. Cancelled twice is cancelled once."""
        books, request = self._books, asked.request
        sale = books.known(asked)
        answer = replace(books.blank(asked, now), preview=request.preview)
        if sale.state == "cancelled":
            return books.about(answer, sale)
        terms = books.cancellation(sale)
        if terms is None or (sale.state == "confirmed" and not terms.possible_at(now)):
            so = sale.fulfillment_state or sale.state
            raise BecknError(
                f"the order is {so} already: too late to cancel", CANCELLATION_NOT_POSSIBLE
            )
        due = terms.fee_at(now) if sale.live else None
        fee = due or money(0, books.listing.shop.currency)
        agreed = request.fee.amount if request.fee and request.fee.currency == fee.currency else 0
        if not request.preview and fee.amount > agreed:
            raise BecknError(f"cancelling costs {fee}: ask first, then agree", QUOTE_UNAVAILABLE)
        word = books.trade.road(sale).cancelled_by_buyer
        gone = self._cancelled(sale, word, due, request.reason, now)
        if request.preview:
            return replace(books.about(answer, sale), quote=gone.quote, fee=fee)
        if sale.live:
            books.trade.give_back(sale)
        books.store.save(gone)
        return replace(books.about(answer, gone), fee=fee)

    def _cancelled(
        self, sale: Sale, word: str, fee: Money | None, reason: str, now: datetime
    ) -> Sale:
        owed = (*sale.fees, BreakupLine("Cancelling", fee)) if fee else sale.fees
        return replace(
            sale,
            state="cancelled",
            fulfillment_state=word,
            quote=self._books.quote(owed, now),
            reason=reason,
            updated_at=now,
        )

    # -- by the provider itself --------------------------------------------------------------

    def progress(self, sale: Sale, now: datetime) -> tuple[Sale, OrderAnswer] | None:
        """Move an order one step on; None where nothing comes by itself."""
        step = self._books.trade.road(sale).next_alone(sale.fulfillment_state)
        return None if step is None else self._reached(sale, step, now)

    def advance(self, sale: Sale, verb: str, now: datetime) -> tuple[Sale, OrderAnswer]:
        """Take the step that ``verb`` names; BecknError where it does not lie ahead."""
        if sale.live:
            for step in self._books.trade.road(sale).ahead(sale.fulfillment_state):
                if step.verb == verb:
                    return self._reached(sale, step, now)
        raise BecknError(
            f"the order is {sale.fulfillment_state or sale.state}: it cannot {verb}",
            BUSINESS_ERROR,
        )

    def withdraw(self, sale: Sale, reason: str, now: datetime) -> tuple[Sale, OrderAnswer]:
        """Cancel an order as the provider: nothing is owed for it."""
        if not sale.live:
            raise BecknError(f"the order is {sale.state}: it cannot cancel", BUSINESS_ERROR)
        word = self._books.trade.road(sale).cancelled_by_us
        self._books.trade.give_back(sale)
        gone = replace(self._cancelled(sale, word, None, reason, now), fees=())
        gone = replace(gone, quote=self._books.quote((), now))
        return self._tell(gone, "cancel", now)

    def put_off(
        self, sale: Sale, slot_id: str, reason: str, now: datetime
    ) -> tuple[Sale, OrderAnswer]:
        """Move an order as the provider: at no fee, and from then on it is cancelled for free."""
        books = self._books
        if sale.state != "confirmed" or sale.slot is None:
            raise BecknError(f"the order is {sale.state}: it cannot move", BUSINESS_ERROR)
        about = _as_asked(sale, books.us)
        slots = {slot.slot_id: slot for slot in books.trade.slots(sale.lines, about, now)}
        wanted: DeliverySlot | None = slots.get(slot_id)
        if wanted is None:
            raise BecknError(f"there is no free window {slot_id[:80]}", FULFILLMENT_UNAVAILABLE)
        offer = books.trade.moved(sale, replace(about, slot=wanted), now)
        cheaper = books.quote((*offer.parts, *sale.fees), now)
        if cheaper.total.amount > sale.quote.total.amount:
            # Whoever moves the order does not make it dearer.
            cheaper = sale.quote
        moved = replace(
            sale, slot=offer.slot, quote=cheaper, reason=reason, waived=True, updated_at=now
        )
        books.trade.retake(sale, moved, now)
        return self._tell(moved, "update", now)

    def _reached(self, sale: Sale, step: Step, now: datetime) -> tuple[Sale, OrderAnswer]:
        moved = replace(sale, state=step.state, fulfillment_state=step.word, updated_at=now)
        return self._tell(moved, "status", now)

    def _tell(self, sale: Sale, action: Action, now: datetime) -> tuple[Sale, OrderAnswer]:
        """Save what became of a sale, and return it with what its buyer is told unasked."""
        self._books.store.save(sale)
        told = OrderAnswer(action, self._books.us, sale.transaction_id, str(uuid.uuid4()), now)
        return sale, self._books.about(told, sale)


def _as_asked(sale: Sale, us: Subscriber) -> OrderRequest:
    """Return an ``update`` as the buyer of a sale would ask it."""
    return OrderRequest(
        "update", sale.transaction_id, "", us, lines=sale.lines, ride=sale.ride, table=sale.table
    )


def _with_wish(request: OrderRequest, sale: Sale) -> OrderRequest:
    """Return a request that says what it left as it was."""
    return replace(request, ride=request.ride or sale.ride, table=request.table or sale.table)


def _same(asked: tuple[Line, ...], sold: tuple[Line, ...]) -> bool:
    if not asked:
        return True
    counts = [(line.item_id, line.count) for line in asked]
    return sorted(counts) == sorted((line.item_id, line.count) for line in sold)


def _nothing_new(request: OrderRequest, sale: Sale) -> bool:
    slot = request.slot is None or (
        sale.slot is not None and request.slot.slot_id == sale.slot.slot_id
    )
    wish = request.table is None or request.table == sale.table
    return slot and wish and (request.ride is None or request.ride == sale.ride)
