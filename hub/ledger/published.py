"""Hashes read from the files of a published log (C2SP tlog-tiles): enough of them for a proof."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hub.ledger.tiles import Tile, TileError
from hub.ledger.tree import HASH_BYTES, TILE, TILE_HEIGHT

Fetch = Callable[[str, int], bytes | None]
"""Returns a file of the log, None where there is none; at most so many bytes of it."""
MOST_FILES = 1000
"""Files that are read for one proof; a log of 2**62 entries takes some five hundred."""


class PublishedHashes:
    """The hashes of a log of ``size`` entries (``hub.ledger.tree.Hashes``), each file read once.

    Nothing of them is believed: what is proved by them is held against a signed root.
    """

    def __init__(self, size: int, fetch: Fetch) -> None:
        """Read by ``fetch``, whose errors pass through."""
        self._size, self._fetch = size, fetch
        self._tiles: dict[tuple[int, int], bytes] = {}

    def read(self, level: int, start: int, stop: int) -> Sequence[bytes]:
        """Return hashes; see ``Hashes``. TileError for a file that is missing or has another form,
        and where too many would be read."""
        found: list[bytes] = []
        for number in range(start // TILE, -(-stop // TILE)):
            first = number * TILE
            data = self._tile(level, number)
            found += (
                data[at * HASH_BYTES : (at + 1) * HASH_BYTES]
                for at in range(max(start - first, 0), min(stop - first, TILE))
            )
        return found

    def _tile(self, level: int, number: int) -> bytes:
        known = self._tiles.get((level, number))
        if known is not None:
            return known
        if len(self._tiles) >= MOST_FILES:
            raise TileError(f"over {MOST_FILES} files would be read for one proof")
        width = min(TILE, (self._size >> TILE_HEIGHT * level) - number * TILE)
        tile = Tile(level, number, max(width, 1))
        most = TILE * HASH_BYTES
        data = self._fetch(tile.path, most)
        if data is None and width < TILE:
            # A partial file may be gone once the whole one is there (tlog-tiles, "Partial Tiles").
            whole = self._fetch(Tile(level, number).path, most)
            data = None if whole is None else whole[: tile.width * HASH_BYTES]
        if data is None or len(data) != tile.width * HASH_BYTES:
            raise TileError(f"{tile.path} is missing, or holds another number of hashes")
        self._tiles[level, number] = data
        return data
