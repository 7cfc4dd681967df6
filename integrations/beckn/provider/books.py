"""What every step of a provider looks things up in, and how an answer about a sale is made."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hub.domain.money import money
from hub.domain.orders import BreakupLine, ChangeTerms, OrderAnswer, Quote, Subscriber
from hub.domain.values import dataclass
from integrations.beckn import v2
from integrations.beckn.errors import ORDER_NOT_FOUND, BecknError
from integrations.beckn.provider.listing import Listing
from integrations.beckn.provider.sale import Sale
from integrations.beckn.provider.store import Store
from integrations.beckn.provider.trade import Trade, sum_of


@dataclass(frozen=True, slots=True)
class Books:
    """A provider's listing, store and trade, and its own name on the network."""

    listing: Listing
    store: Store
    trade: Trade
    us: Subscriber

    def known(self, asked: v2.Asked) -> Sale:
        """Return the sale of the request's transaction; BecknError where there is none."""
        sale = self.store.sale(asked.context.bap_id, asked.request.transaction_id)
        if sale is None:
            raise BecknError("there is no order of this transaction", ORDER_NOT_FOUND)
        return sale

    def blank(self, asked: v2.Asked, now: datetime) -> OrderAnswer:
        """Return the beginning of the answer to a request."""
        request = asked.request
        return OrderAnswer(request.action, self.us, request.transaction_id, request.message_id, now)

    def about(self, answer: OrderAnswer, sale: Sale) -> OrderAnswer:
        """Return an answer that says how a sale stands."""
        return replace(
            answer,
            lines=sale.lines,
            slot=sale.slot,
            quote=sale.quote,
            order_id=sale.id,
            state=sale.state,
            fulfillment_state=sale.fulfillment_state,
            ride=sale.ride,
            table=sale.table,
            agent=self.trade.agent(sale),
            cancellation=self.cancellation(sale),
            rescheduling=self.rescheduling(sale),
            reason=sale.reason,
        )

    def cancellation(self, sale: Sale) -> ChangeTerms | None:
        """Return what cancelling costs, None where it is not possible any more."""
        road = self.trade.road(sale)
        if sale.state in ("completed", "cancelled", "failed"):
            return None
        if road.stopped(sale.fulfillment_state):
            return None
        rule = self.listing.file.cancellation
        begins = sale.slot.window.start if sale.slot else None
        if sale.waived:
            return ChangeTerms()
        terms = self.listing.terms(rule, begins)
        # Once somebody is at work the clock says nothing: the steps do.
        return terms if sale.state != "in_progress" else ChangeTerms(fee=terms.fee)

    def rescheduling(self, sale: Sale) -> ChangeTerms | None:
        """Return what another window costs, None where that is not possible any more."""
        if sale.state not in ("quoted", "initialised", "confirmed") or sale.slot is None:
            return None
        return self.listing.terms(self.listing.file.rescheduling, sale.slot.window.start)

    def quote(self, parts: tuple[BreakupLine, ...], now: datetime) -> Quote:
        """Return a quote of these parts, which binds for the time that the listing says."""
        nothing = money(0, self.listing.shop.currency)
        valid_until = now + timedelta(minutes=self.listing.shop.quote_minutes)
        return Quote(sum_of(parts, nothing), parts, valid_until)
