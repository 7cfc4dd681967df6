"""What a buyer may ask of an order besides changing it: where it is, whom to call, a rating."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hub.domain.consent import ERASE, ERASED
from hub.domain.orders import OrderAnswer, SupportContact, Tracking
from integrations.beckn import v2
from integrations.beckn.errors import BUSINESS_ERROR, RATING_INVALID, BecknError
from integrations.beckn.provider.books import Books
from integrations.beckn.provider.sale import Sale


class Care:
    """Tracking, support and rating; to be used within ``Store.step``."""

    def __init__(self, books: Books, url: str) -> None:
        """Look into ``books``; ``url`` is the base of the provider's own pages."""
        self._books = books
        self._url = url

    def track(self, asked: v2.Asked, now: datetime) -> OrderAnswer:
        """Tell where an order is, and the link by which a person may follow it."""
        sale = self._books.known(asked)
        if sale.state in ("quoted", "initialised"):
            raise BecknError(f"the order is {sale.state}: nothing is on its way", BUSINESS_ERROR)
        answer = self._books.about(self._books.blank(asked, now), sale)
        return replace(answer, tracking=self.tracking(sale, now))

    def tracking(self, sale: Sale, now: datetime) -> Tracking:
        """Return where an order is, with its link."""
        link = f"{self._url}/track/{sale.secret}" if sale.secret else ""
        return replace(self._books.trade.tracking(sale, now), url=link)

    def support(self, asked: v2.Asked, now: datetime) -> OrderAnswer:
        """Tell whom to call; what the buyer says is wrong is kept for the provider's page.

        One that asks to erase what it told is answered in ``text``: what is under way is kept.
        """
        request = asked.request
        sale = self._books.known(asked)
        if request.reason == ERASE:
            return replace(
                self._books.blank(asked, now), order_id=sale.id, support=self._erase(sale, now)
            )
        if request.reason:
            notes = self._books.store.notes
            notes.complain(sale.id, request.message_id, request.reason, now)
        answer = replace(self._books.blank(asked, now), order_id=sale.id)
        return replace(answer, support=self._books.listing.support, reason=request.reason)

    def _erase(self, sale: Sale, now: datetime) -> SupportContact:
        """Forget who bought, once nothing is to be brought to them any more."""
        contact = self._books.listing.support
        if sale.state not in ("completed", "cancelled", "failed"):
            return replace(contact, text="kept until the order is over; please ask again then")
        self._books.store.save(replace(sale, party=None, ride=None, updated_at=now))
        return replace(contact, text=ERASED)

    def rate(self, asked: v2.Asked, now: datetime) -> OrderAnswer:
        """Keep a rating of what was ordered; a later one takes its place."""
        sale, rating = self._books.known(asked), asked.request.rating
        if rating is None:
            raise BecknError("message.ratingInputs: expected one rating", RATING_INVALID)
        if sale.state in ("quoted", "initialised"):
            raise BecknError(f"the order is {sale.state}: nothing to rate yet", RATING_INVALID)
        self._books.store.notes.rate(sale.id, rating, now)
        return replace(self._books.blank(asked, now), order_id=sale.id, rating=rating)
