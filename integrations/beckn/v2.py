"""Beckn v2.0.0 LTS messages, both ways: requests and their ``on_…`` callbacks.

Pure: ``build_request`` and ``read_answer`` are the buyer's side, ``read_request`` and
``build_answer`` the provider's. Envelope after the schemas ``Context`` and ``Contract``; what the
specification leaves to the domain is in ``integrations/beckn/grocery.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.domain.orders import (
    Action,
    OrderAnswer,
    OrderRequest,
    OrderState,
    ProviderError,
    Subscriber,
    Want,
)
from integrations.beckn import contracts, grocery
from integrations.beckn.envelope import Context, read_context, write_context
from integrations.beckn.errors import ACTION_NOT_APPLICABLE, INVALID_REQUEST, BecknError
from integrations.beckn.grocery import Json
from integrations.beckn.reading import LONGEST_TEXT, Node

BASE = "/beckn/v2"
"""The path beneath which actions are, here and in the URIs we register."""

SPOKEN: tuple[Action, ...] = ("discover", "select", "init", "confirm", "status", "cancel")
"""The actions of the order flow that are carried now."""

PENDING = "Pending"
"""The fulfilment state of an order that nobody has begun to pack."""

PAYMENT = "ON_DELIVERY"
"""The only way of paying that is spoken of: to the driver."""

_STATUS: dict[OrderState, str] = {
    "drafted": "DRAFT",
    "quoted": "DRAFT",
    "initialised": "DRAFT",
    "confirmed": "ACTIVE",
    "in_progress": "ACTIVE",
    "completed": "COMPLETE",
    "cancelled": "CANCELLED",
    "failed": "CANCELLED",
}
_NOTHING: Json = {
    "id": "none",
    "status": {"descriptor": {"code": "CLOSED"}},
    "resources": [],
    "offer": {"id": "none", "resourceIds": []},
}
"""Stands in a contract that came to nothing: its schema asks for at least one commitment."""

_COMMITMENT = {"DRAFT": "DRAFT", "ACTIVE": "ACTIVE", "COMPLETE": "CLOSED", "CANCELLED": "CLOSED"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the provider reads it; ``terms`` are what ``discover`` looks for.

    ``payment`` is the way of paying that the buyer wants, '' where it does not say.
    """

    context: Context
    request: OrderRequest
    terms: tuple[str, ...] = ()
    payment: str = ""


# -- the buyer's side ----------------------------------------------------------------------------


def build_request(request: OrderRequest, *, bap_id: str, bap_uri: str, now: datetime) -> Json:
    """Return the JSON of a request; BecknError for an action that is not spoken."""
    if request.action not in SPOKEN:
        raise BecknError(f"{request.action} is not spoken yet", ACTION_NOT_APPLICABLE)
    context = Context(
        action=request.action,
        bap_id=bap_id,
        bap_uri=bap_uri,
        bpp_id=request.to.subscriber_id,
        bpp_uri=request.to.uri,
        transaction_id=request.transaction_id,
        message_id=request.message_id,
        timestamp=now,
        ttl=timedelta(seconds=request.ttl),
    )
    message: Json
    if request.action == "discover":
        message = {"intent": _intent(request.wants)}
    else:
        message = {"contract": _asked_contract(request)}
    return {"context": write_context(context), "message": message}


def read_answer(document: Node, sender: Subscriber, body_hash: str = "") -> OrderAnswer:
    """Read an ``on_…`` callback of ``sender``; BecknError names the field that is wrong."""
    context = read_context(document)
    action = _action(context.action.removeprefix("on_"))
    if context.action != f"on_{action}":
        raise BecknError("context.action: expected a callback (on_…)")
    error = _read_error(document)
    # What a provider would not do has no contract to speak of, whatever it repeats of ours.
    message = document.node("message") if error is None else Node({}, "message")
    wants_contract = error is None and action != "discover"
    contract = message.node("contract") if wants_contract else Node({}, "message.contract")
    catalogs = tuple(grocery.read_catalog(node) for node in message.nodes("catalogs", 50))
    slot, fulfillment = contracts.read_performance(contract)
    return OrderAnswer(
        action=action,
        sender=sender,
        transaction_id=context.transaction_id,
        message_id=context.message_id,
        timestamp=context.timestamp,
        catalogs=catalogs,
        lines=contracts.read_lines(contract),
        slot=slot,
        slots=grocery.read_slots(contract.maybe("contractAttributes")),
        quote=contracts.read_quote(contract),
        order_id=contract.maybe_text("id") or None,
        state=_read_state(contract, action, fulfillment),
        fulfillment_state=fulfillment,
        error=error,
        body_hash=body_hash,
    )


def _intent(wants: tuple[Want, ...]) -> Json:
    """Name what is looked for; nothing where it would not fit, which asks for everything."""
    terms: dict[str, None] = {}
    for want in wants:
        for term in (want.name, *want.words, want.gtin or ""):
            if plain := " ".join(term.replace(",", " ").split()):
                terms[plain] = None
    text = ", ".join(terms)
    return {"textSearch": text} if 0 < len(text) <= LONGEST_TEXT else {}


def _asked_contract(request: OrderRequest) -> Json:
    contract: Json = {
        "commitments": contracts.write_lines(request.lines, "DRAFT", request.provider_id)
    }
    known_as = request.order_id
    if known_as is None and request.action in ("status", "cancel"):
        # Both need an id; one the provider never told is known by its transaction alone.
        known_as = request.transaction_id
    if known_as is not None:
        contract["id"] = known_as
    if request.action in ("select", "init", "confirm"):
        contract["performance"] = contracts.write_performance(request.slot, "", len(request.lines))
    if request.party is not None:
        contract["participants"] = contracts.write_party(request.party)
    if request.action == "confirm" and request.quote is not None:
        contract["consideration"] = contracts.write_quote(request.quote, "ACCEPTED")
    if request.action in ("init", "confirm"):
        contract["settlements"] = _settlements()
    if request.reason:
        contract["contractAttributes"] = grocery.attributes("GroceryOrder", reason=request.reason)
    return contract


# -- the provider's side -------------------------------------------------------------------------


def read_request(document: Node) -> Asked:
    """Read a request; BecknError names the field that is wrong."""
    context = read_context(document)
    action = _action(context.action)
    message = document.node("message")
    contract = Node({}, "message.contract") if action == "discover" else message.node("contract")
    terms: tuple[str, ...] = ()
    if action == "discover":
        text = message.node("intent").maybe_text("textSearch") or ""
        terms = tuple(term.strip() for term in text.split(",") if term.strip())
    slot, _ = contracts.read_performance(contract)
    request = OrderRequest(
        action=action,
        transaction_id=context.transaction_id,
        message_id=context.message_id,
        to=Subscriber(context.bpp_id, context.bpp_uri),
        ttl=int(context.ttl.total_seconds()),
        lines=contracts.read_lines(contract),
        provider_id=contracts.read_provider_id(contract),
        slot=slot,
        party=contracts.read_party(contract),
        quote=contracts.read_quote(contract),
        order_id=contract.maybe_text("id") or None,
        reason=contract.maybe("contractAttributes").maybe_text("reason") or "",
    )
    return Asked(context, request, terms, _read_payment(contract))


def build_answer(
    context: Context, answer: OrderAnswer, *, request_digest: str | None, now: datetime
) -> Json:
    """Return the JSON of the callback that ``answer`` is to the request of ``context``.

    ``answer.message_id`` is the request's, or a new one where nothing was asked (then
    ``request_digest`` is None).
    """
    written = write_context(
        Context(
            action=f"on_{answer.action}",
            bap_id=context.bap_id,
            bap_uri=context.bap_uri,
            bpp_id=context.bpp_id,
            bpp_uri=context.bpp_uri,
            transaction_id=answer.transaction_id,
            message_id=answer.message_id,
            timestamp=now,
            ttl=context.ttl,
        )
    )
    if request_digest is not None:
        written["requestDigest"] = {"digest": request_digest}
    if answer.action == "discover":
        uri = context.bpp_uri
        shown = [grocery.write_catalog(one, context.bpp_id, uri) for one in answer.catalogs]
        message: Json = {"catalogs": shown}
    else:
        message = {"contract": _answered_contract(answer)}
    document: Json = {"context": written, "message": message}
    if answer.error is not None:
        document["error"] = {
            "errorCode": answer.error.code,
            "errorMessage": answer.error.message[:LONGEST_TEXT],
        }
    return document


def _answered_contract(answer: OrderAnswer) -> Json:
    status = _STATUS[answer.state] if answer.state else None
    commitment = _COMMITMENT[status or "DRAFT"]
    contract: Json = {"commitments": contracts.write_lines(answer.lines, commitment) or [_NOTHING]}
    if answer.order_id:
        contract["id"] = answer.order_id
    if status is not None:
        contract["status"] = {"code": status}
    contract["performance"] = contracts.write_performance(
        answer.slot, answer.fulfillment_state, len(answer.lines)
    )
    if answer.quote is not None:
        word = "QUOTED" if commitment == "DRAFT" else "AGREED"
        contract["consideration"] = contracts.write_quote(answer.quote, word)
        if answer.action != "select":
            contract["settlements"] = _settlements()
    if answer.slots:
        slots = [grocery.write_slot(slot) for slot in answer.slots]
        contract["contractAttributes"] = grocery.attributes("GroceryOrder", deliverySlots=slots)
    return contract


# -- both ----------------------------------------------------------------------------------------


def _action(name: str) -> Action:
    for action in SPOKEN:
        if action == name:
            return action
    raise BecknError(f"context.action: {name[:40]} is not spoken here", ACTION_NOT_APPLICABLE)


def _settlements() -> list[Json]:
    about = grocery.attributes("Payment", method=PAYMENT)
    return [
        {
            "id": "payment",
            "considerationId": "quote",
            "status": "DRAFT",
            "settlementAttributes": about,
        }
    ]


def _read_payment(contract: Node) -> str:
    for settlement in contract.nodes("settlements", 10):
        return settlement.maybe("settlementAttributes").maybe_text("method") or ""
    return ""


def _read_error(document: Node) -> ProviderError | None:
    if not document.has("error"):
        return None
    error = document.node("error")
    code = error.maybe_text("errorCode") or INVALID_REQUEST
    return ProviderError(code, error.maybe_text("errorMessage") or "no reason given")


def _read_state(contract: Node, action: Action, fulfillment: str) -> OrderState | None:
    code = contract.maybe("status").maybe_text("code")
    if code is None:
        return None
    if code == "DRAFT":
        return {"select": "quoted", "init": "initialised"}.get(action)  # type: ignore[return-value]
    if code == "ACTIVE":
        return "confirmed" if fulfillment.casefold() in ("", "pending") else "in_progress"
    if code == "COMPLETE":
        return "completed"
    if code == "CANCELLED":
        return "cancelled"
    return contract.maybe("status").fail("code", "DRAFT, ACTIVE, CANCELLED or COMPLETE")
