"""The log as static files, so that anyone can mirror it (C2SP tlog-tiles)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from hub.domain.values import dataclass
from hub.ledger.leaf import LedgerError
from hub.ledger.tree import MAX_SIZE, TILE, TILE_HEIGHT, Hashes

MAX_ENTRY = 0xFFFF
"""Bytes of an entry: its length is written in two."""
# Levels above 7 would belong to a log of more than 2^63 entries.
_PATH = re.compile(
    r"tile/(entries|[0-7])/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII
)


class TileError(LedgerError):
    """A tile, bundle or path that is not as tlog-tiles has it; one line that says why."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A file of the log: 256 hashes of a level, or 256 entries; fewer at the right end.

    ``level`` is None for entries. ``width`` is how many it holds.
    """

    level: int | None
    number: int
    width: int = TILE

    @property
    def path(self) -> str:
        """The path below the log's prefix; what has a partial tile's path never changes."""
        groups = [f"{self.number % 1000:03}"]
        rest = self.number // 1000
        while rest:
            groups.append(f"x{rest % 1000:03}")
            rest //= 1000
        name = "entries" if self.level is None else str(self.level)
        partial = "" if self.width == TILE else f".p/{self.width}"
        return f"tile/{name}/{'/'.join(reversed(groups))}{partial}"

    @classmethod
    def parse(cls, path: str) -> Tile:
        """Read a path; TileError when a log has no such file."""
        match = _PATH.fullmatch(path) if len(path) <= 64 else None
        if match:
            level = None if match[1] == "entries" else int(match[1])
            tile = cls(level, int(re.sub("[x/]", "", match[2])), int(match[3] or TILE))
            if tile.path == path and tile.end <= MAX_SIZE:
                return tile
        raise TileError(f"{path[:64]!r} is no path of a tile")

    @property
    def start(self) -> int:
        """The number of the first hash or entry in it, counted on its level."""
        return self.number * TILE

    @property
    def end(self) -> int:
        """The least size of a log that has it."""
        return (self.start + self.width) << TILE_HEIGHT * (self.level or 0)


def tiles_between(old: int, new: int) -> Iterator[Tile]:
    """Yield the files a log gets that grows from ``old`` to ``new`` entries, entries first.

    Partial ones of earlier sizes may be deleted once the whole one is there.
    """
    yield from _level_between(None, old, new)
    level = 0
    while new >> TILE_HEIGHT * level:
        shift = TILE_HEIGHT * level
        yield from _level_between(level, old >> shift, new >> shift)
        level += 1


def _level_between(level: int | None, old: int, new: int) -> Iterator[Tile]:
    for number in range(old // TILE, new // TILE):
        yield Tile(level, number)
    if new % TILE and new > old:
        yield Tile(level, new // TILE, new % TILE)


def tile_bytes(hashes: Hashes, tile: Tile) -> bytes:
    """Return a hash tile's bytes; TileError when asked for entries."""
    if tile.level is None:
        raise TileError("entries are written with bundle_bytes")
    return b"".join(hashes.read(tile.level, tile.start, tile.start + tile.width))


def bundle_bytes(entries: Iterable[bytes]) -> bytes:
    """Return an entry bundle's bytes; TileError names an entry that is too long."""
    parts: list[bytes] = []
    for number, entry in enumerate(entries):
        if len(entry) > MAX_ENTRY:
            raise TileError(
                f"entry {number} of the bundle has {len(entry)} bytes, over {MAX_ENTRY}"
            )
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def read_bundle(data: bytes, width: int = TILE) -> list[bytes]:
    """Return a bundle's entries; TileError when it is cut off or does not hold ``width``."""
    entries: list[bytes] = []
    at = 0
    while at < len(data) and len(entries) < width:
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if start > len(data) or at > len(data):
            raise TileError(f"the bundle breaks off in its entry {len(entries)}")
        entries.append(data[start:at])
    if len(entries) != width or at != len(data):
        raise TileError(f"the bundle does not hold just {width} entries")
    return entries
