"""Proof files that are checked anywhere with the log's public key alone.

Inclusion is written as C2SP tlog-proof. Its extra line carries the entry, and after a line end each
the openings of its commitments; the entry is believed because its hash is in the log, an opening
because its hash is in the entry. Growth is written as the body of C2SP tlog-witness's
add-checkpoint, so that what convinces a friend's hub convinces any witness.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hub.domain.values import dataclass
from hub.ledger.audit import (
    MAX_PATH,
    ProofError,
    check_consistency,
    check_inclusion,
    consistency_path,
    inclusion_path,
)
from hub.ledger.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint
from hub.ledger.commitment import Opening, reveal
from hub.ledger.leaf import MAX_ENTRY, leaf_hash, read_leaf
from hub.ledger.note import (
    Note,
    VerifierKey,
    read_base64,
    read_decimal,
    read_text,
    write_base64,
)
from hub.ledger.tree import HASH_BYTES, Hashes

MAX_PROOF = 512 * 1024
"""Bytes of a proof file that are read."""
MAX_OPENINGS = 64
HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """An entry that is in the log: number, text, what was opened, and under which checkpoint."""

    index: int
    entry: bytes
    openings: tuple[Opening, ...]
    signed: SignedCheckpoint


def make_proof(
    entry: bytes, index: int, hashes: Hashes, note: Note, openings: Iterable[Opening] = ()
) -> str:
    """Return the proof that ``entry`` is number ``index`` of the log in the signed checkpoint.

    ProofError when it is not: the log, the entry or the checkpoint was changed.
    CommitmentError when an opening opens nothing in the entry.
    """
    checkpoint = Checkpoint.parse(note.text)
    path = inclusion_path(hashes, index, checkpoint.size)
    check_inclusion(leaf_hash(entry), index, checkpoint.size, path, checkpoint.root)
    lines = [opening.write().encode() for opening in openings]
    extra = b"\n".join((entry, *lines))
    _read_extra(extra)
    head = (HEADER, f"extra {write_base64(extra)}", f"index {index}", *map(write_base64, path))
    return "\n".join(head) + f"\n\n{note}"


def check_proof(
    raw: str | bytes,
    log: VerifierKey,
    *,
    origin: str | None = None,
    witnesses: Iterable[VerifierKey] = (),
) -> ProvenEntry:
    """Check a proof with the log's public key; see ``open_checkpoint`` for origin and witnesses.

    LedgerError says in one line what does not hold.
    """
    head, note = _halves(raw)
    if head[0] != HEADER:
        raise ProofError(f"a proof begins with the line {HEADER}")
    if len(head) < 2 or not head[1].startswith("extra "):
        raise ProofError("the proof's second line must be 'extra' and the entry")
    if len(head) < 3 or not head[2].startswith("index "):
        raise ProofError("the proof's third line must be 'index' and the entry's number")
    extra = read_base64(head[1].removeprefix("extra "), "the proof's entry")
    index = read_decimal(head[2].removeprefix("index "), "the proof's index")
    path = _read_path(head[3:])
    signed = open_checkpoint(note, log, origin=origin, witnesses=witnesses)
    entry, openings = _read_extra(extra)
    checkpoint = signed.checkpoint
    check_inclusion(leaf_hash(entry), index, checkpoint.size, path, checkpoint.root)
    return ProvenEntry(index, entry, openings, signed)


def _read_extra(extra: bytes) -> tuple[bytes, tuple[Opening, ...]]:
    entry, *lines = extra.split(b"\n", MAX_OPENINGS + 1)
    if len(entry) > MAX_ENTRY:
        raise ProofError(f"the entry has {len(entry)} bytes, at most {MAX_ENTRY} are proved")
    if len(lines) > MAX_OPENINGS:
        raise ProofError(f"a proof opens at most {MAX_OPENINGS} commitments")
    openings = tuple(Opening.read(read_text(line, MAX_PROOF, "an opening")) for line in lines)
    if openings:
        reveal(read_leaf(entry).facts, openings)
    return entry, openings


def make_growth(old: int, hashes: Hashes, note: Note) -> str:
    """Return the proof that the checkpoint's log begins with the ``old`` entries of an earlier one.

    ProofError when the checkpoint is smaller than that.
    """
    size = Checkpoint.parse(note.text).size
    path = consistency_path(hashes, old, size) if old else []
    return "\n".join((f"old {old}", *map(write_base64, path))) + f"\n\n{note}"


def check_growth(
    raw: str | bytes,
    seen: Checkpoint | None,
    log: VerifierKey,
    *,
    origin: str | None = None,
    witnesses: Iterable[VerifierKey] = (),
) -> SignedCheckpoint:
    """Check that the log grew from the checkpoint ``seen`` before, and return the new one.

    None means that none was seen; then the log is taken as it is. Whoever cosigns keeps the result
    before the cosignature leaves, else a crash lets the log go back unseen. LedgerError says in one
    line what does not hold.
    """
    head, note = _halves(raw)
    if not head[0].startswith("old "):
        raise ProofError("a proof of growth begins with 'old' and the size seen before")
    old = read_decimal(head[0].removeprefix("old "), "the size seen before")
    path = _read_path(head[1:])
    signed = open_checkpoint(note, log, origin=origin, witnesses=witnesses)
    new = signed.checkpoint
    size = seen.size if seen else 0
    if old != size:
        raise ProofError(f"the proof is from {old} entries on, seen were {size}")
    if seen and seen.origin != new.origin:
        raise ProofError(f"the log seen before is {seen.origin[:64]!r}, not {new.origin[:64]!r}")
    if seen and size:
        check_consistency(size, new.size, seen.root, new.root, path)
    elif path:
        raise ProofError("growth from an empty log needs no hashes")
    return signed


def _halves(raw: str | bytes) -> tuple[list[str], str]:
    """Return the lines before the first empty one, and what is after it."""
    text = read_text(raw, MAX_PROOF, "the proof")
    head, gap, note = text.partition("\n\n")
    if not gap:
        raise ProofError("a proof has an empty line and then a checkpoint")
    return head.split("\n"), note


def _read_path(lines: Sequence[str]) -> list[bytes]:
    if len(lines) > MAX_PATH:
        raise ProofError(f"the proof has {len(lines)} hashes, at most {MAX_PATH} are allowed")
    path = [read_base64(line, f"hash {number}") for number, line in enumerate(lines, 1)]
    if any(len(one) != HASH_BYTES for one in path):
        raise ProofError(f"each hash of a proof has {HASH_BYTES} bytes")
    return path
