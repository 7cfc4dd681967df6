"""Reading a provider's database to judge its log: nothing is changed, and nothing is believed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from hub.domain.values import dataclass
from hub.ledger.checkpoint import Checkpoint, open_checkpoint
from hub.ledger.commitment import Opening, commitments, reveal
from hub.ledger.leaf import LedgerError, read_leaf
from hub.ledger.note import VerifierKey
from hub.ledger.verify import LogUnreadable, Report, Row, Verdict, verify
from integrations.beckn.errors import BecknError
from integrations.beckn.provider.ledger import ANSWERED, DRAFTS, agreed
from integrations.beckn.provider.sale import Sale, from_row

_ENTRIES = 'SELECT "index", at, kind, subject, body, leaf FROM ledger ORDER BY "index"'
_OPENINGS = (
    'SELECT o.entry, o.salt, o.value, l.body FROM opening o LEFT JOIN ledger l ON l."index" ='
    " o.entry ORDER BY o.entry, o.place"
)
_NEWEST = (
    'SELECT o.*, l."index", l.body FROM orders o LEFT JOIN ledger l ON l."index" = (SELECT'
    ' max("index") FROM ledger WHERE subject = o.id AND kind <> ?) ORDER BY o.created_at, o.id'
)
_GONE = (
    'SELECT min("index"), subject FROM ledger WHERE subject NOT IN (SELECT id FROM orders)'
    " GROUP BY subject ORDER BY 1 LIMIT 100"
)


@dataclass(frozen=True, slots=True)
class ProviderReport(Report):
    """What was read of a provider's database."""

    orders: int


def verify_file(path: Path, key: VerifierKey) -> ProviderReport:
    """Hold the log of the database at ``path`` against what was signed, and the orders against it.

    The file may be in use. LogUnreadable when SQLite cannot read it.
    """
    try:
        uri = f"file:{quote(str(path.resolve()))}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as db:
            # One snapshot: a provider that runs goes on writing.
            db.execute("BEGIN")
            db.text_factory = bytes
            signed, faults = _checkpoints(db, key)
            verdict = verify(_rows(db), signed)
            for line in faults:
                verdict.note(None, line)
            _judge_openings(db, verdict)
            db.text_factory = lambda raw: raw.decode(errors="replace")
            orders = _judge_orders(db, verdict)
    except (sqlite3.Error, OverflowError) as error:
        expected = "expected a provider's database, undamaged"
        raise LogUnreadable(f"{path}: {error}; {expected}") from None
    most = max((one.size for one in signed), default=0)
    if verdict.frontier.size > most:
        verdict.note(None, f"the log has {verdict.frontier.size} entries, only {most} are signed")
    return ProviderReport(verdict, len(signed), most, orders)


def _rows(db: sqlite3.Connection) -> Iterator[Row]:
    yield from db.execute(_ENTRIES)


def _checkpoints(db: sqlite3.Connection, key: VerifierKey) -> tuple[list[Checkpoint], list[str]]:
    found: list[Checkpoint] = []
    faults: list[str] = []
    for size, note in db.execute("SELECT size, note FROM checkpoint ORDER BY size"):
        try:
            checkpoint = open_checkpoint(bytes(note), key).checkpoint
            if checkpoint.size != size:
                raise LedgerError(f"it is signed for {checkpoint.size} entries")
        except (LedgerError, TypeError) as error:
            faults.append(f"the checkpoint of {size} entries: {error}")
        else:
            found.append(checkpoint)
    return found, faults


def _judge_openings(db: sqlite3.Connection, verdict: Verdict) -> None:
    for entry, salt, value, body in db.execute(_OPENINGS):
        try:
            opened = Opening(salt, json.loads(value))
            fits = opened.commitment in commitments(read_leaf(body).facts)
        except (ValueError, TypeError):
            fits = False
        if not fits:
            verdict.note(entry, f"entry {entry}: what it sealed is not what is kept")


def _judge_orders(db: sqlite3.Connection, verdict: Verdict) -> int:
    """Hold each order against what was entered of it last; return how many there are."""
    count = 0
    for *row, index, body in db.execute(_NEWEST, (ANSWERED,)).fetchall():
        try:
            sale = from_row(row)
        except (BecknError, ValueError, TypeError, KeyError, AssertionError) as error:
            verdict.note(None, f"order {row[0]} cannot be read: {error}")
            continue
        if sale.state in DRAFTS and index is None:
            continue
        count += 1
        if index is None:
            verdict.note(None, f"order {sale.id} is {sale.state}, and was never entered in the log")
        elif not _as_entered(db, sale, index, str(body)):
            verdict.note(index, f"order {sale.id} is not what entry {index} says of it")
    for index, subject in db.execute(_GONE).fetchall():
        verdict.note(index, f"order {subject} of entry {index} is gone")
    return count


def _as_entered(db: sqlite3.Connection, sale: Sale, index: int, body: str) -> bool:
    openings = db.execute("SELECT salt, value FROM opening WHERE entry = ?", (index,)).fetchall()
    try:
        facts = read_leaf(body.encode()).facts
        said = reveal(facts, [Opening(salt, json.loads(value)) for salt, value in openings])
    except (ValueError, TypeError):
        return False
    wanted: dict[str, object] = {"state": sale.state, "step": sale.fulfillment_state}
    if "agreed" in facts:
        wanted["agreed"] = agreed(sale)
    return said == wanted
