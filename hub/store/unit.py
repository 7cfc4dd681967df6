"""The mechanics of a unit of work: changes in memory with a journal, rows collected and coalesced.

Rows are written once, at the end, with executemany: a batch of 256 messages costs a handful of
statements. What the changes mean is ``hub.store.tx``'s.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, Table
from sqlmodel import SQLModel

from hub.store import tables
from hub.store.prepared import counted, deleted, inserted, upserted, write

K = TypeVar("K")
V = TypeVar("V")
_MISSING = object()


class Unit:
    """Changes in memory that can be undone, and the rows that go with them."""

    def __init__(self, connection: Connection) -> None:
        """Begin on an open transaction."""
        self.connection = connection
        self.rows = 0
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
        of = tables.core(table)
        self._upserts.setdefault(of, {})[identity] = row
        deleted = self._deletes.get(of)
        if deleted:
            deleted.pop(identity, None)

    def _delete(self, table: type[SQLModel], identity: object, /, **where: object) -> None:
        of = tables.core(table)
        self._deletes.setdefault(of, {})[identity] = where
        rows = self._upserts.get(of)
        if rows:
            rows.pop(identity, None)

    def _insert(self, table: type[SQLModel], /, **row: object) -> None:
        self._inserts.setdefault(tables.core(table), []).append(row)

    def flush(self) -> None:
        """Write what was changed; called by the writer just before it commits.

        ``rows`` tells afterwards how many.
        """
        self.rows = sum(
            len(of_table)
            for kind in (self._deletes, self._upserts, self._inserts)
            for of_table in kind.values()
        )
        for table, keyed in self._deletes.items():
            if keyed:
                write(self.connection, deleted, table, list(keyed.values()))
        for table, keyed in self._upserts.items():
            if keyed:
                write(self.connection, upserted, table, list(keyed.values()))
        for table, new in self._inserts.items():
            make = counted if table is tables.core(tables.ParkedRow) else inserted
            write(self.connection, make, table, new)
