"""What is made of the log for others: checkpoints, proofs, and the files to mirror it by."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from hub.domain.values import dataclass
from hub.keyfiles.ledgerkey import LedgerKey
from hub.ledger.checkpoint import Checkpoint, open_checkpoint
from hub.ledger.leaf import LedgerError
from hub.ledger.note import Note, Signature
from hub.ledger.proof import make_growth, make_proof
from hub.ledger.tiles import Tile, bundle_bytes, tile_bytes, tiles_between
from hub.ledger.tree import Hashes, TileRoots, root_at
from hub.store import tables
from hub.store.log import leaves, openings_of, sign_now
from hub.store.witness import WitnessStore

CHECKPOINT = "checkpoint"


class OtherLog(LedgerError):
    """A folder or a checkpoint is of another log, or of this one with another past."""


@dataclass(frozen=True, slots=True)
class Published:
    """What a folder holds of the log: ``before`` and ``size`` are its entries then and now.

    ``others`` is how many countersigned that size, ``waiting`` how many entries are not published
    because nobody did yet.
    """

    before: int
    size: int
    others: int
    waiting: int


@contextmanager
def _snapshot(engine: Engine) -> Iterator[tuple[Connection, Hashes]]:
    with engine.connect() as connection:
        yield connection, TileRoots(lambda start, stop: leaves(connection, start, stop))


def prove(engine: Engine, key: LedgerKey, index: int, *, reveal: bool = False) -> str:
    """Return the proof that entry ``index`` is in the log; ``reveal`` opens what it sealed.

    LedgerError when there is no such entry, or the log is not the one that was signed.
    """
    note = _witnessed(engine, index) or Note.parse(sign_now(engine, key.sign))
    with _snapshot(engine) as (connection, hashes):
        entries = _entries(connection, index, index + 1)
        if index < 0 or not entries:
            size = Checkpoint.parse(note.text).size
            raise LedgerError(f"there is no entry {index} in a log of {size}")
        openings = openings_of(connection, [index]).get(index, []) if reveal else []
        return make_proof(entries[0], index, hashes, note, openings)


def _witnessed(engine: Engine, index: int) -> Note | None:
    """Return the newest countersigned checkpoint that holds an entry, None when there is none."""
    with engine.connect() as connection:
        store = WitnessStore(connection)
        size = store.newest_signed(index + 1) if index >= 0 else None
        found = store.checkpoint(size) if size is not None else None
        return None if found is None else Note.parse(_with_others(store, *found))


def _with_others(store: WitnessStore, size: int, note: str) -> str:
    """Return a checkpoint with what others signed of that size."""
    lines = (Signature.parse(one.line) for one in store.of_size(size))
    return str(Note.parse(note).with_signatures(*lines))


def countersigned(engine: Engine, note: str) -> str:
    """Return one of our checkpoints with the signatures of those who countersigned it."""
    with engine.connect() as connection:
        size = Checkpoint.parse(Note.parse(note).text).size
        return _with_others(WitnessStore(connection), size, note)


def growth(engine: Engine, key: LedgerKey, old: int) -> str:
    """Return the proof that the log begins with the ``old`` entries it had before."""
    note = Note.parse(countersigned(engine, sign_now(engine, key.sign)))
    with _snapshot(engine) as (_, hashes):
        return make_growth(old, hashes, note)


def publish(
    engine: Engine, key: LedgerKey, folder: Path, heard_since: datetime | None = None
) -> Published:
    """Bring the files in ``folder`` up to date (C2SP tlog-tiles).

    The checkpoint is the newest that others countersigned, if one did at ``heard_since`` or later
    and the folder has no newer one; else the newest of our own. What is there stays; the
    checkpoint comes last, so that who reads meanwhile finds every file it leads to. OtherLog when
    the folder holds another log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    own = sign_now(engine, key.sign)
    whole = Checkpoint.parse(Note.parse(own).text).size
    with _snapshot(engine) as (connection, hashes):
        store = WitnessStore(connection)
        old = _published(folder, key, hashes, whole)
        size = store.newest_signed(old, heard_since) or whole
        found = store.checkpoint(size) if size < whole else None
        note = _with_others(store, *(found or (whole, own)))
        new = Checkpoint.parse(Note.parse(note).text)
        if root_at(hashes, new.size) != new.root:
            raise OtherLog("the log is not the one that was signed; `ledger verify` tells more")
        for tile in tiles_between(old, new.size):
            write_file(folder / tile.path, _bytes(connection, hashes, tile))
        others = len(store.of_size(new.size))
    write_file(folder / CHECKPOINT, note.encode())
    return Published(old, new.size, others, max(whole - new.size, 0))


def _published(folder: Path, key: LedgerKey, hashes: Hashes, size: int) -> int:
    file = folder / CHECKPOINT
    if not file.exists():
        return 0
    try:
        old = open_checkpoint(file.read_bytes(), key.key.verifier).checkpoint
    except LedgerError as error:
        raise OtherLog(f"{file}: {error}; expected a folder of this log, or an empty one") from None
    if old.size > size or root_at(hashes, old.size) != old.root:
        raise OtherLog(
            f"{file}: the {old.size} entries published are not those of this log; it was put back "
            "to an earlier state, or changed"
        )
    return old.size


def _bytes(connection: Connection, hashes: Hashes, tile: Tile) -> bytes:
    if tile.level is None:
        return bundle_bytes(_entries(connection, tile.start, tile.start + tile.width))
    return tile_bytes(hashes, tile)


def _entries(connection: Connection, start: int, stop: int) -> list[bytes]:
    table = tables.core(tables.LedgerRow)
    index = table.c["index"]
    statement = select(table.c.body).where(index >= start, index < stop).order_by(index)
    return [str(body).encode() for body in connection.execute(statement).scalars()]


def write_file(file: Path, data: bytes) -> None:
    """Put a file in its place, whole or not at all; folders above it are made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with draft.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)
