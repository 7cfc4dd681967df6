"""What our profiles put into v2's open bags, as models: ``docs/profiles/*.schema.json``.

For others who adopt them. The hub reads without them; tests hold what it writes to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, create_model

from integrations.beckn.grocery import CONTEXT
from integrations.beckn.schemas.parts import Amount, Camel, Currency, Gps, Instant, Text, Uuid

TABLE_STATES = (
    "OrderItemConfirmed",
    "AttendeeAttended",
    "AttendeeAbsent",
    "CustomerCancelled",
    "SellerCancelled",
)
RIDE_STATES = (
    "RIDE_ASSIGNED",
    "RIDE_ENROUTE_PICKUP",
    "RIDE_ARRIVED_PICKUP",
    "RIDE_STARTED",
    "RIDE_ENDED",
    "RIDE_CANCELLED",
)


class Price(Camel):
    """An amount, as text, in an ISO 4217 currency."""

    currency: Currency
    value: Amount


class TimePeriod(Camel):
    """A span of time that ends after it begins."""

    start_date: Instant
    end_date: Instant


class DeliverySlot(Camel):
    """A window: when, what it adds to the order, and how much it still takes."""

    id: Annotated[str, Field(min_length=1, max_length=1000)]
    window: TimePeriod
    fee: Price | None = None
    remaining_capacity: Annotated[int, Field(ge=0)] | None = None


class ChangeTerms(Camel):
    """Free until ``freeUntil``, then ``fee``; not possible after ``until``."""

    possible: bool
    free_until: Instant | None = None
    fee: Price | None = None
    until: Instant | None = None


class OrderTerms(Camel):
    """``contractAttributes``: what a change costs, and the windows there are."""

    delivery_slots: Annotated[list[DeliverySlot], Field(max_length=200)] | None = None
    cancellation: ChangeTerms | None = None
    rescheduling: ChangeTerms | None = None
    fee: Price | None = None
    reason: Text | None = None
    reason_code: Text | None = None


class Component(Price):
    """A part of a total."""

    type: Literal["UNIT", "FEE"]
    description: Text
    line_id: Text | None = None


class PriceSpecification(Price):
    """``considerationAttributes``: the total, what it is made of, and how long it binds."""

    components: list[Component] | None = None
    valid_until: Instant | None = None


class Consideration(Camel):
    """The one consideration of a contract."""

    id: str
    consideration_attributes: PriceSpecification


class Status(Camel):
    """A word for how far it is."""

    code: Text


class Place(Camel):
    """Somewhere a person can be."""

    gps: Gps
    address: Text | None = None


class Agent(Camel):
    """Who comes, and with what."""

    name: Text
    telephone: Text | None = None
    vehicle: Text | None = None
    plate: Text | None = None


class SlotAttributes(Camel):
    """``performanceAttributes`` that hold a window."""

    window: TimePeriod | None = None
    fee: Price | None = None


class TableReservation(SlotAttributes):
    """``performanceAttributes`` of a table: the sitting, and for how many."""

    context: Annotated[Literal[CONTEXT.format("table")], Field(alias="@context")]  # type: ignore[valid-type]
    type: Annotated[Literal["TableReservation"], Field(alias="@type")]
    party_size: Annotated[int, Field(ge=1, le=1000)]
    at: Instant | None = None


class RideJourney(SlotAttributes):
    """``performanceAttributes`` of a ride: the way, and ``window`` from pickup to arrival."""

    context: Annotated[Literal[CONTEXT.format("ride")], Field(alias="@context")]  # type: ignore[valid-type]
    type: Annotated[Literal["RideJourney"], Field(alias="@type")]
    pickup: Place
    dropoff: Place
    stops: Annotated[list[Place], Field(max_length=10)] | None = None
    seats: Annotated[int, Field(ge=1, le=1000)]
    arrive_by: Instant | None = None
    leave_after: Instant | None = None
    agent: Agent | None = None


class TableStatus(Camel):
    """OpenActive's ``orderItemStatus``."""

    code: Literal[TABLE_STATES]  # type: ignore[valid-type]


class RideStatus(Camel):
    """How far a ride is."""

    code: Literal[RIDE_STATES]  # type: ignore[valid-type]


def _performance(name: str, about: type[BaseModel], status: type[BaseModel]) -> type[BaseModel]:
    fields: dict[str, Any] = {
        "id": (str, ...),
        "status": (status | None, None),
        "performance_attributes": (about | None, None),
    }
    return create_model(name, __base__=Camel, __doc__="The one performance of it.", **fields)


def _message(
    name: str, actions: tuple[str, ...], performance: type[BaseModel], words: str
) -> type[BaseModel]:
    """Return the model of messages whose contract has this performance; ``words`` describe it."""
    context: dict[str, Any] = {
        "action": (Literal[actions], ...),
        "version": (Literal["2.0.0"], ...),
        "transaction_id": (Uuid, ...),
        "message_id": (Uuid, ...),
        "tried": (bool | None, Field(default=None, alias="try")),
    }
    contract: dict[str, Any] = {
        "id": (str | None, None),
        "commitments": (Annotated[list[Any], Field(min_length=1)], ...),
        "consideration": (Annotated[list[Consideration], Field(max_length=10)] | None, None),
        "performance": (Annotated[list[performance], Field(max_length=1)] | None, None),  # type: ignore[valid-type]
        "contract_attributes": (OrderTerms | None, None),
    }
    made = create_model(f"{name}Contract", __base__=Camel, __doc__="The contract.", **contract)
    envelope = create_model(f"{name}Context", __base__=Camel, __doc__="The context.", **context)
    body = create_model(f"{name}Body", __base__=Camel, __doc__="The body.", contract=(made, ...))
    return create_model(
        name, __base__=Camel, __doc__=words, context=(envelope, ...), message=(body, ...)
    )


_SOLD = ("select", "init", "confirm", "status", "update", "cancel")
_ALL = _SOLD + tuple(f"on_{action}" for action in _SOLD)
_CHANGES = ("update", "cancel", "on_update", "on_cancel")

PROFILES: Mapping[str, type[BaseModel]] = {
    "reschedule": _message(
        "Reschedule",
        _CHANGES,
        _performance("SlotPerformance", SlotAttributes, Status),
        "A change of an order, or with ``context.try`` the question what it would cost.",
    ),
    "table": _message(
        "Table",
        _ALL,
        _performance("TablePerformance", TableReservation, TableStatus),
        "A message about a table that is reserved.",
    ),
    "ride": _message(
        "Ride",
        _ALL,
        _performance("RidePerformance", RideJourney, RideStatus),
        "A message about a ride.",
    ),
}
"""Profile -> the model of the messages it speaks of."""
