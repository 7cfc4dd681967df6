"""From a number to a level of one pantry item, in the item's own unit."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

from devices.units import UnitError, comparable, factor
from hub.domain.observations import Rejected, StateReading, StockChange, StockReading
from hub.domain.stock import PantryItem

Outcome = tuple[StockReading | StockChange | Rejected, ...]

MOST = 1e9
_UNKNOWN = frozenset({"", "unknown", "unavailable", "none"})
_SLACK_GRAMS = 5.0
_SLACK_SHARE = 0.02


def per_unit(item: PantryItem, unit: str, grams_per_unit: float | None = None) -> float:
    """Return how many of the item's units one ``unit`` is. Raises UnitError.

    A weight tells litres or pieces only where somebody said what one of them weighs.
    """
    grams = grams_per_unit
    if grams is None and item.grams_per_unit is not None and not comparable(unit, item.unit):
        grams = float(item.grams_per_unit)
    if grams is not None:
        return factor(unit, "g") / grams
    try:
        return factor(unit, item.unit)
    except UnitError as error:
        raise UnitError(f"{item.id} is kept in {item.unit}: {error}") from None


def number(reading: StateReading) -> float | Rejected | None:
    """Return a state as an amount, None when the device does not know it now."""
    value = reading.value
    if type(value) is float or type(value) is int:
        amount = float(value) if abs(value) <= MOST else MOST * 2
    elif value is None or (isinstance(value, str) and value.strip().lower() in _UNKNOWN):
        return None
    else:
        try:
            amount = float(value) if isinstance(value, str) and len(value) <= 40 else float("nan")
        except ValueError:
            amount = float("nan")
    if not isfinite(amount) or abs(amount) > MOST:
        said = repr(value)[:60]
        return Rejected(f"expected a number up to {MOST:g}, got {said}", reading.entity)
    return amount


def amount_plan(item: PantryItem, stated_unit: str | None) -> Callable[[StateReading], Outcome]:
    """Return how a sensor's state becomes the item's level."""

    def read(reading: StateReading) -> Outcome:
        amount = number(reading)
        if amount is None:
            return ()
        if isinstance(amount, Rejected):
            return (amount,)
        unit = stated_unit or reading.unit or item.unit
        return _level(item, amount, unit, reading, None)

    return read


def scale_plan(
    item: PantryItem, tare: str, grams_per_unit: float | None, stated_unit: str | None
) -> Callable[[StateReading], Outcome]:
    """Return how the weight on a scale becomes the item's level.

    ``tare`` is a weight with its unit. Well below it, the container is not on the scale: that says
    nothing about what is in it. A little below it the container is empty.
    """
    digits = tare.rstrip("abcdefghijklmnopqrstuvwxyz ")
    empty = float(digits) * factor(tare[len(digits) :].strip(), "g")
    slack = max(_SLACK_GRAMS, empty * _SLACK_SHARE)

    def read(reading: StateReading) -> Outcome:
        amount = number(reading)
        if amount is None:
            return ()
        if isinstance(amount, Rejected):
            return (amount,)
        try:
            net = amount * factor(stated_unit or reading.unit or "g", "g") - empty
        except UnitError as error:
            return (Rejected(str(error), reading.entity),)
        if net < -slack:
            return ()
        return _level(item, max(0.0, net), "g", reading, grams_per_unit)

    return read


def stock_plan(item: PantryItem, reading: StockReading) -> Outcome:
    """Return a native reading in the item's own unit."""
    unit = reading.unit or item.unit
    if unit == item.unit and reading.item == item.id and reading.unit:
        return (reading,)
    try:
        quantity = reading.quantity * per_unit(item, unit)
    except UnitError as error:
        return (Rejected(str(error), "unit"),)
    return (StockReading(item.id, quantity, item.unit, reading.source, reading.phenomenon_time),)


def _level(
    item: PantryItem, amount: float, unit: str, reading: StateReading, grams: float | None
) -> Outcome:
    if amount < 0:
        return (Rejected(f"expected 0 or more {unit}, got {amount:g}", reading.entity),)
    try:
        quantity = amount * per_unit(item, unit, grams)
    except UnitError as error:
        return (Rejected(str(error), reading.entity),)
    return (StockReading(item.id, quantity, item.unit, reading.entity, reading.phenomenon_time),)
