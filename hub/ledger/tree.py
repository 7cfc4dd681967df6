"""The Merkle tree over leaf hashes (RFC 6962, section 2.1; RFC 9162, section 2.1.1).

Roots of whole tiles of 256 leaves are kept, as C2SP tlog-tiles publishes them, so that a root or a
proof in a log of a million entries reads some hundred hashes. ``Frontier`` is the compact form: it
grows by a leaf and gives its root at the cost of the tree's height.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Protocol

from hub.domain.values import dataclass

HASH_BYTES = 32
TILE_HEIGHT = 8
TILE = 1 << TILE_HEIGHT
"""Hashes in a whole tile."""
MAX_SIZE = (1 << 63) - 1
"""The largest log that is spoken of: C2SP allows a proof 63 hashes."""

EMPTY_ROOT = hashlib.sha256().digest()
_INNER = hashlib.sha256(b"\x01")


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def _parents(level: Sequence[bytes]) -> list[bytes]:
    """Return the nodes above; the last of an odd number has none of its own."""
    # Copying a begun hash costs less than beginning one, and this is the loop a whole log goes
    # through when it is verified.
    begun = _INNER.copy
    parents = []
    each = iter(level)
    for left, right in zip(each, each, strict=False):
        node = begun()
        node.update(left + right)
        parents.append(node.digest())
    return parents


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Return the root of the tree over these hashes, that of the empty tree when there are none."""
    if not hashes:
        return EMPTY_ROOT
    level = hashes
    while len(level) > 1:
        parents = _parents(level)
        if len(level) % 2:
            parents.append(level[-1])
        level = parents
    return level[0]


@dataclass(frozen=True, slots=True)
class Frontier:
    """All of a log that its next entries need: the roots of its full subtrees, largest first.

    It never changes, it is replaced; so a unit of work that fails keeps the old one.
    """

    size: int = 0
    roots: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> Frontier:
        """Return the frontier with one more leaf hash."""
        return self._with(leaf, 0)

    def extend(self, leaves: Iterable[bytes]) -> Frontier:
        """Return the frontier with more leaf hashes; whole tiles are taken at once."""
        frontier = self
        rest = iter(leaves)
        while chunk := list(islice(rest, TILE - frontier.size % TILE)):
            if len(chunk) == TILE:
                frontier = frontier._with(root_of(chunk), TILE_HEIGHT)
            else:
                for leaf in chunk:
                    frontier = frontier._with(leaf, 0)
        return frontier

    def _with(self, node: bytes, height: int) -> Frontier:
        """Add a full subtree; the size must be a multiple of its leaves."""
        count, kept = self.size >> height, len(self.roots)
        while count & 1:
            kept -= 1
            node = node_hash(self.roots[kept], node)
            count >>= 1
        return Frontier(self.size + (1 << height), (*self.roots[:kept], node))

    @property
    def root(self) -> bytes:
        """The root of the whole tree."""
        if not self.roots:
            return EMPTY_ROOT
        node = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            node = node_hash(left, node)
        return node


class Hashes(Protocol):
    """Where a tree's hashes are read from: memory, the database, or tiles somebody published."""

    def read(self, level: int, start: int, stop: int) -> Sequence[bytes]:
        """Return the roots of the subtrees of ``256**level`` leaves, from number ``start`` on.

        ``stop`` is the first one not wanted. Level 0 are the leaf hashes. LookupError or
        LedgerError when the log is not that long.
        """


class TileRoots:
    """Hashes of a log whose leaf hashes are read by ``leaves(start, stop)``.

    It keeps the roots of whole tiles, 32 bytes for 256 entries, and reads a tile's leaves once for
    them. They follow from the leaves, so a restart may begin with none. Give it only what is
    committed, and use it from one thread.
    """

    def __init__(self, leaves: Callable[[int, int], Sequence[bytes]]) -> None:
        self._leaves = leaves
        self._above: list[list[bytes]] = [[]]

    def read(self, level: int, start: int, stop: int) -> Sequence[bytes]:
        """Return hashes; see ``Hashes``. LookupError names the hash that is missing."""
        if level == 0:
            return self._read_leaves(start, stop)
        self._grow(stop << TILE_HEIGHT * (level - 1))
        return self._above[level - 1][start:stop]

    def _read_leaves(self, start: int, stop: int) -> Sequence[bytes]:
        found = self._leaves(start, stop)
        if len(found) != stop - start:
            raise LookupError(f"entry {start + len(found)} is missing from the log")
        return found

    def _grow(self, tiles: int) -> None:
        """Know the first ``tiles`` whole tiles, and what they make up."""
        first = self._above[0]
        while len(first) < tiles:
            start = len(first) * TILE
            first.append(root_of(self._read_leaves(start, start + TILE)))
            for below, level in enumerate(self._above):
                if len(level) % TILE:
                    break
                if below + 1 == len(self._above):
                    self._above.append([])
                self._above[below + 1].append(root_of(level[-TILE:]))


def range_root(hashes: Hashes, start: int, stop: int) -> bytes:
    """Return the root over the leaves ``start <= n < stop`` of a larger tree.

    ``start`` must be a multiple of the number of leaves, rounded up to a power of two, as it is
    for each subtree of an RFC 6962 tree.
    """
    count, level = stop - start, 0
    while count >> TILE_HEIGHT * (level + 1):
        level += 1
    shift = TILE_HEIGHT * level
    last = stop >> shift
    parts = list(hashes.read(level, start >> shift, last))
    if last << shift < stop:
        # A shorter right end hangs off the tree just as an odd last node does.
        parts.append(range_root(hashes, last << shift, stop))
    return root_of(parts)


def root_at(hashes: Hashes, size: int) -> bytes:
    """Return the root the log had when it held ``size`` entries."""
    return range_root(hashes, 0, size)
