"""When a basket is better bought at two providers: a plan, made from their offers for all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import combinations

from hub.domain.choosing import Offer, coverage, rank
from hub.domain.money import Money
from hub.domain.offers import Want
from hub.domain.orders import Line
from hub.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Split:
    """A basket in two parts: offer id -> the lines to buy there.

    ``estimate`` is what both should come to, with both deliveries; the providers are asked before
    anybody is shown it.
    """

    parts: Mapping[str, tuple[Line, ...]]
    estimate: Money


def plan(
    offers: Sequence[Offer], wants: Sequence[Want], *, saving: Money, currency: str
) -> Split | None:
    """Return the cheapest split that saves more than ``saving`` on the best single offer.

    It must bring no less than that one does, and it pays for both deliveries: whatever an offer
    asks beyond its lines is taken for its delivery. None where it is not worth it.
    """
    able = [offer for offer in offers if offer.total.currency == currency == saving.currency]
    if len(able) < 2:
        return None
    best = rank(able, wants, currency=currency)[0]
    lacking = (len(best.coverage.missing), len(best.coverage.short))
    most = best.offer.total.amount - saving.amount
    found: list[tuple[Decimal, str, str, Split]] = []
    for one, other in combinations(sorted(able, key=lambda offer: offer.id), 2):
        mine, theirs = _share(one, other, wants)
        if not mine or not theirs:
            continue
        covered = coverage((*mine, *theirs), wants)
        total = _sum(mine) + _sum(theirs) + _beyond_lines(one) + _beyond_lines(other)
        if total < most and (len(covered.missing), len(covered.short)) <= lacking:
            split = Split({one.id: mine, other.id: theirs}, Money(total, currency))
            found.append((total, one.id, other.id, split))
    return min(found, key=lambda entry: entry[:3])[3] if found else None


def saves(total: Money, best: Money, saving: Money) -> bool:
    """Tell whether a split that costs ``total`` in all saves more than ``saving`` on ``best``."""
    same = total.currency == best.currency == saving.currency
    return same and total.amount < best.amount - saving.amount


def _share(
    one: Offer, other: Offer, wants: Sequence[Want]
) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """Give each want to whom it is cheaper with, among those who bring all of it."""
    mine: list[Line] = []
    theirs: list[Line] = []
    for want in wants:
        choices = [
            (not _whole(lines, want), _weight(lines), number, lines)
            for number, lines in enumerate((_of(one, want), _of(other, want)))
            if lines
        ]
        if choices:
            *_, number, lines = min(choices, key=lambda choice: choice[:3])
            (mine, theirs)[number].extend(lines)
    return tuple(mine), tuple(theirs)


def _of(offer: Offer, want: Want) -> tuple[Line, ...]:
    return tuple(line for line in offer.lines if line.wants == want.item and line.count > 0)


def _whole(lines: Sequence[Line], want: Want) -> bool:
    return not coverage(lines, (want,)).short


def _weight(lines: Sequence[Line]) -> tuple[bool, Decimal]:
    """What is wanted comes before what stands in for it, then the price."""
    return any(line.substitute for line in lines), _sum(lines)


def _amounts(lines: Sequence[Line]) -> Iterator[Decimal]:
    for line in lines:
        yield line.price.amount * line.count


def _sum(lines: Sequence[Line]) -> Decimal:
    return sum(_amounts(lines), Decimal(0))


def _beyond_lines(offer: Offer) -> Decimal:
    return max(Decimal(0), offer.total.amount - _sum(offer.lines))
