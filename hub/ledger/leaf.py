"""Ledger entries and their leaf hashes (RFC 6962, section 2.1: SHA-256 of 0x00 and the entry)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import NoReturn

from hub.domain.values import dataclass

MAX_ENTRY = 0xFFFF
"""Bytes of an entry that can be published (C2SP tlog-tiles writes its length in two bytes)."""

MAX_DEPTH = 32
_HEAD = b'{"at":%d,"facts":{'
_quoted = json.JSONEncoder(ensure_ascii=False).encode
# Made once: json.dumps makes an encoder for each text that is not as it writes by default.
_sorted = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


class LedgerError(ValueError):
    """What cannot be believed of a log, a proof or a key; one line that says why."""


class LeafError(LedgerError):
    """An entry that this ledger did not write; one line that says why."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """What an entry says: ``kind`` in the past tense, about ``subject``, at an instant."""

    kind: str
    at_micros: int
    subject: str
    facts: Mapping[str, object]


def canonical(kind: str, at_micros: int, subject: str, facts: Mapping[str, object]) -> str:
    """Return the entry's one spelling: sorted keys, no spaces, UTF-8.

    ``at_micros`` is microseconds since 1970 in UTC. TypeError when a fact is not JSON.
    """
    return _sorted({"at": at_micros, "facts": facts, "kind": kind, "subject": subject})


def leaf_hash(entry: bytes) -> bytes:
    """Return the 32-byte leaf hash of an entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def read_json(text: str | bytes) -> object:
    """Return JSON somebody else wrote; ValueError when it is not, or is over 32 levels deep."""
    try:
        found = json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    level = [found]
    for _ in range(MAX_DEPTH):
        inner = [one for one in level if isinstance(one, dict | list)]
        level = [part for one in inner for part in (one.values() if isinstance(one, dict) else one)]
    if level:
        raise ValueError(f"it is nested more than {MAX_DEPTH} levels deep")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def read_leaf(entry: bytes) -> Leaf:
    """Read an entry; LeafError unless it is in its one spelling."""
    try:
        if len(entry) > MAX_ENTRY:
            raise ValueError(f"it has {len(entry)} bytes, at most {MAX_ENTRY} are read")
        found = read_json(entry)
    except ValueError as error:
        raise LeafError(f"the entry is not JSON: {error}") from None
    match found:
        case {
            "at": int(at),
            "facts": dict(facts),
            "kind": str(kind),
            "subject": str(subject),
            **rest,
        } if not rest:
            if canonical(kind, at, subject, facts).encode("utf-8", "surrogatepass") == entry:
                return Leaf(kind, at, subject, facts)
    raise LeafError("the entry is not written as this ledger writes: at, facts, kind, subject")


def describes(kind: bytes, at_micros: int, subject: bytes, entry: bytes) -> bool:
    """Tell whether what is kept beside an entry is what the entry says, without parsing it.

    ``kind`` and ``subject`` are UTF-8. A string's end and its first unescaped quote before it
    are the same whoever reads, so comparing the entry's ends is enough.
    """
    kind_text, subject_text = (
        _quoted(str(text, "utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        for text in (kind, subject)
    )
    return entry.startswith(_HEAD % at_micros) and entry.endswith(
        b'},"kind":%b,"subject":%b}' % (kind_text, subject_text)
    )


def describe_all(
    kinds: Sequence[bytes],
    ats: Sequence[int],
    subjects: Sequence[bytes],
    entries: Sequence[bytes],
) -> bool:
    """Tell whether ``describes`` holds for each, at least one; quicker in the common case.

    That is when no name needs escaping and all instants have as many digits.
    """
    names = b"".join((*kinds, *subjects))
    heads = (_HEAD * len(ats)) % tuple(ats)
    width = len(_HEAD % max(ats))
    if b'"' in names or b"\\" in names or min(ats) < 0 or len(heads) != width * len(ats):
        return all(map(describes, kinds, ats, subjects, entries))
    before = {kind: b'},"kind":"%b","subject":"' % kind for kind in set(kinds)}
    ends = [before[kind] + subject + b'"}' for kind, subject in zip(kinds, subjects, strict=True)]
    return b"".join([entry[:width] for entry in entries]) == heads and all(
        map(bytes.endswith, entries, ends)
    )
