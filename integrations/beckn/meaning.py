"""What a message means, in plain words: for those who write providers, line by line."""

from __future__ import annotations

from collections.abc import Iterator

from hub.domain.money import Money
from hub.domain.orders import (
    Catalog,
    ChangeTerms,
    DeliverySlot,
    Line,
    OrderAnswer,
    OrderRequest,
    Quote,
    Window,
)

_MOST = 20
"""Items and windows that are told one by one."""


def tell_answer(answer: OrderAnswer) -> Iterator[str]:
    """Yield what a callback says."""
    if answer.error is not None:
        yield f"it would not: {answer.error.message} (code {answer.error.code})"
        return
    for catalog in answer.catalogs:
        yield from _tell_catalog(catalog)
    if answer.action == "discover" and not answer.catalogs:
        yield "nothing is on offer"
    if answer.order_id:
        yield f"order {answer.order_id}"
    if answer.state:
        word = f" ({answer.fulfillment_state})" if answer.fulfillment_state else ""
        yield f"state: {answer.state.replace('_', ' ')}{word}"
    yield from _tell_lines(answer.lines)
    if answer.slot is not None:
        yield f"window: {_slot(answer.slot)}"
    yield from _listed("other window", [_slot(slot) for slot in answer.slots])
    if answer.quote is not None:
        yield from _tell_quote(answer.quote)
    if answer.preview:
        yield "only asked: nothing was changed"
    if answer.fee is not None:
        yield f"the change costs {answer.fee}"
    for name, terms in (("cancelling", answer.cancellation), ("moving", answer.rescheduling)):
        if terms is not None:
            yield f"{name}: {_terms(terms)}"
    if answer.agent is not None:
        who = ", ".join(part for part in (answer.agent.vehicle, answer.agent.plate) if part)
        yield f"who comes: {answer.agent.name}" + (f" ({who})" if who else "")
    if answer.tracking is not None:
        place = answer.tracking.gps or answer.tracking.url or "not told"
        yield f"{'on the way' if answer.tracking.active else 'not on the way'}, at {place}"
    if answer.support is not None:
        told = (answer.support.phone, answer.support.email, answer.support.url, answer.support.text)
        yield f"support: {', '.join(part for part in told if part) or 'not told'}"
    if answer.rating is not None:
        yield f"rated {answer.rating.stars} of 5"
    if answer.reason:
        yield f"reason: {answer.reason}"


def tell_request(request: OrderRequest, terms: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield what a request asks."""
    if request.action == "discover":
        yield f"looks for: {', '.join(terms) if terms else 'everything'}"
    if request.order_id:
        yield f"order {request.order_id}"
    yield from _tell_lines(request.lines)
    if request.slot is not None:
        yield f"window: {_slot(request.slot)}"
    if request.ride is not None:
        ride = request.ride
        yield f"a ride from {ride.start.gps} to {ride.end.gps} for {ride.seats}"
    if request.table is not None:
        at = f" at {request.table.at:%Y-%m-%d %H:%M} UTC" if request.table.at else ""
        yield f"a table for {request.table.party_size}{at}"
    if request.party is not None:
        names = ("name", "address", "area_code", "gps", "phone", "email")
        told = [name for name in names if getattr(request.party, name) is not None]
        yield f"tells of the household: {', '.join(told) or 'nothing'}"
    if request.quote is not None:
        yield f"agrees to pay {request.quote.total}"
    if request.preview:
        yield "only asks what it would cost"
    if request.fee is not None:
        yield f"agrees to a fee of {request.fee}"
    if request.rating is not None:
        yield f"rates {request.rating.stars} of 5"
    if request.reason or request.reason_code:
        yield f"reason: {' '.join(part for part in (request.reason_code, request.reason) if part)}"


def _tell_catalog(catalog: Catalog) -> Iterator[str]:
    yield f"{catalog.provider_name} offers {len(catalog.items)} items"
    items = []
    for item in catalog.items:
        stock = "" if item.available is None else f", {item.available} there"
        size = "" if item.size == 1 and item.unit == "pc" else f" ({item.size:f} {item.unit})"
        items.append(f"{item.name}{size}: {item.price}{stock}")
    yield from _listed("item", items)
    yield from _listed("window", [_slot(slot) for slot in catalog.slots])
    if catalog.score is not None:
        yield f"rated {catalog.score.mean} of 5 by {catalog.score.count}"
    if catalog.needs:
        yield f"must be told: {', '.join(catalog.needs)}"
    if catalog.cancellation:
        yield f"cancelling: {catalog.cancellation}"


def _tell_lines(lines: tuple[Line, ...]) -> Iterator[str]:
    shown = []
    for line in lines:
        # ISO 4217's "no currency" stands for a line that was asked for without a price.
        price = "" if line.price.currency == "XXX" else f" at {line.price}"
        shown.append(f"{line.count} × {line.name or line.item_id}{price}")
    yield from _listed("line", shown)


def _tell_quote(quote: Quote) -> Iterator[str]:
    until = f", good until {quote.valid_until:%Y-%m-%d %H:%M:%S} UTC" if quote.valid_until else ""
    yield f"total: {quote.total}{until}"
    yield from _listed("part", [f"{part.title}: {part.price}" for part in quote.breakup])
    parts = [part.price for part in quote.breakup]
    if parts and all(part.currency == quote.total.currency for part in parts):
        added = Money(sum((part.amount for part in parts[1:]), parts[0].amount), parts[0].currency)
        if added.amount != quote.total.amount:
            yield f"attention: the parts add up to {added}, not to the total"


def _listed(kind: str, told: list[str]) -> Iterator[str]:
    for text in told[:_MOST]:
        yield f"{kind}: {text}"
    if len(told) > _MOST:
        yield f"and {len(told) - _MOST} more of that kind"


def _slot(slot: DeliverySlot) -> str:
    fee = f" for {slot.fee}" if slot.fee else ""
    left = "" if slot.left is None else f", {slot.left} left"
    return f"{_window(slot.window)}{fee}{left}"


def _window(window: Window) -> str:
    return f"{window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC"


def _terms(terms: ChangeTerms) -> str:
    parts = []
    if terms.free_until is not None:
        parts.append(f"free until {terms.free_until:%Y-%m-%d %H:%M} UTC")
    parts.append(str(terms.fee) if terms.fee is not None else "free")
    if terms.until is not None:
        parts.append(f"not after {terms.until:%Y-%m-%d %H:%M} UTC")
    return ", then ".join(parts[:2]) + (f", {parts[2]}" if len(parts) > 2 else "")
