"""Checksums of rows: what a flipped bit changed is found, and the row is named.

A CRC-32 finds every single flipped bit, and any other damage but one in four thousand million. It
is against damage: who changes a row on purpose writes another checksum as well. Against them there
is the signed log. Rows that prove themselves (``PROVED``) have none, and neither have those that
are written with every message (``UNCHECKED``): there it would cost the hub's speed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from zlib import crc32

COLUMN = "crc"

PROVED = frozenset(("ledger", "opening"))
"""Tables whose rows are held against hashes and signatures."""

UNCHECKED = frozenset(
    (
        "cooldown",
        "entity_state",
        "inbox",
        "inbox_mqtt",
        "parked",
        "peer_wish",
        "stock",
        "stock_history",
        "timer",
    )
)
"""Tables of what is heard and is soon heard anew, or only recognises a message."""

SCHEMA = frozenset(("alembic_version",))
"""Tables that ``schema_crc`` covers."""

CHANGING: Mapping[str, frozenset[str]] = {
    "outbox": frozenset(("state", "attempts", "not_before", "error")),
    "peer_out": frozenset(("sent_at",)),
}
"""Columns that say how far something is, changed without the row being written anew."""

_HALF = 1 << 31


class Text(bytes):
    """Text as sqlite3 hands it out with ``text_factory = Text``: damaged, it may not be UTF-8."""


def row_crc(values: Iterable[object]) -> int:
    """Return the checksum of a row's values, in the order of their columns' names.

    A signed 32-bit number, which SQLite keeps in four bytes. TypeError for what no column holds.
    """
    return crc32(b"".join([_part(value) for value in values])) - _HALF


def _part(value: object) -> bytes:
    match value:
        case str():
            raw = value.encode()
            return b"t%d:%b" % (len(raw), raw)
        case Text():
            return b"t%d:%b" % (len(value), value)
        case bytes():
            return b"b%d:%b" % (len(value), value)
        case int():
            return b"i%d;" % value
        case None:
            return b"n"
        case float():
            return b"f%b;" % value.hex().encode()
    raise TypeError(f"a row cannot hold {type(value).__name__}")


def covered(table: str, columns: Iterable[str]) -> list[str]:
    """Return the columns that a table's checksum is over, in their order."""
    left = CHANGING.get(table, frozenset())
    return sorted(one for one in columns if one != COLUMN and one not in left)


def schema_crc(rows: Iterable[tuple[object, ...]], version: object) -> int:
    """Return the checksum of a schema and its version; it fits ``PRAGMA user_version``, never 0.

    ``rows`` are type, name, tbl_name and sql of ``sqlite_master`` without SQLite's own.
    """
    whole = sorted(b"".join(_part(value) for value in row) for row in rows)
    return crc32(b"".join((*whole, _part(version)))) & (_HALF - 1) | 1


SCHEMA_ROWS = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"
VERSION = "SELECT version_num FROM alembic_version"
