"""One neutral order, whichever protocol version carries it (words: Beckn).

An order belongs to one transaction with one provider. What goes out is an ``OrderRequest``, what
comes back an ``OrderAnswer``; both are tied by ``transaction_id`` and ``message_id``.
"""

from __future__ import annotations

from dataclasses import field, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

from hub.domain.life import Life
from hub.domain.money import Money
from hub.domain.offers import Agent as Agent
from hub.domain.offers import Catalog as Catalog
from hub.domain.offers import CatalogItem as CatalogItem
from hub.domain.offers import ChangeTerms as ChangeTerms
from hub.domain.offers import DeliverySlot as DeliverySlot
from hub.domain.offers import Domain as Domain
from hub.domain.offers import Place as Place
from hub.domain.offers import Rating as Rating
from hub.domain.offers import RideWish as RideWish
from hub.domain.offers import Score as Score
from hub.domain.offers import SupportContact as SupportContact
from hub.domain.offers import TableWish as TableWish
from hub.domain.offers import Tracking as Tracking
from hub.domain.offers import Want as Want
from hub.domain.offers import Window as Window
from hub.domain.sharing import Rider
from hub.domain.values import dataclass

OrderState = Literal[
    "drafted",
    "quoted",
    "initialised",
    "confirmed",
    "in_progress",
    "completed",
    "cancelled",
    "failed",
]

ORDER_LIFE: Life[OrderState] = Life(
    "order",
    {
        "drafted": frozenset({"quoted", "cancelled", "failed"}),
        "quoted": frozenset({"quoted", "initialised", "cancelled", "failed"}),
        "initialised": frozenset({"quoted", "initialised", "confirmed", "cancelled", "failed"}),
        "confirmed": frozenset({"confirmed", "in_progress", "completed", "cancelled", "failed"}),
        "in_progress": frozenset({"in_progress", "completed", "cancelled", "failed"}),
        "completed": frozenset(),
        "cancelled": frozenset(),
        "failed": frozenset(),
    },
)

Action = Literal[
    "discover",
    "select",
    "init",
    "confirm",
    "status",
    "track",
    "update",
    "cancel",
    "rate",
    "support",
]
ACTIONS: tuple[Action, ...] = (
    "discover",
    "select",
    "init",
    "confirm",
    "status",
    "track",
    "update",
    "cancel",
    "rate",
    "support",
)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A network participant as the registry knows it; ``uri`` is its base URL."""

    subscriber_id: str
    uri: str
    version: Literal["2.0.0", "1.1.1"] = "2.0.0"


@dataclass(frozen=True, slots=True)
class Line:
    """One ordered line: ``count`` pieces of a provider's item, for pantry item ``wants``.

    ``price`` is for one piece; ``piece`` is what one piece adds to the pantry, in the pantry
    item's unit, where that is known. ``substitute``: it is not quite what was wanted.
    """

    item_id: str
    name: str
    count: int
    price: Money
    wants: str | None = None
    piece: Decimal | None = None
    substitute: bool = False


@dataclass(frozen=True, slots=True)
class BreakupLine:
    """One line of a quote's breakup: an item's sum, a delivery fee, a tax."""

    title: str
    price: Money
    item_id: str | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """What the provider asks in all. ``valid_until`` is when it stops being bound to it."""

    total: Money
    breakup: tuple[BreakupLine, ...] = ()
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """What is disclosed of the household to have something delivered; each field needs a grant.

    ``gps`` is ``"lat,lon"`` in decimal degrees. Fields that were not granted are None.
    """

    name: str | None = None
    address: str | None = None
    area_code: str | None = None
    gps: str | None = None
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A change to a placed order that is on its way: moved to ``slot``, or cancelled.

    With ``ride`` or ``table`` the order is to be for that instead; where ``slot`` is None then,
    the provider says when. ``at_most`` is what it may cost without anybody being asked again,
    ``why`` what members are told of the reason. ``riders`` are the households that share a ride.
    ``fee`` and ``quote`` are what the provider said it would come to, once it did (``priced``);
    ``agreed`` is true once that was agreed to and the change is meant. ``by`` is the member who
    wanted it, ``suggestion_id`` the question that holds the fee, where there is one. ``conflict``
    is the case (``hub/domain/cases.py``) that a move would resolve: then nobody has wanted it yet.
    """

    kind: Literal["move", "cancel"]
    by: str
    slot: DeliverySlot | None = None
    ride: RideWish | None = None
    table: TableWish | None = None
    at_most: Money | None = None
    why: str = ""
    riders: tuple[Rider, ...] = ()
    fee: Money | None = None
    quote: Quote | None = None
    suggestion_id: str = ""
    priced: bool = False
    agreed: bool = False
    conflict: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """The household's side of one order.

    ``order_id`` is the provider's, known from ``on_confirm`` (v1) or earlier; ``id`` is the hub's.
    ``last_message_id`` is the Beckn message that caused the present state. ``approved_total`` is
    what a member agreed to pay at most; None before approval. ``pending`` is the action whose
    answer is awaited. ``fulfillment_state`` is the provider's own word, e.g. ``Packed``.
    ``note`` is what a member should know before approving, e.g. ``no oat milk there``.
    ``cancellation`` and ``rescheduling`` are the terms the provider told last; ``change_fee`` is
    what it asked for the change that was previewed or made last. ``score`` and ``needs`` are its
    catalogue's. ``chosen`` are the wants whose amount a member has settled. Orders with the same
    ``part_of`` are parts of one basket. ``change`` is what is being changed about a placed order.
    ``about`` is whose wish it is (``hub/flow/wishes.py``). ``gps`` is where guests of
    a table go, where it was told.
    """

    id: str
    transaction_id: str
    suggestion_id: str
    provider: Subscriber
    provider_name: str
    state: OrderState
    lines: tuple[Line, ...] = ()
    provider_id: str = ""
    slot: DeliverySlot | None = None
    quote: Quote | None = None
    order_id: str | None = None
    approved_total: Money | None = None
    pending: Action | None = None
    pending_message_id: str | None = None
    last_message_id: str | None = None
    fulfillment_state: str = ""
    reason: str = ""
    note: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    domain: Domain = "grocery"
    ride: RideWish | None = None
    table: TableWish | None = None
    cancellation: ChangeTerms | None = None
    rescheduling: ChangeTerms | None = None
    change_fee: Money | None = None
    agent: Agent | None = None
    tracking: Tracking | None = None
    support: SupportContact | None = None
    rating: Rating | None = None
    score: Score | None = None
    needs: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    part_of: str = ""
    change: Change | None = None
    about: str = ""
    gps: str | None = None

    @property
    def activity(self) -> str:
        """Return the key of the activity that a ride leads to or home from, "" for other orders."""
        owner, _, rest = self.about.partition(":")
        return rest.partition(":")[2] if owner == "ride" else ""

    def moved(self, state: OrderState, **changes: object) -> Order:
        """Return this order in ``state`` with ``changes``; IllegalMove when it may not."""
        return replace(self, state=ORDER_LIFE.move(self.state, state), **changes)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """One Beckn message the hub sends.

    ``transaction_id`` and ``message_id`` are UUIDs; sending the same request twice sends the same
    ``message_id``, by which the provider recognises it. ``wants`` is used by ``discover``,
    ``lines``/``slot`` by ``select`` and later ones, ``party`` from ``init`` on, ``quote`` by
    ``confirm``; ``order_id`` by what follows a confirmation. ``ttl`` is in seconds.

    ``party`` may go with ``discover`` too, with ``area_code`` or ``gps`` alone: who serves there?
    ``ride`` and ``table`` go with every message of such an order. A reschedule is an ``update``
    with another ``slot``. ``preview`` asks what an ``update`` or ``cancel`` would cost, and
    changes nothing (v2's ``context.try``). The ``update`` that is meant repeats the previewed
    ``quote``, the ``cancel`` the previewed ``fee``: the provider may ask no more. ``rating`` goes
    with ``rate``; ``reason`` is why (``cancel``) or what is wrong (``support``, a complaint), and
    ``reason_code`` the network's code for it, where there is one.
    """

    action: Action
    transaction_id: str
    message_id: str
    to: Subscriber
    ttl: int = 30
    wants: tuple[Want, ...] = ()
    lines: tuple[Line, ...] = ()
    provider_id: str = ""
    slot: DeliverySlot | None = None
    party: Party | None = None
    quote: Quote | None = None
    order_id: str | None = None
    reason: str = ""
    domain: Domain = "grocery"
    ride: RideWish | None = None
    table: TableWish | None = None
    preview: bool = False
    fee: Money | None = None
    rating: Rating | None = None
    reason_code: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """A message as it was sent, by which a third person can check who said it.

    ``body`` are its very bytes, ``authorization`` the signature over them, ``key`` the signer's
    public Ed25519 key as the registry had it then. ``ack`` is what the other side answered at
    once, which may be countersigned.
    """

    body: bytes
    authorization: str
    key: bytes
    ack: bytes = b""


@dataclass(frozen=True, slots=True)
class ProviderError:
    """Why a provider would not: Beckn's ``Error`` with its code and its words."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """One verified ``on_…`` callback, read to the neutral model.

    ``sender`` is the subscriber whose key signed it. ``action`` is the request's (``select`` for
    ``on_select``). What the message did not say is None or empty. ``state`` is the order's state
    as the provider states it, where it does.

    ``preview``: nothing was changed, ``quote`` and ``fee`` are what the ``update`` or ``cancel``
    would come to; where not, ``fee`` is what the change did cost. After a ``cancel`` the ``quote``
    is what is still owed. A provider may send ``on_status``, ``on_update`` and ``on_cancel``
    unasked, under a ``message_id`` of its own. ``signed`` is the message itself.
    """

    action: Action
    sender: Subscriber
    transaction_id: str
    message_id: str
    timestamp: datetime
    catalogs: tuple[Catalog, ...] = ()
    lines: tuple[Line, ...] = ()
    slot: DeliverySlot | None = None
    slots: tuple[DeliverySlot, ...] = ()
    quote: Quote | None = None
    order_id: str | None = None
    state: OrderState | None = None
    fulfillment_state: str = ""
    error: ProviderError | None = None
    body_hash: str = ""
    ride: RideWish | None = None
    table: TableWish | None = None
    preview: bool = False
    fee: Money | None = None
    cancellation: ChangeTerms | None = None
    rescheduling: ChangeTerms | None = None
    agent: Agent | None = None
    tracking: Tracking | None = None
    support: SupportContact | None = None
    rating: Rating | None = None
    reason: str = ""
    signed: Signed | None = field(default=None, compare=False)
