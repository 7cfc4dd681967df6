"""Frozen dataclasses to JSON text and back, and instants to integers and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar, cast

import orjson
from pydantic import TypeAdapter

T = TypeVar("T")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def dump(value: object) -> str:
    """Write a domain dataclass as JSON; Decimals as text, instants as ISO 8601."""
    try:
        return orjson.dumps(value, default=_text, option=orjson.OPT_UTC_Z).decode()
    except TypeError:
        # What orjson does not take, such as a number of more than 64 bits. It is not asked always:
        # to make a serializer for a class takes a thousand times as long as to write one.
        kind: Any = type(value)
        return _adapter(kind).dump_json(value).decode()


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError


def load(kind: type[T], text: str | bytes) -> T:
    """Read what ``dump`` wrote; pydantic.ValidationError when it is something else."""
    adapter: TypeAdapter[T] = _adapter(cast("Any", kind))
    return adapter.validate_json(text)


def micros(instant: datetime) -> int:
    """Return microseconds since 1970 of an aware instant (exact, no float in between)."""
    return (instant - _EPOCH) // _MICROSECOND


def instant(value: int) -> datetime:
    """Return the aware UTC instant of ``micros``."""
    return _EPOCH + timedelta(microseconds=value)
