"""Instants as devices write them: RFC 3339, with a zone or not at all."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)?", re.ASCII
)
FIRST_YEAR, LAST_YEAR = 1970, 2199


class BadTime(ValueError):
    """Not an instant; the message says what was expected."""


def instant(text: object) -> datetime:
    """Return an RFC 3339 ``date-time`` (section 5.6) in UTC, to the microsecond.

    Raises BadTime, also for one without a zone: whose noon it is would be a guess.
    """
    if not isinstance(text, str) or not _RFC3339.fullmatch(text):
        raise BadTime(f"expected a time such as 2026-11-24T18:30:00+01:00, got {repr(text)[:60]}")
    try:
        # Upper case and at most six decimals are what fromisoformat takes.
        read = datetime.fromisoformat(text.upper())
    except ValueError:
        raise BadTime(f"expected a time that exists, got {text!r}") from None
    if read.tzinfo is None:
        raise BadTime(f"expected a time with a zone (Z or +01:00), got {text!r}")
    if not FIRST_YEAR < read.year < LAST_YEAR:
        raise BadTime(f"expected a year after {FIRST_YEAR} and before {LAST_YEAR}, got {text!r}")
    return read.astimezone(UTC)
