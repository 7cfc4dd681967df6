"""Whose fault it is when the database cannot be written: the machine's, or the message's."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

_MACHINE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)


def machine_fault(error: Exception) -> bool:
    """Tell whether the database could not be written, as opposed to a fault of the message."""
    if not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "sqlite_errorcode", None)
    # The low byte is the primary code (sqlite.org/rescode.html).
    return code is not None and code & 0xFF in _MACHINE
