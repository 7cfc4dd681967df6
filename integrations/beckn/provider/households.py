"""Buyers' own logs, of which the provider sees only how far they came: it countersigns what grew.

A log that did not grow from what was countersigned is refused, kept as evidence (both signed notes)
and told to whoever runs the provider (C2SP tlog-witness, tlog-cosignature).
"""

from __future__ import annotations

import logging
import sqlite3
from datetime import UTC, datetime

from hub.domain.values import dataclass
from hub.keyfiles.ledgerkey import LedgerKey
from hub.ledger.leaf import LedgerError
from hub.ledger.witness import look
from integrations.beckn.errors import BecknError

log = logging.getLogger(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS household_log (
    sender TEXT PRIMARY KEY, key TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '',
    size INTEGER NOT NULL DEFAULT 0, at INTEGER NOT NULL DEFAULT 0,
    doubts INTEGER NOT NULL DEFAULT 0, fault TEXT NOT NULL DEFAULT '',
    evidence TEXT NOT NULL DEFAULT '');
"""
_COLUMNS = "sender, key, note, size, at, doubts, fault, evidence"


@dataclass(frozen=True, slots=True)
class Held:
    """What is held of a buyer's log: its key, the newest note that was countersigned, its size and
    when (seconds since 1970). ``fault`` says what was found wrong, ``evidence`` are the two signed
    notes that cannot both be true, one after the other."""

    sender: str
    key: str = ""
    note: str = ""
    size: int = 0
    at: int = 0
    doubts: int = 0
    fault: str = ""
    evidence: str = ""

    @property
    def when(self) -> datetime | None:
        """When it was countersigned last."""
        return datetime.fromtimestamp(self.at, UTC) if self.at else None


class Households:
    """The table of ``SCHEMA``; to be used within ``Store.step``."""

    def __init__(self, db: sqlite3.Connection, key: LedgerKey | None) -> None:
        """Use ``db``; ``key`` countersigns, without it nobody is."""
        self._db, self._key = db, key

    def shown(self, sender: str, key: str, growth: str, now: datetime) -> dict[str, str]:
        """Take in a buyer's newest checkpoint with the proof that its log grew; return the answer.

        It is a signature, what is held instead, or why there is none. The checkpoint is kept in the
        transaction whose end lets the signature leave. BecknError for what is no checkpoint.
        """
        if self._key is None:
            return {"refused": "this provider countersigns nothing"}
        if not self._buys(sender):
            return {"refused": "only who has ordered here is countersigned"}
        held = self.held(sender)
        try:
            looked = look(growth, key, known=held.key, seen=held.note, doubts=held.doubts)
        except LedgerError as error:
            raise BecknError(f"growth: {error}") from None
        if looked.outcome != "grew":
            if words := looked.words(sender):
                self._found(held, words, str(looked.opened.note))
            else:
                self._db.execute(
                    "INSERT INTO household_log (sender, doubts) VALUES (?, 1)"
                    " ON CONFLICT DO UPDATE SET doubts = doubts + 1",
                    (sender,),
                )
            return {"have": held.note}
        at = int(now.timestamp())
        self._db.execute(
            "INSERT INTO household_log (sender, key, note, size, at) VALUES (?1, ?2, ?3, ?4, ?5)"
            " ON CONFLICT DO UPDATE SET key = ?2, note = ?3, size = ?4, at = ?5, doubts = 0,"
            " fault = ''",
            (sender, str(looked.key), str(looked.opened.note), looked.size, at),
        )
        return {"witness": self._key.witness, "signature": self._key.cosign(looked.opened, at)}

    def held(self, sender: str) -> Held:
        """Return what is held of a buyer's log, also when it is nothing."""
        row = self._db.execute(
            f"SELECT {_COLUMNS} FROM household_log WHERE sender = ?",  # noqa: S608 (our own)
            (sender,),
        ).fetchone()
        return Held(sender) if row is None else Held(*row)

    def _buys(self, sender: str) -> bool:
        found = self._db.execute(
            "SELECT 1 FROM orders WHERE sender = ? AND state NOT IN ('quoted', 'initialised')",
            (sender,),
        ).fetchone()
        return found is not None

    def _found(self, held: Held, words: str, note: str) -> None:
        if held.fault:
            return
        log.warning("%s Both are kept: provider ledger households", words)
        self._db.execute(
            "UPDATE household_log SET fault = ?, evidence = ? WHERE sender = ?",
            (words, f"{held.note}\n{note}", held.sender),
        )


def listed(db: sqlite3.Connection) -> list[Held]:
    """Return what is held of each buyer's log, by who it is."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM household_log ORDER BY sender")  # noqa: S608 (our own)
    return [Held(*row) for row in rows]


def begin_anew(db: sqlite3.Connection, sender: str) -> bool:
    """Take a buyer's log as it is from now on; what was found stays. False: no such buyer."""
    changed = db.execute(
        "UPDATE household_log SET key = '', note = '', size = 0, at = 0, doubts = 0, fault = ''"
        " WHERE sender = ?",
        (sender,),
    )
    return changed.rowcount == 1
