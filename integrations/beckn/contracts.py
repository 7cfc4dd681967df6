"""The parts of a ``Contract`` in the grocery profile, both ways: lines, delivery, price, recipient.

Each pair of functions writes a neutral type and reads it back (``docs/profiles/grocery.md``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.domain.orders import BreakupLine, DeliverySlot, Line, Party, Quote
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
from integrations.beckn.reading import Node


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


def write_performance(slot: DeliverySlot | None, state: str, lines: int) -> list[Json]:
    """Write the delivery as the one ``Performance`` of a contract."""
    if slot is None and not state:
        return []
    performance: Json = {"id": slot.slot_id if slot else "delivery"}
    if state:
        performance["status"] = {"code": state}
    performance["commitmentIds"] = [str(number) for number in range(1, lines + 1)]
    if slot is not None:
        performance["performanceAttributes"] = attributes("GroceryDelivery", **write_window(slot))
    return [performance]


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
