"""What is remembered of registries over a restart: answers, pinned keys and changes of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import orjson

from hub.domain.values import dataclass
from integrations.beckn.errors import BecknError
from integrations.beckn.reading import Node
from integrations.beckn.registry.entry import Entry
from integrations.beckn.registry.rows import read_rows, write_row

MOST = 5000
"""Participants that are remembered; the longest unasked goes first."""

MOST_CHANGES = 8
"""Refused keys that are remembered of one participant."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    subscriber_id TEXT PRIMARY KEY, source TEXT NOT NULL, rows BLOB NOT NULL,
    asked_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS answers_by_age ON answers (asked_at);
CREATE TABLE IF NOT EXISTS pins (
    subscriber_id TEXT NOT NULL, unique_key_id TEXT NOT NULL, public_key TEXT NOT NULL,
    how TEXT NOT NULL, since REAL NOT NULL, PRIMARY KEY (subscriber_id, unique_key_id));
CREATE TABLE IF NOT EXISTS changes (
    subscriber_id TEXT NOT NULL, unique_key_id TEXT NOT NULL, public_key TEXT NOT NULL,
    seen_at REAL NOT NULL, PRIMARY KEY (subscriber_id, unique_key_id, public_key));
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a registry said of a participant, and when."""

    source: str
    entries: tuple[Entry, ...]
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A pinned participant shows another key, and nobody vouched for it: it is refused."""

    subscriber_id: str
    unique_key_id: str
    public_key: str


class Keep:
    """A small database in the data folder, read whole at start; None keeps it in memory only."""

    def __init__(self, path: Path | None, now: Callable[[], datetime]) -> None:
        """Open or make the database at ``path``; ``now`` says when something is kept."""
        self._now = now
        self._db: sqlite3.Connection | None = None
        self._version = 0
        self.answers: dict[str, Answer] = {}
        self.pins: dict[str, dict[str, str]] = {}
        self.changes: set[KeyChange] = set()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            path.chmod(0o600)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.executescript(_SCHEMA)
            self._read(self._db)

    def close(self) -> None:
        """Close the file."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def learn(self, answers: Mapping[str, Answer]) -> None:
        """Remember what registries said; the oldest answers go when there are too many."""
        for subscriber_id, answer in answers.items():
            self.answers.pop(subscriber_id, None)
            self.answers[subscriber_id] = answer
        gone = list(self.answers)[: max(0, len(self.answers) - MOST)]
        for subscriber_id in gone:
            del self.answers[subscriber_id]
        # An answer that a power cut takes is asked for again.
        self._write(
            "NORMAL",
            *(
                (
                    "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)",
                    (
                        subscriber_id,
                        answer.source,
                        orjson.dumps([write_row(entry) for entry in answer.entries]),
                        answer.asked_at.timestamp(),
                    ),
                )
                for subscriber_id, answer in answers.items()
            ),
            *(("DELETE FROM answers WHERE subscriber_id = ?", (one,)) for one in gone),
        )

    def pin(self, subscriber_id: str, unique_key_id: str, public_key: str, how: str) -> None:
        """Trust this key of a participant, and from now on no key that nobody vouches for."""
        now = self._now().timestamp()
        self._write(
            "FULL",
            (
                "INSERT OR REPLACE INTO pins VALUES (?, ?, ?, ?, ?)",
                (subscriber_id, unique_key_id, public_key, how, now),
            ),
            (
                "DELETE FROM changes WHERE subscriber_id = ? AND unique_key_id = ?",
                (subscriber_id, unique_key_id),
            ),
        )
        self.pins.setdefault(subscriber_id, {})[unique_key_id] = public_key
        self.changes = {
            one
            for one in self.changes
            if (one.subscriber_id, one.unique_key_id) != (subscriber_id, unique_key_id)
        }

    def unpin(self, subscriber_id: str) -> None:
        """Trust whatever key the registries name again."""
        self._write(
            "FULL",
            ("DELETE FROM pins WHERE subscriber_id = ?", (subscriber_id,)),
            ("DELETE FROM changes WHERE subscriber_id = ?", (subscriber_id,)),
        )
        self.pins.pop(subscriber_id, None)
        self.changes = {one for one in self.changes if one.subscriber_id != subscriber_id}

    def change(self, change: KeyChange) -> bool:
        """Remember a refused key; False when it was known, or one participant shows too many."""
        mine = [one for one in self.changes if one.subscriber_id == change.subscriber_id]
        if change in self.changes or len(mine) >= MOST_CHANGES:
            return False
        self.changes.add(change)
        now = self._now().timestamp()
        row = (change.subscriber_id, change.unique_key_id, change.public_key, now)
        self._write("NORMAL", ("INSERT OR REPLACE INTO changes VALUES (?, ?, ?, ?)", row))
        return True

    def reread(self) -> bool:
        """Read what a person pinned from another process meanwhile; False where nothing was."""
        if self._db is None:
            return False
        (version,) = self._db.execute("PRAGMA data_version").fetchone()
        if version == self._version:
            return False
        self._version = version
        self._read_pins(self._db)
        return True

    def _read(self, db: sqlite3.Connection) -> None:
        for subscriber_id, source, rows, asked_at in db.execute(
            "SELECT subscriber_id, source, rows, asked_at FROM answers ORDER BY asked_at"
        ):
            moment = datetime.fromtimestamp(asked_at, UTC)
            self.answers[subscriber_id] = Answer(source, _entries(rows), moment)
        (self._version,) = db.execute("PRAGMA data_version").fetchone()
        self._read_pins(db)

    def _read_pins(self, db: sqlite3.Connection) -> None:
        self.pins, self.changes = {}, set()
        for subscriber_id, key_id, public_key in db.execute(
            "SELECT subscriber_id, unique_key_id, public_key FROM pins"
        ):
            self.pins.setdefault(subscriber_id, {})[key_id] = public_key
        for row in db.execute("SELECT subscriber_id, unique_key_id, public_key FROM changes"):
            self.changes.add(KeyChange(*row))

    def _write(self, synchronous: str, *statements: tuple[str, tuple[object, ...]]) -> None:
        if self._db is None:
            return
        self._db.execute(f"PRAGMA synchronous={synchronous}")
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            for statement, values in statements:
                self._db.execute(statement, values)


def _entries(rows: bytes) -> tuple[Entry, ...]:
    try:
        return read_rows([Node(row, "") for row in orjson.loads(rows)], version="2.0.0")
    except (BecknError, ValueError, AttributeError):
        # What cannot be read any more is asked for again.
        return ()
