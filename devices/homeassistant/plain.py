"""Templates that need no Jinja: a path into the payload and a few filters.

Nearly all discovery messages say no more than ``{{ value_json.temperature }}``; reading those in
the hub's own process costs a microsecond, and there is nothing in them that could do harm.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Sequence

from devices.homeassistant.message import Message

MISSING = object()
"""The payload does not have what the path names: the device said nothing about it."""


class Unreadable(Exception):
    """The value is not what a filter needs; the text says what was expected."""


Read = Callable[[Message], object]
_Filter = Callable[[object], object]

_WHOLE = re.compile(
    r"\s*\{\{-?\s*(value_json|value)((?:\.\w+|\[[^\]\[]{1,200}\])*)\s*(\|.*?)?-?\}\}\s*", re.S
)
_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[\s*(?:'([^'\\]*)'|\"([^\"\\]*)\"|(\d{1,6}))\s*\]")
_FILTER = re.compile(r"\|\s*([a-z_]+)\s*(?:\(\s*([^()]*?)\s*\))?\s*")
# ``value_json.items`` is a method to Jinja; only Jinja can say what a template means by it.
_METHODS = frozenset(dir(dict)) | frozenset(dir(list)) | frozenset(dir(str))


def plain(template: str) -> Read | None:
    """Return a reader for a plain template, None where it needs Jinja.

    The reader returns the value as JSON has it (numbers stay numbers), or MISSING; it raises
    Unreadable, and what ``Message.json`` raises.
    """
    match = _WHOLE.fullmatch(template)
    if match is None:
        return None
    root, path, pipes = match.groups()
    steps = _steps(path)
    filters = _filters((pipes or "").strip())
    if steps is None or filters is None or (root == "value" and steps):
        return None
    defaulted = bool(filters) and isinstance(filters[0], _Defaulting)

    def read(message: Message) -> object:
        value: object = message.text() if root == "value" else message.json()
        for step in steps:
            if isinstance(value, dict) and isinstance(step, str):
                value = value.get(step, MISSING)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                value = MISSING
            if value is MISSING:
                break
        if value is MISSING and not defaulted:
            return MISSING
        for one in filters:
            value = one(value)
        return value

    return read


def written(value: object) -> str:
    """Return a value as Jinja would write it."""
    return value if isinstance(value, str) else str(value)


def _steps(path: str) -> list[str | int] | None:
    steps: list[str | int] = []
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            return None
        dotted, single, double, index = match.groups()
        if dotted is not None:
            if dotted in _METHODS:
                return None
            steps.append(dotted)
        else:
            steps.append(
                int(index) if index is not None else single if single is not None else double
            )
        at = match.end()
    return steps


def _filters(pipes: str) -> Sequence[_Filter] | None:
    filters: list[_Filter] = []
    at = 0
    while at < len(pipes):
        match = _FILTER.match(pipes, at)
        if match is None:
            return None
        try:
            arguments = ast.literal_eval(f"({match[2]},)") if match[2] else ()
        except (ValueError, SyntaxError):
            return None
        made = _filter(match[1], arguments)
        if made is None:
            return None
        filters.append(made)
        at = match.end()
    return filters


def _filter(name: str, arguments: Sequence[object]) -> _Filter | None:
    if name == "round" and len(arguments) <= 1:
        places = arguments[0] if arguments else 0
        return _rounded(places) if isinstance(places, int) and 0 <= places <= 12 else None
    if name in ("float", "int") and len(arguments) <= 1:
        return _numeric(name, arguments)
    if name in ("default", "d") and len(arguments) == 1:
        return _default(arguments[0])
    if not arguments and name in _SIMPLE:
        return _SIMPLE[name]
    return None


def _numeric(name: str, arguments: Sequence[object]) -> _Filter:
    def convert(value: object) -> object:
        try:
            if isinstance(value, bool | int | float | str):
                result = float(value)
                # An int of any size stays exact; "21.7" becomes 21 as Jinja's int does.
                if name == "float":
                    return result
                return value if type(value) is int else int(result)
        except (ValueError, OverflowError):
            pass
        if arguments:
            return arguments[0]
        raise Unreadable(f"expected a number, got {str(value)[:80]!r}")

    return _Defaulting(convert) if arguments else convert


class _Defaulting:
    """A filter that also has a value for what the payload does not say."""

    def __init__(self, convert: _Filter) -> None:
        self._convert = convert

    def __call__(self, value: object) -> object:
        return self._convert(value)


def _rounded(places: int) -> _Filter:
    def rounded(value: object) -> object:
        try:
            exact = float(value) if isinstance(value, int | float | str) else math.nan
            return round(exact) if places == 0 else round(exact, places)
        except (ValueError, OverflowError):
            raise Unreadable(f"expected a number, got {str(value)[:80]!r}") from None

    return rounded


def _default(other: object) -> _Filter:
    return _Defaulting(lambda value: other if value is MISSING else value)


_SIMPLE: dict[str, _Filter] = {
    "lower": lambda value: written(value).lower(),
    "upper": lambda value: written(value).upper(),
    "trim": lambda value: written(value).strip(),
    "string": written,
    "is_defined": lambda value: value,
}
