"""The mechanics of a unit of work: changes in memory with a journal, rows collected and coalesced.

Rows are written once, at the end, with executemany: a batch of 256 messages costs a handful of
statements. What the changes mean is ``hub.store.tx``'s.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, bindparam, delete
from sqlalchemy.dialects.sqlite import insert
from sqlmodel import SQLModel

from hub.store import tables

K = TypeVar("K")
V = TypeVar("V")
_MISSING = object()


class Unit:
    """Changes in memory that can be undone, and the rows that go with them."""

    def __init__(self, connection: Connection) -> None:
        """Begin on an open transaction."""
        self.connection = connection
        self._journal: list[tuple[Any, Any, Any]] = []
        self._upserts: dict[Table, dict[Any, dict[str, object]]] = {}
        self._inserts: dict[Table, list[dict[str, object]]] = {}
        self._deletes: dict[Table, dict[Any, dict[str, object]]] = {}

    def _set(self, where: dict[K, V], key: K, value: V) -> None:
        self._journal.append((where, key, where.get(key, _MISSING)))
        where[key] = value

    def _drop(self, where: dict[K, V], key: K) -> None:
        if key in where:
            self._journal.append((where, key, where.pop(key)))

    def _replace(self, owner: object, name: str, value: object) -> None:
        """Set an attribute that holds one unchanging thing."""
        self._journal.append((owner, name, getattr(owner, name)))
        setattr(owner, name, value)

    def undo(self, mark: int = 0) -> None:
        """Take back every change made in memory (since the journal had ``mark`` entries)."""
        for where, key, before in reversed(self._journal[mark:]):
            if not isinstance(where, dict):
                setattr(where, key, before)
            elif before is _MISSING:
                where.pop(key, None)
            else:
                where[key] = before
        del self._journal[mark:]

    def attempt(self, step: Callable[[], object]) -> None:
        """Do a part of the work that may fail alone: what it raises has undone that part only."""
        mark = len(self._journal)
        upserts = {table: dict(rows) for table, rows in self._upserts.items()}
        inserts = {table: list(rows) for table, rows in self._inserts.items()}
        deletes = {table: dict(rows) for table, rows in self._deletes.items()}
        try:
            with self.connection.begin_nested():
                step()
        except Exception:
            self.undo(mark)
            self._upserts, self._inserts, self._deletes = upserts, inserts, deletes
            raise

    def _upsert(self, table: type[SQLModel], identity: object, /, **row: object) -> None:
        self._upserts.setdefault(tables.core(table), {})[identity] = row
        deleted = self._deletes.get(tables.core(table))
        if deleted:
            deleted.pop(identity, None)

    def _delete(self, table: type[SQLModel], identity: object, /, **where: object) -> None:
        self._deletes.setdefault(tables.core(table), {})[identity] = where
        rows = self._upserts.get(tables.core(table))
        if rows:
            rows.pop(identity, None)

    def _insert(self, table: type[SQLModel], /, **row: object) -> None:
        self._inserts.setdefault(tables.core(table), []).append(row)

    def flush(self) -> None:
        """Write what was changed; called by the writer just before it commits."""
        for table, keyed in self._deletes.items():
            if not keyed:
                continue
            names = list(next(iter(keyed.values())))
            condition = [table.c[name] == bindparam(f"b_{name}") for name in names]
            self.connection.execute(
                delete(table).where(*condition),
                [{f"b_{name}": row[name] for name in names} for row in keyed.values()],
            )
        for table, rows in self._upserts.items():
            if not rows:
                continue
            self.connection.execute(_upsert_statement(table), list(rows.values()))
        for table, new in self._inserts.items():
            if table is tables.core(tables.ParkedRow):
                self.connection.execute(_parked_statement(), new)
            else:
                self.connection.execute(table.insert(), new)


_STATEMENTS: dict[Table, Any] = {}


def _upsert_statement(table: Table) -> Any:
    statement = _STATEMENTS.get(table)
    if statement is None:
        new = insert(table)
        statement = new.on_conflict_do_update(
            index_elements=list(table.primary_key.columns),
            set_={c.name: new.excluded[c.name] for c in table.columns if not c.primary_key},
        )
        _STATEMENTS[table] = statement
    return statement


def _parked_statement() -> Any:
    table = tables.core(tables.ParkedRow)
    new = insert(table)
    return new.on_conflict_do_update(
        index_elements=[table.c.topic, table.c.reason],
        set_={
            "at": new.excluded.at,
            "payload": new.excluded.payload,
            "count": table.c.count + 1,
        },
    )
