"""How a confirmed order goes on, by kind of provider: its steps, as data.

The words are those of networks in use: grocers' as in Beckn's retail, rides' as in its mobility,
tables' as in OpenActive's Open Booking API (``orderItemStatus``).
"""

from __future__ import annotations

from hub.domain.orders import OrderState
from hub.domain.values import dataclass
from integrations.beckn.provider.catalogue import Kind


@dataclass(frozen=True, slots=True)
class Step:
    """A state, the verb that leads there, and what the order then is.

    ``alone``: it is also reached by ``progress``; others only when somebody says so. ``stops``:
    from here on the order is not cancelled any more.
    """

    word: str
    verb: str
    state: OrderState
    alone: bool = True
    stops: bool = False


@dataclass(frozen=True, slots=True)
class Road:
    """The steps of a kind, the first being what a confirmation leads to."""

    steps: tuple[Step, ...]
    cancelled_by_buyer: str = "Cancelled"
    cancelled_by_us: str = "Cancelled"

    def at(self, word: str) -> int:
        """Return the number of the step that is called ``word``, -1 where there is none."""
        return next((n for n, step in enumerate(self.steps) if step.word == word), -1)

    def ahead(self, word: str) -> tuple[Step, ...]:
        """Return the steps that may follow ``word``: all behind it, until it is completed."""
        here = self.at(word)
        if here < 0 or self.steps[here].state == "completed":
            return ()
        return self.steps[here + 1 :]

    def next_alone(self, word: str) -> Step | None:
        """Return the step that comes by itself after ``word``."""
        return next((step for step in self.ahead(word) if step.alone), None)

    def stopped(self, word: str) -> bool:
        """Tell whether it is too late to cancel."""
        here = self.at(word)
        return here >= 0 and any(step.stops for step in self.steps[: here + 1])


ROADS: dict[Kind, Road] = {
    "grocer": Road(
        (
            Step("Pending", "confirm", "confirmed"),
            Step("Accepted", "accept", "confirmed", alone=False),
            Step("Packed", "pack", "in_progress"),
            Step("Out-for-delivery", "dispatch", "in_progress", stops=True),
            Step("Arrived", "arrive", "in_progress", alone=False),
            Step("Delivered", "deliver", "completed"),
        )
    ),
    "ride": Road(
        (
            Step("RIDE_ASSIGNED", "confirm", "confirmed"),
            Step("RIDE_ENROUTE_PICKUP", "dispatch", "in_progress"),
            Step("RIDE_ARRIVED_PICKUP", "arrive", "in_progress"),
            Step("RIDE_STARTED", "start", "in_progress", stops=True),
            Step("RIDE_ENDED", "deliver", "completed"),
        ),
        "RIDE_CANCELLED",
        "RIDE_CANCELLED",
    ),
    "restaurant": Road(
        (
            Step("OrderItemConfirmed", "confirm", "confirmed"),
            Step("AttendeeAttended", "arrive", "completed", stops=True),
            Step("AttendeeAbsent", "absent", "completed", alone=False, stops=True),
        ),
        "CustomerCancelled",
        "SellerCancelled",
    ),
    "neighbour": Road(
        (
            Step("Pending", "confirm", "confirmed"),
            Step("Accepted", "accept", "confirmed", alone=False),
            Step("Ready", "pack", "in_progress"),
            Step("Handed-over", "deliver", "completed", stops=True),
        )
    ),
}

LENDING = Road(
    (
        *ROADS["neighbour"].steps[:-1],
        Step("Handed-over", "deliver", "in_progress", stops=True),
        Step("Returned", "return", "completed"),
    )
)
"""A neighbour's road where something is to come back."""
