"""The pantry: what the household keeps, how much of it, and when it runs out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from hub.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class PantryItem:
    """Something the household keeps.

    ``par`` and ``target`` are in ``unit``: below ``par`` it should be bought, up to ``target``
    (default: twice par). ``pack`` is what one bought piece usually holds, in ``unit``.
    ``words`` are further names by which providers may list it. ``grams_per_unit`` lets a scale
    tell how many litres or pieces there are; without it a weight says nothing about them.
    ``frozen``: it has to go into a freezer that works.
    """

    id: str
    name: str
    unit: str
    par: Decimal | None = None
    target: Decimal | None = None
    pack: Decimal | None = None
    gtin: str | None = None
    words: tuple[str, ...] = ()
    grams_per_unit: Decimal | None = None
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class StockLevel:
    """How much there is of an item: ``quantity`` in the item's unit, as of ``at``.

    ``expected`` is what confirmed orders will bring, so that nothing is ordered twice.
    """

    item: str
    quantity: float
    unit: str
    at: datetime
    source: str
    expected: float = 0.0


@dataclass(frozen=True, slots=True)
class StockPoint:
    """One point of an item's history."""

    at: datetime
    quantity: float


def hours_left(history: Sequence[StockPoint], now: datetime) -> float | None:
    """Return the hours until the item is used up at its recent mean rate of consumption.

    ``history`` is in order of time. Refills (rises) are not consumption. None when nothing was
    consumed or fewer than two points are known: what is not known is not made up.
    """
    return lasting([one.quantity for one in history], history[0].at, now) if history else None


def lasting(quantities: Sequence[float], since: datetime, now: datetime) -> float | None:
    """Return what ``hours_left`` does of quantities alone, of which the first was at ``since``."""
    if len(quantities) < 2:
        return None
    used = sum(before - after for before, after in pairwise(quantities) if after < before)
    span = (now - since).total_seconds() / 3600
    if used <= 0 or span <= 0:
        return None
    return quantities[-1] / (used / span)
