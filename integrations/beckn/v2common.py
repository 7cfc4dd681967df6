"""What both sides of Beckn v2.0.0 LTS messages share: the words, and parts of contracts."""

from __future__ import annotations

from typing import get_args

from hub.domain.orders import ACTIONS, Action, Domain, OrderState, ProviderError
from integrations.beckn import grocery
from integrations.beckn.envelope import Context
from integrations.beckn.errors import ACTION_NOT_APPLICABLE, INVALID_REQUEST, BecknError
from integrations.beckn.grocery import Json
from integrations.beckn.reading import Node

BASE = "/beckn/v2"
"""The path beneath which actions are, here and in the URIs we register."""

SPOKEN: tuple[Action, ...] = ACTIONS
"""The actions that are carried: all of them."""

PENDING = "Pending"
"""The fulfilment state of an order that nobody has begun to pack."""

NOT_BEGUN = frozenset(
    {"", "pending", "created", "accepted", "ride_assigned", "ride_confirmed", "orderitemconfirmed"}
)
"""Fulfilment states, case folded, of an order that is agreed while nobody has begun with it."""

_WITHOUT_CONTRACT = ("discover", "track", "rate", "support")
_DOMAINS: tuple[Domain, ...] = get_args(Domain)

PAYMENT = "ON_DELIVERY"
"""The only way of paying that is spoken of: to the driver."""

STATUS: dict[OrderState, str] = {
    "drafted": "DRAFT",
    "quoted": "DRAFT",
    "initialised": "DRAFT",
    "confirmed": "ACTIVE",
    "in_progress": "ACTIVE",
    "completed": "COMPLETE",
    "cancelled": "CANCELLED",
    "failed": "CANCELLED",
}
NOTHING: Json = {
    "id": "none",
    "status": {"descriptor": {"code": "CLOSED"}},
    "resources": [],
    "offer": {"id": "none", "resourceIds": []},
}
"""Stands in a contract that came to nothing: its schema asks for at least one commitment."""

COMMITMENT = {"DRAFT": "DRAFT", "ACTIVE": "ACTIVE", "COMPLETE": "CLOSED", "CANCELLED": "CLOSED"}


def contract_of(message: Node, action: Action) -> Node:
    """Return the contract a message speaks of; an empty one where the action needs none."""
    if action == "track":
        return message.maybe("tracking").maybe("contract")
    if action in _WITHOUT_CONTRACT:
        return Node({}, "message.contract")
    return message.node("contract")


def domain_of(context: Context) -> Domain:
    """Return what a message is about."""
    # What another network calls it is no reason to refuse: groceries are the plain case.
    return next((name for name in _DOMAINS if name == context.domain), "grocery")


def action_of(name: str) -> Action:
    """Return the action of that name; BecknError where there is none."""
    for action in SPOKEN:
        if action == name:
            return action
    raise BecknError(f"context.action: {name[:40]} is not spoken here", ACTION_NOT_APPLICABLE)


def settlements() -> list[Json]:
    """Write the one way of paying that is spoken of."""
    about = grocery.attributes("Payment", method=PAYMENT)
    return [
        {
            "id": "payment",
            "considerationId": "quote",
            "status": "DRAFT",
            "settlementAttributes": about,
        }
    ]


def read_payment(contract: Node) -> str:
    """Return the way of paying that a contract names, or ''."""
    for settlement in contract.nodes("settlements", 10):
        return settlement.maybe("settlementAttributes").maybe_text("method") or ""
    return ""


def read_error(document: Node) -> ProviderError | None:
    """Return why a provider would not, or None."""
    if not document.has("error"):
        return None
    error = document.node("error")
    code = error.maybe_text("errorCode") or INVALID_REQUEST
    return ProviderError(code, error.maybe_text("errorMessage") or "no reason given")


def read_state(contract: Node, action: Action, fulfillment: str) -> OrderState | None:
    """Return the order's state, of the contract's and how far its performance is."""
    code = contract.maybe("status").maybe_text("code")
    if code is None:
        return None
    if code == "DRAFT":
        return {"select": "quoted", "init": "initialised"}.get(action)  # type: ignore[return-value]
    if code == "ACTIVE":
        return "confirmed" if fulfillment.casefold() in NOT_BEGUN else "in_progress"
    if code == "COMPLETE":
        return "completed"
    if code == "CANCELLED":
        return "cancelled"
    return contract.maybe("status").fail("code", "DRAFT, ACTIVE, CANCELLED or COMPLETE")
