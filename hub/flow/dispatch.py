"""Before an effect is done, and when it could not be: is it still wanted, and what then."""

from __future__ import annotations

from hub.domain.effects import AskMember, SendOrderRequest
from hub.domain.suggestions import Suggestion
from hub.flow.changes import unheard
from hub.flow.home import Home
from hub.flow.offers import unanswered
from hub.flow.placing import PLACED, fail
from hub.flow.requests import ASIDE, request
from hub.store.house import House
from hub.store.tx import Entry, Tx

BINDING = ("init", "confirm")
"""What a provider acts on: only for a suggestion that a member approved."""
CHANGING = ("update", "cancel")
"""What changes a placed order, or asks what that would cost."""


def order_wanted(house: House, effect: SendOrderRequest) -> bool:
    """Tell whether a Beckn message is still to be sent, as the house is now.

    What is awaited may be sent while its suggestion is open (offers) or approved (the order).
    """
    request = effect.request
    if request.action in ASIDE and request.action != "status":
        return True
    order = house.orders.get(effect.order_id)
    if order is None:
        return False
    if request.action == "status":
        return True
    if (order.pending, order.pending_message_id) != (request.action, request.message_id):
        return False
    if request.action in CHANGING:
        return order.state in PLACED
    suggestion = house.suggestions.get(order.suggestion_id)
    if suggestion is None:
        return False
    return suggestion.state == ("approved" if request.action in BINDING else "proposed")


def question_wanted(house: House, effect: AskMember) -> Suggestion | None:
    """Return the suggestion a member is to be asked about, None when that is over or changed."""
    suggestion = house.suggestions.get(effect.suggestion_id)
    if suggestion is None or not suggestion.open or suggestion.version != effect.version:
        return None
    return suggestion


def uncertain(tx: Tx, home: Home, effect: SendOrderRequest) -> None:
    """A confirm may have arrived: ask for the order's status, never send it blindly again."""
    order = tx.house.orders.get(effect.order_id)
    if order is not None and order.pending_message_id == effect.request.message_id:
        request(tx, home, order, "status")


def gave_up(tx: Tx, home: Home, effect: SendOrderRequest, reason: str) -> None:
    """A message could not be delivered: let go of the offer, or end the order and say so."""
    order = tx.house.orders.get(effect.order_id)
    action = effect.request.action
    if action in ASIDE:
        # A status is asked again by ``tick``, which is patient; the rest a member may repeat.
        tx.append(Entry(f"{action}_undelivered", effect.order_id, {"reason": reason[:300]}))
    elif order is None:
        return
    elif order.pending_message_id == effect.request.message_id:
        if action in BINDING:
            fail(tx, home, order, reason)
        elif action in CHANGING:
            unheard(tx, home, order, reason)
        else:
            unanswered(tx, home, order, reason)
