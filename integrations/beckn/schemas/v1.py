"""Models of version 1.1.1's messages, as far as the hub speaks of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, create_model

from integrations.beckn.schemas.parts import (
    Amount,
    Currency,
    Gps,
    Instant,
    Open,
    Span,
    Text,
    Uri,
    Uuid,
    message,
)
from integrations.beckn.v1.codes import WORDS


class Coded(Open):
    """A ``Country`` or ``City``."""

    code: Text


class Where(Open):
    """Where an order is to be fulfilled."""

    country: Coded | None = None
    city: Coded | None = None


class Envelope(Open):
    """What every ``Context`` has: the specification requires nothing, a network all of this."""

    domain: Annotated[str, Field(min_length=1)]
    location: Where | None = None
    action: str
    version: Annotated[str, Field(pattern=r"^\d+(\.\d+)*$")]
    bap_id: Annotated[str, Field(min_length=1)]
    bap_uri: Uri
    transaction_id: Uuid
    message_id: Uuid
    timestamp: Instant
    ttl: Span | None = None


class Context(Envelope):
    """The schema ``Context``."""

    bpp_id: Annotated[str, Field(min_length=1)]
    bpp_uri: Uri


class Everybody(Envelope):
    """The ``Context`` of a search, which may be for all."""

    bpp_id: str | None = None
    bpp_uri: Uri | None = None


class Error(Open):
    """The schema ``Error``."""

    code: str | None = None
    message: Text | None = None


class Descriptor(Open):
    """The schema ``Descriptor``."""

    name: Text | None = None
    code: Text | None = None
    short_desc: str | None = None
    long_desc: str | None = None


class Price(Open):
    """The schema ``Price``."""

    currency: Currency
    value: Amount | None = None
    minimum_value: Amount | None = None
    maximum_value: Amount | None = None


class Scalar(Open):
    """The schema ``Scalar``."""

    value: Amount | None = None
    unit: Text | None = None


class Counted(Open):
    """A number of pieces, or an amount."""

    count: Annotated[int, Field(ge=0)] | None = None
    measure: Scalar | None = None


class ItemQuantity(Open):
    """The schema ``ItemQuantity``."""

    selected: Counted | None = None
    available: Counted | None = None
    maximum: Counted | None = None
    unitized: Counted | None = None


class Range(Open):
    """A span of time."""

    start: Instant | None = None
    end: Instant | None = None


class Time(Open):
    """The schema ``Time``."""

    timestamp: Instant | None = None
    duration: Span | None = None
    range: Range | None = None


class Location(Open):
    """The schema ``Location``."""

    gps: Gps | None = None
    address: Text | None = None
    area_code: Text | None = None


class Contact(Open):
    """The schema ``Contact``."""

    phone: Text | None = None
    email: Text | None = None


class Person(Open):
    """The schema ``Person``."""

    name: Text | None = None


class Customer(Open):
    """The schemas ``Customer`` and ``Agent``."""

    person: Person | None = None
    contact: Contact | None = None


class Stop(Open):
    """The schema ``Stop``."""

    type: Text | None = None
    location: Location | None = None
    time: Time | None = None
    contact: Contact | None = None


class FulfillmentState(Open):
    """The schema ``FulfillmentState``."""

    descriptor: Descriptor | None = None
    updated_at: Instant | None = None


class Vehicle(Open):
    """The schema ``Vehicle``."""

    capacity: int | None = None
    registration: Text | None = None


class Fulfillment(Open):
    """The schema ``Fulfillment``."""

    id: str | None = None
    type: Text | None = None
    state: FulfillmentState | None = None
    stops: list[Stop] | None = None
    customer: Customer | None = None
    agent: Customer | None = None
    vehicle: Vehicle | None = None
    tracking: bool | None = None


class Fee(Open):
    """The schema ``Fee``."""

    percentage: Amount | None = None
    amount: Price | None = None


class CancellationTerm(Open):
    """The schema ``CancellationTerm``."""

    fulfillment_state: FulfillmentState | None = None
    cancel_by: Time | None = None
    cancellation_fee: Fee | None = None


class Tag(Open):
    """The schema ``Tag``."""

    descriptor: Descriptor | None = None
    value: str | None = None


class TagGroup(Open):
    """The schema ``TagGroup``."""

    descriptor: Descriptor | None = None
    tags: list[Tag] | None = Field(default=None, alias="list")


class Item(Open):
    """The schema ``Item``."""

    id: str | None = None
    descriptor: Descriptor | None = None
    price: Price | None = None
    quantity: ItemQuantity | None = None
    category_ids: list[str] | None = None
    fulfillment_ids: list[str] | None = None
    tags: list[TagGroup] | None = None


class Listed(Item):
    """An ``Item`` that can be told from others."""

    id: Annotated[str, Field(min_length=1)]


class BreakupLine(Open):
    """A line of a ``Quotation``."""

    title: Text | None = None
    item: Item | None = None
    price: Price | None = None


class Quotation(Open):
    """The schema ``Quotation``."""

    price: Price
    breakup: list[BreakupLine] | None = None
    ttl: Span | None = None


class Payment(Open):
    """The schema ``Payment``."""

    type: Literal["PRE-ORDER", "PRE-FULFILLMENT", "ON-FULFILLMENT", "POST-FULFILLMENT"] | None = (
        None
    )
    status: Literal["PAID", "NOT-PAID"] | None = None


class Billing(Open):
    """The schema ``Billing``."""

    name: Text | None = None
    address: Text | None = None
    email: Text | None = None
    phone: Text | None = None


class Provider(Open):
    """The schema ``Provider``."""

    id: Annotated[str, Field(min_length=1)]
    descriptor: Descriptor | None = None
    items: list[Listed] | None = None
    fulfillments: list[Fulfillment] | None = None
    rating: str | None = None
    tags: list[TagGroup] | None = None


class Order(Open):
    """The schema ``Order``."""

    id: str | None = None
    status: Literal["ACTIVE", "COMPLETE", "CANCELLED"] | None = None
    type: Literal["DRAFT", "DEFAULT"] | None = None
    provider: Provider | None = None
    items: list[Listed] | None = None
    fulfillments: list[Fulfillment] | None = None
    quote: Quotation | None = None
    billing: Billing | None = None
    payments: list[Payment] | None = None
    cancellation_terms: list[CancellationTerm] | None = None
    tags: list[TagGroup] | None = None


class Catalog(Open):
    """The schema ``Catalog``."""

    descriptor: Descriptor | None = None
    providers: list[Provider]


class Intent(Open):
    """The schema ``Intent``."""

    descriptor: Descriptor | None = None
    item: Item | None = None
    fulfillment: Fulfillment | None = None


class Tracking(Open):
    """The schema ``Tracking``."""

    url: Uri | None = None
    status: Literal["active", "inactive"]
    location: Location | None = None


class Rating(Open):
    """The schema ``Rating``."""

    rating_category: (
        Literal["Item", "Order", "Fulfillment", "Provider", "Agent", "Support"] | None
    ) = None
    id: str | None = None
    value: str


class Support(Open):
    """The schema ``Support``."""

    ref_id: str | None = None
    phone: Text | None = None
    email: Text | None = None
    url: Uri | None = None


class SearchBody(Open):
    """What ``search`` says."""

    intent: Intent | None = None


class OrderBody(Open):
    """What is said of an order."""

    order: Order


class OrderIdBody(Open):
    """What ``status`` and ``track`` say."""

    order_id: Annotated[str, Field(min_length=1)]


class CancelBody(OrderIdBody):
    """What ``cancel`` says."""

    cancellation_reason_id: str | None = None
    descriptor: Descriptor | None = None


class UpdateBody(OrderBody):
    """What ``update`` says."""

    update_target: Annotated[str, Field(min_length=1)]


class RatingBody(Open):
    """What ``rating`` says."""

    ratings: list[Rating]


class SupportBody(Open):
    """What ``support`` and ``on_support`` say."""

    support: Support | None = None


class CatalogBody(Open):
    """What ``on_search`` says."""

    catalog: Catalog


class TrackingBody(Open):
    """What ``on_track`` says."""

    tracking: Tracking


_BODIES: dict[str, type[Open]] = {
    "search": SearchBody,
    "status": OrderIdBody,
    "track": OrderIdBody,
    "cancel": CancelBody,
    "update": UpdateBody,
    "rating": RatingBody,
    "support": SupportBody,
    "on_search": CatalogBody,
    "on_track": TrackingBody,
    "on_rating": create_model("OnRatingBody", __base__=Open, __doc__="What ``on_rating`` says."),
    "on_support": SupportBody,
}

MESSAGES: dict[str, type[Open]] = {
    action: message(
        action, Everybody if action == "search" else Context, _BODIES.get(action, OrderBody), Error
    )
    for word in WORDS.values()
    for action in (word, f"on_{word}")
}
"""Action as written -> the model of the whole message."""
