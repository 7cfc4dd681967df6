"""Signed notes: a text, and signature lines that name their keys (C2SP signed-note).

Two kinds of keys are known, both Ed25519: those that sign the text as it stands, and witnesses',
whose signature also covers the time (C2SP tlog-cosignature, version 1). Signatures of other keys
are carried along and prove nothing.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterable
from enum import IntEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hub.domain.values import dataclass
from hub.ledger.leaf import LedgerError

MAX_NOTE = 128 * 1024
"""Bytes; room for the 16 signatures of the longest kind that C2SP asks to accept."""
MAX_SIGNATURES = 64
MAX_NAME = 255
MAX_TIME = (1 << 63) - 1
_KEY_BYTES = 32
_SIGNATURE_BYTES = 64
_TIME_BYTES = 8


class NoteError(LedgerError):
    """A note, key or signature that cannot be accepted; one line that says why."""


class Kind(IntEnum):
    """Signature types that are understood (the byte before the public key)."""

    NOTE = 1
    COSIGNATURE = 4


def read_base64(text: str, what: str) -> bytes:
    """Return the bytes of standard Base64 in its one right spelling; NoteError when it is not."""
    try:
        found = b64decode(text, validate=True)
    except ValueError:
        found = b""
    if b64encode(found).decode() != text:
        raise NoteError(f"{what} is not Base64")
    return found


def write_base64(value: bytes) -> str:
    """Return standard Base64 with padding."""
    return b64encode(value).decode()


def read_decimal(text: str, what: str) -> int:
    """Return a number below 2^63, written without leading zeroes; NoteError when it is not."""
    ok = text.isascii() and text.isdecimal() and len(text) <= 19 and (text[0] != "0" or text == "0")
    if not ok or int(text) > MAX_TIME:
        raise NoteError(f"{what} is not a decimal number without leading zeroes")
    return int(text)


def read_text(raw: str | bytes, limit: int, what: str) -> str:
    """Return the text of UTF-8 of at most ``limit`` bytes; NoteError when it is not that."""
    try:
        data = raw.encode() if isinstance(raw, str) else raw
        if len(data) > limit:
            raise NoteError(f"{what} has {len(data)} bytes, at most {limit} are read")
        return data.decode()
    except UnicodeError:
        raise NoteError(f"{what} is not UTF-8 text") from None


def _name(name: str) -> str:
    if not name or len(name) > MAX_NAME or "+" in name or not name.isprintable() or " " in name:
        raise NoteError(
            f"{name[:64]!r} is no key name: 1 to {MAX_NAME} characters without spaces and '+'"
        )
    return name


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """Somebody's public key, as it is given to others: ``name+id+key``."""

    name: str
    public: bytes
    kind: Kind = Kind.NOTE

    def __post_init__(self) -> None:
        _name(self.name)
        if len(self.public) != _KEY_BYTES:
            raise NoteError(f"an Ed25519 key has {_KEY_BYTES} bytes, not {len(self.public)}")

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read ``name+id+key``; NoteError when it is damaged or of a kind that is not known."""
        parts = text.split("+", 2) if len(text) <= 4096 else []
        if len(parts) != 3:
            raise NoteError("a verifier key looks like NAME+8 HEX DIGITS+BASE64")
        name, key_id, encoded = parts
        material = read_base64(encoded, "the key's last part")
        if material[:1] not in (b"\x01", b"\x04"):
            raise NoteError("the key is of a kind this hub does not know; it knows Ed25519")
        key = cls(name, material[1:], Kind(material[0]))
        if key.key_id.hex() != key_id:
            raise NoteError(f"the key's id is {key_id[:16]!r}, it should be {key.key_id.hex()}")
        return key

    @property
    def key_id(self) -> bytes:
        """The four bytes by which signatures name the key."""
        named = f"{self.name}\n".encode() + bytes([self.kind]) + self.public
        return hashlib.sha256(named).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{write_base64(bytes([self.kind]) + self.public)}"

    def check(self, text: str, signature: Signature) -> Signed:
        """Check this key's signature of a note's text; NoteError when it is false."""
        value, at = signature.value, None
        message = text.encode()
        if self.kind is Kind.COSIGNATURE:
            at = int.from_bytes(value[:_TIME_BYTES], "big")
            value = value[_TIME_BYTES:]
            message = _cosigned(text, at)
        try:
            if len(value) != _SIGNATURE_BYTES or (at or 0) > MAX_TIME:
                raise InvalidSignature
            Ed25519PublicKey.from_public_bytes(self.public).verify(value, message)
        except InvalidSignature:
            raise NoteError(f"the signature of {self.name} is false") from None
        return Signed(self, at)


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that was found true; ``at`` is a witness's time, seconds since 1970."""

    key: VerifierKey
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature line: a key's name, its four-byte id, and the signature itself."""

    name: str
    key_id: bytes
    value: bytes

    @classmethod
    def parse(cls, line: str) -> Signature:
        """Read a line without its end; NoteError when it is not one."""
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014":
            raise NoteError(f"not a signature line: {line[:64]!r}")
        name = _name(parts[1])
        raw = read_base64(parts[2], f"the signature of {name}")
        if len(raw) < 5:
            raise NoteError(f"the signature of {name} is too short")
        return cls(name, raw[:4], raw[4:])

    def __str__(self) -> str:
        return f"\u2014 {self.name} {write_base64(self.key_id + self.value)}"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with its name. It is shown nowhere and written nowhere."""

    name: str
    private: Ed25519PrivateKey
    kind: Kind = Kind.NOTE

    @property
    def verifier(self) -> VerifierKey:
        """The public half, to be given to others."""
        return VerifierKey(self.name, self.private.public_key().public_bytes_raw(), self.kind)

    def sign(self, text: str, at: int | None = None) -> Signature:
        """Sign a note's text; a witness's key needs ``at``, seconds since 1970.

        NoteError when the text cannot be a note's or the time is missing or not wanted.
        """
        _check_body(text)
        if self.kind is Kind.COSIGNATURE:
            if at is None or not 0 <= at <= MAX_TIME:
                raise NoteError("a cosignature needs its time, in seconds since 1970")
            value = at.to_bytes(_TIME_BYTES, "big") + self.private.sign(_cosigned(text, at))
        elif at is not None:
            raise NoteError("only a cosignature says its time")
        else:
            value = self.private.sign(text.encode())
        key = self.verifier
        return Signature(key.name, key.key_id, value)


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _check_body(text: str) -> None:
    if not text.endswith("\n"):
        raise NoteError("a note's text ends with a line end")
    if any(char < " " and char != "\n" for char in text):
        raise NoteError("a note has no control characters but line ends")


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signatures. Nothing in it is to be believed before ``signed_by``."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, raw: str | bytes) -> Note:
        """Read a note of at most 128 KiB and 64 signatures; NoteError when it is not one."""
        whole = read_text(raw, MAX_NOTE, "the note")
        text, gap, lines = whole.rpartition("\n\n")
        if not gap or not lines.endswith("\n"):
            raise NoteError("a note is a text, an empty line and signature lines")
        _check_body(whole)
        rows = lines[:-1].split("\n")
        if len(rows) > MAX_SIGNATURES:
            raise NoteError(f"the note has {len(rows)} signatures, at most {MAX_SIGNATURES}")
        return cls(text + "\n", tuple(Signature.parse(row) for row in rows))

    def __str__(self) -> str:
        return self.text + "\n" + "".join(f"{signature}\n" for signature in self.signatures)

    def with_signatures(self, *more: Signature) -> Note:
        """Return the note with these added; a key's older signature makes room for its new one."""
        replaced = {(one.name, one.key_id) for one in more}
        kept = [one for one in self.signatures if (one.name, one.key_id) not in replaced]
        return Note(self.text, (*kept, *more))

    def signed_by(self, keys: Iterable[VerifierKey]) -> tuple[Signed, ...]:
        """Return the true signatures of these keys, in the note's order; others are passed over.

        NoteError when one of theirs is false. None of theirs at all gives an empty tuple.
        """
        known = {(key.name, key.key_id): key for key in keys}
        found = []
        for signature in self.signatures:
            key = known.get((signature.name, signature.key_id))
            if key is not None:
                found.append(key.check(self.text, signature))
        return tuple(found)


def sign(text: str, *keys: SigningKey) -> Note:
    """Return the text as a note signed by these keys; NoteError when it cannot be one."""
    return Note(text, tuple(key.sign(text) for key in keys))
