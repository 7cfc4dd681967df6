"""Version 1's messages, both ways: requests and their ``on_…`` callbacks.

Pure: ``build_request`` and ``read_answer`` are the buyer's side, ``read_request`` and
``build_answer`` the provider's.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hub.domain.orders import (
    Action,
    Domain,
    OrderAnswer,
    OrderRequest,
    OrderState,
    ProviderError,
    Subscriber,
    SupportContact,
    Tracking,
)
from integrations.beckn.envelope import Context
from integrations.beckn.errors import (
    ACTION_NOT_APPLICABLE,
    INVALID_REQUEST,
    MEANINGS,
    PAYMENT_NOT_SUPPORTED,
    BecknError,
)
from integrations.beckn.grocery import Json, instant
from integrations.beckn.reading import LONGEST_TEXT, Node
from integrations.beckn.trust import check_answer
from integrations.beckn.v1 import after, order, terms
from integrations.beckn.v1.catalog import read_catalogs, write_catalog
from integrations.beckn.v1.codes import ACTIONS, VERSION, WORDS, domain_of, soft, state_of
from integrations.beckn.v1.envelope import read_context, write_context
from integrations.beckn.v1.fulfillment import (
    Fulfillment,
    read_fulfillment,
    write_fulfillment,
)
from integrations.beckn.v1.requests import Asking, read_asked, write_asked
from integrations.beckn.v1.slots import read_choice, write_slot
from integrations.beckn.v1.values import ident, read_tag, with_tags
from integrations.beckn.v2 import Asked

BASE = "/beckn/v1"
"""The path beneath which actions are, here and in the URIs we register."""

_STATUS: dict[OrderState, str] = {
    "confirmed": "ACTIVE",
    "in_progress": "ACTIVE",
    "completed": "COMPLETE",
    "cancelled": "CANCELLED",
    "failed": "CANCELLED",
}


# -- the buyer's side ----------------------------------------------------------------------------


def build_request(
    request: OrderRequest,
    *,
    bap_id: str,
    bap_uri: str,
    now: datetime,
    domain: str = "",
    country: str = "",
    city: str = "",
) -> Json:
    """Return the JSON of a request.

    ``domain`` is the network's code for what the provider does; ``country`` and ``city`` say where
    the order is to be fulfilled, as codes.
    """
    context = Context(
        action=WORDS[request.action],
        bap_id=bap_id,
        bap_uri=bap_uri,
        bpp_id=request.to.subscriber_id,
        bpp_uri=request.to.uri,
        transaction_id=request.transaction_id,
        message_id=request.message_id,
        timestamp=now,
        ttl=timedelta(seconds=request.ttl),
        domain=domain or request.domain,
        country=country,
        city=city,
    )
    return {"context": write_context(context), "message": write_asked(request, now)}


def read_answer(document: Node, sender: Subscriber, body_hash: str = "") -> OrderAnswer:
    """Read an ``on_…`` callback of ``sender``; BecknError names the field that is wrong."""
    context = read_context(document)
    action = _action(context.action.removeprefix("on_"))
    if not context.action.startswith("on_"):
        raise BecknError("context.action: expected a callback (on_…)")
    answer = OrderAnswer(
        action=action,
        sender=sender,
        transaction_id=context.transaction_id,
        message_id=context.message_id,
        timestamp=context.timestamp,
        body_hash=body_hash,
    )
    error = _read_error(document)
    if error is not None:
        return replace(answer, error=error)
    answer = _read_message(answer, document.node("message"), _domain(context))
    check_answer(answer)
    return answer


def _read_message(answer: OrderAnswer, message: Node, domain: Domain) -> OrderAnswer:
    match answer.action:
        case "discover":
            return replace(answer, catalogs=read_catalogs(message))
        case "track":
            return replace(answer, tracking=after.read_tracking(message))
        case "support":
            return replace(answer, support=after.read_support(message))
        case "rate":
            rating, order_id = after.read_rating(message)
            return replace(answer, rating=rating, order_id=order_id)
        case _:
            return _read_order(answer, message.node("order"), domain)


def _read_order(answer: OrderAnswer, told: Node, domain: Domain) -> OrderAnswer:
    fulfillment = read_fulfillment(told, domain)
    quote = order.read_quote(told, answer.timestamp)
    status = told.maybe_text("status") or told.maybe_text("state") or ""
    changing = answer.action in ("update", "cancel")
    priced = answer.action in ("select", "init")
    lines = order.read_lines(told, priced=priced)
    return replace(
        answer,
        # Later messages may name items alone: then they say nothing of the price agreed.
        lines=() if any(line.price == order.UNPRICED for line in lines) else lines,
        slot=fulfillment.slot,
        slots=read_choice(told) if answer.action in ("select", "update") else (),
        quote=quote,
        order_id=ident(told) if told.has("id") else None,
        state=_state(answer.action, told, status, fulfillment.state, quoted=quote is not None),
        fulfillment_state=fulfillment.state,
        error=_unpayable(told) if answer.action == "init" else None,
        ride=fulfillment.ride,
        table=fulfillment.table,
        preview=soft(status) or read_tag(told, "preview").has("preview"),
        fee=terms.read_fee(told) if changing else None,
        cancellation=terms.read_cancellation_terms(
            told, fulfillment.state, quote.total if quote else None
        ),
        rescheduling=terms.read_rescheduling(told),
        agent=fulfillment.agent,
        reason=terms.read_reason(told),
    )


def _state(
    action: Action, told: Node, status: str, fulfillment: str, *, quoted: bool
) -> OrderState | None:
    if action in ("select", "init") and (not status or told.maybe_text("type") == "DRAFT"):
        before: OrderState = "quoted" if action == "select" else "initialised"
        return before if quoted or action == "init" else None
    try:
        state = state_of(status, fulfillment)
    except ValueError as error:
        told.fail("status" if told.has("status") else "state", str(error))
    return "confirmed" if state is None and action == "confirm" else state


def _unpayable(told: Node) -> ProviderError | None:
    """Refuse terms that the household cannot meet, before anything is bound by them."""
    payment = order.read_payment(told)
    if payment in ("", order.ON_DELIVERY):
        return None
    return ProviderError(
        PAYMENT_NOT_SUPPORTED, f"it wants to be paid beforehand ({payment}): only on delivery is"
    )


# -- the provider's side -------------------------------------------------------------------------


def read_request(document: Node) -> Asked:
    """Read a request; BecknError names the field that is wrong."""
    context = read_context(document)
    request = OrderRequest(
        action=_action(context.action),
        transaction_id=context.transaction_id,
        message_id=context.message_id,
        to=Subscriber(context.bpp_id, context.bpp_uri, VERSION),
        ttl=int(context.ttl.total_seconds()),
        domain=_domain(context),
    )
    asking: Asking = read_asked(request, document.node("message"), context.timestamp)
    return Asked(context, asking.request, asking.terms, asking.payment)


def build_answer(
    context: Context, answer: OrderAnswer, *, request_digest: str | None, now: datetime
) -> Json:
    """Return the JSON of the callback that ``answer`` is to the request of ``context``.

    ``answer.message_id`` is the request's, or a new one where nothing was asked. Version 1 has no
    place for ``request_digest``.
    """
    written = write_context(
        Context(
            action=f"on_{WORDS[answer.action]}",
            bap_id=context.bap_id,
            bap_uri=context.bap_uri,
            bpp_id=context.bpp_id,
            bpp_uri=context.bpp_uri,
            transaction_id=answer.transaction_id,
            message_id=answer.message_id,
            timestamp=now,
            ttl=context.ttl,
            domain=context.domain,
            country=context.country,
            city=context.city,
        )
    )
    if answer.error is None:
        return {"context": written, "message": _message(context, answer, now)}
    document: Json = {"context": written}
    if answer.action == "rate":
        document["message"] = {}
    text = answer.error.message[:LONGEST_TEXT]
    return document | {"error": {"code": answer.error.code, "message": text}}


def _message(context: Context, answer: OrderAnswer, now: datetime) -> Json:
    domain = _domain(context)
    match answer.action:
        case "discover":
            name = answer.catalogs[0].provider_name if answer.catalogs else context.bpp_id
            return {"catalog": write_catalog(name, answer.catalogs, domain)}
        case "track":
            return {"tracking": after.write_tracking(answer.tracking or Tracking())}
        case "support":
            contact = answer.support or SupportContact()
            return {"support": after.write_support(contact, answer.order_id or "")}
        case "rate":
            if answer.rating is None:
                return {}
            return {"ratings": after.write_rating(answer.rating, answer.order_id or "")}
        case _:
            return {"order": _answered_order(answer, domain, now)}


def _answered_order(answer: OrderAnswer, domain: Domain, now: datetime) -> Json:
    about = Fulfillment(
        slot=answer.slot,
        state=answer.fulfillment_state,
        ride=answer.ride,
        table=answer.table,
        agent=answer.agent,
    )
    slots = [slot for slot in answer.slots if slot.slot_id != (answer.slot and answer.slot.slot_id)]
    document: Json = {"items": order.write_lines(answer.lines)}
    document["fulfillments"] = write_fulfillment(about, domain) + [
        write_slot(slot, domain, offered=True) for slot in slots
    ]
    if answer.order_id:
        document["id"] = answer.order_id
    status = _STATUS.get(answer.state) if answer.state else None
    document |= {"status": status} if status else {"type": "DRAFT"}
    if answer.quote is not None:
        document["quote"] = order.write_quote(answer.quote, now)
        if answer.action != "select":
            document["payments"] = order.write_payments(answer.quote)
    if answer.cancellation is not None:
        document["cancellation_terms"] = terms.write_cancellation_terms(answer.cancellation)
    if answer.reason or answer.state == "cancelled":
        document["cancellation"] = {
            "time": instant(now),
            "cancelled_by": "CONSUMER" if answer.action == "cancel" else "PROVIDER",
            "reason": terms.write_reason(answer.reason),
        }
    return with_tags(
        document, terms.write_change(answer.fee, answer.rescheduling, preview=answer.preview)
    )


# -- both ----------------------------------------------------------------------------------------


def _action(word: str) -> Action:
    if word not in ACTIONS:
        raise BecknError(f"context.action: {word[:40]} is not spoken here", ACTION_NOT_APPLICABLE)
    return ACTIONS[word]


def _domain(context: Context) -> Domain:
    return domain_of(context.domain) or "grocery"


def _read_error(document: Node) -> ProviderError | None:
    """Read why it would not; where it says so in codes only, say it in words."""
    if not document.has("error"):
        return None
    error = document.node("error")
    code = ident(error, "code") if error.has("code") else INVALID_REQUEST
    text = error.maybe_text("message") or ""
    if not text or text.startswith(("[", "{")):
        # ONDC puts a JSON list of items and codes there, which says nothing to a member.
        text = MEANINGS.get(code, text or "no reason given")
    return ProviderError(code, text)
