"""A copy of a database that is in use, and what a household has in it, counted."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

_COUNTED = {
    "entries": "SELECT count(*) FROM ledger",
    "checkpoints": "SELECT count(*) FROM checkpoint",
    "sealed facts": "SELECT count(*) FROM opening",
    "suggestions": "SELECT count(*) FROM suggestion",
    "open suggestions": "SELECT count(*) FROM suggestion WHERE state IN ('proposed', 'approved')",
    "orders": "SELECT count(*) FROM orders",
    "orders under way": (
        "SELECT count(*) FROM orders WHERE state NOT IN ('completed', 'cancelled', 'failed')"
    ),
    "contacts": "SELECT count(*) FROM contact",
    "friends' hubs": "SELECT count(*) FROM peer",
    "messages to friends on their way": "SELECT count(*) FROM peer_out",
    "activities": "SELECT count(*) FROM activity",
    "meals with friends": "SELECT count(*) FROM meal",
    "absences and meals at home": "SELECT count(*) FROM plan",
    "calendars": "SELECT count(*) FROM calendar",
    "grants": "SELECT count(*) FROM consent",
    "disclosures": "SELECT count(*) FROM disclosure",
    "effects to be done": "SELECT count(*) FROM outbox WHERE state <> 'dead'",
    "pantry levels": "SELECT count(*) FROM stock",
    "entities": "SELECT count(*) FROM entity_state",
    "devices' announcements": "SELECT count(*) FROM announcement",
    "notices": "SELECT count(*) FROM notice",
    "timers": "SELECT count(*) FROM timer",
    "sessions": "SELECT count(*) FROM web_session",
    "passkeys": "SELECT count(*) FROM passkey",
    "API tokens": "SELECT count(*) FROM api_token",
}
_MAGIC = b"SQLite format 3\0"


class CopyError(Exception):
    """A database cannot be copied or read; one line with SQLite's words."""


def is_database(path: Path) -> bool:
    """Tell whether a file is an SQLite database."""
    with path.open("rb") as stream:
        return stream.read(len(_MAGIC)) == _MAGIC


def copy_database(source: Path, target: Path) -> None:
    """Copy a database as it is at one instant, also while others write to it.

    CopyError when it cannot be read.
    """
    try:
        with closing(_open(source)) as there, closing(sqlite3.connect(target)) as here:
            # In one go: a reader of a WAL holds up no writer, and one in steps would begin anew
            # with each commit.
            there.backup(here, pages=-1)
            # The copy is one file.
            here.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise CopyError(f"{source}: {error}; it cannot be copied") from None


def counts(path: Path) -> dict[str, int]:
    """Return how many of each thing a hub's database holds. CopyError when it is not one."""
    try:
        with closing(_open(path)) as database:
            listed = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            tables = {str(row[0]) for row in listed}
            # A backup of an older hub has not all of them.
            return {
                name: int(database.execute(statement).fetchone()[0])
                for name, statement in _COUNTED.items()
                if name == "entries" or statement.split("FROM ")[1].split(" ")[0] in tables
            }
    except sqlite3.Error as error:
        raise CopyError(f"{path}: {error}; expected the hub's database") from None


def kept_cursor(path: Path, name: str) -> str:
    """Return a cursor of a hub's database, "" where there is none. CopyError when it is not one."""
    try:
        with closing(_open(path)) as database:
            row = database.execute("SELECT value FROM cursor WHERE name = ?", (name,)).fetchone()
    except sqlite3.Error as error:
        raise CopyError(f"{path}: {error}; expected the hub's database") from None
    return str(row[0]) if row else ""


def whole(path: Path) -> None:
    """Have SQLite look at every page. CopyError says what is damaged."""
    try:
        with closing(_open(path)) as database:
            said = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        said = str(error)
    if said != "ok":
        raise CopyError(f"{path.name}: the database is damaged: {said}")


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path.resolve()))}?mode=ro", uri=True, isolation_level=None
    )
