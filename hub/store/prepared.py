"""The statements of a unit of work: put together once by SQLAlchemy Core, then used as text.

Core finds a statement's text anew each time, by a key that it computes from the whole statement,
and makes a context and a result for each that is executed. That is cheap beside a batch of rows,
and most of the cost of the few rows of a single message: they go to the driver as they are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Table, bindparam, delete
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.dialects.sqlite.dml import Insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import Delete

from hub.store.crc import COLUMN, row_crc
from hub.store.sums import columns_of

Row = dict[str, object]
Make = Callable[[Table, tuple[str, ...]], "Insert | Delete"]


class Prepared:
    """A statement's text, and which of a row's values it wants in which order."""

    def __init__(self, statement: Insert | Delete, table: Table, dialect: Dialect) -> None:
        made: Any = statement.compile(dialect=dialect)
        self.text = str(made)
        self._constants: Row = {n: v for n, v in made.params.items() if n not in table.c}
        self._names: list[str] = made.positiontup
        self._summed = columns_of(table) if COLUMN in self._names else ()
        types = {column.name: column.type.dialect_impl(dialect) for column in table.c}
        self._converters = [
            types[name].bind_processor(dialect) if name in types else None for name in self._names
        ]

    def values(self, row: Row) -> tuple[object, ...]:
        """Return a row's values as the statement takes them."""
        given = {**self._constants, **row} if self._constants else row
        if self._summed:
            given = {**given, COLUMN: row_crc([row[name] for name in self._summed])}
        return tuple(
            given[name] if convert is None else convert(given[name])
            for name, convert in zip(self._names, self._converters, strict=True)
        )


_PREPARED: dict[tuple[Make, Table, tuple[str, ...]], Prepared] = {}


def write(connection: Connection, make: Make, table: Table, rows: Sequence[Row]) -> None:
    """Have what ``make`` says done with each of ``rows``, which all have the same columns.

    Raises sqlalchemy.exc.DBAPIError as SQLAlchemy does.
    """
    names = tuple(rows[0])
    prepared = _PREPARED.get((make, table, names))
    if prepared is None:
        prepared = Prepared(make(table, names), table, connection.dialect)
        _PREPARED[make, table, names] = prepared
    if not connection.in_transaction():
        connection.begin()
    driver: Any = connection.connection.driver_connection
    try:
        if len(rows) == 1:
            driver.execute(prepared.text, prepared.values(rows[0]))
        else:
            driver.executemany(prepared.text, map(prepared.values, rows))
    except sqlite3.Error as error:
        raise raised(prepared.text, error) from error


def raised(statement: str, error: sqlite3.Error) -> Exception:
    """Return an error of the driver as what SQLAlchemy makes of it in its own statements."""
    return DBAPIError.instance(statement, None, error, sqlite3.Error)


def deleted(table: Table, names: tuple[str, ...]) -> Delete:
    """Delete the rows that have these values."""
    return delete(table).where(*(table.c[name] == bindparam(name) for name in names))


def inserted(table: Table, names: tuple[str, ...]) -> Insert:
    """Insert rows."""
    return _insert(table, names)


def upserted(table: Table, names: tuple[str, ...]) -> Insert:
    """Insert rows, or put them in the place of those with the same key."""
    new = _insert(table, names)
    return new.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={c.name: new.excluded[c.name] for c in table.columns if not c.primary_key},
    )


def counted(table: Table, names: tuple[str, ...]) -> Insert:
    """Insert what was parked, or count it where the same was parked before."""
    new = _insert(table, names)
    return new.on_conflict_do_update(
        index_elements=[table.c.topic, table.c.reason],
        set_={
            "at": new.excluded.at,
            "payload": new.excluded.payload,
            "count": table.c.count + 1,
        },
    )


def _insert(table: Table, names: tuple[str, ...]) -> Insert:
    # Inline: nobody asks which ids were given.
    written = (*names, COLUMN) if COLUMN in table.c else names
    return insert(table).values({name: bindparam(name) for name in written}).inline()
