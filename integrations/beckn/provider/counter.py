"""What a provider answers: quotes, reservations and orders, each within one transaction.

Prices and windows are checked when asked and bound for the quote's time; stock and capacity are
taken at ``confirm``, all or nothing. What follows an order is in ``changes`` and ``care``.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Hashable
from dataclasses import replace
from datetime import datetime

from hub.domain.orders import Catalog, OrderAnswer, ProviderError, Subscriber
from integrations.beckn import v2
from integrations.beckn.errors import (
    BUSINESS_ERROR,
    FULFILLMENT_UNAVAILABLE,
    ORDER_NOT_FOUND,
    PAYMENT_NOT_SUPPORTED,
    PROVIDER_NOT_FOUND,
    QUOTE_UNAVAILABLE,
    BecknError,
)
from integrations.beckn.provider.books import Books
from integrations.beckn.provider.care import Care
from integrations.beckn.provider.changes import Changes
from integrations.beckn.provider.listing import Listing
from integrations.beckn.provider.sale import Network, Sale
from integrations.beckn.provider.store import Store
from integrations.beckn.provider.trades import trade_of


class Counter:
    """The shop's counter: one answer to each request. To be used within ``Store.step``."""

    def __init__(self, listing: Listing, store: Store, uri: str) -> None:
        """Sell what ``listing`` lists out of ``store``; ``uri`` is the provider's own."""
        us = Subscriber(listing.subscriber_id, uri)
        self.books = books = Books(listing, store, trade_of(listing, store), us)
        self.changes = Changes(books)
        care = Care(books, uri.removesuffix(v2.BASE))
        self._answers: dict[str, Callable[[v2.Asked, datetime], OrderAnswer]] = {
            "discover": self._discover,
            "select": self._select,
            "init": self._init,
            "confirm": self._confirm,
            "status": self._status,
            "track": care.track,
            "update": self.changes.update,
            "cancel": self.changes.cancel,
            "rate": care.rate,
            "support": care.support,
        }

    def answer(self, asked: v2.Asked, now: datetime) -> OrderAnswer:
        """Return the answer to a request; what cannot be granted is an answer with an error."""
        try:
            with self.books.store.attempt():
                return self._answers[asked.request.action](asked, now)
        except BecknError as error:
            request = asked.request
            refused = ProviderError(error.code, str(error))
            return replace(
                self.books.blank(asked, now),
                lines=request.lines,
                order_id=request.order_id,
                error=refused,
            )

    def stamp(self, asked: v2.Asked, now: datetime) -> Hashable | None:
        """Return all that the answer to a search depends on; None where there is more to it.

        While it is the same, so is what is shown, whoever asks.
        """
        party, books = asked.request.party, self.books
        if asked.request.action != "discover":
            return None
        if party is not None and books.listing.serves(party.area_code, party.gps) is False:
            return None
        stamp = books.trade.stamp(asked, now)
        return None if stamp is None else (stamp, books.store.notes.score())

    # -- before an order ---------------------------------------------------------------------

    def _discover(self, asked: v2.Asked, now: datetime) -> OrderAnswer:
        blank, party = self.books.blank(asked, now), asked.request.party
        if party is not None and self.books.listing.serves(party.area_code, party.gps) is False:
            return blank
        catalog = self.books.trade.catalog(asked, now)
        return blank if catalog is None else replace(blank, catalogs=(self._shown(catalog),))

    def _shown(self, catalog: Catalog) -> Catalog:
        listing = self.books.listing
        return replace(
            catalog,
            score=self.books.store.notes.score(),
            needs=listing.shop.needs,
            cancellation=listing.cancellation_words,
            # Guests go there; others bring things, and where from is their own business.
            gps=listing.shop.gps if listing.domain == "restaurant" else None,
            diets=listing.shop.diets,
        )

    def _select(self, asked: v2.Asked, now: datetime) -> OrderAnswer:
        sale = self._quoted(asked, now, exactly=False)
        self.books.store.save(sale)
        answer = self.books.about(self.books.blank(asked, now), sale)
        return replace(answer, slots=self.books.trade.slots(sale.lines, asked.request, now))

    def _init(self, asked: v2.Asked, now: datetime) -> OrderAnswer:
        if asked.payment not in ("", v2.PAYMENT):
            raise BecknError(f"only {v2.PAYMENT} is taken as payment", PAYMENT_NOT_SUPPORTED)
        self._check_party(asked)
        sale = self._quoted(asked, now, exactly=True)
        sale = replace(sale, state="initialised", party=asked.request.party)
        self.books.store.save(sale)
        return self.books.about(self.books.blank(asked, now), sale)

    def _check_party(self, asked: v2.Asked) -> None:
        listing, party = self.books.listing, asked.request.party
        if lacking := listing.lacks(party):
            raise BecknError(
                f"message.contract.participants: {listing.shop.name} needs {', '.join(lacking)}"
            )
        if party is not None and listing.serves(party.area_code, party.gps) is False:
            raise BecknError(
                f"{listing.shop.name} does not serve that place", FULFILLMENT_UNAVAILABLE
            )

    def _quoted(self, asked: v2.Asked, now: datetime, *, exactly: bool) -> Sale:
        request, books = asked.request, self.books
        shop = books.listing.shop
        if request.provider_id not in ("", shop.id):
            raise BecknError(f"there is no provider {request.provider_id} here", PROVIDER_NOT_FOUND)
        before = books.store.sale(asked.context.bap_id, request.transaction_id)
        if before is not None and before.state not in ("quoted", "initialised"):
            raise BecknError(f"this transaction's order is {before.state}", BUSINESS_ERROR)
        offer = books.trade.offer(request, now, exactly=exactly)
        return Sale(
            id=before.id if before else str(uuid.uuid4()),
            sender=asked.context.bap_id,
            transaction_id=request.transaction_id,
            bap_uri=asked.context.bap_uri,
            state="quoted",
            lines=offer.lines,
            slot=offer.slot,
            quote=books.quote(offer.parts, now),
            party=None,
            created_at=before.created_at if before else now,
            updated_at=now,
            domain=books.listing.domain,
            ride=offer.ride,
            table=offer.table,
            network=_network(asked),
        )

    # -- the order ---------------------------------------------------------------------------

    def _confirm(self, asked: v2.Asked, now: datetime) -> OrderAnswer:
        books, sale = self.books, self.books.known(asked)
        if sale.live or sale.state == "completed":
            return books.about(books.blank(asked, now), sale)
        if sale.state != "initialised":
            raise BecknError(f"expected init before confirm; it is {sale.state}", BUSINESS_ERROR)
        _check_agreed(asked, sale, now)
        books.trade.take(sale, now)
        sale = replace(
            sale,
            state="confirmed",
            fulfillment_state=books.trade.road(sale).steps[0].word,
            updated_at=now,
            secret=secrets.token_urlsafe(18),
        )
        books.store.save(sale)
        return books.about(books.blank(asked, now), sale)

    def _status(self, asked: v2.Asked, now: datetime) -> OrderAnswer:
        sale = self.books.known(asked)
        if sale.state in ("quoted", "initialised"):
            # A buyer asks what became of a confirm: it never came, so there is no order.
            raise BecknError("there is no confirmed order of this transaction", ORDER_NOT_FOUND)
        return self.books.about(self.books.blank(asked, now), sale)


def _network(asked: v2.Asked) -> Network:
    said = asked.context
    return Network(asked.request.to.version, said.domain, said.country, said.city)


def _check_agreed(asked: v2.Asked, sale: Sale, now: datetime) -> None:
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
    wishes = ((request.ride, sale.ride), (request.table, sale.table))
    if any(wish is not None and wish != quoted for wish, quoted in wishes):
        raise BecknError("message.contract.performance: not what was quoted", QUOTE_UNAVAILABLE)
