"""A published log, checked by its public key alone and kept by others (C2SP tlog-tiles)."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

from hub.app.ledgertools import CHECKPOINT, OtherLog, write_file
from hub.domain.values import dataclass
from hub.ledger.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint
from hub.ledger.leaf import LedgerError, leaf_hash
from hub.ledger.note import VerifierKey
from hub.ledger.published import Fetch
from hub.ledger.tiles import MAX_ENTRY, Tile, bundle_bytes, read_bundle, tile_bytes, tiles_between
from hub.ledger.tree import HASH_BYTES, TILE, TileRoots, root_at

_NOTE_BYTES = 64 * 1024
_BUNDLE_BYTES = TILE * (2 + MAX_ENTRY)
_SECONDS = 30.0


class NotReachable(LedgerError):
    """The place a log is said to be published at does not answer as such a place does."""


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A published log that holds what was signed; ``before`` is how much of it was held already."""

    signed: SignedCheckpoint
    before: int


def fetcher(source: str) -> Fetch:
    """Read from a folder, or from an address (http:// or https://) that serves one."""
    if source.startswith(("http://", "https://")):
        return lambda path, most: _fetch(f"{source.rstrip('/')}/{path}", most)
    return lambda path, most: _read(Path(source) / path, most)


def mirror(source: Fetch, key: VerifierKey, copy: Path | None = None) -> Mirrored:
    """Check all that is published, and bring ``copy`` up to date with it.

    Each entry is hashed and the root held against the signed checkpoint, so no file is taken on
    trust. With a copy, whole files it has are not fetched again, and the log must begin with what
    the copy's checkpoint says: otherwise nothing there is changed.

    Raises NotReachable, NoteError for a checkpoint that ``key`` did not sign, TileError for a file
    of the wrong shape, OtherLog where the files or the copy are not what was signed.
    """
    note = source(CHECKPOINT, _NOTE_BYTES)
    if note is None:
        raise NotReachable("no checkpoint is published there (tlog-tiles: a file `checkpoint`)")
    signed = open_checkpoint(note, key)
    size = signed.checkpoint.size
    held = _held(copy, key)
    kept = fetcher(str(copy)) if held is not None else None
    leaves: list[bytes] = []
    for start in range(0, size, TILE):
        tile = Tile(None, start // TILE, min(TILE, size - start))
        leaves += map(leaf_hash, _entries(tile, source, kept))
    hashes = TileRoots(lambda start, stop: leaves[start:stop])
    if root_at(hashes, size) != signed.checkpoint.root:
        raise OtherLog(f"the {size} entries published are not those that were signed")
    if held is not None and (held.size > size or root_at(hashes, held.size) != held.root):
        raise OtherLog(
            f"{copy}: the {held.size} entries mirrored before are not those of this log: its past "
            "was changed. Keep both checkpoints; together they prove it"
        )
    before = held.size if held is not None else 0
    for tile in tiles_between(0, size):
        if tile.level is not None and _hashes(tile, source) != tile_bytes(hashes, tile):
            raise OtherLog(f"{tile.path} does not hold the hashes of the entries published")
    if copy is not None:
        for tile in tiles_between(before, size):
            if tile.level is None:
                # Read once more: a log of a million entries does not fit a small machine's memory.
                entries = _entries(tile, source, kept)
                if [*map(leaf_hash, entries)] != leaves[tile.start : tile.start + tile.width]:
                    raise OtherLog(f"{tile.path} changed while it was read; try again")
                write_file(copy / tile.path, bundle_bytes(entries))
            else:
                write_file(copy / tile.path, tile_bytes(hashes, tile))
        write_file(copy / CHECKPOINT, note)
    return Mirrored(signed, before)


def _held(copy: Path | None, key: VerifierKey) -> Checkpoint | None:
    file = None if copy is None else copy / CHECKPOINT
    if file is None or not file.exists():
        return None
    try:
        return open_checkpoint(file.read_bytes(), key).checkpoint
    except LedgerError as error:
        raise OtherLog(f"{file}: {error}; expected a folder of this log, or an empty one") from None


def _entries(tile: Tile, source: Fetch, kept: Fetch | None) -> list[bytes]:
    if kept is not None and tile.width == TILE:
        found = kept(tile.path, _BUNDLE_BYTES)
        if found is not None:
            return read_bundle(found)
    data = source(tile.path, _BUNDLE_BYTES)
    if data is not None:
        return read_bundle(data, tile.width)
    # A partial file may be gone once the whole one is there (tlog-tiles, "Partial Tiles").
    whole = source(Tile(None, tile.number).path, _BUNDLE_BYTES) if tile.width < TILE else None
    if whole is None:
        raise OtherLog(f"{tile.path} is missing from what is published")
    return read_bundle(whole)[: tile.width]


def _hashes(tile: Tile, source: Fetch) -> bytes | None:
    data = source(tile.path, TILE * HASH_BYTES)
    if data is None and tile.width < TILE:
        whole = source(Tile(tile.level, tile.number).path, TILE * HASH_BYTES)
        return None if whole is None else whole[: tile.width * HASH_BYTES]
    return data


def _read(file: Path, most: int) -> bytes | None:
    try:
        with file.open("rb") as stream:
            return _bounded(stream.read(most + 1), most, str(file))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NotReachable(f"{file}: {error.strerror}") from None


def _fetch(url: str, most: int) -> bytes | None:
    try:
        # ``fetcher`` lets http and https through alone.
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310
            return _bounded(answer.read(most + 1), most, url)
    except urllib.error.HTTPError as error:
        if error.code in (404, 410):
            return None
        raise NotReachable(f"{url}: answered {error.code}") from None
    except (OSError, ValueError) as error:
        raise NotReachable(f"{url}: {error}") from None


def _bounded(data: bytes, most: int, name: str) -> bytes:
    if len(data) > most:
        raise NotReachable(f"{name}: over {most} bytes, expected less")
    return data
