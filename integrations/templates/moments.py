"""Defaults as Home Assistant's functions take them, and its functions of time."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from jinja2.exceptions import TemplateRuntimeError

NO_DEFAULT = object()


def or_default(name: str, value: object, default: object) -> object:
    """Return the default, or raise TemplateRuntimeError where the template gave none."""
    if default is NO_DEFAULT:
        raise TemplateRuntimeError(f"{name} got {str(value)[:80]!r} and no default was given")
    return default


def guarded(name: str, convert: Callable[..., object]) -> Callable[..., object]:
    """Let ``convert`` take a ``default`` too, by name or after its own arguments.

    Without a default, a value it cannot take is the template's error.
    """
    parameters = inspect.signature(convert).parameters.values()
    variadic = any(one.kind is one.VAR_POSITIONAL for one in parameters)
    most = len(parameters) - 1

    def wrapped(value: object, *args: object, default: object = NO_DEFAULT) -> object:
        if not variadic and len(args) > most:
            default = args[most]
            args = args[:most]
        try:
            return convert(value, *args)
        except (ValueError, TypeError, OverflowError, ZeroDivisionError, AttributeError):
            return or_default(name, value, default)

    return wrapped


def clock(zone: tzinfo, now: Callable[[], datetime]) -> dict[str, Callable[..., object]]:
    """Return the functions of time; times without a zone are the household's."""

    def as_datetime(value: Any) -> datetime:
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=zone)
        try:
            return datetime.fromtimestamp(float(value), UTC)
        except (ValueError, TypeError):
            moment = datetime.fromisoformat(str(value))
            return moment if moment.tzinfo else moment.replace(tzinfo=zone)

    def parsed(value: str, form: str) -> datetime:
        return datetime.strptime(value, form)  # noqa: DTZ007 (the format may well hold a zone)

    def custom(value: Any, form: str = "%Y-%m-%d %H:%M:%S", local: bool = True) -> str:
        return datetime.fromtimestamp(float(value), zone if local else UTC).strftime(form)

    return {
        "as_datetime": guarded("as_datetime", as_datetime),
        "as_timestamp": guarded("as_timestamp", lambda value: as_datetime(value).timestamp()),
        "as_local": lambda value: as_datetime(value).astimezone(zone),
        "timestamp_custom": guarded("timestamp_custom", custom),
        "timestamp_local": guarded(
            "timestamp_local", lambda value: datetime.fromtimestamp(float(value), zone).isoformat()
        ),
        "timestamp_utc": guarded(
            "timestamp_utc", lambda value: datetime.fromtimestamp(float(value), UTC).isoformat()
        ),
        "strptime": guarded("strptime", parsed),
        "now": lambda: now().astimezone(zone),
        "utcnow": now,
        "timedelta": timedelta,
    }
