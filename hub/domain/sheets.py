"""Sheets of recovery words that contacts' hubs keep for a household (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import field
from datetime import datetime, timedelta

from hub.domain.values import dataclass

MOST_SHEETS = 16
"""Sheets of one set (SLIP-39)."""

TOLD_AGAIN = timedelta(days=1)
"""After how long members are told anew of the same contact's sheet."""

_WORDS = re.compile(r"[a-z]{4,8}(?: [a-z]{4,8}){34}")


@dataclass(frozen=True, slots=True)
class Given:
    """A sheet of ours that a contact's hub was sent: number ``number`` of the set ``batch``.

    Any ``needed`` of the set are the household. ``kept_at`` is when they said that they keep it,
    ``refused`` why they do not, ``shown_at`` when it was last shown to somebody there.
    """

    peer: str
    contact: str
    batch: str
    number: int
    needed: int
    at: datetime
    kept_at: datetime | None = None
    refused: str = ""
    shown_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A sheet that is kept for a contact; ``shown_at`` is when a member last looked at it."""

    peer: str
    contact: str
    batch: str
    number: int
    needed: int
    at: datetime
    words: str = field(repr=False)
    shown_at: datetime | None = None


def are_words(text: object) -> bool:
    """Tell whether something can be the words of one sheet."""
    return isinstance(text, str) and _WORDS.fullmatch(text) is not None


def enough(given: Iterable[Given]) -> bool:
    """Tell whether contacts keep as many sheets of one set as bring the household back."""
    batches: dict[str, list[Given]] = {}
    for one in given:
        if one.kept_at is not None:
            batches.setdefault(one.batch, []).append(one)
    return any(len(some) >= some[0].needed for some in batches.values())
