"""Version 1's ``Catalog``, both ways: one provider's items, windows and rules at a time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from decimal import Decimal

from hub.domain.orders import Catalog, CatalogItem, Domain, Score, Window
from integrations.beckn.aftersales import read_position
from integrations.beckn.errors import BecknError
from integrations.beckn.grocery import (
    MOST_ITEMS,
    MOST_SLOTS,
    Json,
    instant,
    read_diets,
    write_diets,
)
from integrations.beckn.reading import Node
from integrations.beckn.v1.codes import unit_of
from integrations.beckn.v1.slots import read_slots, write_slot
from integrations.beckn.v1.values import (
    count,
    decimal,
    ident,
    read_instant,
    read_price,
    read_range,
    read_tag,
    read_tags,
    with_tags,
    write_price,
    write_tags,
)

log = logging.getLogger(__name__)

_MOST_PROVIDERS = 200
_ARTICLE_CODES = ("1", "3")
"""``descriptor.code`` is ``kind:number`` on retail networks: 1 is an EAN, 3 a GTIN."""

_CLOSED = {"disable", "disabled", "close", "closed"}


# -- writing ---------------------------------------------------------------------------------------


def write_catalog(name: str, catalogs: tuple[Catalog, ...], domain: Domain) -> Json:
    """Write what a provider platform of that name offers."""
    providers = [_write_provider(one, domain) for one in catalogs]
    return {"descriptor": {"name": name}, "providers": providers}


def _write_provider(catalog: Catalog, domain: Domain) -> Json:
    categories = sorted({item.category for item in catalog.items if item.category})
    document: Json = {
        "id": catalog.provider_id,
        "descriptor": {"name": catalog.provider_name},
        "categories": [{"id": name, "descriptor": {"name": name}} for name in categories],
        "fulfillments": [write_slot(slot, domain) for slot in catalog.slots],
        "items": [_write_item(item, catalog) for item in catalog.items],
    }
    if catalog.gps is not None:
        document["locations"] = [{"id": "here", "gps": catalog.gps}]
    if catalog.score is not None:
        document["rating"] = f"{catalog.score.mean:f}"
    ratings = str(catalog.score.count) if catalog.score else None
    return with_tags(
        document,
        write_tags("rating", {"count": ratings}),
        write_tags("needs", {"fields": ",".join(catalog.needs) or None}),
        write_tags("cancellation", {"text": catalog.cancellation or None}),
        write_tags(
            "diets",
            {"fields": ",".join(write_diets(catalog.diets)) or None},
        ),
    )


def _write_item(item: CatalogItem, catalog: Catalog) -> Json:
    descriptor = {"name": item.name}
    if item.gtin:
        descriptor["code"] = f"3:{item.gtin}"
    quantity: Json = {
        "unitized": {"measure": {"unit": item.unit, "value": f"{item.size:f}"}},
    }
    if item.available is not None:
        quantity["available"] = {"count": item.available}
    document: Json = {
        "id": item.item_id,
        "descriptor": descriptor,
        "price": write_price(item.price),
        "quantity": quantity,
        "category_ids": [item.category] if item.category else [],
        "fulfillment_ids": [slot.slot_id for slot in catalog.slots],
    }
    seats = None if item.seats is None else str(item.seats)
    windows = [
        write_tags("window", {"start": instant(one.start), "end": instant(one.end)})
        for one in item.windows
    ]
    return with_tags(document, write_tags("capacity", {"seats": seats}), *windows)


# -- reading ---------------------------------------------------------------------------------------


def read_catalogs(message: Node) -> tuple[Catalog, ...]:
    """Read a provider platform's catalogue: one ``Catalog`` for each open provider in it.

    An item that cannot be read, or has no price, is left out: the others can still be bought.
    """
    catalog = message.node("catalog")
    name = "bpp/providers" if catalog.has("bpp/providers") else "providers"
    title = catalog.maybe("descriptor").maybe_text("name")
    left = MOST_ITEMS
    found = []
    for provider in catalog.nodes(name, _MOST_PROVIDERS):
        one = _read_provider(provider, title, left)
        if (left := left - len(one.items)) < 0:
            provider.fail("items", f"at most {MOST_ITEMS} items in one answer")
        if not _closed(provider):
            found.append(one)
    return tuple(found)


def _read_provider(provider: Node, title: str | None, most: int) -> Catalog:
    provider_id = ident(provider)
    name = provider.maybe("descriptor").maybe_text("name") or title or provider_id
    categories = {
        ident(one): one.maybe("descriptor").maybe_text("name") or ident(one)
        for one in provider.nodes("categories", MOST_ITEMS)
        if one.has("id")
    }
    seats = {
        ident(one): one.node("vehicle").count("capacity")
        for one in provider.nodes("fulfillments", MOST_SLOTS)
        if one.has("id") and one.maybe("vehicle").has("capacity")
    }
    needs = read_tag(provider, "needs").maybe_text("fields") or ""
    return Catalog(
        provider_id=provider_id,
        provider_name=name,
        items=tuple(_read_items(provider, categories, seats, most)),
        slots=tuple(read_slots(provider)),
        score=_read_score(provider),
        needs=tuple(part for part in needs.split(",") if part)[:20],
        cancellation=read_tag(provider, "cancellation").maybe_text("text") or "",
        gps=_read_place(provider),
        diets=_read_diets(provider),
    )


def _read_place(provider: Node) -> str | None:
    """Return where a provider is: its first location."""
    first = next(provider.nodes("locations", MOST_SLOTS), None)
    return read_position(first, "gps") if first is not None else None


def _read_diets(provider: Node) -> tuple[str, ...] | None:
    told = read_tag(provider, "diets").maybe_text("fields")
    return read_diets(told.split(",")[:20]) if told else None


def _read_items(
    provider: Node, categories: dict[str, str], seats: dict[str, int], most: int
) -> Iterator[CatalogItem]:
    left_out: list[str] = []
    seen: set[str] = set()
    for number, node in enumerate(provider.nodes("items", MOST_ITEMS)):
        if number >= most:
            provider.fail("items", f"at most {MOST_ITEMS} items in one answer")
        if _closed(node):
            continue
        try:
            item = _read_item(node, categories, seats)
        except BecknError as error:
            left_out.append(str(error))
            continue
        if item is not None and item.item_id not in seen:
            seen.add(item.item_id)
            yield item
    if left_out:
        log.info("%d items were left out, the first: %s", len(left_out), left_out[0])


def _read_item(node: Node, categories: dict[str, str], seats: dict[str, int]) -> CatalogItem | None:
    price = read_price(node.maybe("price"))
    if price is None:
        return None
    descriptor, quantity = node.node("descriptor"), node.maybe("quantity")
    measure = quantity.maybe("unitized").maybe("measure")
    size = decimal(measure, "value")
    if size is not None and size <= 0:
        measure.fail("value", "more than 0")
    item_id = ident(node)
    capacity = read_tag(node, "capacity")
    return CatalogItem(
        item_id=item_id,
        name=descriptor.maybe_text("name") or descriptor.text("code"),
        price=price,
        size=Decimal(1) if size is None else size,
        unit=unit_of(measure.maybe_text("unit") or "pc"),
        gtin=_gtin(descriptor.maybe_text("code") or ""),
        available=count(quantity.maybe("available")),
        category=_category(node, categories),
        seats=capacity.count("seats") if capacity.has("seats") else _seats(node, seats),
        windows=tuple(_read_windows(node)),
    )


def _read_windows(node: Node) -> Iterator[Window]:
    for tag in list(read_tags(node, "window"))[:MOST_SLOTS]:
        start, end = read_instant(tag, "start"), read_instant(tag, "end")
        if start is not None and end is not None:
            span = {"range": {"start": instant(start), "end": instant(end)}}
            if (window := read_range(Node(span, tag.path))) is not None:
                yield window


def _category(node: Node, categories: dict[str, str]) -> str:
    ids = node.texts("category_ids", 50)
    first = ids[0] if ids else node.maybe_text("category_id") or ""
    return categories.get(first, first)


def _seats(node: Node, seats: dict[str, int]) -> int | None:
    """Return what the vehicle takes that brings an item."""
    vehicles = node.texts("fulfillment_ids", MOST_SLOTS)
    return next((seats[one] for one in vehicles if one in seats), None)


def _gtin(code: str) -> str | None:
    kind, colon, number = code.partition(":")
    number = number if colon else kind
    known = not colon or kind in _ARTICLE_CODES
    plausible = number.isascii() and number.isdigit() and 8 <= len(number) <= 14
    return number if known and plausible else None


def _read_score(provider: Node) -> Score | None:
    try:
        mean = decimal(provider, "rating")
        tag = read_tag(provider, "rating")
        ratings = tag.count("count") if tag.has("count") else 0
    except BecknError:
        # A rating is only advice, and version 1 allows expressions there ("gt 4").
        return None
    return Score(mean, ratings) if mean is not None and 1 <= mean <= 5 else None


def _closed(node: Node) -> bool:
    return (node.maybe("time").maybe_text("label") or "").casefold() in _CLOSED
