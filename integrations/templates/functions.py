"""Home Assistant's template filters and functions that need no Home Assistant.

Source of names and meanings: Home Assistant's documentation, "Templating". States, areas and
devices are left out: a device's own message is all that a template here may read.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import statistics
import struct
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from jinja2 import Undefined
from jinja2.exceptions import SecurityError, TemplateRuntimeError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from hub.clock import SYSTEM
from integrations.templates.moments import NO_DEFAULT, clock, guarded, or_default

MAX_JSON = 256 * 1024
MAX_POWER = 64


def _float(value: Any, default: object = NO_DEFAULT) -> object:
    try:
        return float(value)
    except (ValueError, TypeError):
        return or_default("float", value, default)


def _int(value: Any, default: object = NO_DEFAULT, base: int = 10) -> object:
    try:
        if isinstance(value, str):
            try:
                return int(value, base)
            except ValueError:
                return int(float(value))
        return int(value)
    except (ValueError, TypeError, OverflowError):
        return or_default("int", value, default)


def _bool(value: object, default: object = NO_DEFAULT) -> object:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in ("1", "true", "yes", "on", "enable"):
        return True
    if word in ("0", "false", "no", "off", "disable"):
        return False
    return or_default("bool", value, default)


def _round(
    value: Any, precision: int = 0, method: str = "common", default: object = NO_DEFAULT
) -> object:
    try:
        number = float(value)
        if method in ("ceil", "floor"):
            factor = 10**precision
            number = (math.ceil if method == "ceil" else math.floor)(number * factor) / factor
        elif method == "half":
            number = round(number * 2) / 2
        else:
            number = round(number, precision)
        return int(number) if precision == 0 and method != "half" else number
    except (ValueError, TypeError, OverflowError):
        return or_default("round", value, default)


def _is_number(value: Any) -> bool:
    try:
        return math.isfinite(float(value))
    except (ValueError, TypeError):
        return False


def _iif(
    value: object, if_true: object = True, if_false: object = False, if_none: object = None
) -> object:
    if value is None and if_none is not None:
        return if_none
    return if_true if value else if_false


def _is_defined(value: object) -> object:
    if isinstance(value, Undefined):
        raise TemplateRuntimeError(f"{value._undefined_name} is not in the payload")
    return value


# -- regular expressions --------------------------------------------------------------------------


def _match(value: object, find: str = "", ignorecase: bool = False) -> bool:
    return bool(re.match(find, str(value), re.I if ignorecase else 0))


def _search(value: object, find: str = "", ignorecase: bool = False) -> bool:
    return bool(re.search(find, str(value), re.I if ignorecase else 0))


def _replace(
    value: object = "", find: str = "", replace: str = "", ignorecase: bool = False
) -> str:
    return re.sub(find, replace, str(value), flags=re.I if ignorecase else 0)


def _findall(value: object, find: str = "", ignorecase: bool = False) -> list[Any]:
    return re.findall(find, str(value), re.I if ignorecase else 0)


def _findall_index(value: object, find: str = "", index: int = 0, ignorecase: bool = False) -> Any:
    return _findall(value, find, ignorecase)[index]


# -- JSON and bytes -------------------------------------------------------------------------------


def _to_json(
    value: object, ensure_ascii: bool = False, pretty_print: bool = False, sort_keys: bool = False
) -> str:
    options = (orjson.OPT_INDENT_2 if pretty_print else 0) | (
        orjson.OPT_SORT_KEYS if sort_keys else 0
    )
    text = orjson.dumps(value, option=options | orjson.OPT_NON_STR_KEYS, default=list).decode()
    return text if not ensure_ascii else text.encode("ascii", "backslashreplace").decode()


def _from_json(value: str | bytes, default: object = NO_DEFAULT) -> object:
    if len(value) > MAX_JSON:
        raise TemplateRuntimeError(f"from_json reads at most {MAX_JSON} characters")
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return or_default("from_json", value, default)


def _b64decode(value: str, encoding: str = "utf-8") -> object:
    try:
        raw = base64.b64decode(value)
    except binascii.Error:
        raise TemplateRuntimeError("base64_decode got no base64") from None
    return raw.decode(encoding) if encoding else raw


def _pack(value: Any, format_string: str) -> object:
    try:
        return struct.pack(format_string, value)
    except struct.error:
        return None


def _unpack(value: Any, format_string: str, offset: int = 0) -> object:
    try:
        return struct.unpack_from(format_string, value, offset)[0]
    except (struct.error, IndexError):
        return None


def _slugify(value: object, separator: str = "_") -> str:
    return re.sub(r"[^a-z0-9]+", separator, str(value).lower()).strip(separator)


# -- numbers --------------------------------------------------------------------------------------


def _numbers(*values: Any) -> list[float]:
    if len(values) == 1 and isinstance(values[0], Iterable) and not isinstance(values[0], str):
        values = tuple(values[0])
    return [float(value) for value in values]


def _log(value: Any, base: Any = math.e) -> float:
    return math.log(float(value), float(base))


_MATHS: Mapping[str, Callable[..., object]] = {
    "log": _log,
    "sin": lambda value: math.sin(float(value)),
    "cos": lambda value: math.cos(float(value)),
    "tan": lambda value: math.tan(float(value)),
    "asin": lambda value: math.asin(float(value)),
    "acos": lambda value: math.acos(float(value)),
    "atan": lambda value: math.atan(float(value)),
    "atan2": lambda y, x: math.atan2(float(y), float(x)),
    "sqrt": lambda value: math.sqrt(float(value)),
    "multiply": lambda value, factor: float(value) * factor,
    "add": lambda value, amount: float(value) + amount,
    "average": lambda *values: statistics.fmean(_numbers(*values)),
    "median": lambda *values: statistics.median(_numbers(*values)),
}

_ALIKE: Mapping[str, Callable[..., object]] = {
    **{name: guarded(name, convert) for name, convert in _MATHS.items()},
    "float": _float,
    "int": _int,
    "bool": _bool,
    "is_number": _is_number,
    "iif": _iif,
    "zip": zip,
    "to_json": _to_json,
    "from_json": _from_json,
    "slugify": _slugify,
    "bitwise_and": lambda first, second: first & second,
    "bitwise_or": lambda first, second: first | second,
    "bitwise_xor": lambda first, second: first ^ second,
    "pack": _pack,
    "unpack": _unpack,
    "base64_encode": lambda value: base64.b64encode(
        value if isinstance(value, bytes) else str(value).encode()
    ).decode(),
    "base64_decode": _b64decode,
    "ord": ord,
    "contains": lambda values, value: value in values,
}
"""Names that are filters and functions alike."""


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's immutable sandbox with Home Assistant's names, for one household's time zone."""

    # A power runs inside the interpreter, where no time limit can reach it.
    intercepted_binops = frozenset({"**", "*"})

    def __init__(self, zone: str, now: Callable[[], datetime] = SYSTEM.now) -> None:
        """Make the environment; ``zone`` is an IANA name."""
        super().__init__(extensions=["jinja2.ext.loopcontrols"], cache_size=0)
        for name, function in {**_ALIKE, **clock(ZoneInfo(zone), now)}.items():
            self.globals[name] = function
            self.filters[name] = function
        self.filters.update(
            {
                "round": _round,
                "regex_match": _match,
                "regex_search": _search,
                "regex_replace": _replace,
                "regex_findall": _findall,
                "regex_findall_index": _findall_index,
                "is_defined": _is_defined,
                "ordinal": lambda value: f"{value}{_ending(int(value))}",
            }
        )
        self.globals.update({"min": min, "max": max, "pi": math.pi, "e": math.e, "tau": math.tau})
        self.tests.update(
            {
                "is_number": _is_number,
                "match": _match,
                "search": _search,
                "contains": _ALIKE["contains"],
                "datetime": lambda value: isinstance(value, datetime),
                "list": lambda value: isinstance(value, list),
            }
        )

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        """Say at once what is refused (SecurityError); an empty text would hide it."""
        raise SecurityError(f"{attribute!r} of a {type(obj).__name__}")

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Refuse what makes huge numbers in one step (OverflowError)."""
        if operator == "**" and (abs(left) > 1e9 or abs(right) > MAX_POWER):
            raise OverflowError(f"a power may have an exponent of at most {MAX_POWER}")
        whole = isinstance(left, int) and isinstance(right, int)
        if operator == "*" and whole and left.bit_length() + right.bit_length() > 4096:
            raise OverflowError("a number may have at most 4096 bits")
        return super().call_binop(context, operator, left, right)


def _ending(value: int) -> str:
    if 10 <= value % 100 <= 20:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
