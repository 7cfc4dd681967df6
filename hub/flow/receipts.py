"""What both sides of an order signed is kept as it was said: a receipt that anybody can check."""

from __future__ import annotations

from hub.domain.effects import SendOrderRequest
from hub.domain.orders import Order, OrderAnswer, Signed
from hub.flow.gate import left
from hub.store.tx import Tx

KEPT = ("init", "confirm", "update", "cancel")
"""What binds: agreed to, bought, changed, called off. What was merely asked is not kept."""
TOLD = (*KEPT, "status")
"""Of what a provider says, its states count as well."""
LARGEST = 256 * 1024
"""Bytes of a message that is kept; a larger one is noted by its hash in the log only."""


def sent(tx: Tx, effect: SendOrderRequest, signed: Signed) -> None:
    """Keep what was sent, once the other side has acknowledged it."""
    request = effect.request
    left(tx, request.message_id, signed.body)
    if request.action in KEPT and len(signed.body) <= LARGEST:
        tx.keep_signed(effect.order_id, "out", request.action, "", request.message_id, signed)


def heard(tx: Tx, order: Order, answer: OrderAnswer) -> None:
    """Keep what a provider said of an order."""
    signed = answer.signed
    if signed is not None and answer.action in TOLD and len(signed.body) <= LARGEST:
        who = answer.sender.subscriber_id
        tx.keep_signed(order.id, "in", f"on_{answer.action}", who, answer.message_id, signed)
