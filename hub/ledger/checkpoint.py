"""Checkpoints: the signed size and root of a log (C2SP tlog-checkpoint, tlog-cosignature)."""

from __future__ import annotations

from collections.abc import Iterable

from hub.domain.values import dataclass
from hub.ledger.note import (
    Kind,
    Note,
    NoteError,
    Signed,
    SigningKey,
    VerifierKey,
    read_base64,
    read_decimal,
    sign,
    write_base64,
)
from hub.ledger.tree import EMPTY_ROOT, HASH_BYTES

MAX_EXTENSIONS = 16


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log held at some time: its name, its size in entries, its root."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The note's text; NoteError when a field cannot be written."""
        lines = (self.origin, str(self.size), write_base64(self.root), *self.extensions)
        text = "".join(f"{line}\n" for line in lines)
        if self != Checkpoint.parse(text):
            raise NoteError("a checkpoint's origin and extensions are one line each")
        return text

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a note's text; NoteError says which line is wrong."""
        lines = text.split("\n")
        if len(lines) < 4 or not all(lines[:-1]) or lines[-1]:
            raise NoteError("a checkpoint has at least three lines, and no empty ones")
        origin, size, root, *extensions = lines[:-1]
        if len(extensions) > MAX_EXTENSIONS:
            raise NoteError(f"a checkpoint has at most {MAX_EXTENSIONS} extension lines")
        found = cls(
            origin,
            read_decimal(size, "the checkpoint's size"),
            read_base64(root, "the checkpoint's root"),
            tuple(extensions),
        )
        if len(found.root) != HASH_BYTES:
            raise NoteError(f"the checkpoint's root has {len(found.root)} bytes, not {HASH_BYTES}")
        if not found.size and found.root != EMPTY_ROOT:
            raise NoteError("the checkpoint of an empty log has another root than the empty tree")
        return found


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint whose log's signature is true, with the cosignatures that are known."""

    checkpoint: Checkpoint
    note: Note
    cosignatures: tuple[Signed, ...] = ()


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> Note:
    """Return the checkpoint signed by its log; write it with ``str``."""
    return sign(checkpoint.text, key)


def open_checkpoint(
    raw: str | bytes,
    log: VerifierKey,
    *,
    origin: str | None = None,
    witnesses: Iterable[VerifierKey] = (),
) -> SignedCheckpoint:
    """Read a checkpoint and believe it: ``log`` must have signed it, its origin must be right.

    The origin is the key's name unless another is named. Signatures of ``witnesses`` must be true
    where there are any; how many are wanted is for the caller to say. NoteError otherwise.
    """
    note = Note.parse(raw)
    if not note.signed_by((log,)):
        raise NoteError(f"the checkpoint is not signed by {log.name}")
    checkpoint = Checkpoint.parse(note.text)
    wanted = log.name if origin is None else origin
    if checkpoint.origin != wanted:
        raise NoteError(f"the checkpoint is of {checkpoint.origin[:64]!r}, not of {wanted!r}")
    return SignedCheckpoint(checkpoint, note, note.signed_by(witnesses))


def cosign(opened: SignedCheckpoint, key: SigningKey, at: int) -> Note:
    """Return the checkpoint with a witness's signature at ``at``, seconds since 1970.

    A witness signs only what it has seen to grow: see ``hub.ledger.proof.check_growth``.
    """
    if key.kind is not Kind.COSIGNATURE:
        raise NoteError(f"{key.name} is not a witness's key")
    return opened.note.with_signatures(key.sign(opened.note.text, at))
