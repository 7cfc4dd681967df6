"""What confirmed orders will bring, counted beside each level so that nothing is ordered twice."""

from __future__ import annotations

from dataclasses import replace

from hub.domain.orders import Order
from hub.store.tx import Tx

_BRINGING = ("confirmed", "in_progress")


def expect(tx: Tx, order: Order) -> None:
    """Count what a confirmed order brings among what is expected."""
    for item, amount in _brings(order).items():
        level = tx.house.stock.get(item)
        if level is not None:
            tx.save_stock(replace(level, expected=level.expected + amount))


def expect_no_more(tx: Tx, order: Order) -> None:
    """Expect no more of an order's items than the orders that are still on their way bring.

    A level that rises takes from what is expected; what it never took must not count for ever.
    """
    others = [o for o in tx.house.orders.values() if o.id != order.id and o.state in _BRINGING]
    coming = [_brings(other) for other in others]
    for item in _brings(order):
        level = tx.house.stock.get(item)
        most = sum(brings.get(item, 0.0) for brings in coming)
        if level is not None and level.expected > most:
            tx.save_stock(replace(level, expected=most))


def _brings(order: Order) -> dict[str, float]:
    brings: dict[str, float] = {}
    for line in order.lines:
        if line.wants and line.piece is not None:
            brings[line.wants] = brings.get(line.wants, 0.0) + float(line.piece * line.count)
    return brings
