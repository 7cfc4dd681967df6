"""How much a pack holds: amounts in other units, and amounts that only a product's name tells."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

UNITS: dict[str, tuple[str, Decimal]] = {
    **dict.fromkeys(("mg",), ("mass", Decimal("0.001"))),
    **dict.fromkeys(("g", "gr", "gram", "grams", "gm", "克"), ("mass", Decimal(1))),
    **dict.fromkeys(("kg", "kilo", "kilogram", "kilograms", "公斤"), ("mass", Decimal(1000))),
    **dict.fromkeys(("oz",), ("mass", Decimal("28.349523125"))),
    **dict.fromkeys(("lb", "lbs"), ("mass", Decimal("453.59237"))),
    **dict.fromkeys(("ml", "millilitre", "milliliter", "毫升"), ("volume", Decimal(1))),
    "cl": ("volume", Decimal(10)),
    "dl": ("volume", Decimal(100)),
    **dict.fromkeys(
        ("l", "ltr", "litre", "litres", "liter", "liters", "升"), ("volume", Decimal(1000))
    ),
    **dict.fromkeys(
        ("pc", "pcs", "piece", "pieces", "each", "ea", "unit", "units", "count", "个", "只"),
        ("count", Decimal(1)),
    ),
    "dozen": ("count", Decimal(12)),
}
"""Unit -> what it measures, and how many g, ml or pieces it is."""

_UNIT = "|".join(sorted((re.escape(unit) for unit in UNITS), key=len, reverse=True))
_SINGLE = re.compile(rf"(?<![\w.,])(\d{{1,5}}(?:[.,]\d{{1,3}})?)\s?({_UNIT})(?![a-z])")
_TIMES = re.compile(
    rf"(?<![\w.,])(\d{{1,3}})\s?[x×*]\s?(\d{{1,5}}(?:[.,]\d{{1,3}})?)\s?({_UNIT})(?![a-z])"
)
_PACK = re.compile(r"(?<!\w)(?:pack of (\d{1,3})|(\d{1,3})[- ]?(?:pack|pk))(?!\w)")


PACK = "pack"
"""A unit for what is wanted by the piece, whatever a piece holds."""


def converted(quantity: Decimal, unit: str, to: str) -> Decimal | None:
    """Return ``quantity`` of ``unit`` in the unit ``to``; None when they measure other things."""
    if unit.casefold() == to.casefold():
        return quantity
    source, target = UNITS.get(unit.casefold()), UNITS.get(to.casefold())
    if source is None or target is None or source[0] != target[0]:
        return None
    return quantity * source[1] / target[1]


def named_size(name: str, to: str) -> Decimal | None:
    """Return what a pack holds by its name, in the unit ``to``; None where it does not say.

    ``Milk 1,5 l`` is 1.5 l, ``Water 6 x 500 ml`` is 3 l, ``Eggs, pack of 10`` is 10 pieces.
    """
    folded = name.casefold()
    if times := _TIMES.search(folded):
        each = _amount(times[2], times[3], to)
        return None if each is None else each * int(times[1])
    for single in _SINGLE.finditer(folded):
        size = _amount(single[1], single[2], to)
        if size is not None:
            return size
    if (pack := _PACK.search(folded)) and is_count(to):
        return Decimal(pack[1] or pack[2])
    return None


def is_count(unit: str) -> bool:
    """Tell whether the unit counts pieces."""
    return UNITS.get(unit.casefold(), ("", Decimal(0)))[0] == "count"


def pack_size(size: Decimal, unit: str, name: str, to: str) -> Decimal | None:
    """Return what one pack holds in the unit ``to``; None where that cannot be told.

    A catalogue that says no more than *one piece* is not believed where the name knows better.
    """
    if to == PACK:
        return Decimal(1)
    if is_count(unit) and size == 1:
        told = named_size(name, to)
        if told is not None and told > 0:
            return told
    return converted(size, unit, to)


def _amount(figures: str, unit: str, to: str) -> Decimal | None:
    try:
        return converted(Decimal(figures.replace(",", ".")), unit, to)
    except InvalidOperation:
        return None
