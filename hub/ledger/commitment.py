"""Personal data in the log: a salted commitment in the leaf, the value beside it.

The leaf holds ``{"commitment": HASH}`` where the value was. Whoever has salt and value can show
that they belong to it; whoever has the leaf alone can neither read nor guess them, because the salt
has 256 random bits and is used once. To erase a person's data is to delete salts and values: the
leaf, its hash and every proof stay as they are.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping

from hub.domain.values import dataclass
from hub.ledger.leaf import LedgerError, read_json

SALT_BYTES = 32
MAX_OPENING = 64 * 1024
"""Bytes of an opening that are read."""
_LABEL = b"commonhearth/commitment/v1\n"
_KEY = "commitment"
_PLAIN = str, int, float, type(None)


class CommitmentError(LedgerError):
    """An opening that opens nothing, or facts that cannot be sealed; one line that says why."""


@dataclass(frozen=True, slots=True)
class Personal:
    """A fact about a person: ``value`` is JSON, ``of`` says whose it is (for erasing)."""

    value: object
    of: str


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens a commitment. It is kept beside the log, and deleted to erase."""

    salt: bytes
    value: object
    of: str = ""

    @property
    def commitment(self) -> str:
        """The commitment it opens, 64 hexadecimal digits."""
        return commit(self.value, self.salt)

    def write(self) -> str:
        """Return it as one line of JSON for others; whose it is stays at home."""
        return _json({"salt": b64encode(self.salt).decode(), "value": self.value})

    @classmethod
    def read(cls, line: str) -> Opening:
        """Read what ``write`` wrote; CommitmentError when it is not that."""
        try:
            if len(line) > MAX_OPENING:
                raise ValueError("it is too long")
            found = read_json(line)
            if not isinstance(found, dict) or found.keys() != {"salt", "value"}:
                raise ValueError("it has not just salt and value")
            salt = b64decode(str(found["salt"]), validate=True)
            if len(salt) != SALT_BYTES:
                raise ValueError(f"its salt has {len(salt)} bytes, not {SALT_BYTES}")
            opening = cls(salt, found["value"])
            opening.commitment  # noqa: B018 - a value that cannot be written is found here
        except ValueError as error:
            raise CommitmentError(f"an opening cannot be read: {error}") from None
        return opening


_json = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode


def commit(value: object, salt: bytes) -> str:
    """Return the commitment to a JSON value: SHA-256 of a label, the salt and the value's text.

    CommitmentError when the salt has not 32 bytes; TypeError or ValueError when it is not JSON.
    """
    if len(salt) != SALT_BYTES:
        raise CommitmentError(f"a salt has {SALT_BYTES} random bytes, not {len(salt)}")
    return hashlib.sha256(_LABEL + salt + _json(value).encode()).hexdigest()


def seal(
    facts: Mapping[str, object], salts: Callable[[int], bytes]
) -> tuple[dict[str, object], tuple[Opening, ...]]:
    """Return the facts for the leaf, and what opens each ``Personal`` in them, in their order.

    ``salts`` gives that many random bytes (``secrets.token_bytes``); each value gets its own.
    CommitmentError when a fact looks like a commitment already.
    """
    openings: list[Opening] = []

    def sealed(value: object) -> object:
        if isinstance(value, Personal):
            opening = Opening(salts(SALT_BYTES), value.value, value.of)
            openings.append(opening)
            return {_KEY: opening.commitment}
        if isinstance(value, list | tuple):
            return [part if isinstance(part, _PLAIN) else sealed(part) for part in value]
        if isinstance(value, Mapping):
            if _KEY in value:
                raise CommitmentError(f"no fact may be called {_KEY!r}")
            return of_each(value)
        return value

    def of_each(facts: Mapping[str, object]) -> dict[str, object]:
        return {
            key: value if isinstance(value, _PLAIN) else sealed(value)
            for key, value in facts.items()
        }

    return of_each(facts), tuple(openings)


def commitments(facts: object) -> list[str]:
    """Return the commitments in a leaf's facts, opened or not."""
    match facts:
        case {"commitment": str(found), **rest} if not rest:
            return [found]
        case Mapping():
            return [one for part in facts.values() for one in commitments(part)]
        case list() | tuple():
            return [one for part in facts for one in commitments(part)]
        case _:
            return []


def reveal(facts: object, openings: Iterable[Opening]) -> object:
    """Return a leaf's facts with the values that are opened; the others stay commitments.

    CommitmentError when an opening opens nothing in them.
    """
    known = {opening.commitment: opening.value for opening in openings}
    if strange := known.keys() - commitments(facts):
        raise CommitmentError(f"nothing in the entry is opened by {min(strange)[:16]}…")

    def revealed(value: object) -> object:
        match value:
            case {"commitment": str(found), **rest} if not rest:
                return known.get(found, value)
            case Mapping():
                return {key: revealed(part) for key, part in value.items()}
            case list() | tuple():
                return [revealed(part) for part in value]
            case _:
                return value

    return revealed(facts)
