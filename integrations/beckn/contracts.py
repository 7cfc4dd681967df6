"""The parts of a ``Contract`` in the grocery profile, both ways: lines, delivery, price, recipient.

Each pair of functions writes a neutral type and reads it back (``docs/profiles/grocery.md``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.domain.orders import (
    Agent,
    BreakupLine,
    DeliverySlot,
    Domain,
    Line,
    Party,
    Place,
    Quote,
    RideWish,
    TableWish,
)
from hub.domain.values import dataclass
from integrations.beckn.aftersales import read_agent, read_position, write_agent
from integrations.beckn.grocery import (
    MOST_LINES,
    Json,
    attributes,
    instant,
    join_id,
    read_price,
    read_window,
    split_id,
    write_money,
    write_offer,
    write_window,
)
from integrations.beckn.intents import MOST_SEATS
from integrations.beckn.reading import Node

PROFILE_OF: dict[Domain, tuple[str, str]] = {
    "grocery": ("grocery", "GroceryDelivery"),
    "ride": ("ride", "RideJourney"),
    "restaurant": ("table", "TableReservation"),
    "neighbour": ("neighbour", "Handover"),
}
"""Domain -> the profile its performance is written in, and the ``@type`` there (docs/profiles)."""


MOST_STOPS = 10
"""Stops on the way of a ride; more are refused."""


@dataclass(frozen=True, slots=True)
class Execution:
    """What is to be done and by whom, beyond the window: the other half of a ``Performance``."""

    domain: Domain = "grocery"
    ride: RideWish | None = None
    table: TableWish | None = None
    agent: Agent | None = None


def write_lines(lines: Sequence[Line], status: str, provider_id: str = "") -> list[Json]:
    """Write each line as a ``Commitment`` in ``status`` (DRAFT, ACTIVE or CLOSED)."""
    return [
        {
            "id": str(number),
            "status": {"descriptor": {"code": status}},
            "resources": [
                {
                    "id": split_id(line.item_id)[0],
                    "descriptor": {"name": line.name},
                    "quantity": {"unitQuantity": line.count, "unitText": "pc"},
                }
            ],
            "offer": write_offer(line.item_id, line.price, provider_id),
        }
        for number, line in enumerate(lines, 1)
    ]


def read_lines(contract: Node) -> tuple[Line, ...]:
    """Read the commitments of a contract: one resource each, with a price for a piece."""
    return tuple(_read_lines(contract))


def _read_lines(contract: Node) -> Iterator[Line]:
    for commitment in contract.nodes("commitments", MOST_LINES):
        resources = list(commitment.nodes("resources", 2))
        if len(resources) != 1:
            commitment.fail("resources", "one resource a commitment")
        offer = commitment.node("offer")
        price = read_price(offer)
        if price is None:
            offer.fail("considerations", "a price for one piece")
        resource = resources[0]
        name = resource.maybe("descriptor").maybe_text("name") or ""
        count = resource.node("quantity").count("unitQuantity")
        yield Line(join_id(resource, offer.text("id")), name, count, price)


def read_provider_id(contract: Node) -> str:
    """Return the provider's id that a contract's offers name, or ''."""
    for commitment in contract.nodes("commitments", MOST_LINES):
        return commitment.node("offer").maybe("provider").maybe_text("id") or ""
    return ""


def write_performance(
    slot: DeliverySlot | None, state: str, lines: int, execution: Execution | None = None
) -> list[Json]:
    """Write the delivery, ride, sitting or handover as the one ``Performance`` of a contract."""
    what = execution or Execution()
    about: Json = write_window(slot) if slot is not None else {}
    if what.ride is not None:
        about |= _write_ride(what.ride)
    if what.table is not None:
        about["partySize"] = what.table.party_size
        if what.table.at is not None:
            about["at"] = instant(what.table.at)
    if (agent := write_agent(what.agent)) is not None:
        about["agent"] = agent
    if not about and not state:
        return []
    performance: Json = {"id": slot.slot_id if slot else "delivery"}
    if state:
        performance["status"] = {"code": state}
    performance["commitmentIds"] = [str(number) for number in range(1, lines + 1)]
    if about:
        profile, kind = PROFILE_OF[what.domain]
        performance["performanceAttributes"] = attributes(kind, profile, **about)
    return [performance]


def read_execution(contract: Node) -> Execution:
    """Read what a contract's ``Performance`` says beyond its window."""
    for performance in contract.nodes("performance", 50):
        about = performance.maybe("performanceAttributes")
        table = None
        if about.has("partySize"):
            people = _people(about, "partySize")
            table = TableWish(people, about.instant("at") if about.has("at") else None)
        return Execution(ride=_read_ride(about), table=table, agent=read_agent(about))
    return Execution()


def _write_ride(ride: RideWish) -> Json:
    written: Json = {
        "pickup": _write_place(ride.start),
        "dropoff": _write_place(ride.end),
        "seats": ride.seats,
    }
    if ride.via:
        written["stops"] = [_write_place(place) for place in ride.via]
    if ride.arrive_by is not None:
        written["arriveBy"] = instant(ride.arrive_by)
    if ride.leave_after is not None:
        written["leaveAfter"] = instant(ride.leave_after)
    return written


def _read_ride(about: Node) -> RideWish | None:
    if not (about.has("pickup") and about.has("dropoff")):
        return None
    return RideWish(
        _read_place(about.node("pickup")),
        _read_place(about.node("dropoff")),
        _people(about, "seats") if about.has("seats") else 1,
        about.instant("arriveBy") if about.has("arriveBy") else None,
        about.instant("leaveAfter") if about.has("leaveAfter") else None,
        tuple(_read_place(stop) for stop in about.nodes("stops", MOST_STOPS)),
    )


def _write_place(place: Place) -> Json:
    return {"gps": place.gps} | ({"address": place.address} if place.address else {})


def _read_place(node: Node) -> Place:
    gps = read_position(node, "gps") or node.fail("gps", "lat,lon in degrees")
    return Place(gps, node.maybe_text("address") or "")


def _people(about: Node, name: str) -> int:
    people = about.count(name, least=1)
    return people if people <= MOST_SEATS else about.fail(name, f"1 to {MOST_SEATS} people")


def read_performance(contract: Node) -> tuple[DeliverySlot | None, str]:
    """Return the delivery slot of a contract and the provider's word for how far it is."""
    for performance in contract.nodes("performance", 50):
        about = performance.maybe("performanceAttributes")
        slot = read_window(about, performance.text("id")) if about.has("window") else None
        return slot, performance.maybe("status").maybe_text("code") or ""
    return None, ""


def write_quote(quote: Quote, status: str) -> list[Json]:
    """Write a quote as the one ``Consideration`` of a contract."""
    components = [
        {
            "type": "UNIT" if line.item_id else "FEE",
            "description": line.title,
            "lineId": line.item_id or "",
            **write_money(line.price),
        }
        for line in quote.breakup
    ]
    about = attributes(
        "PriceSpecification",
        **write_money(quote.total),
        components=components,
        validUntil=instant(quote.valid_until) if quote.valid_until else None,
    )
    return [{"id": "quote", "status": {"code": status}, "considerationAttributes": about}]


def read_quote(contract: Node) -> Quote | None:
    """Read what is asked in all, or None where the contract has no price yet."""
    for consideration in contract.nodes("consideration", 10):
        about = consideration.maybe("considerationAttributes")
        if about.has("value"):
            total = about.money()
            if total.amount < 0:
                about.fail("value", "a total of at least 0")
            breakup = tuple(
                BreakupLine(
                    part.maybe_text("description") or "",
                    part.money(),
                    part.maybe_text("lineId") or None,
                )
                for part in about.nodes("components", MOST_LINES + 50)
            )
            until = about.instant("validUntil") if about.has("validUntil") else None
            return Quote(total, breakup, until)
    return None


def write_party(party: Party) -> list[Json]:
    """Write whom to deliver to as a ``Participant``: only what was granted."""
    about = attributes(
        "Recipient",
        streetAddress=party.address,
        postalCode=party.area_code,
        gps=party.gps,
        telephone=party.phone,
        email=party.email,
    )
    descriptor = {"name": party.name} if party.name else {}
    return [{"id": "recipient", "descriptor": descriptor, "participantAttributes": about}]


def read_party(contract: Node) -> Party | None:
    """Read whom to deliver to, or None where nobody is named."""
    for participant in contract.nodes("participants", 20):
        if participant.maybe_text("id") == "recipient":
            about = participant.maybe("participantAttributes")
            return Party(
                name=participant.maybe("descriptor").maybe_text("name") or None,
                address=about.maybe_text("streetAddress") or None,
                area_code=about.maybe_text("postalCode") or None,
                gps=about.maybe_text("gps") or None,
                phone=about.maybe_text("telephone") or None,
                email=about.maybe_text("email") or None,
            )
    return None
