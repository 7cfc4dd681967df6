"""Version 1's ``Order``, both ways: its lines, its price and who pays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from hub.domain.money import Money
from hub.domain.orders import BreakupLine, Line, Party, Quote
from hub.domain.values import dataclass
from integrations.beckn.grocery import MOST_LINES, Json
from integrations.beckn.reading import Node
from integrations.beckn.v1.values import (
    count,
    ident,
    read_duration,
    read_price,
    write_duration,
    write_price,
)

ON_DELIVERY = "ON_DELIVERY"
"""The neutral word for paying who brings it."""

UNPRICED = Money(Decimal(0), "XXX")
"""The price of a line that was asked for without one (ISO 4217: no currency)."""

_AFTER = ("ON-FULFILLMENT", "POST-FULFILLMENT")
_NOT_GOODS = {"delivery", "packing", "tax", "discount", "misc", "refund"}


# -- lines -----------------------------------------------------------------------------------------


def write_lines(lines: Sequence[Line]) -> list[Json]:
    """Write the ordered items with their number and the price of a piece."""
    return [
        {
            "id": line.item_id,
            "descriptor": {"name": line.name},
            "quantity": {"selected": {"count": line.count}},
        }
        | ({} if line.price == UNPRICED else {"price": write_price(line.price)})
        for line in lines
    ]


@dataclass(frozen=True, slots=True)
class _Priced:
    """What a quote's breakup says of an item."""

    title: str
    count: int | None
    price: Money | None


def read_lines(order: Node, *, priced: bool) -> tuple[Line, ...]:
    """Read the ordered items; what an item leaves out is looked for in the quote's breakup.

    ``priced``: a line without a price is refused. Otherwise it is read as ``UNPRICED``.
    """
    quoted = dict(_read_priced(order))
    return tuple(
        _read_line(item, quoted, priced=priced) for item in order.nodes("items", MOST_LINES)
    )


def _read_line(item: Node, quoted: dict[str, _Priced], *, priced: bool) -> Line:
    item_id = ident(item)
    beside = quoted.get(item_id, _Priced("", None, None))
    quantity = item.maybe("quantity")
    counts = (
        count(quantity.maybe("selected")),
        count(quantity.maybe("allocated")),
        count(quantity),
        beside.count,
    )
    price = read_price(item.maybe("price")) or beside.price
    if price is None and priced:
        item.fail("price", "a price for one piece")
    return Line(
        item_id=item_id,
        name=item.maybe("descriptor").maybe_text("name") or beside.title,
        count=next((one for one in counts if one is not None), 1),
        price=price or UNPRICED,
    )


def _read_priced(order: Node) -> Iterator[tuple[str, _Priced]]:
    for part in order.maybe("quote").nodes("breakup", MOST_LINES * 4):
        item, item_id = part.maybe("item"), _line_id(part)
        if item_id is None:
            continue
        pieces = count(item.maybe("quantity").maybe("selected"))
        if pieces is None:
            pieces = count(part.maybe("@ondc/org/item_quantity"))
        price = read_price(item.maybe("price"))
        if price is None and pieces:
            whole = read_price(part.maybe("price"), below_zero=True)
            if whole is not None and whole.amount >= 0:
                price = Money(round(whole.amount / pieces, 4), whole.currency)
        title = item.maybe("descriptor").maybe_text("name") or part.maybe_text("title") or ""
        yield item_id, _Priced(title, pieces, price)


def _line_id(part: Node) -> str | None:
    """Return the item that a line of the breakup is for, None for a fee, a tax or a discount."""
    if (part.maybe_text("@ondc/org/title_type") or "").casefold() in _NOT_GOODS:
        return None
    if part.has("@ondc/org/item_id"):
        return ident(part, "@ondc/org/item_id")
    item = part.maybe("item")
    return ident(item) if item.has("id") else None


# -- the quote -------------------------------------------------------------------------------------


def write_quote(quote: Quote, now: datetime) -> Json:
    """Write a quote; how long it binds is told from ``now`` on."""
    breakup = [
        {"title": line.title, "price": write_price(line.price)}
        | ({"item": {"id": line.item_id}} if line.item_id else {})
        for line in quote.breakup
    ]
    document: Json = {"price": write_price(quote.total), "breakup": breakup}
    if quote.valid_until is not None:
        document["ttl"] = write_duration(quote.valid_until - now)
    return document


def read_quote(order: Node, told_at: datetime) -> Quote | None:
    """Read what is asked in all, None where nothing is; ``told_at`` is when its time began."""
    quote = order.maybe("quote")
    total = read_price(quote.maybe("price"))
    if total is None:
        return None
    binds = read_duration(quote, "ttl")
    try:
        until = None if binds is None else told_at + binds
    except OverflowError:
        quote.fail("ttl", "a shorter duration")
    return Quote(total, tuple(_read_breakup(quote, total)), until)


def _read_breakup(quote: Node, total: Money) -> Iterator[BreakupLine]:
    for part in quote.nodes("breakup", MOST_LINES * 4):
        price = read_price(part.maybe("price"), below_zero=True)
        if price is None:
            continue
        if price.currency != total.currency:
            part.maybe("price").fail("currency", f"{total.currency}, as the total has")
        title = part.maybe_text("title") or part.maybe("item").maybe("descriptor").maybe_text(
            "name"
        )
        yield BreakupLine(title or "", price, _line_id(part))


# -- who pays, and how -----------------------------------------------------------------------------


def write_billing(party: Party) -> Json:
    """Write whom the bill is for: only what was granted."""
    known = {
        "name": party.name,
        "address": party.address,
        "email": party.email,
        "phone": party.phone,
    }
    return {name: value for name, value in known.items() if value is not None}


def write_payments(quote: Quote | None) -> list[Json]:
    """Write that who brings it is paid."""
    document: Json = {
        "id": "payment",
        "collected_by": "BPP",
        "type": _AFTER[0],
        "status": "NOT-PAID",
    }
    if quote is not None:
        document["params"] = {
            "amount": f"{quote.total.amount:f}",
            "currency": quote.total.currency,
        }
    return [document]


def read_payment(order: Node) -> str:
    """Return how it is to be paid, '' where that is not said: ``ON_DELIVERY`` or the type's word.

    What is paid already needs no paying.
    """
    for payment in _payments(order):
        kind = (payment.maybe_text("type") or "").upper().replace("_", "-")
        if kind and payment.maybe_text("status") != "PAID":
            return ON_DELIVERY if kind in _AFTER else kind
    return ""


def _payments(order: Node) -> Iterator[Node]:
    yield from order.nodes("payments", 20)
    if isinstance(order.value.get("payment"), dict):
        yield order.node("payment")
