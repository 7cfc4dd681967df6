"""What confirmed orders will bring, counted beside each level so that nothing is ordered twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hub.domain.orders import Order
from hub.store.tx import Tx

_BRINGING = ("confirmed", "in_progress")
SETTLED_IN = timedelta(hours=12)
"""After this long what was delivered shows in the levels, or will never."""


def expect(tx: Tx, order: Order) -> None:
    """Count what a confirmed order brings among what is expected."""
    for item, amount in brings(order).items():
        level = tx.house.stock.get(item)
        if level is not None:
            tx.save_stock(replace(level, expected=level.expected + amount))


def expect_no_more(tx: Tx, order: Order) -> None:
    """Expect no more of an order's items than the orders that are still on their way bring.

    A level that rises takes from what is expected; what it never took must not count for ever.
    """
    others = [o for o in tx.house.orders.values() if o.id != order.id and o.state in _BRINGING]
    coming = [brings(other) for other in others]
    for item in brings(order):
        level = tx.house.stock.get(item)
        most = sum(amounts.get(item, 0.0) for amounts in coming)
        if level is not None and level.expected > most:
            tx.save_stock(replace(level, expected=most))


def arriving(tx: Tx, order: Order) -> None:
    """Expect what an order brought to show in the levels within ``SETTLED_IN``, then no more."""
    tx.set_timer("arrived", order.id, "", tx.now + SETTLED_IN)


def brings(order: Order) -> dict[str, float]:
    """Return what an order adds to each pantry item, in the item's unit, where that is known."""
    amounts: dict[str, float] = {}
    for line in order.lines:
        if line.wants and line.piece is not None:
            amounts[line.wants] = amounts.get(line.wants, 0.0) + float(line.piece * line.count)
    return amounts
