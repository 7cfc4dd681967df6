"""The registry's own database: participants, their keys, and requests that wait for an answer.

One thread uses it. A participant is shown as soon as it is written, and not before.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hub.domain.values import dataclass
from integrations.beckn.reading import Node
from integrations.beckn.registry.entry import LONGEST_CHAIN, Entry, Rotation
from integrations.beckn.registry.rows import read_rotation, write_rotation

FORGET = timedelta(days=90)
"""How long after its last key ended a participant's name stays taken."""

KEEP = timedelta(days=2)
"""How long requests that are over are remembered: to tell how they ended, and against replay."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS participants (
    subscriber_id TEXT NOT NULL, role TEXT NOT NULL, version TEXT NOT NULL, uri TEXT NOT NULL,
    domains TEXT NOT NULL, created_at REAL NOT NULL, updated_at REAL NOT NULL,
    PRIMARY KEY (subscriber_id, role, version));
CREATE TABLE IF NOT EXISTS keys (
    seq INTEGER PRIMARY KEY, subscriber_id TEXT NOT NULL, key_id TEXT NOT NULL,
    signing_public_key TEXT NOT NULL, encr_public_key TEXT NOT NULL, valid_from REAL NOT NULL,
    valid_until REAL NOT NULL, rotation TEXT, UNIQUE (subscriber_id, key_id));
CREATE TABLE IF NOT EXISTS requests (
    seq INTEGER PRIMARY KEY, subscriber_id TEXT NOT NULL, nonce TEXT NOT NULL,
    signer_key_id TEXT NOT NULL, body TEXT NOT NULL, challenge TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'done', 'refused')),
    reason TEXT NOT NULL DEFAULT '', created_at REAL NOT NULL, not_before REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, UNIQUE (subscriber_id, nonce));
CREATE INDEX IF NOT EXISTS requests_open ON requests (not_before) WHERE state = 'open';
CREATE TABLE IF NOT EXISTS admitted (subscriber_id TEXT PRIMARY KEY);
"""


@dataclass(frozen=True, slots=True)
class Key:
    """A participant's key and its time."""

    key_id: str
    signing_public_key: str
    encr_public_key: str
    valid_from: datetime
    valid_until: datetime
    rotation: Rotation | None


@dataclass(frozen=True, slots=True)
class Request:
    """A request to be entered, whose challenge is or was open."""

    seq: int
    subscriber_id: str
    signer_key_id: str
    body: str
    challenge: str
    state: str
    reason: str
    created_at: datetime
    attempts: int


_REQUEST = (
    "SELECT seq, subscriber_id, signer_key_id, body, challenge, state, reason, created_at, attempts"
    " FROM requests"
)


class Store:
    """The registry's database file; to be used by one thread."""

    def __init__(self, path: Path) -> None:
        """Open or make the database at ``path``."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def step(self) -> Iterator[None]:
        """Make what is done within one transaction; nothing of it remains when it raises."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # -- participants --------------------------------------------------------------------------

    def keys(self, subscriber_id: str) -> list[Key]:
        """Return a participant's keys, the latest last."""
        rows = self._db.execute(
            "SELECT key_id, signing_public_key, encr_public_key, valid_from, valid_until, rotation"
            " FROM keys WHERE subscriber_id = ? ORDER BY seq",
            (subscriber_id,),
        )
        return [
            Key(
                key_id,
                signing,
                encr,
                _instant(valid_from),
                _instant(valid_until),
                read_rotation(Node(json.loads(rotation), ""), subscriber_id) if rotation else None,
            )
            for key_id, signing, encr, valid_from, valid_until, rotation in rows.fetchall()
        ]

    def put(self, entry: Entry, rotation: Rotation | None, now: datetime) -> None:
        """Write a participant in one role and version, and its key."""
        moment = now.timestamp()
        self._db.execute(
            "INSERT INTO participants VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) ON CONFLICT DO UPDATE"
            " SET uri = excluded.uri, domains = excluded.domains, updated_at = excluded.updated_at",
            (
                entry.subscriber_id,
                entry.role,
                entry.version,
                entry.uri,
                json.dumps(entry.domains),
                moment,
            ),
        )
        self._db.execute(
            "INSERT INTO keys (subscriber_id, key_id, signing_public_key, encr_public_key,"
            " valid_from, valid_until, rotation) VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET valid_from = min(valid_from, excluded.valid_from),"
            " valid_until = excluded.valid_until, encr_public_key = excluded.encr_public_key",
            (
                entry.subscriber_id,
                entry.unique_key_id,
                entry.signing_public_key,
                entry.encr_public_key,
                (entry.valid_from or now).timestamp(),
                (entry.valid_until or now).timestamp(),
                json.dumps(write_rotation(rotation)) if rotation else None,
            ),
        )

    def end_key(self, subscriber_id: str, key_id: str, at: datetime) -> None:
        """End a key at ``at``, unless it ends before."""
        self._db.execute(
            "UPDATE keys SET valid_until = min(valid_until, ?)"
            " WHERE subscriber_id = ? AND key_id = ?",
            (at.timestamp(), subscriber_id, key_id),
        )

    def find(
        self,
        now: datetime,
        most: int,
        *,
        subscriber_id: str = "",
        key_id: str = "",
        role: str = "",
        version: str = "",
        domain: str = "",
        skip: int = 0,
    ) -> list[Entry]:
        """Return participants with each key that has not ended, those entered first at the top."""
        rows = self._db.execute(
            "SELECT p.subscriber_id, p.uri, p.role, p.version, p.domains, k.key_id,"
            " k.signing_public_key, k.encr_public_key, k.valid_from, k.valid_until"
            " FROM participants p JOIN keys k ON k.subscriber_id = p.subscriber_id"
            " WHERE k.valid_until > ?1 AND (?2 = '' OR p.subscriber_id = ?2)"
            " AND (?3 = '' OR k.key_id = ?3) AND (?4 = '' OR p.role = ?4)"
            " AND (?5 = '' OR p.version = ?5) AND (?6 = '' OR EXISTS"
            " (SELECT 1 FROM json_each(p.domains) WHERE value = ?6))"
            " ORDER BY p.created_at, p.subscriber_id, p.role, p.version, k.seq LIMIT ?7 OFFSET ?8",
            (now.timestamp(), subscriber_id, key_id, role, version, domain, most, skip),
        ).fetchall()
        chains: dict[str, tuple[Rotation, ...]] = {}
        found = []
        for name, uri, its_role, its_version, domains, its_key, signing, encr, start, end in rows:
            if name not in chains:
                steps = [key.rotation for key in self.keys(name) if key.rotation]
                chains[name] = tuple(steps[-LONGEST_CHAIN:])
            found.append(
                Entry(
                    name, uri, its_role, signing, its_key, its_version,
                    tuple(json.loads(domains)), encr, _instant(start), _instant(end), chains[name],
                )
            )  # fmt: skip
        return found

    def tidy(self, now: datetime) -> None:
        """Forget participants whose keys ended long ago, and requests that are long over."""
        before = (now - FORGET).timestamp()
        gone = "SELECT subscriber_id FROM keys GROUP BY subscriber_id HAVING max(valid_until) < ?"
        for table in ("participants", "admitted", "keys"):
            self._db.execute(
                f"DELETE FROM {table} WHERE subscriber_id IN ({gone})",  # noqa: S608 (our own)
                (before,),
            )
        self._db.execute(
            "DELETE FROM requests WHERE state <> 'answered' AND created_at < ?",
            ((now - KEEP).timestamp(),),
        )

    # -- requests ------------------------------------------------------------------------------

    def ask(
        self,
        subscriber_id: str,
        nonce: str,
        signer_key_id: str,
        body: str,
        challenge: str,
        now: datetime,
    ) -> bool:
        """Keep a request; False when that nonce is known already."""
        kept = self._db.execute(
            "INSERT INTO requests (subscriber_id, nonce, signer_key_id, body, challenge, state,"
            " created_at, not_before) VALUES (?1, ?2, ?3, ?4, ?5, 'open', ?6, ?6)"
            " ON CONFLICT DO NOTHING",
            (subscriber_id, nonce, signer_key_id, body, challenge, now.timestamp()),
        )
        return kept.rowcount == 1

    def request(self, seq: int) -> Request | None:
        """Return a request."""
        found = self._requests("WHERE seq = ?", (seq,))
        return found[0] if found else None

    def requests(self, subscriber_id: str) -> list[Request]:
        """Return a participant's requests, the newest first."""
        return self._requests(
            "WHERE subscriber_id = ? ORDER BY seq DESC LIMIT 20", (subscriber_id,)
        )

    def waiting(self) -> int:
        """Return how many challenges are open."""
        count: int = self._db.execute(
            "SELECT count(*) FROM requests WHERE state = 'open'"
        ).fetchone()[0]
        return count

    def due(self, now: datetime, most: int) -> list[Request]:
        """Return open requests whose challenge is to be sent now."""
        return self._requests(
            "WHERE state = 'open' AND not_before <= ? ORDER BY not_before LIMIT ?",
            (now.timestamp(), most),
        )

    def next_due(self) -> datetime | None:
        """Return when the next challenge is to be sent."""
        (moment,) = self._db.execute(
            "SELECT min(not_before) FROM requests WHERE state = 'open'"
        ).fetchone()
        return None if moment is None else _instant(moment)

    def again(self, seq: int, at: datetime, reason: str) -> None:
        """Send a challenge once more, at ``at``."""
        self._db.execute(
            "UPDATE requests SET attempts = attempts + 1, not_before = ?, reason = ?"
            " WHERE seq = ? AND state = 'open'",
            (at.timestamp(), reason[:300], seq),
        )

    def settle(self, seq: int, state: str, reason: str = "") -> None:
        """Note how a request ended."""
        self._db.execute(
            "UPDATE requests SET state = ?, reason = ? WHERE seq = ?", (state, reason[:300], seq)
        )

    # -- admission -----------------------------------------------------------------------------

    def admitted(self, subscriber_id: str) -> bool:
        """Tell whether a person let a participant in."""
        found = self._db.execute("SELECT 1 FROM admitted WHERE subscriber_id = ?", (subscriber_id,))
        return found.fetchone() is not None

    def admit(self, subscriber_id: str) -> None:
        """Let a participant in."""
        self._db.execute("INSERT OR IGNORE INTO admitted VALUES (?)", (subscriber_id,))

    def remove(self, subscriber_id: str) -> None:
        """Forget a participant altogether; its name is free again."""
        for table in ("participants", "keys", "requests", "admitted"):
            self._db.execute(
                f"DELETE FROM {table} WHERE subscriber_id = ?",  # noqa: S608 (our own)
                (subscriber_id,),
            )

    def answered(self) -> list[Request]:
        """Return the requests that wait for a person to let their participant in."""
        return self._requests("WHERE state = 'answered' ORDER BY seq LIMIT 1000", ())

    def _requests(self, where: str, values: Sequence[Any]) -> list[Request]:
        return [
            Request(seq, who, signer, body, riddle, state, reason, _instant(created_at), attempts)
            for seq, who, signer, body, riddle, state, reason, created_at, attempts in (
                self._db.execute(f"{_REQUEST} {where}", values).fetchall()
            )
        ]


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
