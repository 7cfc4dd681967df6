"""Telling how a placed order stands, and closing the questions that were about it."""

from __future__ import annotations

from dataclasses import replace

from hub.domain.orders import Change, Order
from hub.flow.belonging import note
from hub.flow.ending import end
from hub.flow.home import Home
from hub.flow.tell import tag_of, tell, tell_outcome
from hub.store.tx import Entry, Tx


def say(tx: Tx, home: Home, order: Order, words: str, cause: int) -> None:
    """Tell those who were asked about an order how it stands, in place of what they were told."""
    suggestion = tx.suggestion(order.suggestion_id)
    if suggestion is None:
        tag = tag_of(order.id)
        tell(tx, home, home.adults(), tag=tag, title=order.provider_name, body=words, cause=cause)
        return
    told = replace(suggestion, outcome=words)
    tx.save(told)
    tell_outcome(tx, home, told, cause)


def told(
    tx: Tx, home: Home, order: Order, change: Change, state: str, words: str, cause: int
) -> None:
    """Close the question that a change was, or tell who was asked about the order."""
    if not close(tx, home, change, state, words):
        say(tx, home, order, words, cause)


def close(tx: Tx, home: Home, change: Change, state: str, words: str) -> bool:
    """End the question that a change was; False where there is none that is open or agreed to."""
    question = tx.suggestion(change.suggestion_id) if change.suggestion_id else None
    if question is None or question.state not in ("proposed", "approved"):
        return False
    if question.open and state == "carried_out":
        state = "superseded"
    elif question.state == "approved" and state == "superseded":
        state = "failed"
    end(tx, home, question, state, words)
    return True


def give_up(tx: Tx, home: Home, order: Order, words: str) -> None:
    """Give a change up; the order stays as it is, and whoever wanted the change is told."""
    change = order.change
    if change is None:
        return
    known = replace(
        order,
        change=None,
        pending=None,
        pending_message_id=None,
        reason=words[:300] if order.about else order.reason,
        updated_at=tx.now,
    )
    if change.conflict and not change.suggestion_id:
        # Nobody has been asked yet: what the conflict it was for comes to is said instead.
        case = tx.house.cases.get(change.conflict)
        if case is not None:
            tx.save_case(replace(case, unheard=True, silent=case.silent + 1))
        tx.save(known, Entry("change_given_up", order.id, {"reason": words[:300]}))
        tx.drop_timers("patience", order.id)
        return
    (index,) = tx.save(known, Entry("change_given_up", order.id, {"reason": words[:300]}))
    tx.drop_timers("patience", order.id)
    note(tx, order.about, "unchanged", order.id)
    told(tx, home, known, change, "failed", words, index)
