"""Finding damage in a database file beside its log: its pages, its schema, rows by checksums.

Read with sqlite3 and ``text_factory = Text``; nothing is believed but the file's own schema, and
that is held against the checksum in the file's header.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from hub.store.crc import (
    COLUMN,
    SCHEMA_ROWS,
    UNCHECKED,
    VERSION,
    Text,
    covered,
    row_crc,
    schema_crc,
)

_MOST_SAID = 10
_NO_STATE = "SELECT id FROM outbox WHERE state NOT IN ('waiting', 'leased', 'dead')"
_LONGEST_NAME = 60


def pages(database: sqlite3.Connection) -> list[str]:
    """Return what SQLite finds wrong with the file itself: pages, indexes, lists of free pages."""
    said = [shown(row[0]) for row in database.execute(f"PRAGMA integrity_check({_MOST_SAID})")]
    return [] if said == ["ok"] else [" ".join(f"the database: {one}".split()) for one in said]


def schema(database: sqlite3.Connection) -> list[str]:
    """Hold the schema against its checksum. A database of before version 0019 has none."""
    (kept,) = database.execute("PRAGMA user_version").fetchone()
    if not kept and not any(True for _ in _checked(database)):
        return []
    (version,) = database.execute(VERSION).fetchone() or (None,)
    if schema_crc(database.execute(SCHEMA_ROWS), version) == kept:
        return []
    return ["the database's schema or its version is not as it was made: their checksum differs"]


def rows(database: sqlite3.Connection) -> tuple[int, list[str]]:
    """Hold each row that has a checksum against it; return how many did, and what is wrong."""
    count, faults = 0, list[str]()
    for table, columns, keys in _checked(database):
        names = covered(table, columns)
        asked = ", ".join(_quoted(name) for name in (*keys, *names, COLUMN))
        for row in database.execute(f"SELECT {asked} FROM {_quoted(table)}"):  # noqa: S608
            count += 1
            if row_crc(row[len(keys) : -1]) != row[-1]:
                key = ", ".join(shown(value) for value in row[: len(keys)])
                faults.append(f"{table}, row {key}: it is not as it was written")
    if "outbox" in _tables(database):
        for (number,) in database.execute(_NO_STATE):
            faults.append(f"outbox, row {number}: its state is none there is")
    return count, faults


def unchecked(database: sqlite3.Connection) -> list[str]:
    """Return the tables of which only the pages were looked at."""
    return sorted(UNCHECKED.intersection(_tables(database)))


def _checked(database: sqlite3.Connection) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield each table with checksums: its name, its columns, those of its key."""
    for table in _tables(database):
        found = database.execute(f"PRAGMA table_info({_quoted(table)})").fetchall()
        columns = [shown(row[1]) for row in found]
        if COLUMN in columns:
            yield table, columns, [shown(row[1]) for row in found if row[5]]


def _tables(database: sqlite3.Connection) -> list[str]:
    listed = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [shown(name) for (name,) in listed]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def shown(value: object) -> str:
    """Return a value as a line may show it."""
    if not isinstance(value, bytes):
        return str(value)
    text = value.decode("utf-8", "replace") if isinstance(value, Text) else value.hex()
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}…"
