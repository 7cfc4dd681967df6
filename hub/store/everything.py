"""All that the database holds of a household, row by row, for those whose data it is."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import orjson
from sqlalchemy import Connection, LargeBinary, Table, select
from sqlmodel import SQLModel

from hub.store import tables
from hub.store.codec import instant
from hub.store.log import opened, openings_of

LEFT_OUT = frozenset(
    (
        "alembic_version",
        "inbox",
        "inbox_mqtt",
        "opening",
        "pairing",
        "recovery_sheet",
        "sign_in_code",
    )
)
"""Tables with nothing to read in them: keys that recognise a message, hashes of codes; what opens
sealed facts, which stand open in the ledger's rows; and what brings a household back."""
SECRET = frozenset(
    (
        "auth",
        "crc",
        "csrf",
        "endpoint",
        "hash",
        "p256dh",
        "roots",
        "salt",
        "secret",
        "seed",
        "session",
    )
)
"""Columns that open something, or are of use to the hub alone."""
_INSTANTS = frozenset(
    (
        "at",
        "copied_at",
        "created_at",
        "due",
        "end",
        "expires",
        "expires_at",
        "not_before",
        "received_at",
        "until",
        "used_at",
    )
)
_CHUNK = 500

Row = dict[str, Any]


def exported() -> list[str]:
    """Return the names of the tables that are handed out."""
    return sorted(set(SQLModel.metadata.tables) - LEFT_OUT)


def rows_of(connection: Connection, name: str) -> Iterator[Row]:
    """Yield a table's rows as JSON may write them; the ledger's with its sealed facts open."""
    table = SQLModel.metadata.tables[name]
    statement = select(table).order_by(*table.primary_key.columns)
    if name == tables.LedgerRow.__tablename__:
        yield from _ledger(connection, table)
        return
    for row in connection.execute(statement).mappings():
        yield {key: _plain(table, key, row[key]) for key in row if key not in SECRET}


def _ledger(connection: Connection, table: Table) -> Iterator[Row]:
    after = -1
    index = table.c["index"]
    while True:
        statement = select(table).where(index > after).order_by(index).limit(_CHUNK)
        found = connection.execute(statement).mappings().all()
        if not found:
            return
        openings = openings_of(connection, [row["index"] for row in found])
        for row in found:
            entry = opened(row["body"], openings.get(row["index"], ()))
            yield {
                "index": row["index"],
                "at": instant(row["at"]).isoformat(),
                "kind": row["kind"],
                "subject": row["subject"],
                "facts": entry["facts"],
                "entry": row["body"],
                "leaf": row["leaf"].hex(),
            }
        after = found[-1]["index"]


def _plain(table: Table, name: str, value: Any) -> Any:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(value).decode()}
    if name in _INSTANTS and isinstance(value, int) and value > 0:
        return instant(value).isoformat()
    if isinstance(value, str) and not isinstance(table.c[name].type, LargeBinary):
        return _opened(value)
    return value


def _opened(text: str) -> Any:
    """Return JSON as what it says; other text as it is."""
    if text[:1] in ("{", "["):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass
    return text
