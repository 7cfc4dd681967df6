"""What no honest answer says: checked of every provider's, in either version, before it is kept.

Fields that are malformed were refused while reading; here an answer is looked at as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hub.domain.money import Money
from hub.domain.orders import Catalog, DeliverySlot, OrderAnswer
from integrations.beckn.errors import BecknError


def check_answer(answer: OrderAnswer) -> None:
    """Raise BecknError in one readable line for an answer that contradicts itself.

    One currency in a catalogue and in an order, no price or fee below nothing (a breakup may hold
    discounts, its total may not), nothing listed twice.
    """
    for catalog in answer.catalogs:
        _check_catalog(catalog)
    _once((line.item_id for line in answer.lines), "the order's lines", "item")
    _once((slot.slot_id for slot in answer.slots), "the order's windows", "window")
    prices = list(_of_order(answer))
    _prices(prices, "the order")
    if answer.quote is not None:
        parts = [(part.title, part.price) for part in answer.quote.breakup]
        _one_currency([*prices, *parts], "the order")


def _check_catalog(catalog: Catalog) -> None:
    where = f"the catalogue of {catalog.provider_name[:80]}"
    _once((item.item_id for item in catalog.items), where, "item")
    _once((slot.slot_id for slot in catalog.slots), where, "window")
    prices = [(item.name, item.price) for item in catalog.items] + list(_fees(catalog.slots))
    _prices(prices, where)


def _of_order(answer: OrderAnswer) -> Iterator[tuple[str, Money]]:
    for line in answer.lines:
        yield line.name or line.item_id, line.price
    slots = (answer.slot, *answer.slots) if answer.slot else answer.slots
    yield from _fees(slots)
    if answer.quote is not None:
        yield "the total", answer.quote.total
    if answer.fee is not None:
        yield "the fee", answer.fee
    for name, terms in (("cancelling", answer.cancellation), ("moving", answer.rescheduling)):
        if terms is not None and terms.fee is not None:
            yield f"the fee for {name}", terms.fee


def _fees(slots: Iterable[DeliverySlot]) -> Iterator[tuple[str, Money]]:
    return ((f"window {slot.slot_id}", slot.fee) for slot in slots if slot.fee is not None)


def _prices(prices: Iterable[tuple[str, Money]], where: str) -> None:
    kept = list(prices)
    for what, price in kept:
        if price.amount < 0:
            raise BecknError(f"{where}: {what[:80]}: expected a price of at least 0, got {price}")
    _one_currency(kept, where)


def _one_currency(prices: Iterable[tuple[str, Money]], where: str) -> None:
    first: Money | None = None
    for what, price in prices:
        first = first or price
        if price.currency != first.currency:
            raise BecknError(
                f"{where}: {what[:80]}: expected {first.currency} as elsewhere,"
                f" got {price.currency}"
            )


def _once(names: Iterable[str], where: str, what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise BecknError(f"{where}: the {what} {name[:80]} is there twice")
        seen.add(name)
