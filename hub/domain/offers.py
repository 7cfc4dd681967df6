"""What providers offer and how an order may still change: the nouns that orders are made of.

Words: Beckn. ``hub/domain/orders.py`` re-exports them all; import from there.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from hub.domain.money import Money
from hub.domain.values import dataclass

Domain = Literal["grocery", "ride", "restaurant", "neighbour"]
"""What a provider is for; a registry entry's ``domains`` and a message's ``domain`` bear it."""


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time, both ends aware instants in UTC, ``start`` before ``end``."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Refuse spans without a zone or that end before they start (ValueError)."""
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a window needs a time zone")
        if self.end <= self.start:
            raise ValueError("a window must end after it starts")


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere a person can be: ``gps`` is ``"lat,lon"`` in decimal degrees (WGS 84)."""

    gps: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class RideWish:
    """A ride that is looked for, for ``seats`` people.

    ``arrive_by`` is when they must be there, ``leave_after`` when they can go at the earliest;
    both aware instants. Without either, as soon as possible. ``via`` are the stops between, in
    order, where others get in.
    """

    start: Place
    end: Place
    seats: int = 1
    arrive_by: datetime | None = None
    leave_after: datetime | None = None
    via: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class TableWish:
    """A table that is looked for: for ``party_size`` people at ``at``, an aware instant.

    The rest is for choosing, and no restaurant is told: ``diets`` it has to cater for, ``most_km``
    it may be from the farthest of ``homes`` (gps).
    """

    party_size: int
    at: datetime | None = None
    diets: tuple[str, ...] = field(default=(), compare=False)
    most_km: float | None = field(default=None, compare=False)
    homes: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Want:
    """One line of a basket that is looked for: ``quantity`` in ``unit`` of pantry item ``item``.

    ``words`` are further names by which a provider may list it.
    """

    item: str
    name: str
    quantity: Decimal
    unit: str
    gtin: str | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogItem:
    """Something a provider offers. ``size`` is what one piece holds, in ``unit``.

    ``seats`` is how many people a vehicle or table takes. ``windows`` are the times it can be had,
    where that is not the provider's slots. ``price`` of a ride is for the one that was asked for,
    or the least there is.
    """

    item_id: str
    name: str
    price: Money
    size: Decimal = Decimal(1)
    unit: str = "pc"
    gtin: str | None = None
    available: int | None = None
    category: str = ""
    seats: int | None = None
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class DeliverySlot:
    """A window a provider offers; ``fee`` is added once to the order.

    For a delivery it is when somebody comes, for a ride from pickup to arrival, for a table the
    sitting, for what is lent from handing out to giving back. ``left`` is how much it still
    takes (orders, or guests of a sitting), where that is told; the slot is the same without it.
    """

    slot_id: str
    window: Window
    fee: Money | None = None
    left: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ChangeTerms:
    """What cancelling or rescheduling an order costs, told before it is done.

    Free until ``free_until``; then ``fee`` is owed; not possible after ``until``. A None instant
    means no such limit of time; no ``fee`` means that it is free throughout.
    """

    free_until: datetime | None = None
    fee: Money | None = None
    until: datetime | None = None

    def fee_at(self, now: datetime) -> Money | None:
        """Return what a change at ``now`` costs, None where it is free."""
        return None if self.free_until is not None and now <= self.free_until else self.fee

    def possible_at(self, now: datetime) -> bool:
        """Tell whether the change may still be made at ``now``."""
        return self.until is None or now <= self.until


@dataclass(frozen=True, slots=True)
class Score:
    """What others thought of a provider: the mean of ``count`` ratings from 1 to 5."""

    mean: Decimal
    count: int


@dataclass(frozen=True, slots=True)
class Rating:
    """A member's rating of an order, ``stars`` from 1 (bad) to 5 (good)."""

    stars: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class SupportContact:
    """How a person is reached about an order; ``text`` is what else to know, e.g. the hours."""

    phone: str | None = None
    email: str | None = None
    url: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Agent:
    """Who comes: ``vehicle`` as people describe it, ``plate`` its registration."""

    name: str
    phone: str | None = None
    vehicle: str = ""
    plate: str = ""


@dataclass(frozen=True, slots=True)
class Tracking:
    """Where what was ordered is, as of ``at``; ``eta`` is when it should be there.

    ``url`` shows it to a person, and comes from a stranger: it is a link, never fetched by the
    hub. ``gps`` is ``"lat,lon"``. ``active`` is False before it sets out and once it came.
    """

    url: str = ""
    active: bool = False
    gps: str | None = None
    at: datetime | None = None
    eta: datetime | None = None


@dataclass(frozen=True, slots=True)
class Catalog:
    """What one provider answered to ``discover``.

    ``needs`` are the fields of ``Party`` it must know from ``init`` on. ``cancellation`` is the
    rule in words, e.g. ``free until 2 hours before, then 2.00 EUR``. ``gps`` is where guests go,
    ``diets`` what it caters for, e.g. ``vegan``; None: it does not say.
    """

    provider_id: str
    provider_name: str
    items: tuple[CatalogItem, ...]
    slots: tuple[DeliverySlot, ...] = ()
    score: Score | None = None
    needs: tuple[str, ...] = ()
    cancellation: str = ""
    gps: str | None = None
    diets: tuple[str, ...] | None = None
