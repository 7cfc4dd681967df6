"""What kinds of providers do differently, as a port: the counter asks, a trade knows."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import Protocol

from hub.domain.money import Money
from hub.domain.orders import (
    Agent,
    BreakupLine,
    Catalog,
    DeliverySlot,
    Line,
    OrderRequest,
    RideWish,
    TableWish,
    Tracking,
)
from hub.domain.values import dataclass
from integrations.beckn import v2
from integrations.beckn.provider.roads import Road
from integrations.beckn.provider.sale import Sale


@dataclass(frozen=True, slots=True)
class Offer:
    """What is asked for, priced: the lines, the window, and what the sum is made of."""

    lines: tuple[Line, ...]
    slot: DeliverySlot | None
    parts: tuple[BreakupLine, ...]
    ride: RideWish | None = None
    table: TableWish | None = None


class Trade(Protocol):
    """A kind of provider. Everything happens within the caller's transaction.

    What cannot be is a BecknError with its code and one line for the buyer.
    """

    def catalog(self, asked: v2.Asked, now: datetime) -> Catalog | None:
        """Return what is offered to whoever asked, None where that is nothing."""
        ...

    def stamp(self, asked: v2.Asked, now: datetime) -> Hashable | None:
        """Return all that ``catalog`` depends on, None where each asker is shown something else.

        While it is the same, so is the catalogue.
        """
        ...

    def slots(
        self, lines: Sequence[Line], request: OrderRequest, now: datetime
    ) -> tuple[DeliverySlot, ...]:
        """Return the windows there are for these lines."""
        ...

    def offer(self, request: OrderRequest, now: datetime, *, exactly: bool) -> Offer:
        """Price what is asked for; what is short is reduced, or refused when ``exactly``."""
        ...

    def moved(self, sale: Sale, request: OrderRequest, now: datetime) -> Offer:
        """Price a confirmed order in another window (or for another party), as it was agreed."""
        ...

    def take(self, sale: Sale, now: datetime) -> None:
        """Take all that a confirmed order needs."""
        ...

    def give_back(self, sale: Sale) -> None:
        """Return what ``take`` took."""
        ...

    def retake(self, before: Sale, sale: Sale, now: datetime) -> None:
        """Take what a moved order needs in place of what it had."""
        ...

    def road(self, sale: Sale) -> Road:
        """Return how the order goes on."""
        ...

    def agent(self, sale: Sale) -> Agent | None:
        """Return who comes."""
        ...

    def tracking(self, sale: Sale, now: datetime) -> Tracking:
        """Return where it is, without the URL."""
        ...


def sum_of(parts: Sequence[BreakupLine], currency: Money) -> Money:
    """Return the sum; ``currency`` is nothing in the currency of an empty one."""
    return sum((part.price for part in parts), currency)
