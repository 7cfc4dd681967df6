"""Reading JSON from strangers: bounded in size and depth, each field checked and named."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NoReturn

from hub.domain.money import Money
from integrations.beckn.errors import BecknError

BIGGEST_BODY = 4 * 1024 * 1024
"""Bytes of a message; a larger one is refused unread. A catalogue of 5,000 articles fits."""

DEEPEST = 32
"""Objects and lists within one another."""

LONGEST_TEXT = 1000
"""Characters of one text."""

_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,9})?")
_DURATION = re.compile(r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?")


def parse(body: bytes) -> Node:
    """Read a JSON body; BecknError for what is too big, too deep or no JSON (NaN is none)."""
    if len(body) > BIGGEST_BODY:
        raise BecknError(f"a message must be smaller than {BIGGEST_BODY} bytes")
    try:
        value = json.loads(body, parse_float=Decimal, parse_constant=_refuse)
    except RecursionError as error:
        raise BecknError(f"nested deeper than {DEEPEST}") from error
    except (ValueError, ArithmeticError) as error:
        raise BecknError(f"not readable as JSON: {error}"[:200]) from error
    if not isinstance(value, dict):
        raise BecknError("expected a JSON object")
    _check_depth(value)
    return Node(value, "")


class Node:
    """One JSON object with the path that leads to it, for messages a person can act on.

    Absent optional fields read as None (or no items); a field of the wrong type, and a required
    one that is absent, raise BecknError.
    """

    def __init__(self, value: Mapping[str, object], path: str) -> None:
        """Wrap ``value``, found at ``path`` ('' for the document)."""
        self.value = value
        self.path = path

    def where(self, name: str) -> str:
        """Return the path of a field."""
        return f"{self.path}.{name}" if self.path else name

    def fail(self, name: str, expected: str) -> NoReturn:
        """Refuse a field."""
        raise BecknError(f"{self.where(name)}: expected {expected}")

    def has(self, name: str) -> bool:
        """Tell whether a field is there."""
        return self.value.get(name) is not None

    def node(self, name: str) -> Node:
        """Return an object that must be there."""
        value = self.value.get(name)
        if not isinstance(value, dict):
            self.fail(name, "an object")
        return Node(value, self.where(name))

    def maybe(self, name: str) -> Node:
        """Return an object, or an empty one where it is absent."""
        return self.node(name) if self.has(name) else Node({}, self.where(name))

    def nodes(self, name: str, most: int) -> Iterator[Node]:
        """Yield the objects of a list of at most ``most``; an absent list has none."""
        for number, value in enumerate(self._list(name, most)):
            where = f"{self.where(name)}[{number}]"
            if not isinstance(value, dict):
                raise BecknError(f"{where}: expected an object")
            yield Node(value, where)

    def texts(self, name: str, most: int) -> tuple[str, ...]:
        """Return a list of texts."""
        return tuple(
            _text(value, f"{self.where(name)}[{number}]")
            for number, value in enumerate(self._list(name, most))
        )

    def text(self, name: str) -> str:
        """Return a text that must be there and not be empty."""
        value = self.maybe_text(name)
        return value if value else self.fail(name, "text")

    def maybe_text(self, name: str) -> str | None:
        """Return a text without control characters, or None."""
        value = self.value.get(name)
        return None if value is None else _text(value, self.where(name))

    def uuid(self, name: str) -> str:
        """Return a UUID in its usual form."""
        try:
            return str(uuid.UUID(self.text(name)))
        except ValueError:
            self.fail(name, "a UUID")

    def instant(self, name: str) -> datetime:
        """Return an instant that must have a zone (RFC 3339), in UTC."""
        try:
            value = datetime.fromisoformat(self.text(name))
            if value.tzinfo is not None:
                return value.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        return self.fail(name, "an instant with a zone, such as 2026-11-24T18:00:00Z")

    def duration(self, name: str, default: timedelta) -> timedelta:
        """Return a duration (ISO 8601, such as PT30S), or ``default`` where there is none."""
        if not self.has(name):
            return default
        text = self.text(name)
        parts = _DURATION.fullmatch(text)
        if parts is None or text[-1] in "PT":
            self.fail(name, "a duration such as PT30S")
        days, hours, minutes, seconds = (int(part or 0) for part in parts.groups())
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)

    def number(self, name: str) -> Decimal:
        """Return an exact number, written as JSON number or as text."""
        value = self.value.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            self.fail(name, "a number")
        if isinstance(value, Decimal):
            # An exponent can make a short text of a long number: only the plain form is taken.
            value = format(value, "f") if -12 <= int(value.as_tuple().exponent) <= 12 else "?"
        text = str(value) if not isinstance(value, int) or abs(value) < 10**12 else "?"
        if not _NUMBER.fullmatch(text) or not text.isascii():
            self.fail(name, "a number of at most 12 digits, and 9 after the point")
        return Decimal(text)

    def count(self, name: str, least: int = 0) -> int:
        """Return a whole number of pieces from ``least`` to 1,000,000."""
        number = self.number(name)
        if number != number.to_integral_value() or not least <= number <= 1_000_000:
            self.fail(name, f"a whole number from {least} to 1000000")
        return int(number)

    def money(self, value: str = "value", currency: str = "currency") -> Money:
        """Return an amount with its ISO 4217 currency."""
        amount = self.number(value)
        try:
            return Money(amount, self.text(currency))
        except ValueError as error:
            raise BecknError(f"{self.where(currency)}: {error}") from error

    def _list(self, name: str, most: int) -> list[object]:
        value = self.value.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > most:
            self.fail(name, f"a list of at most {most}")
        return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise BecknError(f"{where}: expected text of at most {LONGEST_TEXT} characters")
    if any(ord(letter) < 32 or 0xD800 <= ord(letter) <= 0xDFFF for letter in value):
        raise BecknError(f"{where}: expected text without control characters")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _check_depth(value: object) -> None:
    level: list[object] = [value]
    for _ in range(DEEPEST):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return
    raise BecknError(f"nested deeper than {DEEPEST}")


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
