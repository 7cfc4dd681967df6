"""A provider's own database: what came in, what goes out, stock, slots and orders.

One thread uses it. Each step is one transaction; nothing is acknowledged before its own is done.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from hub.domain.orders import OrderState
from hub.domain.values import dataclass
from hub.keyfiles.ledgerkey import LedgerKey
from integrations.beckn.provider import households, ledger, notes, shelves
from integrations.beckn.provider.households import Households
from integrations.beckn.provider.ledger import Ledger
from integrations.beckn.provider.notes import Notes
from integrations.beckn.provider.sale import Sale, from_row, to_row
from integrations.beckn.provider.shelves import Shelves
from integrations.beckn.provider.shown import Ending

T = TypeVar("T")

DATABASE = "provider.sqlite"
"""Its file in the provider's data folder."""

KEEP = timedelta(days=30)
"""How long messages that are done with, and quotes nobody took, are kept."""

KEEP_SHOWN = timedelta(hours=24)
"""How long catalogues that were shown are kept: they are big, and there are many."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS inbox (
    seq INTEGER PRIMARY KEY, sender TEXT NOT NULL, message_id TEXT NOT NULL, action TEXT NOT NULL,
    body BLOB NOT NULL, received_at REAL NOT NULL, done INTEGER NOT NULL DEFAULT 0,
    UNIQUE (sender, message_id, action));
CREATE INDEX IF NOT EXISTS inbox_waiting ON inbox (seq) WHERE done = 0;
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY, receiver TEXT NOT NULL, message_id TEXT NOT NULL,
    action TEXT NOT NULL, body BLOB NOT NULL, created_at REAL NOT NULL,
    not_before REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'dead')),
    error TEXT NOT NULL DEFAULT '', version TEXT NOT NULL DEFAULT '2.0.0',
    uri TEXT NOT NULL DEFAULT '', ending BLOB, UNIQUE (receiver, message_id, action));
CREATE TABLE IF NOT EXISTS endings (digest BLOB PRIMARY KEY, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS outbox_waiting ON outbox (not_before) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS orders (
    id TEXT PRIMARY KEY, sender TEXT NOT NULL, transaction_id TEXT NOT NULL, bap_uri TEXT NOT NULL,
    state TEXT NOT NULL, fulfillment_state TEXT NOT NULL, contract TEXT NOT NULL,
    created_at REAL NOT NULL, updated_at REAL NOT NULL, UNIQUE (sender, transaction_id));
CREATE INDEX IF NOT EXISTS orders_followed ON orders (json_extract(contract, '$.secret'));
CREATE INDEX IF NOT EXISTS orders_live ON orders (state, updated_at);
"""


@dataclass(frozen=True, slots=True)
class InRow:
    """A request that was acknowledged and is to be answered."""

    seq: int
    sender: str
    action: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Callback:
    """What a buyer is to be told: ``action`` in the words of ``version``.

    ``ending`` follows ``body``, where others are told the same: it is kept once.
    """

    receiver: str
    message_id: str
    action: str
    body: bytes
    version: str = "2.0.0"
    uri: str = ""
    ending: Ending | None = None


@dataclass(frozen=True, slots=True)
class OutRow:
    """A callback that is to be delivered, in ``version``; ``uri`` is where its receiver said."""

    seq: int
    receiver: str
    message_id: str
    action: str
    body: bytes
    attempts: int
    created_at: datetime
    version: str
    uri: str


class Store:
    """The provider's database file; to be used by one thread."""

    def __init__(self, path: Path, key: LedgerKey | None = None) -> None:
        """Open or make the database at ``path``; ``key`` signs its log."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(
            _SCHEMA + shelves.SCHEMA + notes.SCHEMA + ledger.SCHEMA + households.SCHEMA
        )
        self.ledger = Ledger(self._db, key)
        self.households = Households(self._db, key)
        self.step(self._add_columns)
        self._last = (b"", b"")
        self.shelves = Shelves(self._db)
        self.notes = Notes(self._db)
        self.step(self._take_over_bookings)
        self.step(self._enter_older)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def steps(self, works: Sequence[Callable[[], Any]]) -> list[tuple[Any, Exception | None]]:
        """Do several in one transaction, and return what each returned or raised.

        One that raises is undone alone. Raises sqlite3.Error when nothing could be written.
        """

        def each() -> list[tuple[Any, Exception | None]]:
            outcomes: list[tuple[Any, Exception | None]] = []
            for work in works:
                try:
                    with self.attempt():
                        outcomes.append((work(), None))
                except Exception as error:
                    outcomes.append((None, error))
            return outcomes

        return self.step(each)

    def step(self, work: Callable[[], T]) -> T:
        """Do ``work`` in one transaction; nothing of it remains when it raises."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            result = work()
            self.ledger.sign()
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        return result

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Undo what was written within when it raises, and keep the transaction around it."""
        self._db.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK TO attempt")
            raise
        finally:
            self._db.execute("RELEASE attempt")

    def _add_columns(self) -> None:
        """Add what an outbox of version 0.1 does not have."""
        have = {row[1] for row in self._db.execute("PRAGMA table_info(outbox)")}
        for column, default in (("version", "2.0.0"), ("uri", "")):
            if column not in have:
                self._db.execute(
                    f"ALTER TABLE outbox ADD COLUMN {column} TEXT NOT NULL DEFAULT '{default}'"
                )
        if "ending" not in have:
            self._db.execute("ALTER TABLE outbox ADD COLUMN ending BLOB")

    def _take_over_bookings(self) -> None:
        """Make holds of the mere counts that a database of version 0.1 has."""
        if not self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'bookings'").fetchone():
            return
        for sale in self.sales("confirmed", "in_progress"):
            if sale.slot is not None:
                resource = f"slot:{sale.slot.slot_id}"
                self.shelves.hold(sale.id, resource, sale.slot.window, 1, 1_000_000)
        self._db.execute("DROP TABLE bookings")

    def _enter_older(self) -> None:
        """Enter the orders of a database that had no log yet, as they stand."""
        if self.ledger.size:
            return
        for sale in self.sales():
            self.ledger.sold(None, sale)

    # -- sales -------------------------------------------------------------------------------

    def sale(self, sender: str, transaction_id: str) -> Sale | None:
        """Return the sale of a buyer's transaction."""
        found = self._sales("sender = ? AND transaction_id = ?", (sender, transaction_id))
        return found[0] if found else None

    def sale_by_id(self, sale_id: str) -> Sale | None:
        """Return a sale by its order id."""
        found = self._sales("id = ?", (sale_id,))
        return found[0] if found else None

    def sales(self, *states: OrderState) -> list[Sale]:
        """Return the sales in these states, the oldest first; all of them when none is named."""
        if not states:
            return self._sales("1", ())
        marks = ",".join("?" * len(states))
        return self._sales(f"state IN ({marks})", states)

    def newest(self, most: int) -> list[Sale]:
        """Return the newest orders, without mere quotes."""
        return self._sales("state NOT IN ('quoted', 'initialised')", (), newest=most)

    def sale_by_secret(self, secret: str) -> Sale | None:
        """Return the order that is followed by a link; its end is compared whole."""
        found = self._sales("json_extract(contract, '$.secret') = ?", (secret,)) if secret else []
        return found[0] if found else None

    def save(self, sale: Sale) -> None:
        """Write a sale; what became of an order is entered in the log, whoever changes it."""
        marks = ",".join("?" * len(row := to_row(sale)))
        before = None if sale.state in ledger.DRAFTS else self.sale_by_id(sale.id)
        self._db.execute(f"INSERT OR REPLACE INTO orders VALUES ({marks})", row)  # noqa: S608
        self.ledger.sold(before, from_row(row))

    def _sales(self, where: str, values: Sequence[str], newest: int | None = None) -> list[Sale]:
        order = "created_at, id" if newest is None else f"created_at DESC, id LIMIT {newest:d}"
        rows = self._db.execute(
            f"SELECT * FROM orders WHERE {where} ORDER BY {order}",  # noqa: S608 (our own)
            values,
        )
        return [from_row(row) for row in rows.fetchall()]

    # -- messages ----------------------------------------------------------------------------

    def receive(
        self, sender: str, message_id: str, action: str, body: bytes, now: datetime
    ) -> bool:
        """Keep a request; when it is known already, send its callback again and return False."""
        kept = self._db.execute(
            "INSERT INTO inbox (sender, message_id, action, body, received_at)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (sender, message_id, action, body, now.timestamp()),
        )
        if kept.rowcount == 1:
            return True
        self._db.execute(
            "UPDATE outbox SET state = 'waiting', attempts = 0, not_before = 0, created_at = ?"
            " WHERE receiver = ? AND message_id = ? AND action = ?",
            (now.timestamp(), sender, message_id, f"on_{action}"),
        )
        return False

    def unanswered(self, most: int) -> list[InRow]:
        """Return the oldest requests that are not answered yet."""
        rows = self._db.execute(
            "SELECT seq, sender, action, body FROM inbox WHERE done = 0 ORDER BY seq LIMIT ?",
            (most,),
        )
        return [InRow(*row) for row in rows.fetchall()]

    def answered(self, seq: int) -> None:
        """Note that a request needs nothing more."""
        self._db.execute("UPDATE inbox SET done = 1 WHERE seq = ?", (seq,))

    def post(self, callback: Callback, now: datetime) -> None:
        """Put a callback into the outbox."""
        digest = self._keep(callback.ending) if callback.ending else None
        self._db.execute(
            "INSERT INTO outbox"
            " (receiver, message_id, action, body, created_at, not_before, version, uri, ending)"
            " VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                callback.receiver,
                callback.message_id,
                callback.action,
                callback.body,
                now.timestamp(),
                callback.version,
                callback.uri,
                digest,
            ),
        )

    def due(
        self, now: datetime, busy: Collection[str] = (), most: int = 16
    ) -> tuple[list[OutRow], datetime | None]:
        """Return each receiver's oldest callback whose time has come, and when the next one's is.

        ``busy`` receivers are left out, and no more than ``most`` returned.
        """
        marks = ",".join("?" * len(busy))
        waiting = f"FROM outbox WHERE state = 'waiting' AND receiver NOT IN ({marks})"
        seqs = self._db.execute(
            f"SELECT min(seq) {waiting} AND not_before <= ? GROUP BY receiver ORDER BY 1 LIMIT ?",
            (*busy, now.timestamp(), most),
        ).fetchall()
        (moment,) = self._db.execute(
            f"SELECT min(not_before) {waiting} AND not_before > ?",
            (*busy, now.timestamp()),
        ).fetchone()
        rows = [self._out(seq) for (seq,) in seqs]
        return rows, None if moment is None else _instant(moment)

    def _out(self, seq: int) -> OutRow:
        receiver, message_id, action, body, attempts, at, version, uri, digest = self._db.execute(
            "SELECT receiver, message_id, action, body, attempts, created_at, version, uri, ending"
            " FROM outbox WHERE seq = ?",
            (seq,),
        ).fetchone()
        if digest is not None:
            body += self._ending(digest)
        return OutRow(seq, receiver, message_id, action, body, attempts, _instant(at), version, uri)

    def _keep(self, ending: Ending) -> bytes:
        self._last = (ending.digest, ending.body)
        self._db.execute(
            "INSERT INTO endings SELECT ?1, ?2"
            " WHERE NOT EXISTS (SELECT 1 FROM endings WHERE digest = ?1)",
            self._last,
        )
        return ending.digest

    def _ending(self, digest: bytes) -> bytes:
        if self._last[0] != digest:
            (body,) = self._db.execute(
                "SELECT body FROM endings WHERE digest = ?", (digest,)
            ).fetchone()
            self._last = (digest, body)
        return self._last[1]

    def sent(self, row: OutRow) -> None:
        """Note that a callback was acknowledged."""
        self._db.execute("UPDATE outbox SET state = 'sent', error = '' WHERE seq = ?", (row.seq,))

    def not_sent(self, row: OutRow, error: str, again_at: datetime | None) -> None:
        """Note a failed attempt; ``again_at`` None gives the callback up."""
        self._db.execute(
            "UPDATE outbox SET attempts = attempts + 1, error = ?, not_before = ?, state = ?"
            " WHERE seq = ?",
            (
                error[:300],
                again_at.timestamp() if again_at else 0,
                "waiting" if again_at else "dead",
                row.seq,
            ),
        )

    def tidy(self, now: datetime) -> None:
        """Drop what is long over: the provider's disk is not endless."""
        before = (now - KEEP).timestamp()
        self._db.execute("DELETE FROM inbox WHERE done = 1 AND received_at < ?", (before,))
        self._db.execute(
            "DELETE FROM outbox WHERE state <> 'waiting' AND created_at < ?", (before,)
        )
        self._db.execute(
            "DELETE FROM orders WHERE state IN ('quoted', 'initialised') AND updated_at < ?",
            (before,),
        )
        # What was shown is shown anew: nobody needs to be told again what there was.
        shown = (now - KEEP_SHOWN).timestamp()
        self._db.execute(
            "DELETE FROM outbox WHERE ending IS NOT NULL AND state <> 'waiting' AND created_at < ?",
            (shown,),
        )
        self._db.execute(
            "DELETE FROM inbox WHERE done = 1 AND action IN ('discover', 'search')"
            " AND received_at < ?",
            (shown,),
        )
        self._db.execute(
            "DELETE FROM endings WHERE digest NOT IN"
            " (SELECT ending FROM outbox WHERE ending IS NOT NULL)"
        )
        self.shelves.tidy(now - KEEP)


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
