"""The end of a suggestion: what hung on it goes, and members are told."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from hub.domain.suggestions import Suggestion
from hub.domain.tongue import phrase
from hub.flow.belonging import note
from hub.flow.collect import forget_timers
from hub.flow.home import Home
from hub.flow.tell import tell_outcome
from hub.store.tx import Entry, Tx


def end(
    tx: Tx,
    home: Home,
    suggestion: Suggestion,
    state: str,
    outcome: str,
    *,
    keep: Container[str] = (),
    **changes: object,
) -> Suggestion:
    """Close a suggestion: its other offers go, its timers too, and members are told.

    ``keep`` are the ids of orders that stand.
    """
    for order in tx.orders_of(suggestion.id):
        if order.id not in keep:
            tx.save(
                order.moved(
                    "cancelled", pending=None, reason=phrase("not chosen"), updated_at=tx.now
                )
            )
    ended = suggestion.moved(state, outcome=outcome, **changes)  # type: ignore[arg-type]
    (index,) = tx.save(ended, Entry(state, suggestion.id, {"outcome": outcome}))
    forget_timers(tx, suggestion.id)
    tell_outcome(tx, home, ended, index)
    _let_be(tx, ended)
    note(tx, ended.about, "ended", ended.id)
    if state == "carried_out":
        tx.set_timer("review", "", "", tx.now)
    return ended


def take_back(tx: Tx, home: Home, key: str, why: str) -> None:
    """Take back the question of a cause, where nobody has decided on it yet."""
    asked = tx.house.open_with(key)
    if asked is not None and asked.open:
        end(tx, home, asked, "superseded", why)


def _let_be(tx: Tx, suggestion: Suggestion) -> None:
    """Forget the change that a question was about, where nobody agreed to it: the order stays."""
    order = tx.house.orders.get(suggestion.subject)
    change = order.change if order is not None else None
    if order is None or change is None or change.suggestion_id != suggestion.id or change.agreed:
        return
    reason = suggestion.outcome[:300] if order.about else order.reason
    tx.save(replace(order, change=None, reason=reason, updated_at=tx.now))
    note(tx, order.about, "unchanged", order.id)
