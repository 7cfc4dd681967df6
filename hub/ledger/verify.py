"""Reading a whole log again: each entry against its hash, the log against what was signed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import field
from itertools import islice
from typing import TypeAlias

from hub.domain.values import dataclass
from hub.ledger.checkpoint import Checkpoint
from hub.ledger.leaf import describe_all, describes, leaf_hash
from hub.ledger.tree import TILE, Frontier

MAX_FAULTS = 100
"""So many are named; more are only counted."""
_LEAF = hashlib.sha256(b"\x00")


Row: TypeAlias = tuple[int, int, bytes, bytes, bytes, bytes]
"""An entry as it is stored: index, at, kind, subject, body, leaf.

Text is UTF-8 bytes, as a damaged one may not be text any more. With sqlite3: ``SELECT "index", at,
kind, subject, body, leaf FROM ledger ORDER BY "index"`` and ``text_factory = bytes``.
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, in one line; ``index`` is the entry, None where it is not one alone."""

    index: int | None
    what: str


@dataclass(slots=True)
class Verdict:
    """The log that was read: its size and root, and the faults, of which the first 100 are kept."""

    frontier: Frontier = field(default_factory=Frontier)
    faults: list[Fault] = field(default_factory=list)
    faults_found: int = 0

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults_found

    def note(self, index: int | None, what: str) -> None:
        """Add a fault."""
        self.faults_found += 1
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(index, what))


class LogUnreadable(Exception):
    """The file is damaged so far, or is so much another one, that its log cannot be read.

    One line with SQLite's words and what was expected.
    """


@dataclass(frozen=True, slots=True)
class Report:
    """What was read of a file and what is wrong with it; ``signed``: entries under a checkpoint."""

    verdict: Verdict
    checkpoints: int
    signed: int

    @property
    def entries(self) -> int:
        """How many entries the log has."""
        return self.verdict.frontier.size


def verify(rows: Iterable[Row], checkpoints: Iterable[Checkpoint] = ()) -> Verdict:
    """Read the log once, in the order of its indexes, and hold it against its checkpoints.

    The checkpoints must be opened before (``open_checkpoint``). A changed entry is named by its
    number. Where an entry was changed together with its hash, the checkpoint after it tells, and
    the fault names the entries between it and the one before.
    """
    verdict = Verdict()
    signed = sorted(checkpoints, key=lambda checkpoint: checkpoint.size, reverse=True)
    held = 0
    rest = iter(rows)
    expected = 0
    while batch := list(islice(rest, TILE)):
        leaves = _whole(batch, expected) or _one_by_one(batch, expected, verdict)
        expected = batch[-1][0] + 1
        while signed and signed[-1].size <= verdict.frontier.size + len(leaves):
            checkpoint = signed.pop()
            upto = checkpoint.size - verdict.frontier.size
            verdict.frontier = verdict.frontier.extend(leaves[:upto])
            leaves = leaves[upto:]
            held = _hold(checkpoint, held, verdict)
        verdict.frontier = verdict.frontier.extend(leaves)
    for checkpoint in reversed(signed):
        size = verdict.frontier.size
        if checkpoint.size <= size:
            held = _hold(checkpoint, held, verdict)
        else:
            verdict.note(
                None,
                f"the log has {size} entries, but {checkpoint.size} were signed: the end is gone",
            )
    return verdict


def _hold(checkpoint: Checkpoint, held: int, verdict: Verdict) -> int:
    """Compare the log so far with a checkpoint of its size; return the size that is certain."""
    if verdict.frontier.root == checkpoint.root:
        return checkpoint.size
    if verdict.whole:
        verdict.note(
            None,
            f"the log of {checkpoint.size} entries is not the one that was signed:"
            f" one of {held} to {checkpoint.size - 1} was replaced together with its hash",
        )
    return held


def _whole(batch: Sequence[Row], expected: int) -> list[bytes] | None:
    """Return the leaf hashes if nothing is wrong with any; the common case, so the fast one."""
    numbers, ats, kinds, subjects, bodies, stored = zip(*batch, strict=True)
    leaves = []
    begun = _LEAF.copy
    try:
        for body in bodies:
            leaf = begun()
            leaf.update(body)
            leaves.append(leaf.digest())
        if (
            leaves == list(stored)
            and numbers == tuple(range(expected, expected + len(batch)))
            and describe_all(kinds, ats, subjects, bodies)
        ):
            return leaves
    except (TypeError, ValueError, OverflowError):
        pass  # a cell of another type than it was written with
    return None


def _one_by_one(batch: Iterable[Row], expected: int, verdict: Verdict) -> list[bytes]:
    leaves = []
    for number, at, kind, subject, body, stored in batch:
        if number != expected:
            verdict.note(expected, f"entry {expected} is missing, {number} comes instead")
        expected = number + 1
        if not isinstance(body, bytes):
            verdict.note(number, f"entry {number} has no text")
            leaves.append(stored if isinstance(stored, bytes) else b"")
            continue
        leaf = leaf_hash(body)
        leaves.append(leaf)
        if leaf != stored:
            verdict.note(number, f"entry {number} is not as it was entered: its hash differs")
        elif not (isinstance(at, int) and isinstance(kind, bytes) and isinstance(subject, bytes)):
            verdict.note(number, f"entry {number} has a time, kind or subject of another type")
        elif not describes(kind, at, subject, body):
            verdict.note(number, f"entry {number} has a time, kind or subject it does not tell of")
    return leaves
