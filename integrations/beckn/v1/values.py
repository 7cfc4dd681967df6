"""The small things in version 1's messages, read as networks write them: prices, times, tags."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from hub.domain.geo import read_gps
from hub.domain.money import Money
from hub.domain.orders import Window
from integrations.beckn.errors import BecknError
from integrations.beckn.grocery import Json, instant
from integrations.beckn.reading import Node

MOST_TAGS = 100
"""Tag groups of one object, and tags of one group."""

_DURATION = re.compile(
    r"P(?:(\d{1,3})Y)?(?:(\d{1,3})M)?(?:(\d{1,3})W)?(?:(\d{1,4})D)?"
    r"T?(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,10})(?:\.\d{1,9})?S)?",
    re.IGNORECASE,
)


def ident(node: Node, name: str = "id") -> str:
    """Return an id; some write it as a number."""
    value = node.value.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**18 else node.fail(name, "a shorter id")
    return node.text(name)


def count(node: Node) -> int | None:
    """Return the ``count`` of a quantity, None where there is none."""
    return node.count("count") if node.has("count") else None


# -- money -----------------------------------------------------------------------------------------


def write_price(money: Money) -> Json:
    """Write a ``Price``, its value as text."""
    return {"currency": money.currency, "value": f"{money.amount:f}"}


def read_price(node: Node, *, below_zero: bool = False) -> Money | None:
    """Read a ``Price``, None where it has no value; one below 0 only where it may be."""
    for name in ("value", "offered_value"):
        if node.has(name):
            found = node.money(name)
            if found.amount < 0 and not below_zero:
                node.fail(name, "a price of at least 0")
            return found
    return None


# -- time ------------------------------------------------------------------------------------------


def write_duration(span: timedelta) -> str:
    """Write a duration (ISO 8601) in whole seconds."""
    return f"PT{max(0, int(span.total_seconds()))}S"


def read_duration(node: Node, name: str) -> timedelta | None:
    """Read a duration (ISO 8601), None where there is none.

    The ``T`` is often forgotten (``P120S``), which is understood. A month is 30 days.
    """
    text = node.maybe_text(name)
    if not text:
        return None
    parts = _DURATION.fullmatch(text)
    if parts is None or not any(parts.groups()):
        node.fail(name, "a duration such as PT30S")
    years, months, weeks, days, hours, minutes, seconds = (
        int(part or 0) for part in parts.groups()
    )
    return timedelta(
        days=365 * years + 30 * months + 7 * weeks + days,
        hours=hours,
        minutes=minutes,
        seconds=seconds,
    )


def write_range(window: Window) -> Json:
    """Write a ``Time`` that is a span."""
    return {"range": {"start": instant(window.start), "end": instant(window.end)}}


def read_range(time: Node) -> Window | None:
    """Read the span of a ``Time``, None where it has none."""
    span = time.maybe("range")
    if not (span.has("start") and span.has("end")):
        return None
    try:
        return Window(span.instant("start"), span.instant("end"))
    except ValueError as error:
        raise BecknError(f"{span.path}: {error}") from error


def read_instant(node: Node, name: str = "timestamp") -> datetime | None:
    """Read an instant, None where there is none."""
    return node.instant(name) if node.has(name) else None


# -- places ----------------------------------------------------------------------------------------


def read_position(location: Node) -> str | None:
    """Read ``gps`` as ``lat,lon`` without spaces, None where there is none."""
    text = (location.maybe_text("gps") or "").replace(" ", "")
    if not text:
        return None
    try:
        read_gps(text)
    except ValueError as error:
        location.fail("gps", str(error).removeprefix("expected "))
    return text


# -- tags ------------------------------------------------------------------------------------------


def write_tags(code: str, values: Mapping[str, str | None]) -> list[Json]:
    """Write one ``TagGroup`` of ours, without what is None; no group where nothing is left."""
    listed = [
        {"descriptor": {"code": name}, "value": value}
        for name, value in values.items()
        if value is not None
    ]
    return [{"descriptor": {"code": code}, "display": False, "list": listed}] if listed else []


def with_tags(document: Json, *groups: list[Json]) -> Json:
    """Return ``document`` with these tag groups, if there are any."""
    tags = [tag for group in groups for tag in group]
    return {**document, "tags": tags} if tags else document


def read_tags(node: Node, code: str) -> Iterator[Node]:
    """Yield each tag group of that code as an object of its tags' codes and values.

    Reads ``descriptor.code`` and ONDC's bare ``code``; other groups are not looked into.
    """
    groups = node.value.get("tags")
    if not isinstance(groups, list):
        return
    for number, group in enumerate(groups[:MOST_TAGS]):
        if not isinstance(group, dict) or _code(group) != code:
            continue
        tags = group.get("list")
        found = {
            name: tag.get("value")
            for tag in (tags[:MOST_TAGS] if isinstance(tags, list) else ())
            if isinstance(tag, dict) and (name := _code(tag))
        }
        yield Node(found, f"{node.where('tags')}[{number}]")


def read_tag(node: Node, code: str) -> Node:
    """Return the first tag group of that code, an empty object where there is none."""
    return next(read_tags(node, code), Node({}, f"{node.where('tags')}[{code}]"))


def write_money_tag(money: Money | None) -> dict[str, str | None]:
    """Return an amount as two tags."""
    return {
        "fee": f"{money.amount:f}" if money else None,
        "currency": money.currency if money else None,
    }


def read_money_tag(tag: Node) -> Money | None:
    """Read what ``write_money_tag`` wrote."""
    return tag.money("fee") if tag.has("fee") else None


def decimal(node: Node, name: str) -> Decimal | None:
    """Read a decimal number, None where there is none."""
    return node.number(name) if node.has(name) else None


def _code(tagged: Mapping[str, object]) -> str:
    about = tagged.get("descriptor")
    code = about.get("code") if isinstance(about, dict) else None
    code = code or tagged.get("code")
    return code if isinstance(code, str) else ""
