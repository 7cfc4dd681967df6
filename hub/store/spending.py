"""What ended orders have cost: the part of a month's spending that memory no longer holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, func, select

from hub.domain.money import Money
from hub.store import tables
from hub.store.codec import micros


def ended_since(connection: Connection, since: datetime) -> Iterator[Money]:
    """Yield what each order made since then has cost: its total, or the fee of having cancelled."""
    table = tables.core(tables.OrderRow)
    for state, path in (("completed", "$.quote.total"), ("cancelled", "$.change_fee")):
        found = connection.execute(
            select(
                func.json_extract(table.c.body, f"{path}.amount"),
                func.json_extract(table.c.body, f"{path}.currency"),
            ).where(
                table.c.state == state,
                table.c.created_at >= micros(since),
                func.json_extract(table.c.body, f"{path}.amount").is_not(None),
            )
        )
        for amount, currency in found:
            yield Money(Decimal(str(amount)), str(currency))
