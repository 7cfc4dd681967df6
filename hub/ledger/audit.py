"""Proofs that an entry is in the log and that the log only grew (RFC 9162, 2.1.3 and 2.1.4)."""

from __future__ import annotations

from collections.abc import Sequence

from hub.ledger.leaf import LedgerError
from hub.ledger.tree import HASH_BYTES, MAX_SIZE, Hashes, node_hash, range_root

MAX_PATH = 63
"""The most hashes a proof has (C2SP tlog-witness)."""


class ProofError(LedgerError):
    """A proof that does not prove it; one line that says what is wrong."""


def inclusion_path(hashes: Hashes, index: int, size: int) -> list[bytes]:
    """Prove that leaf ``index`` is in the tree of ``size`` leaves (section 2.1.3.1).

    The leaf's sibling comes first. ProofError when there is no such leaf.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise ProofError(f"there is no entry {index} in a log of {size}")
    path = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(range_root(hashes, middle, stop))
            stop = middle
        else:
            path.append(range_root(hashes, start, middle))
            start = middle
    return path[::-1]


def consistency_path(hashes: Hashes, old: int, new: int) -> list[bytes]:
    """Prove that the tree of ``old`` leaves is the beginning of that of ``new`` (section 2.1.4.1).

    ProofError when ``old`` is 0 (there is nothing to prove) or larger than ``new``.
    """
    if not 0 < old <= new <= MAX_SIZE:
        raise ProofError(f"a log of {new} entries cannot be proved to have grown from {old}")
    path = []
    start, stop = 0, new
    while stop != old:
        middle = start + _split(stop - start)
        if old <= middle:
            path.append(range_root(hashes, middle, stop))
            stop = middle
        else:
            path.append(range_root(hashes, start, middle))
            start = middle
    if start:
        path.append(range_root(hashes, start, stop))
    return path[::-1]


def _split(count: int) -> int:
    """Return the largest power of two below ``count``."""
    return 1 << (count - 1).bit_length() - 1


def check_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Check an inclusion proof (section 2.1.3.2); ``leaf`` is the entry's leaf hash.

    ProofError when it does not prove that this leaf is number ``index`` of the tree.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise ProofError(f"there is no entry {index} in a log of {size}")
    _check_hashes(leaf, root, *path)
    number, last, node = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ProofError(f"the proof has {len(path)} hashes, more than a log of {size} needs")
        if number & 1 or number == last:
            node = node_hash(sibling, node)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        number, last = number >> 1, last >> 1
    if last:
        raise ProofError(f"the proof has only {len(path)} hashes, too few for a log of {size}")
    if node != root:
        raise ProofError(f"entry {index} is not the one in the log whose root was signed")


def check_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Check a consistency proof (section 2.1.4.2).

    ProofError when it does not prove that the log of ``new`` entries begins with that of ``old``.
    """
    if not 0 < old <= new <= MAX_SIZE:
        raise ProofError(f"a log of {new} entries cannot have grown from {old}")
    _check_hashes(old_root, new_root, *path)
    if old == new:
        if path:
            raise ProofError("two logs of one size need no hashes between them")
        if old_root != new_root:
            raise ProofError(f"there are two different logs of {old} entries")
        return
    rest = list(path)
    if old & (old - 1) == 0:
        rest.insert(0, old_root)
    if not rest:
        raise ProofError(f"the proof has no hashes, too few for a log of {new}")
    number, last = old - 1, new - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    before = after = rest[0]
    for sibling in rest[1:]:
        if last == 0:
            raise ProofError(f"the proof has {len(path)} hashes, more than a log of {new} needs")
        if number & 1 or number == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        number, last = number >> 1, last >> 1
    if last:
        raise ProofError(f"the proof has only {len(path)} hashes, too few for a log of {new}")
    if before != old_root:
        raise ProofError(f"the proof is not about the log of {old} entries that was signed")
    if after != new_root:
        raise ProofError(f"the log of {new} entries does not begin with the {old} signed before")


def _check_hashes(*hashes: bytes) -> None:
    if len(hashes) > MAX_PATH + 2:
        raise ProofError(f"the proof has {len(hashes) - 2} hashes, at most {MAX_PATH} are allowed")
    for one in hashes:
        if len(one) != HASH_BYTES:
            raise ProofError(f"a hash has {len(one)} bytes, not {HASH_BYTES}")
