"""Erasing: what opens sealed facts goes, and what else tells of a person or a time.

The ledger's entries stay as they are, so that the log can still be checked: they hold hashes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Engine, Table, delete, func, select, update
from sqlmodel import SQLModel

from hub.domain.consent import Grant
from hub.domain.orders import ORDER_LIFE
from hub.domain.suggestions import SUGGESTION_LIFE
from hub.store import peertables, tables
from hub.store.codec import load, micros
from hub.store.house import GIVEN, quarter_of
from hub.store.sums import sum_anew
from hub.store.tx import Entry, Tx

ERASED = "erased"
_SOMEBODY = "somebody"


def erase_member(tx: Tx, member: str, name: str) -> dict[str, int]:
    """Erase a member's part in everything; return how much of what.

    ``name`` is how they are called in what was written, "" when that is not known. Rows that are of
    this member alone go; in others they become somebody.
    """
    whom = _Whom(member, name)
    done = {"sealed facts": _openings_of(tx, whom)}
    for table in SQLModel.metadata.tables.values():
        if "member" in table.c:
            gone = tx.connection.execute(delete(table).where(table.c.member == member))
            done[table.name.replace("_", " ")] = gone.rowcount
    done["notifications"] = _notifications(tx, member)
    plans = tables.core(tables.PlanRow)
    alone = func.json_extract(plans.c.body, "$.members") == func.json_array(member)
    done["plan"] = tx.connection.execute(delete(plans).where(alone)).rowcount
    states = tables.core(tables.EntityState)
    # Where a member was seen: a person of Home Assistant, by its id or its name.
    seen = (states.c.entity == f"person.{member}") | (
        states.c.entity.startswith("person.")
        & (func.json_extract(states.c.attributes, "$.friendly_name") == name)
    )
    done["presence"] = tx.connection.execute(delete(states).where(seen)).rowcount
    for model in (
        tables.SuggestionRow,
        tables.OrderRow,
        tables.OutboxRow,
        tables.ActivityRow,
        tables.GrantRow,
        tables.DisclosedRow,
        tables.MealRow,
        tables.CalendarRow,
        tables.PlanRow,
        tables.CaseRow,
    ):
        table = tables.core(model)
        done[f"{table.name}, rewritten"] = _rewrite(tx, table, "body", whom)
    done["answers, rewritten"] = _rewrite(tx, tables.core(tables.SpentToken), "outcome", whom)
    stock = tables.core(tables.Stock)
    tx.connection.execute(
        update(stock).where(stock.c.source == f"member:{member}").values(source=f"member:{ERASED}")
    )
    return _noted(tx, {"of": "a member"}, done)


def erase_before(tx: Tx, before: datetime) -> dict[str, int]:
    """Erase what is over since before an instant; return how much of what.

    Open suggestions, orders under way and the present state stay.
    """
    limit, run = micros(before), tx.connection.execute
    ledger, opening = tables.core(tables.LedgerRow), tables.core(tables.OpeningRow)
    old = select(ledger.c["index"]).where(ledger.c.at < limit)
    done = {"sealed facts": run(delete(opening).where(opening.c.entry.in_(old))).rowcount}
    suggestions, orders = tables.core(tables.SuggestionRow), tables.core(tables.OrderRow)
    closed = [state for state in SUGGESTION_LIFE.moves if SUGGESTION_LIFE.ended(state)]
    ended = [state for state in ORDER_LIFE.moves if ORDER_LIFE.ended(state)]
    for table, states in ((suggestions, closed), (orders, ended)):
        condition = table.c.state.in_(states), table.c.created_at < limit
        done[table.name] = run(delete(table).where(*condition)).rowcount
    activities = tables.core(tables.ActivityRow)
    past = activities.c.state.in_(("over", "cancelled")), activities.c.start < limit
    done["activity"] = run(delete(activities).where(*past)).rowcount
    meals = tables.core(tables.MealRow)
    past = meals.c.state.in_(("over", "cancelled")), meals.c.start < limit
    done["meal"] = run(delete(meals).where(*past)).rowcount
    plans = tables.core(tables.PlanRow)
    done["plan"] = run(delete(plans).where(plans.c.end < limit)).rowcount
    slots = tables.core(tables.OfferedSlots)
    run(delete(slots).where(slots.c.order_id.not_in(select(orders.c.id))))
    grants = tables.core(tables.GrantRow)
    over = grants.c.state != GIVEN, grants.c.id.not_in(_grants_since(tx, limit))
    done["consent"] = run(delete(grants).where(*over)).rowcount
    for model, column in (
        (tables.SpentToken, "at"),
        (tables.DisclosedRow, "at"),
        (tables.SentRow, "at"),
        (tables.SignedRow, "at"),
        (peertables.SignedTalk, "at"),
        (tables.ParkedRow, "at"),
        (tables.Inbox, "received_at"),
        (tables.NoticeRow, "expires"),
        (tables.WebSession, "expires_at"),
        (tables.SignInCode, "expires_at"),
    ):
        table = tables.core(model)
        done[table.name.replace("_", " ")] = run(
            delete(table).where(table.c[column] < limit)
        ).rowcount
    outbox, history = tables.core(tables.OutboxRow), tables.core(tables.StockHistory)
    run(delete(outbox).where(outbox.c.state == "dead", outbox.c.created_at < limit))
    levels = run(delete(history).where(history.c.quarter < quarter_of(before)))
    done["levels of the pantry"] = levels.rowcount
    return _noted(tx, {"before": before.isoformat()}, done)


def _grants_since(tx: Tx, limit: int) -> list[str]:
    """Return the consents given since an instant, or under which something left since."""
    grants, told = tables.core(tables.GrantRow), tables.core(tables.DisclosedRow)
    given = (load(Grant, body) for body in tx.connection.execute(select(grants.c.body)).scalars())
    used = tx.connection.execute(select(told.c.body).where(told.c.at >= limit)).scalars()
    return [one.id for one in given if micros(one.given_at) >= limit] + [
        name for body in used for name in orjson.loads(body)["grants"]
    ]


def in_clear(tx: Tx, member: str) -> int:
    """Return how many entries name a member in clear: those of before facts were sealed."""
    table = tables.core(tables.LedgerRow)
    found = func.instr(table.c.body, orjson.dumps(member).decode()) > 0
    return tx.connection.execute(select(func.count()).select_from(table).where(found)).scalar() or 0


def forget_bytes(engine: Engine) -> None:
    """Write the database anew, so that what was deleted is in none of its pages any more."""
    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.execute("VACUUM")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class _Whom:
    """Finds a member in what was written, and takes them out of it."""

    def __init__(self, member: str, name: str) -> None:
        self.member = member
        self._called = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)") if name else None

    def told(self, value: Any) -> bool:
        """Tell whether the member is in it."""
        return bool(value != self.without(value))

    def without(self, value: Any) -> Any:
        """Return JSON without the member: in no list, no one where one stood, no name."""
        if isinstance(value, str):
            if value in (self.member, f"member:{self.member}"):
                return ERASED
            return self._called.sub(_SOMEBODY, value) if self._called else value
        if isinstance(value, dict):
            return {key: self.without(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.without(one) for one in value if one != self.member]
        return value


def _openings_of(tx: Tx, whom: _Whom) -> int:
    table = tables.core(tables.OpeningRow)
    gone = [
        (row.entry, row.place)
        for row in tx.connection.execute(select(table))
        if row.of == whom.member or whom.told(orjson.loads(row.value))
    ]
    for entry, place in gone:
        tx.connection.execute(delete(table).where(table.c.entry == entry, table.c.place == place))
    return len(gone)


def _notifications(tx: Tx, member: str) -> int:
    table = tables.core(tables.OutboxRow)
    mine = func.json_extract(table.c.body, "$.member") == member
    return tx.connection.execute(delete(table).where(mine)).rowcount


def _rewrite(tx: Tx, table: Table, column: str, whom: _Whom) -> int:
    key = next(iter(table.primary_key.columns))
    changed = list(_changed(tx, table, column, whom))
    for identity, value in changed:
        tx.connection.execute(update(table).where(key == identity).values({column: value}))
        sum_anew(tx.connection, table, key == identity)
    return len(changed)


def _changed(tx: Tx, table: Table, column: str, whom: _Whom) -> Iterator[tuple[Any, str]]:
    key = next(iter(table.primary_key.columns))
    for identity, text in tx.connection.execute(select(key, table.c[column])):
        if column == "body":
            value = orjson.loads(text)
            if whom.told(value):
                yield identity, orjson.dumps(whom.without(value)).decode()
        elif whom.told(text):
            yield identity, whom.without(text)


def _noted(tx: Tx, what: dict[str, object], done: dict[str, int]) -> dict[str, int]:
    counted = {name: number for name, number in done.items() if number}
    tx.append(Entry("erased", "household", {**what, "counts": counted}))
    return counted
