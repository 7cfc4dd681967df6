"""Shopping lists in Home Assistant and Grocy: what stands on them joins the next basket."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, Decimal

from hub.domain.names import Term, folded
from hub.domain.offers import Want
from hub.domain.sizes import PACK, UNITS, converted, is_count
from hub.domain.stock import PantryItem
from hub.domain.values import dataclass

MOST_ITEMS = 100
"""Open items of one list that are looked at."""
LONGEST = 200
_COUNT = re.compile(r"\s*(\d{1,2})\s*(?:[x×]\s*|\s)(\S.*)", re.DOTALL)
_COUNT_AFTER = re.compile(r"(\S.*?)\s*[x×]\s*(\d{1,2})\s*", re.DOTALL)
_UNIT = "|".join(sorted((re.escape(unit) for unit in UNITS), key=len, reverse=True))
_MEASURED = re.compile(rf"\s*(\d{{1,6}}(?:[.,]\d{{1,3}})?)\s*({_UNIT})\s+(\S.*)", re.DOTALL | re.I)


@dataclass(frozen=True, slots=True)
class ListItem:
    """An open item of a list: ``todo`` is the list, ``uid`` its own id, ``text`` its words."""

    todo: str
    uid: str
    text: str

    @property
    def key(self) -> str:
        """Return the name under which it is wanted where the pantry knows no such thing."""
        return f"{self.todo}/{self.uid}"


def want_of(item: ListItem, pantry: Mapping[str, PantryItem]) -> Want:
    """Return what an item asks for: so many packs of what the pantry knows by these words.

    ``2 milk``, ``2 x milk`` and ``milk x2`` are two. What the pantry does not know is looked for by
    its words, in packs of whatever size. ``500 g flour`` is so much, not so many: of what the
    pantry counts in something else it is as many packs as pieces, and else one.
    """
    if measured := _measured(item, pantry):
        return measured
    count, words = _counted(item.text)
    known = _known(words, pantry.values())
    if known is None:
        return Want(item.key, words, Decimal(count), PACK)
    amount = count * (known.pack or Decimal(1))
    return Want(known.id, known.name, amount, known.unit, known.gtin, known.words)


def joined(wants: Iterable[Want], more: Iterable[Want]) -> tuple[Want, ...]:
    """Return wants with more of them: the same item is wanted once, as much as the larger says."""
    found: dict[str, Want] = {}
    for want in (*wants, *more):
        known = found.get(want.item)
        if known is None or known.quantity < want.quantity:
            found[want.item] = want
    return tuple(found.values())


def _measured(item: ListItem, pantry: Mapping[str, PantryItem]) -> Want | None:
    """Return what an item asks for that says how much; None where it says so many, or nothing."""
    plain = " ".join(item.text.split())[:LONGEST]
    found = _MEASURED.fullmatch(plain)
    if found is None or any(folded(one.name) == folded(plain) for one in pantry.values()):
        return None
    amount, unit, words = Decimal(found[1].replace(",", ".")), found[2].casefold(), found[3]
    if not amount:
        return None
    known = _known(words, pantry.values())
    if known is None:
        return Want(item.key, words, amount, unit)
    wanted = converted(amount, unit, known.unit)
    if wanted is None:
        packs = amount.to_integral_value(ROUND_CEILING) if is_count(unit) else Decimal(1)
        wanted = packs * (known.pack or Decimal(1))
    return Want(known.id, known.name, wanted, known.unit, known.gtin, known.words)


def _counted(text: str) -> tuple[int, str]:
    plain = " ".join(text.split())[:LONGEST]
    before = _COUNT.fullmatch(plain)
    if before is not None and int(before[1]):
        return int(before[1]), before[2]
    after = _COUNT_AFTER.fullmatch(plain)
    if after is not None and int(after[2]):
        return int(after[2]), after[1]
    return 1, plain


def _known(words: str, items: Iterable[PantryItem]) -> PantryItem | None:
    """Return the one item that is called just so; *oat milk* is not *milk*. None when unsure."""
    text = folded(words).strip()
    found = [
        item
        for item in items
        if any(
            folded(name).strip() == text or Term(name).fit(words) == 1
            for name in (item.name, item.id.replace("_", " "), *item.words)
        )
    ]
    return found[0] if len(found) == 1 else None
