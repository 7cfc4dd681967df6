"""The provider's side of Beckn v2.0.0 LTS messages: requests read, ``on_…`` callbacks built."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hub.domain.orders import OrderAnswer, OrderRequest, Subscriber
from hub.domain.values import dataclass
from integrations.beckn import aftersales, contracts, grocery
from integrations.beckn import v2common as common
from integrations.beckn.contracts import Execution
from integrations.beckn.envelope import Context, read_context, write_context
from integrations.beckn.grocery import Json
from integrations.beckn.intents import Sought, read_intent
from integrations.beckn.reading import LONGEST_TEXT, Node


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the provider reads it; ``terms`` are what ``discover`` looks for.

    ``payment`` is the way of paying that the buyer wants, '' where it does not say.
    """

    context: Context
    request: OrderRequest
    terms: tuple[str, ...] = ()
    payment: str = ""


def read_request(document: Node) -> Asked:
    """Read a request; BecknError names the field that is wrong."""
    context = read_context(document)
    action = common.action_of(context.action)
    message = document.node("message")
    contract = common.contract_of(message, action)
    sought = read_intent(message) if action == "discover" else Sought()
    execution = contracts.read_execution(contract)
    about = contract.maybe("contractAttributes")
    rating, rated = aftersales.read_rating(message, "ratingInputs")
    supported, need, _ = aftersales.read_support(message)
    request = OrderRequest(
        action=action,
        transaction_id=context.transaction_id,
        message_id=context.message_id,
        to=Subscriber(context.bpp_id, context.bpp_uri),
        ttl=int(context.ttl.total_seconds()),
        lines=contracts.read_lines(contract),
        provider_id=contracts.read_provider_id(contract),
        slot=contracts.read_performance(contract)[0],
        party=contracts.read_party(contract) or sought.party,
        quote=contracts.read_quote(contract),
        order_id=contract.maybe_text("id") or supported or rated,
        reason=about.maybe_text("reason") or need,
        domain=common.domain_of(context),
        ride=execution.ride or sought.ride,
        table=execution.table or sought.table,
        preview=context.preview,
        fee=about.node("fee").money() if about.has("fee") else None,
        rating=rating,
        reason_code=about.maybe_text("reasonCode") or "",
    )
    return Asked(context, request, sought.terms, common.read_payment(contract))


def build_answer(
    context: Context, answer: OrderAnswer, *, request_digest: str | None, now: datetime
) -> Json:
    """Return the JSON of the callback that ``answer`` is to the request of ``context``.

    ``answer.message_id`` is the request's, or a new one where nothing was asked (then
    ``request_digest`` is None).
    """
    written = write_context(
        replace(
            context,
            action=f"on_{answer.action}",
            transaction_id=answer.transaction_id,
            message_id=answer.message_id,
            timestamp=now,
            preview=answer.preview,
        )
    )
    if request_digest is not None:
        written["requestDigest"] = {"digest": request_digest}
    document: Json = {"context": written, "message": _answered(context, answer)}
    if answer.error is not None:
        document["error"] = {
            "errorCode": answer.error.code,
            "errorMessage": answer.error.message[:LONGEST_TEXT],
        }
    return document


def _answered(context: Context, answer: OrderAnswer) -> Json:
    if answer.action == "discover":
        uri = context.bpp_uri
        shown = [grocery.write_catalog(one, context.bpp_id, uri) for one in answer.catalogs]
        return {"catalogs": shown}
    if answer.action == "track":
        tracking = aftersales.write_tracking(answer.tracking, context.bpp_uri)
        if answer.order_id:
            tracking["contract"] = _answered_contract(context, answer)
        return {"tracking": tracking}
    if answer.action == "rate":
        known_as = answer.order_id or answer.transaction_id
        return {"ratings": aftersales.write_rating(answer.rating, known_as)}
    if answer.action == "support":
        support = aftersales.write_support(answer.order_id, answer.reason, answer.support)
        return {"support": support}
    return {"contract": _answered_contract(context, answer)}


def _answered_contract(context: Context, answer: OrderAnswer) -> Json:
    status = common.STATUS[answer.state] if answer.state else None
    commitment = common.COMMITMENT[status or "DRAFT"]
    contract: Json = {
        "commitments": contracts.write_lines(answer.lines, commitment) or [common.NOTHING]
    }
    if answer.order_id:
        contract["id"] = answer.order_id
    if status is not None:
        contract["status"] = {"code": status}
    contract["performance"] = contracts.write_performance(
        answer.slot,
        answer.fulfillment_state,
        len(answer.lines),
        Execution(common.domain_of(context), answer.ride, answer.table, answer.agent),
    )
    if answer.quote is not None:
        word = "QUOTED" if commitment == "DRAFT" or answer.preview else "AGREED"
        contract["consideration"] = contracts.write_quote(answer.quote, word)
        if answer.action != "select":
            contract["settlements"] = common.settlements()
    about = grocery.attributes(
        "GroceryOrder",
        deliverySlots=[grocery.write_slot(slot) for slot in answer.slots],
        cancellation=aftersales.write_terms(answer.cancellation),
        rescheduling=aftersales.write_terms(answer.rescheduling),
        fee=grocery.write_money(answer.fee) if answer.fee else None,
        reason=answer.reason,
    )
    if len(about) > 2:
        contract["contractAttributes"] = about
    return contract
