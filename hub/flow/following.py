"""How a placed order fares: what its provider tells of it, asked or unasked."""

from __future__ import annotations

from hub.domain.orders import ORDER_LIFE, Order, OrderAnswer
from hub.domain.tongue import phrase
from hub.domain.wording import brought_text
from hub.flow.belonging import note
from hub.flow.changed import withdrawn
from hub.flow.expected import arriving
from hub.flow.home import Home
from hub.flow.placing import PLACED, confirmed, fail
from hub.flow.requests import request
from hub.flow.saying import give_up
from hub.store.tx import Entry, Tx


def on_status(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    """Take in how an order fares, or what became of one in doubt."""
    if order.pending == "confirm":
        _after_doubt(tx, home, order, answer)
        return
    if answer.error is not None or answer.state is None:
        return
    if answer.state in ("cancelled", "failed"):
        withdrawn(tx, home, order, answer)
        return
    if order.state not in PLACED or answer.state not in ORDER_LIFE.moves[order.state]:
        # A status tells how a placed order fares; it can neither quote nor place one.
        return
    moved = order.moved(
        answer.state,
        fulfillment_state=answer.fulfillment_state or order.fulfillment_state,
        agent=answer.agent or order.agent,
        tracking=answer.tracking or order.tracking,
        cancellation=answer.cancellation or order.cancellation,
        rescheduling=answer.rescheduling or order.rescheduling,
        last_message_id=answer.message_id,
        updated_at=tx.now,
    )
    if answer.slots:
        tx.save_slots(order.id, answer.slots)
    tx.save(
        moved, Entry(f"order_{moved.state}", order.id, {"fulfillment": moved.fulfillment_state})
    )
    if ORDER_LIFE.ended(moved.state):
        give_up(tx, home, moved, brought_text(order))
        tx.drop_timers("follow", order.id)
        note(tx, order.about, "over", order.id)
        arriving(tx, moved)


def _after_doubt(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    """A status answers what became of a confirm that may or may not have arrived."""
    if answer.error is not None:
        # The provider knows no such order, so the confirm never arrived: the same message again.
        request(tx, home, order, "confirm", again=True)
    elif answer.state in ("confirmed", "in_progress", "completed"):
        confirmed(tx, home, order, answer)
    elif answer.state in ("cancelled", "failed"):
        fail(tx, home, order, phrase("the provider cancelled it"))
