"""Sending Beckn messages for an order: each with its own message id, through the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hub.domain.effects import SendOrderRequest
from hub.domain.money import Money
from hub.domain.offers import DeliverySlot
from hub.domain.orders import Action, Order, OrderRequest, Party, Quote, Rating, Want
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
    party: Party | None = None,
    again: bool = False,
    preview: bool = False,
    slot: DeliverySlot | None = None,
    quote: Quote | None = None,
    fee: Money | None = None,
    rating: Rating | None = None,
    reason: str = "",
) -> Order:
    """Send ``action`` for ``order``; return the order, now waiting for its answer.

    ``again`` repeats the message that is awaited already, under the same message id, by which the
    provider recognises it. ``slot`` and ``quote`` stand in for the order's own (``update``); the
    others are as in ``OrderRequest``. What is in ``ASIDE`` awaits nothing.
    """
    message_id = order.pending_message_id if again else None
    message_id = message_id or tx.new_id()
    if action in ASIDE:
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
        slot=slot or order.slot,
        party=party,
        quote=quote or order.quote,
        order_id=order.order_id,
        reason=reason,
        domain=order.domain,
        ride=order.ride,
        table=order.table,
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


def told_fields(home: Home, order: Order) -> tuple[str, ...]:
    """Return what a provider is told once its order is agreed to: fields of ``Party``.

    Those the household discloses and knows; of these only what the provider needs, where it says.
    """
    return tuple(
        field
        for field in home.settings.beckn.disclose
        if getattr(home.settings.home, field) is not None
        and (not order.needs or field in order.needs)
    )


def withheld(home: Home, needs: Sequence[str]) -> tuple[str, ...]:
    """Return what a provider needs and is not told: not disclosed, or not written in hub.yaml."""
    known = set(Party.__slots__)
    return tuple(
        need
        for need in needs
        if need in known
        and (need not in home.settings.beckn.disclose or getattr(home.settings.home, need) is None)
    )


def party_of(home: Home, order: Order) -> Party:
    """Return what a provider is told of the household."""
    return Party(
        **{field: getattr(home.settings.home, field) for field in told_fields(home, order)}
    )
