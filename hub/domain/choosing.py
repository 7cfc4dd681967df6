"""Which of several offers for a basket is best, and why, in words.

The order is total and depends on nothing but what is handed in. In this order counts:

1. the currency: what is asked in another one cannot be compared, and comes last;
2. how much of the basket it brings;
3. whether somebody is at home then, or busy;
4. whether the household always buys there;
5. what others think of the provider, where that is bad;
6. the price with delivery, in which what stands in for something else counts dearer;
7. fewer substitutes, the better rating, less to be disclosed, the earlier window, the name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from hub.domain.fitting import Busy, clash, why_not
from hub.domain.money import Money
from hub.domain.offers import Score, Want, Window
from hub.domain.orders import Line
from hub.domain.tongue import phrase
from hub.domain.values import dataclass
from hub.domain.wording import listed_fields, listed_or

SUBSTITUTE_COUNTS = Decimal("0.25")
"""By how much of its own price a substitute counts dearer than it is."""
BAD_SCORE = Decimal(3)
"""Below this many of 5 stars a provider comes after the others ..."""
ENOUGH_RATINGS = 5
"""... once so many people have said so."""
_ROUND = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Offer:
    """What one provider (or two together) would bring, for ``total`` with delivery and taxes.

    ``id`` is unique among the offers that are compared. ``disclosed`` are the fields of ``Party``
    it would be told. ``preferred``: the household always buys there. ``settled`` are wants whose
    amount a member has chosen: they count as brought.
    """

    id: str
    name: str
    lines: tuple[Line, ...]
    total: Money
    window: Window | None = None
    score: Score | None = None
    disclosed: frozenset[str] = frozenset()
    preferred: bool = False
    settled: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what is wanted an offer brings.

    ``missing`` are names of what it does not bring at all, ``short`` says of what it brings less
    (``only 1 of 3 l Milk``), ``instead`` what it brings in place of what, ``extra`` names what
    nobody asked for.
    """

    missing: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Tell whether everything is there in full, be it by substitutes."""
        return not self.missing and not self.short


@dataclass(frozen=True, slots=True)
class Ranked:
    """An offer in its place, with what speaks for it and against it, in words."""

    offer: Offer
    coverage: Coverage
    because: tuple[str, ...]


def rank(
    offers: Sequence[Offer],
    wants: Sequence[Want],
    *,
    currency: str,
    busy: Sequence[Busy] = (),
) -> tuple[Ranked, ...]:
    """Return the offers, best first, each with its reasons; ``currency`` is the household's own."""
    covers = {offer.id: coverage(offer.lines, wants, offer.settled) for offer in offers}
    ordered = sorted(offers, key=lambda offer: _key(offer, covers[offer.id], currency, busy))
    return tuple(
        Ranked(
            offer,
            covers[offer.id],
            _because(offer, ordered, covers, currency, busy),
        )
        for offer in ordered
    )


def coverage(
    lines: Sequence[Line], wants: Sequence[Want], settled: Collection[str] = ()
) -> Coverage:
    """Tell how much of what is wanted these lines bring; what is ``settled`` lacks nothing."""
    missing: list[str] = []
    short: list[str] = []
    instead: list[str] = []
    for want in wants:
        mine = [line for line in lines if line.wants == want.item and line.count > 0]
        if want.item in settled:
            continue
        if not mine:
            missing.append(want.name)
            continue
        instead += [
            phrase("{name} instead of {wanted}", name=line.name, wanted=want.name)
            for line in mine
            if line.substitute
        ]
        if any(line.piece is None for line in mine):
            continue
        brings = sum((line.piece * line.count for line in mine if line.piece), Decimal(0))
        if brings < want.quantity:
            of = phrase(
                "{part} of {whole} {unit}",
                part=_plain(brings),
                whole=_plain(want.quantity),
                unit=want.unit,
            )
            short.append(phrase("only {of} {name}", of=of, name=want.name))
    wanted = {want.item for want in wants}
    extra = tuple(line.name for line in lines if line.wants not in wanted)
    return Coverage(tuple(missing), tuple(short), tuple(instead), extra)


def weighed(offer: Offer) -> Decimal:
    """Return the amount by which an offer is compared: substitutes count dearer than they are."""
    more = sum(
        (line.price.amount * line.count for line in offer.lines if line.substitute), Decimal(0)
    )
    return offer.total.amount + max(Decimal(0), more) * SUBSTITUTE_COUNTS


def _key(
    offer: Offer, covered: Coverage, currency: str, busy: Sequence[Busy]
) -> tuple[object, ...]:
    window = offer.window
    return (
        offer.total.currency != currency,
        offer.total.currency,
        len(covered.missing),
        len(covered.short),
        clash(window, busy) if window else 0,
        not offer.preferred,
        badly_rated(offer.score),
        weighed(offer),
        len(covered.instead),
        -(offer.score.mean if offer.score else Decimal(0)),
        len(offer.disclosed),
        window.start.timestamp() if window else float("inf"),
        offer.name,
        offer.id,
    )


def badly_rated(score: Score | None) -> bool:
    """Tell whether enough people thought ill of a provider."""
    return score is not None and score.count >= ENOUGH_RATINGS and score.mean < BAD_SCORE


def _because(
    offer: Offer,
    ordered: Sequence[Offer],
    covers: Mapping[str, Coverage],
    currency: str,
    busy: Sequence[Busy],
) -> tuple[str, ...]:
    covered = covers[offer.id]
    reasons: list[str] = []
    # The best is held against the next one, every other one against the best.
    rival = ordered[0] if offer is not ordered[0] else next(iter(ordered[1:]), None)
    if offer.total.currency != currency:
        reasons.append(
            phrase(
                "asks in {theirs}, not in {ours}",
                theirs=offer.total.currency,
                ours=currency,
            )
        )
    elif rival is not None and rival.total.currency == currency:
        reasons.append(price_beside(offer, rival))
    reasons += _covers(covered)
    if offer.window is not None and busy:
        reasons.append(why_not(offer.window, busy) or phrase("somebody is at home then"))
    if offer.preferred:
        reasons.append(phrase("where you always buy"))
    if offer.score is not None and offer.score.count > 0:
        stars = offer.score.mean.quantize(Decimal("0.1"))
        reasons.append(
            phrase("rated {stars} of 5 by {count}", stars=stars, count=offer.score.count)
        )
    reasons += asks_more(offer, rival)
    return tuple(reasons)


def price_beside(offer: Offer, rival: Offer) -> str:
    """Say how much an offer costs beside another in the same currency."""
    difference = offer.total.amount - rival.total.amount
    if not difference:
        return phrase("costs the same as {name}", name=rival.name)
    amount = Money(abs(difference), offer.total.currency)
    if difference < 0:
        return phrase("{amount} cheaper than {name}", amount=shown(amount), name=rival.name)
    return phrase("{amount} dearer than {name}", amount=shown(amount), name=rival.name)


def _covers(covered: Coverage) -> list[str]:
    reasons = (
        [phrase("no {names} there", names=listed_or(covered.missing))] if covered.missing else []
    )
    reasons += covered.short
    if covered.whole:
        reasons.append(phrase("brings everything"))
    reasons += covered.instead
    reasons += [
        phrase("{name} besides, which nobody asked for", name=name) for name in covered.extra
    ]
    return reasons


def asks_more(offer: Offer, rival: Offer | None) -> list[str]:
    """Say what of the household a provider must know that the rival need not."""
    more = sorted(offer.disclosed - rival.disclosed) if rival is not None else []
    return [phrase("asks for your {names} besides", names=listed_fields(more))] if more else []


def shown(amount: Money) -> str:
    """Write an amount with at least two decimals: ``1.40 EUR``."""
    exponent = amount.amount.as_tuple().exponent
    coarse = isinstance(exponent, int) and exponent > -2
    return str(Money(amount.amount.quantize(_ROUND), amount.currency) if coarse else amount)


def _plain(quantity: Decimal) -> str:
    """Write a quantity without needless zeros."""
    text = f"{quantity:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
