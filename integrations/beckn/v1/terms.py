"""What changing an order costs in version 1, both ways, and why it was cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hub.domain.money import Money
from hub.domain.orders import ChangeTerms
from integrations.beckn.grocery import MOST_LINES, Json, instant
from integrations.beckn.reading import Node
from integrations.beckn.v1.values import (
    decimal,
    ident,
    read_instant,
    read_money_tag,
    read_price,
    read_tag,
    write_money_tag,
    write_price,
    write_tags,
)

OTHER_REASON = "other"
"""The id of a reason for which the network's code is not known."""

_MOST_TERMS = 50
_FEE_TITLES = {"cancellation_charges", "cancellation charges", "cancellation_fee"}


def write_cancellation_terms(terms: ChangeTerms) -> list[Json]:
    """Write what cancelling costs until when: free at first where it is, then the fee."""
    after = _term(terms.until, terms.fee)
    return [after] if terms.free_until is None else [_term(terms.free_until, None), after]


def _term(until: datetime | None, fee: Money | None) -> Json:
    cost = {"percentage": "0"} if fee is None else {"amount": write_price(fee)}
    by = {"cancel_by": {"timestamp": instant(until)}} if until else {}
    return {**by, "cancellation_fee": cost}


def read_cancellation_terms(order: Node, state: str, total: Money | None) -> ChangeTerms | None:
    """Read what cancelling costs, None where that is not said.

    Terms go by time, or (on ride networks) by the fulfilment's state: of those, the present one's
    counts, and where it is not listed, the dearest. A percentage is of ``total``.
    """
    terms = list(order.nodes("cancellation_terms", _MOST_TERMS))
    if not terms:
        return None
    read = [(_until(term), _fee(term, total)) for term in terms]
    by_state = {
        name: fee for term, (_, fee) in zip(terms, read, strict=True) if (name := _state(term))
    }
    if by_state:
        return ChangeTerms(fee=by_state.get(state) if state in by_state else _dearest(read))
    if len(read) == 2 and read[0][0] is not None and _free(read[0][1]):
        return ChangeTerms(free_until=read[0][0], fee=read[1][1], until=read[1][0])
    free = [until for until, fee in read if until is not None and _free(fee)]
    dear = [(until, fee) for until, fee in read if not _free(fee)]
    if not dear:
        return ChangeTerms(fee=read[-1][1], until=max(free, default=None))
    ends = [until for until, _ in dear]
    last = None if None in ends else max((end for end in ends if end), default=None)
    return ChangeTerms(max(free, default=None), _dearest(dear), last)


def _dearest(terms: Sequence[tuple[datetime | None, Money | None]]) -> Money | None:
    fees = [fee for _, fee in terms if fee is not None]
    return max(fees, key=lambda fee: fee.amount, default=None)


def _free(fee: Money | None) -> bool:
    return fee is None or fee.amount == 0


def _state(term: Node) -> str:
    return term.maybe("fulfillment_state").maybe("descriptor").maybe_text("code") or ""


def _until(term: Node) -> datetime | None:
    return read_instant(term.maybe("cancel_by"))


def _fee(term: Node, total: Money | None) -> Money | None:
    fee = term.maybe("cancellation_fee")
    amount = read_price(fee.maybe("amount"))
    if amount is not None:
        return amount
    share = decimal(fee, "percentage")
    if not share:
        return None
    if not 0 < share <= 100:
        fee.fail("percentage", "0 to 100")
    return None if total is None else Money(round(total.amount * share / 100, 2), total.currency)


def write_change(
    fee: Money | None, rescheduling: ChangeTerms | None, *, preview: bool
) -> list[Json]:
    """Write as tag groups what version 1 has no field for: a change's fee, terms and preview."""
    groups = write_tags("fee", write_money_tag(fee)) + write_tags(
        "preview", {"preview": "true" if preview else None}
    )
    if rescheduling is None:
        return groups
    free, until = rescheduling.free_until, rescheduling.until
    return groups + write_tags(
        "rescheduling",
        {
            "possible": "true",
            "free_until": instant(free) if free else None,
            **write_money_tag(rescheduling.fee),
            "until": instant(until) if until else None,
        },
    )


def read_fee(order: Node) -> Money | None:
    """Read what a change costs: our tag, or the line of the breakup that ride networks have."""
    tag = read_money_tag(read_tag(order, "fee"))
    if tag is not None:
        return tag
    for part in order.maybe("quote").nodes("breakup", MOST_LINES * 4):
        if (part.maybe_text("title") or "").casefold() in _FEE_TITLES:
            return read_price(part.maybe("price"))
    return None


def read_rescheduling(order: Node) -> ChangeTerms | None:
    """Read what moving the order costs, None where that is not said."""
    tag = read_tag(order, "rescheduling")
    if not tag.value:
        return None
    return ChangeTerms(
        read_instant(tag, "free_until"), read_money_tag(tag), read_instant(tag, "until")
    )


def write_reason(reason: str) -> Json:
    """Write why an order was cancelled, as an ``Option``."""
    return {"id": OTHER_REASON} | ({"descriptor": {"short_desc": reason}} if reason else {})


def read_reason(order: Node) -> str:
    """Read why an order was cancelled, '' where that is not said."""
    cancellation = order.maybe("cancellation")
    reason = cancellation.maybe("reason")
    told = (
        reason.maybe("descriptor").maybe_text("short_desc")
        or reason.maybe("descriptor").maybe_text("name")
        or cancellation.maybe("additional_description").maybe_text("short_desc")
    )
    if told is None and reason.has("id") and ident(reason) != OTHER_REASON:
        told = f"reason {ident(reason)}"
    return told or ""
