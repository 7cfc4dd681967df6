"""Writing the checksums of rows (``hub.store.crc``) with SQLAlchemy Core.

The unit of work does it by itself (``hub.store.prepared``); whoever writes rows without one uses
``summed`` for new ones and ``sum_anew`` after an update.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, text, update
from sqlmodel import SQLModel

from hub.store.crc import COLUMN, SCHEMA_ROWS, VERSION, covered, row_crc, schema_crc

Row = dict[str, Any]


@cache
def columns_of(table: Table) -> tuple[str, ...]:
    """Return what a table's checksum is over; nothing where it has none."""
    return tuple(covered(table.name, table.c.keys())) if COLUMN in table.c else ()


def summed(table: Table, **row: Any) -> Row:
    """Return a whole row with its checksum. KeyError names a column that was left out."""
    return {**row, COLUMN: row_crc(row[name] for name in columns_of(table))}


def sum_anew(connection: Connection, table: Table, *where: ColumnElement[bool]) -> None:
    """Compute the checksums of rows whose values were updated."""
    keys = list(table.primary_key.columns)
    for row in connection.execute(table.select().where(*where)).mappings().all():
        crc = row_crc(row[name] for name in columns_of(table))
        here = [key == row[key.name] for key in keys]
        connection.execute(update(table).where(*here).values({COLUMN: crc}))


def sum_all(connection: Connection) -> None:
    """Compute the checksum of each row there is, and that of the schema: after a migration."""
    for table in SQLModel.metadata.tables.values():
        if COLUMN in table.c:
            sum_anew(connection, table)
    sum_schema(connection)


def sum_schema(connection: Connection) -> None:
    """Keep the checksum of the schema as it is now in the file's header."""
    rows = [tuple(row) for row in connection.execute(text(SCHEMA_ROWS))]
    crc = schema_crc(rows, connection.execute(text(VERSION)).scalar())
    connection.execute(text(f"PRAGMA user_version = {crc}"))
