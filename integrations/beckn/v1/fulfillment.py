"""Version 1's ``Fulfillment``, both ways: when and where something is brought, ridden or eaten."""

from __future__ import annotations

from hub.domain.orders import (
    Agent,
    DeliverySlot,
    Domain,
    Party,
    Place,
    RideWish,
    TableWish,
)
from hub.domain.values import dataclass
from integrations.beckn.grocery import MOST_SLOTS, Json, instant
from integrations.beckn.reading import Node
from integrations.beckn.v1.slots import (
    TYPES,
    offered_beside,
    read_slot,
    slot_tags,
    stop,
    window_end,
)
from integrations.beckn.v1.values import (
    read_instant,
    read_position,
    read_tag,
    with_tags,
    write_range,
    write_tags,
)

_ASIDE = {"cancel", "rto", "return", "reverse qc"}
"""Kinds of fulfilment that an order has beside the one that brings it."""


@dataclass(frozen=True, slots=True)
class Fulfillment:
    """What an order says of its fulfilment; '' and None for what it does not say."""

    slot: DeliverySlot | None = None
    state: str = ""
    ride: RideWish | None = None
    table: TableWish | None = None
    party: Party | None = None
    agent: Agent | None = None


# -- writing ---------------------------------------------------------------------------------------


def write_fulfillment(about: Fulfillment, domain: Domain) -> list[Json]:
    """Write an order's one fulfilment, or none where there is nothing to say of it."""
    if about == Fulfillment():
        return []
    document: Json = {"type": TYPES[domain]}
    if about.slot is not None:
        document["id"] = about.slot.slot_id
    if about.state:
        document["state"] = {"descriptor": {"code": about.state}}
    if about.ride is not None:
        document["stops"] = _ride_stops(about.ride, about.slot)
        document["vehicle"] = {"capacity": about.ride.seats}
    elif about.slot is not None:
        document["stops"] = [window_end(about.slot.window)]
    if about.party is not None:
        _write_party(document, about.party, at_end=about.ride is None)
    if about.agent is not None:
        _write_agent(document, about.agent)
    return [with_tags(document, slot_tags(about.slot), write_table(about.table))]


def write_wish(
    domain: Domain, ride: RideWish | None, table: TableWish | None, party: Party | None
) -> Json:
    """Write where and when something is looked for, ``{}`` where that is not told."""
    document: Json = {}
    if ride is not None:
        document["stops"] = _ride_stops(ride, None)
        document["vehicle"] = {"capacity": ride.seats}
    elif party is not None and (party.gps or party.area_code):
        document["stops"] = [{"type": "end", "location": _location(party)}]
    document = with_tags(document, write_table(table))
    return {"type": TYPES[domain], **document} if document else {}


def write_table(table: TableWish | None) -> list[Json]:
    """Write a table's party and time as a tag group."""
    if table is None:
        return []
    at = instant(table.at) if table.at else None
    return write_tags("table", {"party_size": str(table.party_size), "at": at})


def _ride_stops(ride: RideWish, slot: DeliverySlot | None) -> list[Json]:
    start: Json = {"type": "START", "location": _place(ride.start)}
    end: Json = {"type": "END", "location": _place(ride.end)}
    if ride.leave_after is not None:
        start["time"] = {"timestamp": instant(ride.leave_after)}
    if slot is not None:
        end["time"] = write_range(slot.window)
    if ride.arrive_by is not None:
        end["time"] = {**end.get("time", {}), "timestamp": instant(ride.arrive_by)}
    between = [{"type": "INTERMEDIATE_STOP", "location": _place(place)} for place in ride.via]
    return [start, *between, end]


def _place(place: Place) -> Json:
    return {"gps": place.gps} | ({"address": place.address} if place.address else {})


def _location(party: Party) -> Json:
    known = {"gps": party.gps, "address": party.address, "area_code": party.area_code}
    return {name: value for name, value in known.items() if value is not None}


def _contact(party: Party) -> Json:
    known = {"phone": party.phone, "email": party.email}
    return {name: value for name, value in known.items() if value is not None}


def _write_party(document: Json, party: Party, *, at_end: bool) -> None:
    """Note who receives it: only what was granted is in ``party``."""
    person = {"name": party.name} if party.name is not None else {}
    document["customer"] = {"person": person, "contact": _contact(party)}
    if at_end:
        stops = document.setdefault("stops", [{"type": "end"}])
        stops[-1]["location"] = _location(party)


def _write_agent(document: Json, agent: Agent) -> None:
    about: Json = {"person": {"name": agent.name}}
    if agent.phone is not None:
        about["contact"] = {"phone": agent.phone}
    document["agent"] = about
    known = {"model": agent.vehicle, "registration": agent.plate}
    vehicle = {name: value for name, value in known.items() if value}
    document["vehicle"] = {**document.get("vehicle", {}), **vehicle}


# -- reading ---------------------------------------------------------------------------------------


def read_fulfillment(order: Node, domain: Domain) -> Fulfillment:
    """Read what an order says of the fulfilment that brings it.

    Two places make a ride only where rides are sold: a delivery has them too.
    """
    node = next(
        (
            node
            for node in order.nodes("fulfillments", MOST_SLOTS)
            if (node.maybe_text("type") or "").casefold() not in _ASIDE and not offered_beside(node)
        ),
        None,
    )
    if node is None:
        return Fulfillment()
    ride = read_ride(node) if domain == "ride" else None
    return Fulfillment(
        slot=read_slot(node),
        state=node.maybe("state").maybe("descriptor").maybe_text("code") or "",
        ride=ride,
        table=read_table(node),
        party=_read_party(node, ride=ride is not None),
        agent=_read_agent(node),
    )


def read_ride(node: Node) -> RideWish | None:
    """Read from where to where a ride goes; None where that is not two places."""
    start, end = stop(node, "start"), stop(node, "end")
    if not (start.maybe("location").has("gps") and end.maybe("location").has("gps")):
        return None
    vehicle = node.maybe("vehicle")
    return RideWish(
        start=_read_place(start.node("location")),
        end=_read_place(end.node("location")),
        seats=vehicle.count("capacity", 1) if vehicle.has("capacity") else 1,
        arrive_by=read_instant(end.maybe("time")),
        leave_after=read_instant(start.maybe("time")),
        via=tuple(
            _read_place(one.node("location"))
            for one in node.nodes("stops", 20)
            if (one.maybe_text("type") or "").casefold() == "intermediate_stop"
            and one.maybe("location").has("gps")
        ),
    )


def read_table(node: Node) -> TableWish | None:
    """Read for how many people and when a table is wanted; None where it is no table."""
    tag = read_tag(node, "table")
    if not tag.has("party_size"):
        return None
    return TableWish(tag.count("party_size", 1), read_instant(tag, "at"))


def read_where(node: Node) -> Party | None:
    """Read the place that a search is for."""
    location = stop(node, "end").maybe("location")
    gps, area_code = location.maybe_text("gps"), _area_code(location)
    return Party(gps=gps, area_code=area_code) if gps or area_code else None


def _read_place(location: Node) -> Place:
    gps = read_position(location) or location.fail("gps", "lat,lon")
    return Place(gps, read_address(location) or "")


def read_address(node: Node) -> str | None:
    """Read an address: text, or ONDC's object of its parts."""
    value = node.value.get("address")
    if not isinstance(value, dict):
        return node.maybe_text("address")
    parts = node.node("address")
    names = ("name", "building", "street", "locality", "city", "state", "country")
    return ", ".join(text for name in names if (text := parts.maybe_text(name))) or None


def _area_code(location: Node) -> str | None:
    inner = location.value.get("address")
    within = location.node("address").maybe_text("area_code") if isinstance(inner, dict) else None
    return location.maybe_text("area_code") or within


def _read_party(node: Node, *, ride: bool) -> Party | None:
    end, customer = stop(node, "end"), node.maybe("customer")
    location, contact = end.maybe("location"), customer.maybe("contact")
    beside = end.maybe("contact")
    party = Party(
        name=customer.maybe("person").maybe_text("name") or end.maybe("person").maybe_text("name"),
        address=None if ride else read_address(location),
        area_code=None if ride else _area_code(location),
        gps=None if ride else location.maybe_text("gps"),
        phone=contact.maybe_text("phone") or beside.maybe_text("phone"),
        email=contact.maybe_text("email") or beside.maybe_text("email"),
    )
    return None if party == Party() and not node.has("customer") else party


def _read_agent(node: Node) -> Agent | None:
    about, vehicle = node.maybe("agent"), node.maybe("vehicle")
    # Some say ``name`` and ``phone`` at once, as before version 1.
    name = about.maybe("person").maybe_text("name") or about.maybe_text("name")
    if not name:
        return None
    phone = about.maybe("contact").maybe_text("phone") or about.maybe_text("phone")
    words = (vehicle.maybe_text(part) for part in ("color", "make", "model"))
    described = " ".join(word for word in words if word)
    plate = vehicle.maybe_text("registration") or ""
    return Agent(name, phone, described or vehicle.maybe_text("category") or "", plate)
