"""What a household keeps of a community's set of rules that it adopted (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from hub.domain.values import dataclass

BIGGEST = 48 * 1024
"""Bytes of a published set, its signature included."""
MOST_SETS = 20
"""Sets that one household adopts."""

SET_ID = r"[a-z][a-z0-9-]{0,39}"
SEMVER = re.compile(
    r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})(?:-([0-9A-Za-z.-]{1,40}))?"
)


class SetError(ValueError):
    """A set that cannot be taken, read or changed; one line that says why."""


def precedence(version: str) -> tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]:
    """Return what puts versions in order (Semantic Versioning 2.0.0, section 11); SetError."""
    match = SEMVER.fullmatch(version)
    if match is None:
        raise SetError(f"version: expected one such as 1.2.0, got {version[:60]!r}")
    parts = tuple(
        (False, int(part), "") if part.isdigit() else (True, 0, part)
        for part in (match[4] or "").split(".")
        if part
    )
    return int(match[1]), int(match[2]), int(match[3]), not parts, parts


def in_language(texts: Mapping[str, str], language: str) -> str:
    """Return a text in a language; in English, or any, where it is not given in that one."""
    for wanted in (language, "en"):
        for tag, text in texts.items():
            if tag == wanted:
                return text
    return next(iter(texts.values()), "")


@dataclass(frozen=True, slots=True)
class Writing:
    """A file that is to be written: ``was`` is the SHA-256 of what it takes the place of.

    "" for a file that is not there; ``text`` None has it removed.
    """

    name: str
    was: str
    text: str | None


def digest_of(text: str | None) -> str:
    """Return the SHA-256 of a file's text, "" for a file that is not there."""
    return "" if text is None else sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Offered:
    """A signed set that somebody fetched or handed over, to be looked at; nothing is adopted yet.

    ``local``: its address is in the home's own network.
    """

    digest: str
    id: str
    version: str
    key: str
    document: str
    url: str
    local: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Newer:
    """A version that is newer than the adopted one, as it was found: ``digest`` keeps it apart."""

    version: str
    digest: str
    found_at: datetime


@dataclass(frozen=True, slots=True)
class AdoptedSet:
    """A set that a household follows. ``document`` is the signed text, byte by byte.

    ``key`` is the publisher's (Ed25519, base64url), believed from the first time on. ``url`` is
    where newer ones are looked for, "" for a file that was handed over. ``values`` are what the
    household says for the parameters. ``writing`` is what has still to reach the files: it is
    committed with the decision, so that a hub that is killed goes on with it. ``trouble`` is the
    last thing that was wrong there.
    """

    id: str
    version: str
    key: str
    digest: str
    document: str
    url: str
    local: bool
    values: Mapping[str, str]
    at: datetime
    writing: tuple[Writing, ...] = ()
    dropped: bool = False
    newer: Newer | None = None
    trouble: str = ""
    looked_at: datetime | None = None
