"""Amounts in other units. Mass never becomes volume: density is not guessed."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_TABLE: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("g", "gram", "grams", "克"), ("mass", 1.0)),
    **dict.fromkeys(("kg", "kilogram", "kilograms", "千克", "公斤"), ("mass", 1000.0)),
    **dict.fromkeys(("mg", "milligram", "milligrams", "毫克"), ("mass", 0.001)),
    **dict.fromkeys(("斤",), ("mass", 500.0)),
    **dict.fromkeys(("oz", "ounce", "ounces"), ("mass", 28.349523125)),
    **dict.fromkeys(("lb", "lbs", "pound", "pounds"), ("mass", 453.59237)),
    **dict.fromkeys(("ml", "mL", "millilitre", "milliliter", "毫升"), ("volume", 1.0)),
    **dict.fromkeys(("cl", "cL"), ("volume", 10.0)),
    **dict.fromkeys(("dl", "dL"), ("volume", 100.0)),
    **dict.fromkeys(("l", "L", "litre", "litres", "liter", "liters", "升"), ("volume", 1000.0)),
    **dict.fromkeys(("m³", "m3"), ("volume", 1e6)),
    **dict.fromkeys(
        ("pc", "pcs", "piece", "pieces", "count", "each", "ea", "unit", "units", "个", "件", "只"),
        ("count", 1.0),
    ),
    "dozen": ("count", 12.0),
}
"""Unit -> what it measures, and how many g, ml or pieces it is (avoirdupois ounce and pound)."""

# Pint evaluates what it reads: figures (and with them powers such as 9**9**9) are kept from it.
_NAME = re.compile(r"[^\W\d_][^\W\d_]*(?:[ ._/·-]?[^\W\d_]+){0,5}[²³.]?")
_LONGEST = 40


class UnitError(ValueError):
    """Two units that do not measure the same, or a unit that is none."""


def convert(quantity: float, unit: str, to: str) -> float:
    """Return ``quantity`` of ``unit`` in the unit ``to``. Raises UnitError."""
    return quantity if unit == to else quantity * factor(unit, to)


@lru_cache(maxsize=1024)
def factor(unit: str, to: str) -> float:
    """Return how many ``to`` one ``unit`` is. Raises UnitError."""
    if unit == to:
        return 1.0
    source, target = _TABLE.get(unit), _TABLE.get(to)
    if source is None or target is None:
        return _pint_factor(unit, to)
    if source[0] != target[0]:
        raise UnitError(f"cannot turn {unit} ({source[0]}) into {to} ({target[0]})")
    return source[1] / target[1]


def comparable(unit: str, to: str) -> bool:
    """Tell whether both are everyday units of the same kind; needs no library, so it is cheap."""
    source, target = _TABLE.get(unit), _TABLE.get(to)
    return source is not None and target is not None and source[0] == target[0]


def is_count(unit: str) -> bool:
    """Tell whether the unit counts pieces."""
    return _TABLE.get(unit, ("", 0.0))[0] == "count"


# Failures are remembered too: a device must not make each of its messages cost a search.
@lru_cache(maxsize=256)
def _attempt(unit: str, to: str) -> float | str:
    for name in (unit, to):
        if len(name) > _LONGEST or not _NAME.fullmatch(name):
            return f"{name[:_LONGEST]!r} is not a unit"
    registry = _registry()
    (source, per_source), (target, per_target) = _base(unit), _base(to)
    try:
        # An offset unit such as °C is no amount: nothing of it is not nothing of another.
        if registry.Quantity(0.0, source).to(target).magnitude != 0:
            return f"{unit} is not a unit of an amount"
        one = float(registry.Quantity(1.0, source).to(target).magnitude)
    except Exception:
        # Pint raises errors of many families for names it does not know.
        return f"cannot turn {unit} into {to}"
    result = one * per_source / per_target
    return result if 0 < result < float("inf") else f"cannot turn {unit} into {to}"


def _pint_factor(unit: str, to: str) -> float:
    found = _attempt(unit, to)
    if isinstance(found, str):
        raise UnitError(found)
    return found


def _base(unit: str) -> tuple[str, float]:
    """Return a unit pint knows, and how many of it one ``unit`` is."""
    known = _TABLE.get(unit)
    if known is None:
        return unit, 1.0
    return {"mass": "gram", "volume": "milliliter", "count": "count"}[known[0]], known[1]


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    return pint.UnitRegistry()
