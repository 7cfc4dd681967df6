"""The grocery profile: what Beckn v2.0.0 leaves to the domain, both ways.

Beckn's ``…Attributes`` bags carry what ``docs/profiles/grocery.md`` defines. Each pair of functions
writes a neutral type and reads it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hub.domain.money import Money
from hub.domain.orders import (
    BreakupLine,
    Catalog,
    CatalogItem,
    DeliverySlot,
    Line,
    Party,
    Quote,
    Window,
)
from integrations.beckn.errors import BecknError
from integrations.beckn.reading import Node

Json = dict[str, Any]

CONTEXT = "urn:commonhearth:profile:grocery:1"
"""The ``@context`` of this profile's attributes."""

MOST_ITEMS = 5000
MOST_LINES = 500
MOST_SLOTS = 200
"""Bounds of one catalogue or contract; more is refused."""

_APART = "|"
"""Stands between resource and offer in an item id, where an offer does not bear its item's id."""


def attributes(kind: str, **values: object) -> Json:
    """Return an ``Attributes`` bag of this profile; what is None or empty is left out."""
    given = {name: value for name, value in values.items() if value not in (None, "", [], {})}
    return {"@context": CONTEXT, "@type": kind, **given}


def instant(moment: datetime) -> str:
    """Write an instant as RFC 3339 in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


# -- money and time ------------------------------------------------------------------------------


def write_money(money: Money) -> Json:
    """Write an amount as text: a JSON number would be read as a float by most."""
    return {"currency": money.currency, "value": f"{money.amount:f}"}


def write_slot(slot: DeliverySlot) -> Json:
    """Write a delivery slot as catalogues and contracts offer it."""
    return {"id": slot.slot_id, **_window(slot)}


def read_slots(node: Node) -> tuple[DeliverySlot, ...]:
    """Read the ``deliverySlots`` of a provider's or contract's attributes."""
    return tuple(
        _read_window(slot, slot.text("id")) for slot in node.nodes("deliverySlots", MOST_SLOTS)
    )


def _window(slot: DeliverySlot) -> Json:
    window = {"startDate": instant(slot.window.start), "endDate": instant(slot.window.end)}
    return {"window": window} | ({"fee": write_money(slot.fee)} if slot.fee else {})


def _read_window(node: Node, slot_id: str) -> DeliverySlot:
    span = node.node("window")
    start, end = span.instant("startDate"), span.instant("endDate")
    try:
        window = Window(start, end)
    except ValueError as error:
        raise BecknError(f"{span.path}: {error}") from error
    return DeliverySlot(slot_id, window, node.node("fee").money() if node.has("fee") else None)


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
            "providerAttributes": attributes("GroceryProvider", deliverySlots=slots),
        },
        "resources": [_resource(item) for item in catalog.items],
        "offers": [_offer(item.item_id, item.price) for item in catalog.items],
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
    slots = read_slots(provider.maybe("providerAttributes"))
    name = provider.maybe("descriptor").maybe_text("name")
    name = name or node.maybe("descriptor").maybe_text("name") or provider_id
    return Catalog(provider_id, name, tuple(items), slots)


def _resource(item: CatalogItem) -> Json:
    return {
        "id": _ids(item.item_id)[0],
        "descriptor": {"name": item.name},
        "resourceAttributes": attributes(
            "GroceryItem",
            size={"unitQuantity": f"{item.size:f}", "unitText": item.unit},
            gtin=item.gtin,
            category=item.category,
            availableQuantity=item.available,
        ),
    }


def _offer(item_id: str, price: Money | None, provider_id: str = "") -> Json:
    resource_id, offer_id = _ids(item_id)
    offer: Json = {"id": offer_id, "resourceIds": [resource_id]}
    if provider_id:
        offer["provider"] = {"id": provider_id, "descriptor": {}}
    if price is not None:
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
        price = _read_price(offer)
        resource_ids = offer.texts("resourceIds", MOST_ITEMS)
        if price is None or len(resource_ids) != 1:
            # A bundle's price says nothing about one of its resources.
            continue
        prices.setdefault(resource_ids[0], []).append((offer.text("id"), price))
    return prices


def _read_price(offer: Node) -> Money | None:
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
        item_id=_item_id(resource, offer_id),
        name=resource.node("descriptor").text("name"),
        price=price,
        size=amount,
        unit=size.maybe_text("unitText") or "pc",
        gtin=about.maybe_text("gtin") or None,
        available=about.count("availableQuantity") if about.has("availableQuantity") else None,
        category=about.maybe_text("category") or "",
    )


def _ids(item_id: str) -> tuple[str, str]:
    resource_id, _, offer_id = item_id.partition(_APART)
    return resource_id, offer_id or resource_id


def _item_id(resource: Node, offer_id: str) -> str:
    resource_id = resource.text("id")
    if _APART in resource_id:
        resource.fail("id", f"an id without {_APART}")
    return resource_id if offer_id == resource_id else f"{resource_id}{_APART}{offer_id}"


# -- contracts -----------------------------------------------------------------------------------


def write_lines(lines: Sequence[Line], status: str, provider_id: str = "") -> list[Json]:
    """Write each line as a ``Commitment`` in ``status`` (DRAFT, ACTIVE or CLOSED)."""
    return [
        {
            "id": str(number),
            "status": {"descriptor": {"code": status}},
            "resources": [
                {
                    "id": _ids(line.item_id)[0],
                    "descriptor": {"name": line.name},
                    "quantity": {"unitQuantity": line.count, "unitText": "pc"},
                }
            ],
            "offer": _offer(line.item_id, line.price, provider_id),
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
        price = _read_price(offer)
        if price is None:
            offer.fail("considerations", "a price for one piece")
        resource = resources[0]
        name = resource.maybe("descriptor").maybe_text("name") or ""
        count = resource.node("quantity").count("unitQuantity")
        yield Line(_item_id(resource, offer.text("id")), name, count, price)


def read_provider_id(contract: Node) -> str:
    """Return the provider's id that a contract's offers name, or ''."""
    for commitment in contract.nodes("commitments", MOST_LINES):
        return commitment.node("offer").maybe("provider").maybe_text("id") or ""
    return ""


def write_performance(slot: DeliverySlot | None, state: str, lines: int) -> list[Json]:
    """Write the delivery as the one ``Performance`` of a contract."""
    if slot is None and not state:
        return []
    performance: Json = {"id": slot.slot_id if slot else "delivery"}
    if state:
        performance["status"] = {"code": state}
    performance["commitmentIds"] = [str(number) for number in range(1, lines + 1)]
    if slot is not None:
        performance["performanceAttributes"] = attributes("GroceryDelivery", **_window(slot))
    return [performance]


def read_performance(contract: Node) -> tuple[DeliverySlot | None, str]:
    """Return the delivery slot of a contract and the provider's word for how far it is."""
    for performance in contract.nodes("performance", 50):
        about = performance.maybe("performanceAttributes")
        slot = _read_window(about, performance.text("id")) if about.has("window") else None
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
