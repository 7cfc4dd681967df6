"""Which of a provider's items meets a want, and which delivery window is taken."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal

from hub.domain.orders import Catalog, CatalogItem, DeliverySlot, Line, Want

_UNITS: dict[str, tuple[str, Decimal]] = {
    "mg": ("mass", Decimal("0.001")),
    "g": ("mass", Decimal(1)),
    "kg": ("mass", Decimal(1000)),
    "oz": ("mass", Decimal("28.349523125")),
    "lb": ("mass", Decimal("453.59237")),
    "ml": ("volume", Decimal(1)),
    "cl": ("volume", Decimal(10)),
    "dl": ("volume", Decimal(100)),
    "l": ("volume", Decimal(1000)),
    "pc": ("count", Decimal(1)),
    "pcs": ("count", Decimal(1)),
    "piece": ("count", Decimal(1)),
    "pieces": ("count", Decimal(1)),
    "each": ("count", Decimal(1)),
    "dozen": ("count", Decimal(12)),
}
"""Unit -> what it measures, and how many g, ml or pieces it is."""

_WORD = re.compile(r"[^\W_]+")
_AMOUNT = re.compile(r"\d+[a-z]{0,3}")


@dataclass(frozen=True, slots=True)
class Match:
    """What a catalogue can do for a basket; ``missing`` holds the ``item`` of each unmet want."""

    lines: tuple[Line, ...]
    missing: tuple[str, ...]


def converted(quantity: Decimal, unit: str, to: str) -> Decimal | None:
    """Return ``quantity`` of ``unit`` in the unit ``to``; None when they measure other things."""
    if unit.casefold() == to.casefold():
        return quantity
    source, target = _UNITS.get(unit.casefold()), _UNITS.get(to.casefold())
    if source is None or target is None or source[0] != target[0]:
        return None
    return quantity * source[1] / target[1]


def named(term: str, name: str) -> bool:
    """Tell whether something called ``name`` may be meant by ``term``.

    All of the term's words must be there, whatever their case, accents and simple plural. Scripts
    that write without spaces need only contain the term.
    """
    return _fit(term, name) is not None


def same_gtin(one: str | None, other: str | None) -> bool:
    """Tell whether two GTINs are the same; GTIN-8, -12 and -13 are GTIN-14 without their zeros."""
    return bool(one and other) and str(one).lstrip("0") == str(other).lstrip("0") != ""


def match(wants: Sequence[Want], catalog: Catalog) -> Match:
    """Choose the best item of ``catalog`` for each want.

    The same GTIN comes before a name that says just what is wanted, and that before a longer one
    that contains it. Among equals: what covers the wanted quantity at the least cost in all, then
    the least cost for a unit. An item serves one want only, sizes must be in a comparable unit,
    and a line never asks for more than is available.
    """
    taken: set[str] = set()
    lines: list[Line] = []
    missing: list[str] = []
    for want in wants:
        if want.quantity <= 0:
            continue
        candidates = (item for item in catalog.items if item.item_id not in taken)
        line = _best(want, candidates)
        if line is None:
            missing.append(want.item)
        else:
            taken.add(line.item_id)
            lines.append(line)
    return Match(tuple(lines), tuple(missing))


def pick_slot(
    slots: Sequence[DeliverySlot],
    after: datetime | None,
    before: datetime | None,
    now: datetime,
) -> DeliverySlot | None:
    """Return the earliest window wholly between ``after`` and ``before`` that has not begun.

    Of windows that begin together the cheaper one. None when there is none. All instants aware.
    """
    fitting = [
        slot
        for slot in slots
        if slot.window.start > now
        and (after is None or slot.window.start >= after)
        and (before is None or slot.window.end <= before)
    ]
    return min(
        fitting,
        key=lambda slot: (
            slot.window.start,
            slot.fee.amount if slot.fee else Decimal(0),
            slot.window.end,
            slot.slot_id,
        ),
        default=None,
    )


def _best(want: Want, items: Iterable[CatalogItem]) -> Line | None:
    best: tuple[tuple[object, ...], Line] | None = None
    for item in items:
        rank = _rank(want, item)
        size = converted(item.size, item.unit, want.unit)
        if rank is None or size is None or size <= 0:
            continue
        needed = int((want.quantity / size).to_integral_value(rounding=ROUND_CEILING))
        count = needed if item.available is None else min(needed, item.available)
        if count < 1:
            continue
        covered = min(want.quantity, size * count)
        cost = item.price.amount * count
        order = (rank, -covered, cost, item.price.amount / size, item.item_id)
        if best is None or order < best[0]:
            line = Line(item.item_id, item.name, count, item.price, want.item, size)
            best = (order, line)
    return best[1] if best else None


def _rank(want: Want, item: CatalogItem) -> int | None:
    """0: the same article; 1: just what is wanted; 2: among other words; None: something else."""
    if same_gtin(want.gtin, item.gtin):
        return 0
    fits = [_fit(term, item.name) for term in (want.name, want.item, *want.words)]
    return min((fit for fit in fits if fit is not None), default=None)


def _fit(term: str, name: str) -> int | None:
    wanted, offered = _words(term), _words(name)
    if not wanted:
        return None
    if wanted <= offered:
        return 1 if wanted == offered else 2
    folded = _folded(term).strip()
    if not folded.isascii() and folded in _folded(name):
        return 1 if folded == _folded(name).strip() else 2
    return None


def _folded(text: str) -> str:
    """Fold case, width and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _words(text: str) -> frozenset[str]:
    """Return what identifies a thing in its name: not the amounts that packs carry (``1 l``)."""
    words = _WORD.findall(_folded(text))
    return frozenset(
        _singular(word) for word in words if word not in _UNITS and not _AMOUNT.fullmatch(word)
    )


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("oes", "ses", "xes", "ches", "shes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word
