"""Sending Beckn messages for an order: each with its own message id, through the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hub.domain.effects import SendOrderRequest
from hub.domain.money import Money
from hub.domain.offers import DeliverySlot, RideWish, TableWish
from hub.domain.orders import Action, Order, OrderRequest, Quote, Rating, Want
from hub.flow.gate import release, ride_told
from hub.flow.home import Home
from hub.store.tx import Entry, Tx

DELIVER_WITHIN = timedelta(minutes=15)
"""How long the sending of an order's message is tried before the order is given up."""
ASIDE: tuple[Action, ...] = ("status", "track", "rate", "support")
"""What may be asked at any time: it does not take the place of what is awaited."""


def request(
    tx: Tx,
    home: Home,
    order: Order,
    action: Action,
    *,
    wants: Sequence[Want] = (),
    again: bool = False,
    preview: bool = False,
    slot: DeliverySlot | None = None,
    quote: Quote | None = None,
    fee: Money | None = None,
    rating: Rating | None = None,
    reason: str = "",
    named: str = "",
    ride: RideWish | None = None,
    table: TableWish | None = None,
    anytime: bool = False,
) -> Order:
    """Send ``action`` for ``order``; return the order, now waiting for its answer.

    ``again`` repeats the message that is awaited already, under the same message id, by which the
    provider recognises it. ``slot``, ``quote``, ``ride`` and ``table`` stand in for the order's own
    (``update``); with ``anytime`` no slot is named. The others are as in ``OrderRequest``;
    ``named`` is a message id to use. What is in ``ASIDE`` awaits nothing. What the message tells of
    the household is the gate's to say.
    """
    message_id = (order.pending_message_id if again else None) or named or tx.new_id()
    if action in ASIDE:
        waiting = order
    else:
        waiting = replace(order, pending=action, pending_message_id=message_id, updated_at=tx.now)
    rides = ride or order.ride
    party = release(tx, home, order, action, message_id, wants=wants, rating=rating, reason=reason)
    message = OrderRequest(
        action=action,
        transaction_id=order.transaction_id,
        message_id=message_id,
        to=order.provider,
        ttl=home.settings.beckn.ttl,
        wants=tuple(wants),
        lines=order.lines,
        provider_id=order.provider_id,
        slot=None if anytime else slot or order.slot,
        party=party,
        quote=quote or order.quote,
        order_id=order.order_id,
        reason=reason,
        domain=order.domain,
        ride=None if rides is None else ride_told(rides, home),
        table=table or order.table,
        preview=preview,
        fee=fee,
        rating=rating,
    )
    facts: dict[str, object] = {
        "to": order.provider.subscriber_id,
        "message_id": message_id,
        "again": again,
    }
    if preview:
        facts["preview"] = True
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
