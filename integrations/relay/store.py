"""What a relay remembers: which hubs are enrolled, and what was sealed for each until it has it.

A broker that is killed may lose what it has just acknowledged; then the relay still has it.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from hub.domain.values import dataclass
from integrations.relay.link import KEEP
from integrations.relay.words import RelayError

ABSENT = timedelta(days=30)
"""A hub that has not been heard of for so long is forgotten."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS hubs (
    subscriber_id TEXT PRIMARY KEY, key_id TEXT NOT NULL, signing_public_key TEXT NOT NULL,
    encryption_public_key TEXT NOT NULL, mailbox TEXT NOT NULL UNIQUE, asked_at REAL NOT NULL,
    seen_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS waiting (
    token TEXT PRIMARY KEY, mailbox TEXT NOT NULL, size INTEGER NOT NULL, at REAL NOT NULL,
    payload BLOB NOT NULL, stored INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS waiting_for ON waiting (mailbox);
"""


@dataclass(frozen=True, slots=True)
class Hub:
    """An enrolled hub. ``mailbox`` is a secret between it and the relay."""

    subscriber_id: str
    key_id: str
    signing_public_key: str
    encryption_public_key: str
    mailbox: str


class Store:
    """The relay's database file; to be used by one thread."""

    def __init__(self, path: Path) -> None:
        """Open or make the database at ``path``."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.executescript(_SCHEMA)
        # A crash came between counting a message and the broker's word: nobody was told it is kept.
        self._db.execute("DELETE FROM waiting WHERE stored = 0")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def hub(self, subscriber_id: str) -> Hub | None:
        """Return an enrolled hub."""
        row = self._db.execute(
            "SELECT subscriber_id, key_id, signing_public_key, encryption_public_key, mailbox"
            " FROM hubs WHERE subscriber_id = ?",
            (subscriber_id,),
        ).fetchone()
        return Hub(*row) if row else None

    def hubs(self) -> int:
        """Return how many hubs are enrolled."""
        count: int = self._db.execute("SELECT count(*) FROM hubs").fetchone()[0]
        return count

    def enrol(
        self,
        claimed: tuple[str, str, str],
        encryption_public_key: str,
        asked_at: datetime,
        now: datetime,
        *,
        registered: bool,
        most: int,
    ) -> Hub:
        """Enrol a hub, or take over its new keys; its mailbox stays. Durable when this returns.

        Raises PermissionError when the name belongs to another key and the registry does not vouch
        for this one (``registered``), or when the request is older than one that was taken, and
        RelayError when there are ``most`` hubs already.
        """
        subscriber_id, key_id, key = claimed
        known = self.hub(subscriber_id)
        if known is None and self.hubs() >= most:
            raise RelayError("this relay is full: ask whoever runs it")
        if known is not None and known.signing_public_key != key and not registered:
            raise PermissionError(f"{subscriber_id} is enrolled with another key")
        self._db.execute("PRAGMA synchronous=FULL")
        taken = self._db.execute(
            "INSERT INTO hubs VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (subscriber_id)"
            " DO UPDATE SET key_id = ?2, signing_public_key = ?3, encryption_public_key = ?4,"
            " asked_at = ?6, seen_at = ?7 WHERE asked_at <= ?6",
            (
                subscriber_id,
                key_id,
                key,
                encryption_public_key,
                secrets.token_hex(16),
                asked_at.timestamp(),
                now.timestamp(),
            ),
        )
        self._db.execute("PRAGMA synchronous=NORMAL")
        if taken.rowcount != 1:
            raise PermissionError("a newer request was taken already")
        hub = self.hub(subscriber_id)
        assert hub is not None
        return hub

    def leave(self, subscriber_id: str) -> None:
        """Forget a hub."""
        self._db.execute(
            "DELETE FROM waiting WHERE mailbox IN"
            " (SELECT mailbox FROM hubs WHERE subscriber_id = ?)",
            (subscriber_id,),
        )
        self._db.execute("DELETE FROM hubs WHERE subscriber_id = ?", (subscriber_id,))

    # -- what waits --------------------------------------------------------------------------------

    def reserve(
        self, hub: Hub, token: str, payload: bytes, now: datetime, *, most: int, most_bytes: int
    ) -> bool:
        """Keep a message that is about to be handed over; False when too much waits already."""
        size = len(payload)
        count, total = self._db.execute(
            "SELECT count(*), coalesce(sum(size), 0) FROM waiting WHERE mailbox = ?",
            (hub.mailbox,),
        ).fetchone()
        if count >= most or total + size > most_bytes:
            return False
        self._db.execute(
            "INSERT INTO waiting VALUES (?, ?, ?, ?, ?, 0)",
            (token, hub.mailbox, size, now.timestamp(), payload),
        )
        return True

    def stored(self, token: str) -> None:
        """Note that the broker has a message (the hub may have it by now). Durable when this
        returns."""
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("UPDATE waiting SET stored = 1 WHERE token = ?", (token,))
        self._db.execute("PRAGMA synchronous=NORMAL")

    def release(self, token: str) -> None:
        """Keep a message no more: it was not handed over."""
        self._db.execute("DELETE FROM waiting WHERE token = ?", (token,))

    def done(self, mailbox: str, tokens: Iterable[str], now: datetime) -> None:
        """Take a hub's receipts: it has these messages."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(
                "DELETE FROM waiting WHERE token = ? AND mailbox = ?",
                [(token, mailbox) for token in tokens],
            )
            self._db.execute(
                "UPDATE hubs SET seen_at = ? WHERE mailbox = ?", (now.timestamp(), mailbox)
            )

    def undelivered(self, mailbox: str = "") -> list[tuple[str, str]]:
        """Return mailbox and token of what no hub has receipted yet, oldest first."""
        return self._db.execute(
            "SELECT mailbox, token FROM waiting WHERE stored = 1 AND (?1 = '' OR mailbox = ?1)"
            " ORDER BY rowid",
            (mailbox,),
        ).fetchall()

    def payload(self, token: str) -> bytes | None:
        """Return a message that waits, None when it does no more."""
        row = self._db.execute("SELECT payload FROM waiting WHERE token = ?", (token,)).fetchone()
        return None if row is None else bytes(row[0])

    def waiting(self, subscriber_id: str) -> int:
        """Return how many messages wait for a hub."""
        count: int = self._db.execute(
            "SELECT count(*) FROM waiting JOIN hubs USING (mailbox) WHERE subscriber_id = ?",
            (subscriber_id,),
        ).fetchone()[0]
        return count

    def tidy(self, now: datetime) -> None:
        """Forget what the broker has dropped, and hubs that are gone."""
        self._db.execute("DELETE FROM waiting WHERE at < ?", (now.timestamp() - KEEP,))
        self._db.execute("DELETE FROM hubs WHERE seen_at < ?", ((now - ABSENT).timestamp(),))
