"""The grocery profile: catalogues and what they share with contracts, both ways.

Beckn's ``…Attributes`` bags carry what ``docs/profiles/grocery.md`` defines. Each pair of functions
writes a neutral type and reads it back.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hub.domain.geo import read_gps
from hub.domain.money import Money
from hub.domain.orders import (
    Catalog,
    CatalogItem,
    DeliverySlot,
    Score,
    Window,
)
from integrations.beckn.errors import BecknError
from integrations.beckn.reading import Node

Json = dict[str, Any]

CONTEXT = "urn:commonhearth:profile:{}:1"
"""The ``@context`` of a profile's attributes (docs/profiles)."""

MOST_ITEMS = 5000
MOST_LINES = 500
MOST_SLOTS = 200
"""Bounds of one catalogue or contract; more is refused."""

_APART = "|"
"""Stands between resource and offer in an item id, where an offer does not bear its item's id."""


def attributes(kind: str, profile: str = "grocery", **values: object) -> Json:
    """Return an ``Attributes`` bag of a profile; what is None or empty is left out."""
    given = {name: value for name, value in values.items() if value not in (None, "", [], {})}
    return {"@context": CONTEXT.format(profile), "@type": kind, **given}


def instant(moment: datetime) -> str:
    """Write an instant as RFC 3339 in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


# -- money and time ------------------------------------------------------------------------------


def write_money(money: Money) -> Json:
    """Write an amount as text: a JSON number would be read as a float by most."""
    return {"currency": money.currency, "value": f"{money.amount:f}"}


def write_slot(slot: DeliverySlot) -> Json:
    """Write a delivery slot as catalogues and contracts offer it."""
    return {"id": slot.slot_id, **write_window(slot)}


def read_slots(node: Node) -> tuple[DeliverySlot, ...]:
    """Read the ``deliverySlots`` of a provider's or contract's attributes."""
    return tuple(
        read_window(slot, slot.text("id")) for slot in node.nodes("deliverySlots", MOST_SLOTS)
    )


def write_window(slot: DeliverySlot) -> Json:
    """Write when a slot is, what it costs and what it still takes."""
    written: Json = {"window": write_span(slot.window)}
    if slot.fee is not None:
        written["fee"] = write_money(slot.fee)
    if slot.left is not None:
        written["remainingCapacity"] = slot.left
    return written


def write_span(window: Window) -> Json:
    """Write a span of time as the schema ``TimePeriod``."""
    return {"startDate": instant(window.start), "endDate": instant(window.end)}


def read_span(span: Node) -> Window:
    """Read a ``TimePeriod`` that has both ends."""
    start, end = span.instant("startDate"), span.instant("endDate")
    try:
        return Window(start, end)
    except ValueError as error:
        raise BecknError(f"{span.path}: {error}") from error


def read_window(node: Node, slot_id: str) -> DeliverySlot:
    """Read when a slot is, what it costs and what it still takes."""
    return DeliverySlot(
        slot_id,
        read_span(node.node("window")),
        node.node("fee").money() if node.has("fee") else None,
        node.count("remainingCapacity") if node.has("remainingCapacity") else None,
    )


# -- catalogues ----------------------------------------------------------------------------------


def write_catalog(catalog: Catalog, bpp_id: str, bpp_uri: str) -> Json:
    """Write a ``Catalog`` with a resource and an offer for each item."""
    slots = [write_slot(slot) for slot in catalog.slots]
    return {
        "id": catalog.provider_id,
        "bppId": bpp_id,
        "bppUri": bpp_uri,
        "descriptor": {"name": catalog.provider_name},
        "provider": {
            "id": catalog.provider_id,
            "descriptor": {"name": catalog.provider_name},
            "providerAttributes": attributes(
                "GroceryProvider",
                deliverySlots=slots,
                aggregateRating=_write_score(catalog.score),
                needs=list(catalog.needs),
                cancellationPolicy=catalog.cancellation,
                gps=catalog.gps,
                suitableForDiet=write_diets(catalog.diets),
            ),
        },
        "resources": [_resource(item) for item in catalog.items],
        "offers": [write_offer(item.item_id, item.price) for item in catalog.items],
    }


def read_catalog(node: Node) -> Catalog:
    """Read a ``Catalog``; a resource that no offer gives a price for is left out."""
    provider = node.node("provider")
    provider_id = provider.text("id")
    prices = _read_offers(node)
    items = [
        _read_item(resource, price, offer_id)
        for resource in node.nodes("resources", MOST_ITEMS)
        for offer_id, price in prices.get(resource.text("id"), ())
    ]
    if len(items) > MOST_ITEMS:
        node.fail("offers", f"at most {MOST_ITEMS} resources on offer")
    about = provider.maybe("providerAttributes")
    name = provider.maybe("descriptor").maybe_text("name")
    name = name or node.maybe("descriptor").maybe_text("name") or provider_id
    return Catalog(
        provider_id,
        name,
        tuple(items),
        read_slots(about),
        _read_score(about),
        about.texts("needs", 20),
        about.maybe_text("cancellationPolicy") or "",
        _read_place(about),
        read_diets(about.texts("suitableForDiet", 20)) if about.has("suitableForDiet") else None,
    )


def _read_place(about: Node) -> str | None:
    gps = about.maybe_text("gps")
    if not gps:
        return None
    try:
        read_gps(gps)
    except ValueError as error:
        about.fail("gps", str(error).removeprefix("expected "))
    return gps


def write_diets(diets: tuple[str, ...] | None) -> list[str]:
    """Return diets as they are told: nothing where they are not, ``none`` where there are none."""
    return [] if diets is None else list(diets) or ["none"]


def read_diets(told: Iterable[str]) -> tuple[str, ...]:
    """Return what a restaurant caters for; ``none`` says that it is nothing in particular."""
    return tuple(one for one in told if one != "none")


def _write_score(score: Score | None) -> Json:
    """Write with the names of schema.org's ``AggregateRating``."""
    return {"ratingValue": f"{score.mean:f}", "ratingCount": score.count} if score else {}


def _read_score(about: Node) -> Score | None:
    if not about.has("aggregateRating"):
        return None
    rating = about.node("aggregateRating")
    mean = rating.number("ratingValue")
    if not 1 <= mean <= 5:
        rating.fail("ratingValue", "1 to 5")
    return Score(mean, rating.count("ratingCount"))


def _resource(item: CatalogItem) -> Json:
    return {
        "id": split_id(item.item_id)[0],
        "descriptor": {"name": item.name},
        "resourceAttributes": attributes(
            "GroceryItem",
            size={"unitQuantity": f"{item.size:f}", "unitText": item.unit},
            gtin=item.gtin,
            category=item.category,
            availableQuantity=item.available,
            seats=item.seats,
            availability=[write_span(window) for window in item.windows],
        ),
    }


def write_offer(item_id: str, price: Money, provider_id: str = "") -> Json:
    """Write an ``Offer`` of one resource at a price for one piece."""
    resource_id, offer_id = split_id(item_id)
    offer: Json = {"id": offer_id, "resourceIds": [resource_id]}
    if provider_id:
        offer["provider"] = {"id": provider_id, "descriptor": {}}
    offer["considerations"] = [
        {
            "id": "price",
            "status": {"code": "OFFERED"},
            "considerationAttributes": attributes("PriceSpecification", **write_money(price)),
        }
    ]
    return offer


def _read_offers(catalog: Node) -> dict[str, list[tuple[str, Money]]]:
    prices: dict[str, list[tuple[str, Money]]] = {}
    for offer in catalog.nodes("offers", MOST_ITEMS):
        price = read_price(offer)
        resource_ids = offer.texts("resourceIds", MOST_ITEMS)
        if price is None or len(resource_ids) != 1:
            # A bundle's price says nothing about one of its resources.
            continue
        prices.setdefault(resource_ids[0], []).append((offer.text("id"), price))
    return prices


def read_price(offer: Node) -> Money | None:
    """Return the price for one piece that an ``Offer`` names, if it names one."""
    for consideration in offer.nodes("considerations", 10):
        price = consideration.maybe("considerationAttributes")
        if price.has("value"):
            money = price.money()
            if money.amount < 0:
                price.fail("value", "a price of at least 0")
            return money
    return None


def _read_item(resource: Node, price: Money, offer_id: str) -> CatalogItem:
    about = resource.maybe("resourceAttributes")
    size = about.maybe("size")
    amount = size.number("unitQuantity") if size.has("unitQuantity") else Decimal(1)
    if amount <= 0:
        size.fail("unitQuantity", "more than 0")
    return CatalogItem(
        item_id=join_id(resource, offer_id),
        name=resource.node("descriptor").text("name"),
        price=price,
        size=amount,
        unit=size.maybe_text("unitText") or "pc",
        gtin=about.maybe_text("gtin") or None,
        available=about.count("availableQuantity") if about.has("availableQuantity") else None,
        category=about.maybe_text("category") or "",
        seats=about.count("seats") if about.has("seats") else None,
        windows=tuple(read_span(span) for span in about.nodes("availability", MOST_SLOTS)),
    )


def split_id(item_id: str) -> tuple[str, str]:
    """Return the ids of the resource and the offer that an item id stands for."""
    resource_id, _, offer_id = item_id.partition(_APART)
    return resource_id, offer_id or resource_id


def join_id(resource: Node, offer_id: str) -> str:
    """Return the item id that stands for a resource and an offer."""
    resource_id = resource.text("id")
    if _APART in resource_id:
        resource.fail("id", f"an id without {_APART}")
    return resource_id if offer_id == resource_id else f"{resource_id}{_APART}{offer_id}"
