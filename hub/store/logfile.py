"""Reading the log of a database file to judge it: nothing is changed, and nothing is believed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from hub.domain.values import dataclass
from hub.ledger.checkpoint import Checkpoint, open_checkpoint
from hub.ledger.commitment import Opening
from hub.ledger.leaf import LedgerError
from hub.ledger.note import Note, Signature, VerifierKey
from hub.ledger.tree import HASH_BYTES, Frontier
from hub.ledger.verify import LogUnreadable, Report, Row, Verdict, verify
from hub.store import damage
from hub.store.crc import Text
from hub.store.whose import whose

_ENTRIES = 'SELECT "index", at, kind, subject, body, leaf FROM ledger ORDER BY "index"'
_COMMITMENT = b'{"commitment":"'
_STRANGE = (
    "SELECT \"index\" FROM ledger WHERE typeof(at) <> 'integer' OR typeof(kind) <> 'text'"
    " OR typeof(subject) <> 'text' OR typeof(body) <> 'text' OR typeof(leaf) <> 'blob' LIMIT 100"
)
_OPENINGS = (
    "SELECT o.entry, o.place, o.of, o.salt, o.value, l.body FROM opening o"
    ' LEFT JOIN ledger l ON l."index" = o.entry ORDER BY o.entry, o.place'
)
_HAS_COSIGNATURES = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'cosignature'"
_COSIGNATURES = (
    "SELECT s.peer, s.size, s.key, s.line, c.note FROM cosignature s"
    " LEFT JOIN checkpoint c ON c.size = s.size ORDER BY s.size"
)


@dataclass(frozen=True, slots=True)
class HubReport(Report):
    """What was read of a hub's database."""

    openings: int
    rows: int
    """Rows beside the log that have a checksum and were held against it."""
    witnesses: tuple[tuple[str, int, int], ...] = ()
    """The newest countersignature of each witness: its name, the size, seconds since 1970."""


def verify_file(path: Path, key: VerifierKey) -> HubReport:
    """Read the whole log of the database at ``path``: hashes, columns, checkpoints, openings.

    The file may be in use. LogUnreadable when SQLite cannot read it.
    """
    try:
        with closing(_open(path)) as database:
            # One snapshot: a hub that runs goes on writing.
            database.execute("BEGIN")
            damage_found = damage.pages(database) + damage.schema(database)
            signed, faults = _checkpoints(database, key)
            witnesses, false = _countersigned(database)
            rows, changed = damage.rows(database)
            # Text is told from other bytes above, which costs; the log's has a question of its own.
            database.text_factory = bytes
            verdict = verify(_entries(database), signed)
            database.text_factory = Text
            for line in faults + false + changed + damage_found:
                verdict.note(None, line)
            for (number,) in database.execute(_STRANGE):
                verdict.note(number, f"entry {number} is kept as another type than it was written")
            openings = _openings(database, verdict)
    except (sqlite3.Error, OverflowError, UnicodeDecodeError) as error:
        # What SQLite says of a damaged schema quotes it, and that may be no text any more.
        what = "its schema is damaged" if isinstance(error, UnicodeDecodeError) else error
        raise LogUnreadable(f"{path}: {what}; expected the hub's database, undamaged") from None
    most = max((one.size for one in signed), default=0)
    return HubReport(verdict, len(signed), most, openings, rows, witnesses)


def _open(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(
        f"file:{quote(str(path.resolve()))}?mode=ro", uri=True, isolation_level=None
    )
    # Damaged text may not be text any more.
    database.text_factory = Text
    return database


def _entries(database: sqlite3.Connection) -> Iterator[Row]:
    yield from database.execute(_ENTRIES)


def _checkpoints(
    database: sqlite3.Connection, key: VerifierKey
) -> tuple[list[Checkpoint], list[str]]:
    found: list[Checkpoint] = []
    faults: list[str] = []
    for size, note, roots in database.execute("SELECT size, note, roots FROM checkpoint"):
        try:
            found.append(_checkpoint(size, note, roots, key))
        except LedgerError as error:
            faults.append(f"the checkpoint of {size} entries: {error}")
    return found, faults


def _checkpoint(size: object, note: Any, roots: Any, key: VerifierKey) -> Checkpoint:
    if not isinstance(note, bytes) or not isinstance(roots, bytes):
        raise LedgerError("it is kept as another type than it was written")
    checkpoint = open_checkpoint(note, key).checkpoint
    if checkpoint.size != size:
        raise LedgerError(f"it is signed for {checkpoint.size} entries")
    parts = tuple(roots[at : at + HASH_BYTES] for at in range(0, len(roots), HASH_BYTES))
    if len(parts) != checkpoint.size.bit_count() or (
        Frontier(checkpoint.size, parts).root != checkpoint.root
    ):
        raise LedgerError("the hashes beside it are not those of the root that was signed")
    return checkpoint


def _countersigned(
    database: sqlite3.Connection,
) -> tuple[tuple[tuple[str, int, int], ...], list[str]]:
    """Check what others signed of the log; return each one's newest, and what is wrong."""
    if not database.execute(_HAS_COSIGNATURES).fetchone():
        return (), []
    newest: dict[str, tuple[str, int, int]] = {}
    faults: list[str] = []
    for peer, size, key, line, note in database.execute(_COSIGNATURES):
        try:
            if not all(isinstance(one, bytes) for one in (key, line, note)):
                raise LedgerError("it is of no checkpoint, or kept as another type")
            verifier = VerifierKey.parse(key.decode())
            signed = verifier.check(Note.parse(note).text, Signature.parse(line.decode()))
        except (LedgerError, UnicodeDecodeError) as error:
            faults.append(
                f"the countersignature of {size} entries by {damage.shown(peer)}: {error}"
            )
            continue
        newest[verifier.name] = (verifier.name, int(size), signed.at or 0)
    return tuple(newest[name] for name in sorted(newest)), faults


def _openings(database: sqlite3.Connection, verdict: Verdict) -> int:
    count = 0
    for entry, place, of, salt, value, body in database.execute(_OPENINGS):
        count += 1
        try:
            fits = _opens(place, of, salt, value, body or b"")
        except (ValueError, TypeError):
            fits = False
        if not fits:
            verdict.note(entry, f"entry {entry}: what it sealed is not what is kept (part {place})")
    return count


def _opens(place: int, of: bytes, salt: bytes, value: bytes, body: bytes) -> bool:
    """Tell whether an opening opens the commitment at its place, and is of whom it says."""
    if not (isinstance(of, Text) and isinstance(value, Text)) or isinstance(salt, Text):
        return False
    found = orjson.loads(bytes(value))  # It takes no subclass of bytes.
    at = body.find(Opening(salt, found).commitment.encode())
    return (
        at >= 0
        and body.count(_COMMITMENT, 0, at) == place + 1
        and orjson.dumps(found) == value
        and whose(found).encode() == of
    )
