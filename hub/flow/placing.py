"""Placing an order that a member agreed to, and following it until it has come."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hub.domain.orders import ORDER_LIFE, Order, OrderAnswer
from hub.domain.suggestions import Option, Suggestion
from hub.domain.wording import window_text
from hub.flow.ending import end
from hub.flow.expected import expect, expect_no_more
from hub.flow.home import Home
from hub.flow.offers import answered_lines, cheapest_first, drop, option_of
from hub.flow.requests import await_answer, request
from hub.flow.tell import ask, tell_outcome
from hub.store.tx import Entry, Tx

LATEST_DELIVERY = timedelta(days=1)
"""When an order that names no window should have come."""
SETTLED_IN = timedelta(hours=12)
"""After this long what was delivered shows in the levels, or will never."""
PLACED = ("confirmed", "in_progress")


def on_init(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    """Confirm what the provider will bring, if it is what was agreed; else ask again."""
    suggestion = tx.suggestion(order.suggestion_id)
    if suggestion is None or suggestion.state != "approved":
        return
    tx.drop_timers("patience", order.id)
    if answer.error is not None:
        fail(tx, home, order, answer.error.message)
        return
    initialised = order.moved(
        "initialised",
        lines=answered_lines(order, answer),
        slot=answer.slot or order.slot,
        quote=answer.quote or order.quote,
        order_id=answer.order_id or order.order_id,
        pending=None,
        pending_message_id=None,
        last_message_id=answer.message_id,
        updated_at=tx.now,
    )
    agreed = suggestion.option(order.id)
    if not _as_agreed(initialised, agreed):
        back = initialised.moved("quoted", note="the offer changed after you agreed")
        tx.save(
            back,
            Entry("changed_by_provider", order.id, {"total": str(back.quote and back.quote.total)}),
        )
        reopen(tx, home, suggestion, back)
        return
    await_answer(tx, home, request(tx, home, initialised, "confirm"))


def _as_agreed(order: Order, agreed: Option) -> bool:
    """Tell whether it costs no more, and comes when and as it was approved."""
    if order.quote is None or order.approved_total is None:
        return False
    total = order.quote.total
    same_counts = {line.item_id: line.count for line in order.lines} == {
        line.item_id: line.count for line in agreed.lines
    }
    return (
        total.currency == order.approved_total.currency
        and total.amount <= order.approved_total.amount
        and (order.slot.window if order.slot else None) == agreed.window
        and same_counts
    )


def reopen(tx: Tx, home: Home, suggestion: Suggestion, order: Order | None) -> None:
    """Ask again about an approved suggestion: its offer changed, or its provider cannot."""
    options = tuple(o for o in suggestion.options if order is None or o.order_id != order.id)
    if order is not None and not ORDER_LIFE.ended(order.state):
        options = cheapest_first((option_of(home, order), *options))
    asked_again = suggestion.moved(
        "proposed",
        options=options,
        version=suggestion.version + 1,
        chosen=None,
        decided_by=None,
        decided_at=None,
        outcome="",
        deadline=max(suggestion.deadline, tx.now + timedelta(minutes=30)),
    )
    tx.set_timer("deadline", suggestion.id, "", asked_again.deadline)
    tx.save(asked_again, Entry("reopened", suggestion.id, {"version": asked_again.version}))
    ask(tx, home, asked_again)


def on_confirm(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    """Take the provider's yes or no to an order."""
    if order.state != "initialised":
        return
    if answer.error is not None:
        fail(tx, home, order, answer.error.message)
        return
    confirmed(tx, home, order, answer)


def confirmed(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    """Take a provider's confirmation in: the order stands, and the suggestion is carried out."""
    done = order.moved(
        "confirmed",
        order_id=answer.order_id or order.order_id,
        fulfillment_state=answer.fulfillment_state,
        slot=answer.slot or order.slot,
        pending=None,
        pending_message_id=None,
        last_message_id=answer.message_id,
        updated_at=tx.now,
    )
    total = done.quote.total if done.quote else done.approved_total
    stated = answer.quote.total if answer.quote else total
    facts = {"order_id": done.order_id, "provider": done.provider_name, "total": str(total)}
    if stated != total:
        facts["stated"] = str(stated)
    tx.save(done, Entry("confirmed", order.id, facts))
    tx.drop_timers("patience", order.id)
    expect(tx, done)
    over = done.slot.window.end if done.slot else tx.now + LATEST_DELIVERY
    tx.set_timer("follow", order.id, "", over)
    suggestion = tx.suggestion(order.suggestion_id)
    if suggestion is None or suggestion.state != "approved":
        return
    when = (
        f", {window_text(done.slot.window, home.settings.home.zone, tx.now)}" if done.slot else ""
    )
    end(
        tx,
        home,
        suggestion,
        "carried_out",
        f"Ordered at {done.provider_name} for {total}{when}. Order {done.order_id}."
        + (f" It now says {stated}; ask it why." if stated != total else ""),
        keep=order.id,
    )


def on_status(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    """Take in how an order fares, or what became of one in doubt."""
    if order.pending == "confirm":
        _after_doubt(tx, home, order, answer)
        return
    if answer.error is not None or answer.state is None:
        return
    if answer.state in ("cancelled", "failed"):
        on_cancel(tx, home, order, answer)
        return
    if order.state not in PLACED or answer.state not in ORDER_LIFE.moves[order.state]:
        # A status tells how a placed order fares; it can neither quote nor place one.
        return
    moved = order.moved(
        answer.state,
        fulfillment_state=answer.fulfillment_state or order.fulfillment_state,
        last_message_id=answer.message_id,
        updated_at=tx.now,
    )
    tx.save(
        moved, Entry(f"order_{moved.state}", order.id, {"fulfillment": moved.fulfillment_state})
    )
    if ORDER_LIFE.ended(moved.state):
        tx.drop_timers("follow", order.id)
        tx.set_timer("arrived", order.id, "", tx.now + SETTLED_IN)


def _after_doubt(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    """A status answers what became of a confirm that may or may not have arrived."""
    if answer.error is not None:
        # The provider knows no such order, so the confirm never arrived: the same message again.
        request(tx, home, order, "confirm", again=True)
    elif answer.state in ("confirmed", "in_progress", "completed"):
        confirmed(tx, home, order, answer)
    elif answer.state in ("cancelled", "failed"):
        fail(tx, home, order, "the provider cancelled it")


def on_cancel(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    """Let go of what the provider cancelled, and say so."""
    if answer.error is not None or answer.preview:
        return
    if order.state not in PLACED:
        if order.state == "initialised" or order.pending == "init":
            fail(tx, home, order, "the provider cancelled it")
        else:
            drop(tx, home, order, "it was withdrawn")
        return
    gone = order.moved("cancelled", last_message_id=answer.message_id, updated_at=tx.now)
    (index,) = tx.save(gone, Entry("cancelled", order.id, {"by": order.provider_name}))
    tx.drop_timers("follow", order.id)
    expect_no_more(tx, order)
    suggestion = tx.suggestion(order.suggestion_id)
    if suggestion is not None:
        outcome = f"{order.provider_name} cancelled the order {order.order_id}."
        told = replace(suggestion, outcome=outcome)
        tx.save(told)
        tell_outcome(tx, home, told, index)


def fail(tx: Tx, home: Home, order: Order, reason: str, *, outcome: str = "") -> None:
    """End an approved order that cannot be; with other offers left, ask about those.

    ``outcome`` is what members are told, where "nothing was ordered" is not the whole truth.
    """
    failed = order.moved("failed", reason=reason[:300], pending=None, updated_at=tx.now)
    tx.save(failed, Entry("order_failed", order.id, {"reason": reason[:300]}))
    tx.drop_timers("patience", order.id)
    suggestion = tx.suggestion(order.suggestion_id)
    if suggestion is None or suggestion.state != "approved":
        return
    if not outcome:
        outcome = f"{order.provider_name} did not take the order ({reason}); nothing was ordered."
    if any(option.order_id != order.id for option in suggestion.options):
        reopen(tx, home, replace(suggestion, body=f"{outcome}\n{suggestion.body}"), failed)
    else:
        end(tx, home, suggestion, "failed", outcome)
