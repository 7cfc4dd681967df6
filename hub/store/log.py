"""The ledger's present end, what was signed of it, and what opens its sealed facts."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, select
from sqlalchemy.dialects.sqlite import insert

from hub.domain.values import dataclass
from hub.ledger.commitment import Opening, Personal, commitments, reveal
from hub.ledger.leaf import MAX_ENTRY, canonical
from hub.ledger.tree import HASH_BYTES, Frontier, TileRoots
from hub.store import tables
from hub.store.codec import instant
from hub.store.sums import summed
from hub.store.whose import whose

Sign = Callable[[int, bytes], str]
"""Signs the log's size and root; returns the checkpoint (C2SP tlog-checkpoint)."""

SIGNED_AT_ONCE = frozenset(
    {
        "approved",
        "disclosed",
        "erased",
        "granted",
        "revoked",
        "rule_set_adopted",
        "rule_set_updated",
    }
)
"""Entries whose commit also holds a checkpoint: what a member agreed to, and what left."""

SEALED = frozenset(
    (
        "because",
        "body",
        "current",
        "data",
        "error",
        "event_id",
        "member",
        "outcome",
        "previous",
        "quantity",
        "reason",
        "source",
        "stated",
        "title",
        "total",
    )
)
"""Facts that an entry holds a salted commitment to: who, what was said, measured and paid."""
_PRIVATE = "private"

_EMPTY = Frontier()
_LONGEST_FACT = 1024
_CHUNK = 256 * 64


@dataclass(frozen=True, slots=True)
class LogNow:
    """The log's end; it never changes, it is replaced.

    ``signed`` is how many entries the newest checkpoint covers, ``since`` when the first entry
    after those was appended.
    """

    frontier: Frontier = _EMPTY
    signed: int = 0
    since: datetime | None = None

    def grown(self, leaf: bytes, at: datetime) -> LogNow:
        """Return it with one more entry."""
        return LogNow(self.frontier.append(leaf), self.signed, self.since or at)

    def as_signed(self) -> LogNow:
        """Return it with a checkpoint over all of it."""
        return LogNow(self.frontier, self.frontier.size)


def leaves(connection: Connection, start: int, stop: int) -> Sequence[bytes]:
    """Return the leaf hashes of entries from ``start`` on; ``stop`` is the first not wanted."""
    table = tables.core(tables.LedgerRow)
    index = table.c["index"]
    statement = select(table.c.leaf).where(index >= start, index < stop).order_by(index)
    return connection.execute(statement).scalars().all()


class CommittedHashes:
    """The hashes of the log as it is committed; roots of whole tiles are kept over the time."""

    def __init__(self) -> None:
        self._connection: Connection | None = None
        self._roots = TileRoots(self._leaves)

    def on(self, connection: Connection) -> TileRoots:
        """Return them as read over this connection, until the next call."""
        self._connection = connection
        return self._roots

    def _leaves(self, start: int, stop: int) -> Sequence[bytes]:
        assert self._connection is not None, "it was told what to read over"
        return leaves(self._connection, start, stop)


def load_log(connection: Connection) -> LogNow:
    """Read the log's end: from its newest checkpoint on, so that a long log starts as quickly.

    A past that was changed after it was signed is therefore not signed again as it is now.
    """
    signed = _newest_frontier(connection)
    frontier = signed
    while found := leaves(connection, frontier.size, frontier.size + _CHUNK):
        frontier = frontier.extend(found)
    table = tables.core(tables.LedgerRow)
    at = connection.execute(select(table.c.at).where(table.c["index"] == signed.size)).scalar()
    return LogNow(frontier, signed.size, None if at is None else instant(at))


def _newest_frontier(connection: Connection) -> Frontier:
    table = tables.core(tables.CheckpointRow)
    newest = connection.execute(select(table).order_by(table.c.size.desc()).limit(1)).first()
    if newest is None:
        return Frontier()
    roots = tuple(
        newest.roots[at : at + HASH_BYTES] for at in range(0, len(newest.roots), HASH_BYTES)
    )
    frontier = Frontier(newest.size, roots)
    try:
        signed = b64decode(newest.note.split("\n")[2])
    except (IndexError, Base64Error):
        signed = b""
    if len(roots) == newest.size.bit_count() and frontier.root == signed:
        return frontier
    # Damaged; `ledger verify` names it. What the entries say is the next best.
    return Frontier().extend(leaves(connection, 0, newest.size))


def checkpoint_row(log: LogNow, sign: Sign) -> dict[str, object]:
    """Return the row of a checkpoint over the whole log."""
    frontier = log.frontier
    return {
        "size": frontier.size,
        "note": sign(frontier.size, frontier.root),
        "roots": b"".join(frontier.roots),
    }


def sign_now(engine: Engine, sign: Sign) -> str:
    """Return a checkpoint over the whole log: the newest there is, or one made now.

    It may be called beside a running hub: a checkpoint of a size is signed by either, once.
    """
    table = tables.core(tables.CheckpointRow)
    with engine.connect().execution_options(immediate=True) as connection:
        log = load_log(connection)
        if log.signed < log.frontier.size or not log.frontier.size:
            row = checkpoint_row(log, sign)
            connection.execute(insert(table).values(summed(table, **row)).on_conflict_do_nothing())
            connection.commit()
        note = connection.execute(
            select(table.c.note).order_by(table.c.size.desc()).limit(1)
        ).scalar_one()
    return str(note)


def marked(facts: Mapping[str, object]) -> dict[str, object]:
    """Return the facts with those that are to be sealed marked.

    They share one commitment, for its salt and row cost more than the fact; members have one each,
    so that one of them can be erased.
    """
    clear: dict[str, object] = {}
    private: dict[str, object] = {}
    for key, value in facts.items():
        if key == "members" and isinstance(value, list | tuple):
            clear[key] = [Personal(one, whose(one)) for one in value]
        elif key in SEALED and not (key == "because" and isinstance(value, list | tuple)):
            private[key] = value
        else:
            clear[key] = value
    if private:
        clear[_PRIVATE] = Personal(private, whose(private))
    return clear


def fitting(kind: str, at: int, subject: str, facts: dict[str, object]) -> str:
    """Return the entry's text; what would not fit into one is cut, and says so.

    A device may send far more than the 64 KiB an entry can have (C2SP tlog-tiles).
    """
    body = canonical(kind, at, subject, facts)
    if len(body) * 4 > MAX_ENTRY and len(body.encode()) > MAX_ENTRY:
        kept = {name: fact for name, fact in facts.items() if _short(fact)}
        body = canonical(kind, at, subject[:_LONGEST_FACT], {**kept, "cut": True})
    return body


def _short(fact: object) -> bool:
    return len(orjson.dumps(fact)) <= _LONGEST_FACT


def opening_rows(index: int, openings: Iterable[Opening]) -> list[dict[str, object]]:
    """Return the rows that open what was sealed in an entry."""
    return [
        {
            "entry": index,
            "place": place,
            "of": opening.of,
            "salt": opening.salt,
            "value": orjson.dumps(opening.value).decode(),
        }
        for place, opening in enumerate(openings)
    ]


def openings_of(connection: Connection, entries: Iterable[int]) -> dict[int, list[Opening]]:
    """Return what still opens these entries' sealed facts, by entry."""
    table = tables.core(tables.OpeningRow)
    wanted, found = list(entries), dict[int, list[Opening]]()
    for at in range(0, len(wanted), 500):
        statement = select(table).where(table.c.entry.in_(wanted[at : at + 500]))
        for row in connection.execute(statement.order_by(table.c.entry, table.c.place)):
            opening = Opening(row.salt, orjson.loads(row.value), row.of)
            found.setdefault(row.entry, []).append(opening)
    return found


def opened(body: str, openings: Sequence[Opening]) -> dict[str, Any]:
    """Return an entry as JSON with the facts that can still be read; erased ones are missing.

    An opening that opens nothing is passed over: `ledger verify` names it.
    """
    entry: dict[str, Any] = orjson.loads(body)
    facts = entry["facts"]
    there = set(commitments(facts))
    if there:
        fit = [opening for opening in openings if opening.commitment in there]
        readable = _without(reveal(facts, fit))
        private = readable.pop(_PRIVATE, None)
        entry["facts"] = {**readable, **(private if isinstance(private, dict) else {})}
    return entry


def _without(value: Any) -> Any:
    """Drop commitments that nothing opens any more."""
    if isinstance(value, dict):
        return {key: _without(one) for key, one in value.items() if not _is_sealed(one)}
    if isinstance(value, list):
        return [_without(one) for one in value if not _is_sealed(one)]
    return value


def _is_sealed(value: object) -> bool:
    return isinstance(value, dict) and value.keys() == {"commitment"}
