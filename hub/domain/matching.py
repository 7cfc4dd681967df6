"""Which of a provider's items meets a want, and which delivery window is taken."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from itertools import accumulate

from hub.domain.fitting import Busy, clash
from hub.domain.names import Term, folded, numbers_of, words_of
from hub.domain.names import named as named
from hub.domain.offers import Catalog, CatalogItem, DeliverySlot, Want
from hub.domain.orders import Line
from hub.domain.sizes import converted as converted
from hub.domain.sizes import pack_size
from hub.domain.values import dataclass

_SAME, _SUBSTITUTE = 0, 3
"""Ranks: 0 the same article, 1 just what is wanted, 2 among other words, 3 and 4 a substitute."""


@dataclass(frozen=True, slots=True)
class Match:
    """What a catalogue can do for a basket.

    ``missing`` holds the ``item`` of each unmet want; ``unsized`` the names of what might meet
    one of them (by ``item``) but is sold in a unit that does not compare, e.g. bread by weight.
    """

    lines: tuple[Line, ...]
    missing: tuple[str, ...]
    unsized: tuple[tuple[str, str], ...] = ()


def same_gtin(one: str | None, other: str | None) -> bool:
    """Tell whether two GTINs are the same; GTIN-8, -12 and -13 are GTIN-14 without their zeros."""
    return bool(one and other) and str(one).lstrip("0") == str(other).lstrip("0") != ""


def match(wants: Sequence[Want], catalog: Catalog) -> Match:
    """Choose the best item of ``catalog`` for each want.

    The same GTIN comes before a name that says just what is wanted, that before a longer one that
    contains it, and that before what is listed under a further name only: a substitute, and marked
    as one. A name with the numbers that the wanted name has comes before one with others. An
    article with another GTIN than the one the household keeps is a substitute, too. Among equals:
    what covers the wanted quantity at the least cost in all, then the least cost for a unit. An
    item serves one want only, sizes must be in a comparable unit (a name's own size counts where
    the catalogue tells none), and a line never asks for more than is available.

    The cost grows with the catalogue's size; of names only those with a wanted word are read.
    """
    wanted = [_Wanted(want) for want in wants if want.quantity > 0]
    shelf = _Shelf(catalog.items)
    taken: set[str] = set()
    lines: list[Line] = []
    missing: list[str] = []
    unsized: list[tuple[str, str]] = []
    for one in wanted:
        best, unclear = _best(one, (it for it in shelf.of(one) if it[0].item_id not in taken))
        if best is not None:
            taken.add(best.item_id)
            lines.append(best)
            continue
        missing.append(one.want.item)
        if unclear is not None:
            unsized.append((one.want.item, unclear.name))
    return Match(tuple(lines), tuple(missing), tuple(unsized))


def pick_slot(
    slots: Sequence[DeliverySlot],
    after: datetime | None,
    before: datetime | None,
    now: datetime,
    busy: Sequence[Busy] = (),
) -> DeliverySlot | None:
    """Return the earliest window wholly between ``after`` and ``before`` that has not begun.

    Windows that suit the household's agenda (``busy``) come before those that do not. Of windows
    that begin together the cheaper one. None when there is none. All instants aware.
    """
    fitting = [
        slot
        for slot in slots
        if slot.window.start > now
        and (after is None or slot.window.start >= after)
        and (before is None or slot.window.end <= before)
        and slot.left != 0
    ]
    return min(
        fitting,
        key=lambda slot: (
            clash(slot.window, busy),
            slot.window.start,
            slot.fee.amount if slot.fee else Decimal(0),
            slot.window.end,
            slot.slot_id,
        ),
        default=None,
    )


class _Wanted:
    """A want with its names prepared."""

    def __init__(self, want: Want) -> None:
        self.want = want
        self.gtin = (want.gtin or "").lstrip("0")
        self._numbers = numbers_of(want.name)
        self._own = (Term(want.name), Term(want.item))
        self._further = tuple(Term(word) for word in want.words)
        self.terms = (*self._own, *self._further)

    def rank(self, item: CatalogItem, words: frozenset[str]) -> tuple[int, bool] | None:
        """Return how well an item meets it and whether it is a substitute; None: it does not.

        ``words`` are those of the item's name.
        """
        if self.gtin and item.gtin and item.gtin.lstrip("0") == self.gtin:
            return _SAME, False
        own = _best_fit(self._own, item.name, words)
        further = _best_fit(self._further, item.name, words)
        if own is None and further is None:
            return None
        fit = min(fit for fit in (own, further) if fit is not None)
        if own is None and not self._translated(item.name, words):
            return fit - 1 + _SUBSTITUTE, True
        return fit, bool(self.gtin and item.gtin)

    def another_kind(self, item: CatalogItem) -> bool:
        """Tell whether an item's name lacks numbers of the wanted one: type 550 flour for 405."""
        return bool(self._numbers) and not self._numbers <= numbers_of(item.name)

    def _translated(self, name: str, words: frozenset[str]) -> bool:
        """Tell whether it is the name itself in another script, as far as anybody can tell."""
        return any(
            not term.same_script(self._own[0]) and term.fit(name, words) is not None
            for term in self._further
        )


def _best_fit(terms: Iterable[Term], name: str, words: frozenset[str]) -> int | None:
    fits = (term.fit(name, words) for term in terms if not term.changed(name, words))
    return min((fit for fit in fits if fit is not None), default=None)


class _Shelf:
    """A catalogue's items, found by a part of their name or by GTIN without looking at each."""

    def __init__(self, items: Sequence[CatalogItem]) -> None:
        self._items = items
        names = [folded(item.name) for item in items]
        self._text = "\n".join(names)
        self._starts = list(accumulate((len(name) + 1 for name in names), initial=0))
        self._words: dict[int, frozenset[str]] = {}
        self._by_gtin: dict[str, list[int]] = {}
        for number, item in enumerate(items):
            if item.gtin:
                self._by_gtin.setdefault(item.gtin.lstrip("0"), []).append(number)

    def of(self, wanted: _Wanted) -> Iterator[tuple[CatalogItem, frozenset[str]]]:
        """Yield what may meet a want and the words of its name, in the catalogue's order."""
        numbers: set[int] = set()
        if wanted.gtin:
            numbers.update(self._by_gtin.get(wanted.gtin, ()))
        for key in {self._rarest(term.keys) for term in wanted.terms if term.keys}:
            at = self._text.find(key)
            while at >= 0:
                number = bisect_right(self._starts, at) - 1
                numbers.add(number)
                at = self._text.find(key, self._starts[number + 1])
        for number in sorted(numbers):
            words = self._words.get(number)
            if words is None:
                words = self._words[number] = words_of(self._items[number].name)
            yield self._items[number], words

    def _rarest(self, keys: Iterable[str]) -> str:
        return min(keys, key=lambda key: (self._text.count(key), key))


def _best(
    wanted: _Wanted, items: Iterable[tuple[CatalogItem, frozenset[str]]]
) -> tuple[Line | None, CatalogItem | None]:
    """Return the best line, and an item that might have done if its size compared."""
    want = wanted.want
    best: tuple[tuple[object, ...], Line] | None = None
    unclear: CatalogItem | None = None
    for item, words in items:
        found = wanted.rank(item, words)
        if found is None:
            continue
        rank, substitute = found
        size = pack_size(item.size, item.unit, item.name, want.unit)
        if size is None or size <= 0:
            unclear = unclear or item
            continue
        needed = int((want.quantity / size).to_integral_value(rounding=ROUND_CEILING))
        count = needed if item.available is None else min(needed, item.available)
        if count < 1:
            continue
        covered = min(want.quantity, size * count)
        cost = item.price.amount * count
        other = rank != _SAME and wanted.another_kind(item)
        order = (
            *(rank >= _SUBSTITUTE, other, rank),
            *(-covered, cost, item.price.amount / size, item.item_id),
        )
        if best is None or order < best[0]:
            line = Line(item.item_id, item.name, count, item.price, want.item, size, substitute)
            best = (order, line)
    return (best[1] if best else None), unclear
