"""Version 1's windows, both ways: fulfilments that end within a span of time."""

from __future__ import annotations

from collections.abc import Iterator

from hub.domain.orders import DeliverySlot, Domain, Window
from integrations.beckn.grocery import MOST_SLOTS, Json
from integrations.beckn.reading import Node
from integrations.beckn.v1.values import (
    ident,
    read_money_tag,
    read_range,
    read_tag,
    with_tags,
    write_money_tag,
    write_range,
    write_tags,
)

TYPES: dict[Domain, str] = {
    "grocery": "Delivery",
    "ride": "RIDE",
    "restaurant": "Dine-in",
    "neighbour": "Self-Pickup",
}
"""What a fulfilment is called, by what the provider does."""


def write_slot(slot: DeliverySlot, domain: Domain, *, offered: bool = False) -> Json:
    """Write a slot as a fulfilment that ends in its window; ``offered``: beside the chosen one."""
    document = {"id": slot.slot_id, "type": TYPES[domain], "stops": [window_end(slot.window)]}
    choice = write_tags("choice", {"offered": "true" if offered else None})
    return with_tags(document, slot_tags(slot), choice)


def slot_tags(slot: DeliverySlot | None) -> list[Json]:
    """Write a slot's fee and what it still takes as a tag group."""
    if slot is None:
        return []
    left = None if slot.left is None else str(slot.left)
    return write_tags("slot", {**write_money_tag(slot.fee), "left": left})


def window_end(window: Window) -> Json:
    """Write the stop where something is brought within ``window``."""
    return {"type": "end", "time": write_range(window)}


def read_slots(owner: Node) -> Iterator[DeliverySlot]:
    """Yield the fulfilments of a provider or order that are windows to choose from."""
    for node in owner.nodes("fulfillments", MOST_SLOTS):
        if (slot := read_slot(node)) is not None:
            yield slot


def read_choice(order: Node) -> tuple[DeliverySlot, ...]:
    """Return the windows an order may have, the chosen one first; none where that is the only."""
    slots = tuple(read_slots(order))
    offered = any(offered_beside(node) for node in order.nodes("fulfillments", MOST_SLOTS))
    return slots if offered or len(slots) > 1 else ()


def offered_beside(node: Node) -> bool:
    """Tell whether a fulfilment is a window to choose, beside the one an order has."""
    return read_tag(node, "choice").has("offered")


def read_slot(node: Node) -> DeliverySlot | None:
    """Read a fulfilment's window; None where it names none, or has no id to choose it by."""
    if node.value.get("id") is None:
        return None
    window = read_range(stop(node, "end").maybe("time")) or read_range(node.maybe("time"))
    if window is None:
        return None
    tag = read_tag(node, "slot")
    left = tag.count("left") if tag.has("left") else None
    return DeliverySlot(ident(node), window, read_money_tag(tag), left)


def stop(fulfillment: Node, kind: str) -> Node:
    """Return a fulfilment's ``start`` or ``end``, an empty object where it has none.

    A lone stop without a type is the end. ONDC's retail has ``start`` and ``end`` in place of
    ``stops``.
    """
    stops = list(fulfillment.nodes("stops", 50))
    for node in stops:
        if (node.maybe_text("type") or "").casefold() == kind:
            return node
    if kind == "end" and len(stops) == 1 and not stops[0].has("type"):
        return stops[0]
    return fulfillment.maybe(kind)
