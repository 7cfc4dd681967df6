"""Sending Beckn messages for an order: each with its own message id, through the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hub.domain.effects import SendOrderRequest
from hub.domain.orders import Action, Order, OrderRequest, Party, Want
from hub.flow.home import Home
from hub.store.tx import Entry, Tx

DELIVER_WITHIN = timedelta(minutes=15)
"""How long the sending of an order's message is tried before the order is given up."""


def request(
    tx: Tx,
    home: Home,
    order: Order,
    action: Action,
    *,
    wants: Sequence[Want] = (),
    party: Party | None = None,
    again: bool = False,
) -> Order:
    """Send ``action`` for ``order``; return the order, now waiting for its answer.

    ``again`` repeats the message that is awaited already, under the same message id, by which the
    provider recognises it. A ``status`` does not take the place of what is awaited.
    """
    message_id = order.pending_message_id if again else None
    message_id = message_id or tx.new_id()
    if action == "status":
        waiting = order
    else:
        waiting = replace(order, pending=action, pending_message_id=message_id, updated_at=tx.now)
    message = OrderRequest(
        action=action,
        transaction_id=order.transaction_id,
        message_id=message_id,
        to=order.provider,
        ttl=home.settings.beckn.ttl,
        wants=tuple(wants),
        lines=order.lines,
        provider_id=order.provider_id,
        slot=order.slot,
        party=party,
        quote=order.quote,
        order_id=order.order_id,
    )
    facts = {"to": order.provider.subscriber_id, "message_id": message_id, "again": again}
    (index,) = tx.save(waiting, Entry(f"{action}_sent", order.id, facts))
    tx.emit(
        SendOrderRequest(message, order.id, order.suggestion_id),
        key=f"beckn:{message_id}:{index}",
        subject=order.id,
        expires=tx.now + DELIVER_WITHIN,
    )
    return waiting


def await_answer(tx: Tx, home: Home, order: Order) -> Order:
    """Have ``tick`` look after an order whose answer does not come in time."""
    tx.drop_timers("patience", order.id)
    patience = timedelta(seconds=home.settings.beckn.confirm_patience)
    tx.set_timer("patience", order.id, "", tx.now + patience)
    return order


def party_of(home: Home) -> Party:
    """Return what a provider is told of the household: the fields its settings disclose."""
    settings = home.settings.home
    known = {
        "name": settings.name,
        "address": settings.address,
        "area_code": settings.area_code,
        "gps": settings.gps,
        "phone": settings.phone,
        "email": settings.email,
    }
    return Party(**{field: known[field] for field in home.settings.beckn.disclose})
