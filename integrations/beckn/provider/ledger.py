"""The provider's own log: what became of each order, so that it cannot be told otherwise later.

An entry is appended in the transaction of its cause, and each transaction that appended ends with
a signed checkpoint (RFC 6962; C2SP tlog-checkpoint). Of people and goods an entry holds a salted
commitment alone; what opens it stays in this database.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from secrets import token_bytes

from hub.domain.orders import OrderState
from hub.keyfiles.ledgerkey import LedgerKey
from hub.ledger.commitment import Personal, seal
from hub.ledger.leaf import canonical, leaf_hash
from hub.ledger.note import Kind, Note, NoteError, Signature, VerifierKey
from hub.ledger.tiles import Tile, bundle_bytes, tile_bytes
from hub.ledger.tree import HASH_BYTES, Frontier, TileRoots
from integrations.beckn.grocery import instant
from integrations.beckn.provider.sale import Sale

SCHEMA = """
CREATE TABLE IF NOT EXISTS ledger (
    "index" INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
    body TEXT NOT NULL, leaf BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS opening (
    entry INTEGER NOT NULL, place INTEGER NOT NULL, salt BLOB NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (entry, place));
CREATE TABLE IF NOT EXISTS checkpoint (
    size INTEGER PRIMARY KEY, note TEXT NOT NULL, roots BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS cosignature (
    sender TEXT PRIMARY KEY, size INTEGER NOT NULL, key TEXT NOT NULL, line TEXT NOT NULL);
"""

MOST_SHOWN = 60
"""Countersignatures that go out with a checkpoint: a note has at most 100 (C2SP signed-note)."""

DRAFTS: tuple[OrderState, ...] = ("drafted", "quoted", "initialised")
"""States in which nobody is bound to anything yet: they are not entered."""

ANSWERED = "order_answered"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Ledger:
    """The log in the provider's database; to be used within ``Store.step``.

    What it knows it reads from the tables: a step that is undone takes its entries along.
    """

    def __init__(self, db: sqlite3.Connection, key: LedgerKey | None) -> None:
        """Use the tables of ``SCHEMA`` in ``db``; without a ``key`` nothing is signed."""
        self._db = db
        self._key = key
        self._roots = TileRoots(self._leaves)

    # -- entering ----------------------------------------------------------------------------

    def sold(self, before: Sale | None, sale: Sale) -> None:
        """Enter what became of an order, if anything did since ``before``."""
        kind = _became(before, sale)
        if not kind:
            return
        facts: dict[str, object] = {"state": sale.state, "step": sale.fulfillment_state}
        if kind != "order_erased":
            facts["agreed"] = Personal(agreed(sale), sale.sender)
        self._append(kind, sale.id, facts, sale.updated_at)

    def answered(
        self, order_id: str, action: str, told: bytes, asked: bytes, now: datetime
    ) -> None:
        """Enter the hash of a message that says what became of an order, and of what it answers.

        Both sides keep these messages, each signed by the other: so a receipt's own words can be
        found in the log, and by those who have them alone.
        """
        hashes = {"told": sha256(told).hexdigest()}
        if asked:
            hashes["asked"] = sha256(asked).hexdigest()
        self._append(ANSWERED, order_id, {"action": action, **hashes}, now)

    def _append(self, kind: str, subject: str, facts: Mapping[str, object], now: datetime) -> None:
        index, at = self.size, (now - _EPOCH) // timedelta(microseconds=1)
        sealed, openings = seal(facts, token_bytes)
        body = canonical(kind, at, subject, sealed)
        self._db.execute(
            "INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?)",
            (index, at, kind, subject, body, leaf_hash(body.encode())),
        )
        for place, opening in enumerate(openings):
            self._db.execute(
                "INSERT INTO opening VALUES (?, ?, ?, ?)",
                (index, place, opening.salt, json.dumps(opening.value, ensure_ascii=False)),
            )

    def sign(self) -> None:
        """Sign the whole log, where it grew since it was signed: the last thing of a step."""
        size = self.size
        last, roots = self._signed_roots()
        if self._key is None or size == last:
            return
        frontier = Frontier(last, roots).extend(self._leaves(last, size))
        self._db.execute(
            "INSERT INTO checkpoint VALUES (?, ?, ?)",
            (size, self._key.sign(size, frontier.root), b"".join(frontier.roots)),
        )
        # Only the newest is gone on from: the other's hashes follow from the entries.
        self._db.execute("UPDATE checkpoint SET roots = x'' WHERE size = ?", (last,))

    def cosigned(self, sender: str, size: int, key: str, line: str) -> None:
        """Keep a buyer's signature of the checkpoint of ``size`` entries (C2SP tlog-cosignature).

        Of each buyer the newest is kept. NoteError for one that is not true, or of no checkpoint.
        """
        row = self._db.execute("SELECT note FROM checkpoint WHERE size = ?", (size,)).fetchone()
        witness, signature = VerifierKey.parse(key), Signature.parse(line)
        if row is None or witness.kind is not Kind.COSIGNATURE:
            raise NoteError("it is no witness's signature of a checkpoint of this log")
        if (signature.name, signature.key_id) != (witness.name, witness.key_id):
            raise NoteError("the signature is by another key than it says")
        witness.check(Note.parse(row[0]).text, signature)
        self._db.execute(
            "INSERT OR REPLACE INTO cosignature SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS (SELECT 1"
            " FROM cosignature JOIN checkpoint USING (size) WHERE sender = ?1 AND size > ?2)",
            (sender, size, key, line),
        )

    # -- reading -----------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """How many entries there are, those of this step included."""
        (last,) = self._db.execute('SELECT max("index") FROM ledger').fetchone()
        return 0 if last is None else int(last) + 1

    @property
    def key(self) -> str:
        """The log's public key (C2SP verifier key), "" where nothing is signed."""
        return "" if self._key is None else self._key.verifier

    def checkpoint(self) -> tuple[int, str] | None:
        """Return size and note of the newest checkpoint, None before the first."""
        row = self._db.execute(
            "SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1"
        ).fetchone()
        return None if row is None else (int(row[0]), str(row[1]))

    def published(self) -> str | None:
        """Return the newest checkpoint with the signatures of the buyers who signed it."""
        newest = self.checkpoint()
        if newest is None:
            return None
        lines = self._db.execute(
            "SELECT line FROM cosignature WHERE size = ? ORDER BY sender LIMIT ?",
            (newest[0], MOST_SHOWN),
        ).fetchall()
        return str(Note.parse(newest[1]).with_signatures(*(Signature.parse(x) for (x,) in lines)))

    def tile(self, tile: Tile) -> bytes | None:
        """Return a file of the log (C2SP tlog-tiles), None where what is signed has none such."""
        newest = self.checkpoint()
        if newest is None or tile.end > newest[0]:
            return None
        if tile.level is not None:
            return tile_bytes(self._roots, tile)
        rows = self._db.execute(
            'SELECT body FROM ledger WHERE "index" >= ? AND "index" < ? ORDER BY "index"',
            (tile.start, tile.start + tile.width),
        )
        return bundle_bytes(str(body).encode() for (body,) in rows)

    def _leaves(self, start: int, stop: int) -> Sequence[bytes]:
        rows = self._db.execute(
            'SELECT leaf FROM ledger WHERE "index" >= ? AND "index" < ? ORDER BY "index"',
            (start, stop),
        )
        return [leaf for (leaf,) in rows]

    def _signed_roots(self) -> tuple[int, tuple[bytes, ...]]:
        row = self._db.execute(
            "SELECT size, roots FROM checkpoint ORDER BY size DESC LIMIT 1"
        ).fetchone()
        if row is None:
            return 0, ()
        size, roots = row
        return size, tuple(roots[at : at + HASH_BYTES] for at in range(0, len(roots), HASH_BYTES))


def agreed(sale: Sale) -> dict[str, object]:
    """Return what buyer and provider agreed on, as the log seals it: not where anybody lives."""
    window = sale.slot.window if sale.slot else None
    return {
        "buyer": sale.sender,
        "transaction_id": sale.transaction_id,
        "lines": [[line.item_id, line.count] for line in sale.lines],
        "total": str(sale.quote.total),
        "window": [instant(window.start), instant(window.end)] if window else None,
    }


def _became(before: Sale | None, sale: Sale) -> str:
    """Return the kind of entry that a change of a sale makes, "" for none."""
    if sale.state in DRAFTS or sale == before:
        return ""
    if before is None or before.state in DRAFTS:
        return "order_confirmed" if sale.live else f"order_{sale.state}"
    if before.state != sale.state and sale.state in ("cancelled", "failed"):
        return f"order_{sale.state}"
    if before.fulfillment_state != sale.fulfillment_state or before.state != sale.state:
        return "order_progressed"
    if agreed(before) != agreed(sale):
        return "order_moved"
    return "order_erased" if before.party and not sale.party else "order_noted"
