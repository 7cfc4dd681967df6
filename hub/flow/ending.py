"""The end of a suggestion: what hung on it goes, and members are told."""

from __future__ import annotations

from collections.abc import Container

from hub.domain.suggestions import Suggestion
from hub.flow.home import Home
from hub.flow.suggest import forget_timers
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
            tx.save(order.moved("cancelled", pending=None, reason="not chosen", updated_at=tx.now))
    ended = suggestion.moved(state, outcome=outcome, **changes)  # type: ignore[arg-type]
    (index,) = tx.save(ended, Entry(state, suggestion.id, {"outcome": outcome}))
    forget_timers(tx, suggestion.id)
    tell_outcome(tx, home, ended, index)
    if state == "carried_out":
        tx.set_timer("review", "", "", tx.now)
    return ended
