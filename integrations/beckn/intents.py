"""What ``discover`` looks for, as v2's schema ``Intent``, both ways.

Articles go into ``textSearch``. Where a ride begins and ends, and where a delivery is to come, are
``spatial`` constraints; times, seats and a postal code are a ``filters`` expression, of which we
read only the plain form that we write (docs/profiles).
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal

from hub.domain.geo import read_gps, write_gps
from hub.domain.orders import OrderRequest, Party, Place, RideWish, TableWish, Want
from hub.domain.values import dataclass
from integrations.beckn.errors import BecknError
from integrations.beckn.grocery import Json, instant
from integrations.beckn.reading import LONGEST_TEXT, Node

MOST_SEATS = 1000
"""People of one ride or table; more is refused."""

_PICKUP = "$['resourceAttributes']['pickupArea']['geo']"
_DROPOFF = "$['resourceAttributes']['dropoffArea']['geo']"
_SERVED = "$['provider']['providerAttributes']['serviceArea']['geo']"
_FILTER = re.compile(r"\$\[\?\((.{1,900})\)\]")
_TERM = re.compile(r"@\.([A-Za-z]{1,40}) (?:==|>=|<=) (?:'([^']{0,80})'|(\d{1,9}))")


@dataclass(frozen=True, slots=True)
class Sought:
    """What an intent said: names, and what a ride, a table or a delivery needs to know."""

    terms: tuple[str, ...] = ()
    ride: RideWish | None = None
    table: TableWish | None = None
    party: Party | None = None


def write_intent(request: OrderRequest) -> Json:
    """Return the intent of a ``discover``; ValueError for a gps that is none.

    Addresses stay at home until ``init``.
    """
    intent: Json = _text(request.wants)
    spatial: list[Json] = []
    terms: list[str] = []
    if (ride := request.ride) is not None:
        spatial += [_contains(_PICKUP, ride.start.gps), _contains(_DROPOFF, ride.end.gps)]
        terms.append(f"@.seats >= {ride.seats}")
        if ride.arrive_by is not None:
            terms.append(f"@.arriveBy <= '{instant(ride.arrive_by)}'")
        if ride.leave_after is not None:
            terms.append(f"@.leaveAfter >= '{instant(ride.leave_after)}'")
    if (table := request.table) is not None:
        terms.append(f"@.partySize >= {table.party_size}")
        if table.at is not None:
            terms.append(f"@.at == '{instant(table.at)}'")
    if (party := request.party) is not None:
        if party.gps:
            spatial.append(_contains(_SERVED, party.gps))
        if party.area_code and "'" not in party.area_code:
            terms.append(f"@.postalCode == '{party.area_code[:80]}'")
    if spatial:
        intent["spatial"] = spatial
    if terms:
        intent["filters"] = {"type": "jsonpath", "expression": f"$[?({' && '.join(terms)})]"}
    return intent


def read_intent(message: Node) -> Sought:
    """Read the intent of a ``discover``; BecknError names the field that is wrong."""
    intent = message.node("intent")
    text = intent.maybe_text("textSearch") or ""
    terms = tuple(term.strip() for term in text.split(",") if term.strip())
    points = {
        target: _read_point(constraint)
        for constraint in intent.nodes("spatial", 10)
        if isinstance(target := constraint.value.get("targets"), str)
    }
    filters = intent.maybe("filters")
    said = _read_filter(filters)
    return Sought(terms, _ride(filters, points, said), _table(filters, said), _party(points, said))


def _text(wants: tuple[Want, ...]) -> Json:
    """Name what is looked for; nothing where it would not fit, which asks for everything."""
    terms: dict[str, None] = {}
    for want in wants:
        for term in (want.name, *want.words, want.gtin or ""):
            if plain := " ".join(term.replace(",", " ").split()):
                terms[plain] = None
    text = ", ".join(terms)
    return {"textSearch": text} if 0 < len(text) <= LONGEST_TEXT else {}


def _contains(target: str, gps: str) -> Json:
    latitude, longitude = read_gps(gps)
    # GeoJSON puts the longitude first (RFC 7946 section 3.1.1).
    point = {"type": "Point", "coordinates": [longitude, latitude]}
    return {"op": "S_CONTAINS", "targets": target, "geometry": point}


def _read_point(constraint: Node) -> str:
    geometry = constraint.node("geometry")
    coordinates = geometry.value.get("coordinates")
    if isinstance(coordinates, list) and len(coordinates) in (2, 3):
        longitude, latitude = coordinates[:2]
        if all(type(one) in (int, Decimal) for one in (longitude, latitude)):
            try:
                return write_gps(read_gps(f"{latitude},{longitude}"))
            except ValueError:
                geometry.fail("coordinates", "a longitude and a latitude")
    return geometry.fail("coordinates", "a longitude and a latitude")


def _read_filter(filters: Node) -> dict[str, str]:
    expression = filters.maybe_text("expression") or ""
    whole = _FILTER.fullmatch(expression)
    if whole is None:
        return {}
    terms = (_TERM.fullmatch(term.strip()) for term in whole[1].split("&&"))
    return {term[1]: term[2] if term[2] is not None else term[3] for term in terms if term}


def _ride(filters: Node, points: dict[str, str], said: dict[str, str]) -> RideWish | None:
    if _PICKUP not in points or _DROPOFF not in points:
        return None
    return RideWish(
        Place(points[_PICKUP]),
        Place(points[_DROPOFF]),
        _people(filters, said.get("seats", "1")),
        _moment(filters, said.get("arriveBy")),
        _moment(filters, said.get("leaveAfter")),
    )


def _table(filters: Node, said: dict[str, str]) -> TableWish | None:
    if "partySize" not in said:
        return None
    return TableWish(_people(filters, said["partySize"]), _moment(filters, said.get("at")))


def _party(points: dict[str, str], said: dict[str, str]) -> Party | None:
    gps, area_code = points.get(_SERVED), said.get("postalCode")
    return Party(area_code=area_code, gps=gps) if gps or area_code else None


def _people(filters: Node, text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_SEATS:
        filters.fail("expression", f"1 to {MOST_SEATS} people")
    return int(text)


def _moment(filters: Node, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return Node({"at": text}, filters.path).instant("at")
    except BecknError:
        return filters.fail("expression", "instants with a zone, such as 2026-11-24T18:00:00Z")
