"""Beckn v2.0.0 LTS messages, both ways: requests and their ``on_…`` callbacks.

Pure: ``build_request`` and ``read_answer`` are the buyer's side, ``read_request`` and
``build_answer`` the provider's (``v2provider``). Contracts, catalogues, intents and what comes
after an order are in the modules of those names.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.domain.orders import OrderAnswer, OrderRequest, Subscriber
from integrations.beckn import aftersales, contracts, grocery
from integrations.beckn import v2common as common
from integrations.beckn.contracts import Execution
from integrations.beckn.envelope import Context, read_context, write_context
from integrations.beckn.errors import BecknError
from integrations.beckn.grocery import Json
from integrations.beckn.intents import write_intent
from integrations.beckn.reading import Node
from integrations.beckn.trust import check_answer
from integrations.beckn.v2common import BASE as BASE
from integrations.beckn.v2common import NOT_BEGUN as NOT_BEGUN
from integrations.beckn.v2common import PAYMENT as PAYMENT
from integrations.beckn.v2common import PENDING as PENDING
from integrations.beckn.v2common import SPOKEN as SPOKEN
from integrations.beckn.v2provider import Asked as Asked
from integrations.beckn.v2provider import build_answer as build_answer
from integrations.beckn.v2provider import read_request as read_request


def build_request(request: OrderRequest, *, bap_id: str, bap_uri: str, now: datetime) -> Json:
    """Return the JSON of a request; BecknError for a place that is none."""
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
        domain=request.domain,
        preview=request.preview,
    )
    message: Json
    if request.action == "discover":
        try:
            message = {"intent": write_intent(request)}
        except ValueError as error:
            raise BecknError(f"message.intent: {error}") from error
    elif request.action == "track":
        message = {"tracking": aftersales.write_tracking(None, bap_uri)}
        message["tracking"]["contract"] = _asked_contract(request)
    elif request.action == "rate":
        known_as = request.order_id or request.transaction_id
        message = {"ratingInputs": aftersales.write_rating(request.rating, known_as)}
    elif request.action == "support":
        message = {"support": aftersales.write_support(request.order_id, request.reason, None)}
    else:
        message = {"contract": _asked_contract(request)}
    return {"context": write_context(context), "message": message}


def read_answer(document: Node, sender: Subscriber, body_hash: str = "") -> OrderAnswer:
    """Read an ``on_…`` callback of ``sender``; BecknError names the field that is wrong."""
    context = read_context(document)
    action = common.action_of(context.action.removeprefix("on_"))
    if context.action != f"on_{action}":
        raise BecknError("context.action: expected a callback (on_…)")
    error = common.read_error(document)
    # What a provider would not do has no contract to speak of, whatever it repeats of ours.
    message = document.node("message") if error is None else Node({}, "message")
    contract = (
        common.contract_of(message, action) if error is None else Node({}, "message.contract")
    )
    slot, fulfillment = contracts.read_performance(contract)
    execution = contracts.read_execution(contract)
    about = contract.maybe("contractAttributes")
    supported, need, support = aftersales.read_support(message)
    rating, rated = aftersales.read_rating(message, "ratings")
    answer = OrderAnswer(
        action=action,
        sender=sender,
        transaction_id=context.transaction_id,
        message_id=context.message_id,
        timestamp=context.timestamp,
        catalogs=tuple(grocery.read_catalog(node) for node in message.nodes("catalogs", 50)),
        lines=contracts.read_lines(contract),
        slot=slot,
        slots=grocery.read_slots(about),
        quote=contracts.read_quote(contract),
        order_id=contract.maybe_text("id") or supported or rated,
        state=common.read_state(contract, action, fulfillment),
        fulfillment_state=fulfillment,
        error=error,
        body_hash=body_hash,
        ride=execution.ride,
        table=execution.table,
        preview=context.preview,
        fee=about.node("fee").money() if about.has("fee") else None,
        cancellation=aftersales.read_terms(about, "cancellation"),
        rescheduling=aftersales.read_terms(about, "rescheduling"),
        agent=execution.agent,
        tracking=aftersales.read_tracking(message),
        support=support,
        rating=rating,
        reason=about.maybe_text("reason") or need,
    )
    check_answer(answer)
    return answer


def _asked_contract(request: OrderRequest) -> Json:
    written = contracts.write_lines(request.lines, "DRAFT", request.provider_id)
    contract: Json = {"commitments": written}
    known_as = request.order_id
    if known_as is None and request.action in ("status", "track", "update", "cancel"):
        # These need an id; one the provider never told is known by its transaction alone.
        known_as = request.transaction_id
    if known_as is not None:
        contract["id"] = known_as
    if request.action in ("select", "init", "confirm", "update"):
        contract["performance"] = contracts.write_performance(
            request.slot,
            "",
            len(request.lines),
            Execution(request.domain, request.ride, request.table),
        )
    if request.party is not None:
        contract["participants"] = contracts.write_party(request.party)
    if request.action in ("confirm", "update") and request.quote is not None:
        contract["consideration"] = contracts.write_quote(request.quote, "ACCEPTED")
    if request.action in ("init", "confirm"):
        contract["settlements"] = common.settlements()
    fee = grocery.write_money(request.fee) if request.fee else None
    if request.reason or request.reason_code or fee:
        contract["contractAttributes"] = grocery.attributes(
            "GroceryOrder", reason=request.reason, reasonCode=request.reason_code, fee=fee
        )
    return contract
