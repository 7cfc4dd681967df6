"""What comes back from providers: each ``on_…`` moves its order, and the suggestion behind it."""

from __future__ import annotations

from collections.abc import Callable

from hub.domain.orders import ORDER_LIFE, Order, OrderAnswer
from hub.flow.changed import on_cancel, on_update
from hub.flow.following import on_status
from hub.flow.home import Home
from hub.flow.offers import on_discover, on_select
from hub.flow.orders_after import on_rate, on_support, on_track
from hub.flow.placing import PLACED, on_confirm, on_init
from hub.flow.receipts import heard
from hub.store.tx import Entry, Tx

UNASKED = ("status", "confirm", "update", "cancel", "track", "rate", "support")
"""What is read whenever it comes: providers tell it unasked, or it was asked beside the rest."""
AFTERWARDS = ("rate", "support")
"""What may be answered once an order has ended."""


def settle(tx: Tx, home: Home, answer: OrderAnswer) -> bool:
    """Take one verified callback in; False when it was known already.

    An answer to nothing that was asked, or from somebody else than who was asked, goes into the
    ledger as refused and changes nothing.
    """
    key = f"beckn:{answer.sender.subscriber_id}:{answer.action}:{answer.message_id}"
    if not tx.first_time(key):
        return False
    order = tx.order_by_transaction(answer.transaction_id)
    if order is None or _somebody_elses(order, answer):
        facts = {"from": answer.sender.subscriber_id, "transaction_id": answer.transaction_id}
        tx.append(Entry("answer_refused", answer.action, facts))
        return True
    facts = {"from": answer.sender.subscriber_id, "message_id": answer.message_id}
    if answer.error is not None:
        facts["error"] = f"{answer.error.code}: {answer.error.message}"[:300]
    tx.append(Entry(f"on_{answer.action}_received", order.id, facts))
    heard(tx, order, answer)
    if ORDER_LIFE.ended(order.state) and answer.action not in AFTERWARDS:
        return True
    step = _STEPS.get(answer.action)
    awaited = order.pending == answer.action and order.pending_message_id == answer.message_id
    if step is not None and (awaited or answer.action in UNASKED):
        step(tx, home, order, answer)
    return True


def _somebody_elses(order: Order, answer: OrderAnswer) -> bool:
    """Tell whether an answer is another provider's, or about another order than this one."""
    if order.provider.subscriber_id != answer.sender.subscriber_id:
        return True
    about_order = answer.action in ("status", "update", "cancel", "confirm")
    known = order.state in (*PLACED, "completed") and order.order_id and answer.order_id
    return bool(about_order and known and order.order_id != answer.order_id)


_STEPS: dict[str, Callable[[Tx, Home, Order, OrderAnswer], None]] = {
    "discover": on_discover,
    "select": on_select,
    "init": on_init,
    "confirm": on_confirm,
    "status": on_status,
    "update": on_update,
    "cancel": on_cancel,
    "track": on_track,
    "rate": on_rate,
    "support": on_support,
}
