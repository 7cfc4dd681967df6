"""What version 1's requests say, both ways: the ``message`` beside the envelope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from hub.domain.orders import OrderRequest, Want
from hub.domain.values import dataclass
from integrations.beckn.errors import CANCELLATION_REASON_UNKNOWN, UPDATE_TARGET_UNKNOWN, BecknError
from integrations.beckn.grocery import Json
from integrations.beckn.reading import LONGEST_TEXT, Node
from integrations.beckn.v1 import after, order, terms
from integrations.beckn.v1.codes import CONFIRM_CANCEL, SOFT_CANCEL, soft
from integrations.beckn.v1.fulfillment import (
    Fulfillment,
    read_fulfillment,
    read_ride,
    read_table,
    read_where,
    write_fulfillment,
    write_wish,
)
from integrations.beckn.v1.values import ident, read_tag, with_tags, write_tags


@dataclass(frozen=True, slots=True)
class Asking:
    """A request, what a search is for, and how the buyer wants to pay ('' where not said)."""

    request: OrderRequest
    terms: tuple[str, ...] = ()
    payment: str = ""


# -- the buyer's side ----------------------------------------------------------------------------


def write_asked(request: OrderRequest, now: datetime) -> Json:
    """Return the ``message`` of a request.

    An order is known by the provider's id, or by its transaction where it never told one.
    """
    known_as = request.order_id or request.transaction_id
    match request.action:
        case "discover":
            return {"intent": _write_intent(request)}
        case "status" | "track":
            return {"order_id": known_as}
        case "cancel":
            return _write_cancel(request, known_as)
        case "rate":
            given = request.rating
            return {"ratings": after.write_rating(given, known_as) if given else []}
        case "support":
            complaint = write_tags("complaint", {"text": request.reason or None})
            return {"support": with_tags({"ref_id": known_as}, complaint)}
        case "update":
            changed = _write_order(request, now) | {"id": known_as}
            return {"update_target": _target(request), "order": changed}
        case _:
            return {"order": _write_order(request, now)}


def _write_intent(request: OrderRequest) -> Json:
    """Say what is looked for, no more than a provider needs to answer.

    Version 1 has room for one text. Several wants in one text would be looked for as a whole and
    not be found, so then everything is asked for.
    """
    intent: Json = {}
    if name := _only_name(request.wants):
        intent["item"] = {"descriptor": {"name": name}}
    wish = write_wish(request.domain, request.ride, request.table, request.party)
    return intent | ({"fulfillment": wish} if wish else {})


def _only_name(wants: Sequence[Want]) -> str:
    names = {name for want in wants for name in (want.name, *want.words)}
    text = " ".join(next(iter(names)).split()) if len(names) == 1 else ""
    return text if len(text) <= LONGEST_TEXT else ""


def _write_cancel(request: OrderRequest, known_as: str) -> Json:
    descriptor = {"code": SOFT_CANCEL if request.preview else CONFIRM_CANCEL}
    if request.reason:
        descriptor["short_desc"] = request.reason
    document = {
        "order_id": known_as,
        "cancellation_reason_id": request.reason_code or terms.OTHER_REASON,
        "descriptor": descriptor,
    }
    return with_tags(document, terms.write_change(request.fee, None, preview=request.preview))


def _write_order(request: OrderRequest, now: datetime) -> Json:
    document: Json = {"items": order.write_lines(request.lines)}
    if request.provider_id:
        document["provider"] = {"id": request.provider_id}
    if request.order_id:
        document["id"] = request.order_id
    about = Fulfillment(
        slot=request.slot, ride=request.ride, table=request.table, party=request.party
    )
    if fulfillments := write_fulfillment(about, request.domain):
        document["fulfillments"] = fulfillments
    if request.party is not None:
        document["billing"] = order.write_billing(request.party)
    if request.action in ("confirm", "update") and request.quote is not None:
        document["quote"] = order.write_quote(request.quote, now)
    if request.action in ("init", "confirm"):
        document["payments"] = order.write_payments(request.quote)
    return with_tags(document, terms.write_change(request.fee, None, preview=request.preview))


def _target(request: OrderRequest) -> str:
    named = {"fulfillment": request.slot is not None, "item": bool(request.lines)}
    return ",".join(name for name, there in named.items() if there) or "order"


# -- the provider's side -------------------------------------------------------------------------


def read_asked(request: OrderRequest, message: Node, told_at: datetime) -> Asking:
    """Read the ``message`` of ``request``, which has its envelope; BecknError names the field."""
    match request.action:
        case "discover":
            return _read_intent(request, message)
        case "status" | "track":
            return Asking(replace(request, order_id=ident(message, "order_id")))
        case "cancel":
            return _read_cancel(request, message)
        case "rate":
            rating, order_id = after.read_rating(message)
            return Asking(replace(request, rating=rating, order_id=order_id))
        case "support":
            return _read_support(request, message)
        case "update":
            if not message.maybe_text("update_target"):
                raise BecknError("message.update_target: expected text", UPDATE_TARGET_UNKNOWN)
            asking = _read_order(request, message.node("order"), told_at)
            if asking.request.order_id is None:
                message.node("order").fail("id", "the order's id")
            return asking
        case _:
            return _read_order(request, message.node("order"), told_at)


def _read_intent(request: OrderRequest, message: Node) -> Asking:
    intent = message.maybe("intent")
    item = intent.maybe("item").maybe("descriptor").maybe_text("name")
    text = item or intent.maybe("descriptor").maybe_text("name") or ""
    wish = intent.maybe("fulfillment")
    ride = read_ride(wish) if request.domain == "ride" else None
    where = None if ride is not None else read_where(wish)
    found = replace(request, ride=ride, table=read_table(wish), party=where)
    return Asking(found, tuple(term for part in text.split(",") if (term := part.strip())))


def _read_cancel(request: OrderRequest, message: Node) -> Asking:
    reason_id = message.value.get("cancellation_reason_id")
    if reason_id is not None and not isinstance(reason_id, str | int):
        raise BecknError(
            "message.cancellation_reason_id: expected text", CANCELLATION_REASON_UNKNOWN
        )
    code = "" if reason_id is None else ident(message, "cancellation_reason_id")
    descriptor = message.maybe("descriptor")
    found = replace(
        request,
        order_id=ident(message, "order_id"),
        reason=descriptor.maybe_text("short_desc") or "",
        reason_code="" if code == terms.OTHER_REASON else code,
        preview=soft(descriptor.maybe_text("code") or ""),
        fee=terms.read_fee(message),
    )
    return Asking(found)


def _read_support(request: OrderRequest, message: Node) -> Asking:
    about = message.maybe("support")
    about = about if about.has("ref_id") else message
    found = replace(
        request,
        order_id=ident(about, "ref_id") if about.has("ref_id") else None,
        reason=read_tag(about, "complaint").maybe_text("text") or "",
    )
    return Asking(found)


def _read_order(request: OrderRequest, asked: Node, told_at: datetime) -> Asking:
    about = read_fulfillment(asked, request.domain)
    provider = asked.maybe("provider")
    lines = order.read_lines(asked, priced=False)
    found = replace(
        request,
        lines=lines,
        provider_id=ident(provider) if provider.has("id") else "",
        slot=about.slot,
        party=about.party,
        quote=order.read_quote(asked, told_at),
        order_id=ident(asked) if asked.has("id") else None,
        ride=about.ride,
        table=about.table,
        preview=read_tag(asked, "preview").has("preview"),
        fee=terms.read_fee(asked),
    )
    return Asking(found, (), order.read_payment(asked))
