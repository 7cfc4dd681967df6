"""Offers side by side: options for members, best first, with their reasons and the limits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from hub.domain import wishing
from hub.domain.choosing import Offer, coverage, rank
from hub.domain.consent import Field
from hub.domain.limits import is_among, month_began
from hub.domain.money import Money
from hub.domain.orders import ORDER_LIFE, Order
from hub.domain.suggestions import ORDERING, Disclosure, Option, Suggestion
from hub.domain.wording import listed
from hub.flow.agenda import unwelcome
from hub.flow.gate import lacking, purpose_of, told_fields
from hub.flow.home import Home
from hub.store.spending import ended_since
from hub.store.tx import Tx

_BOUND = ("initialised", "confirmed", "in_progress")


def option_of(home: Home, *orders: Order) -> Option:
    """Return quoted orders as one choice for members: one order, or the parts of a split basket.

    ValueError for an order without a quote.
    """
    quotes = [order.quote for order in orders if order.quote is not None]
    if len(quotes) < len(orders):
        raise ValueError("an order without a quote is no option")
    total = quotes[0].total
    for quote in quotes[1:]:
        total += quote.total
    first = min(orders, key=lambda o: (o.slot is None, o.slot.window.start if o.slot else None))
    return Option(
        id=orders[0].part_of or orders[0].id,
        order_id=orders[0].id,
        provider_id=orders[0].provider.subscriber_id,
        provider_name=listed([order.provider_name for order in orders]),
        lines=tuple(line for order in orders for line in order.lines),
        total=total,
        window=first.slot.window if first.slot else None,
        note="; ".join([*_comes(home, orders), *(order.note for order in orders if order.note)]),
        disclosures=tuple(
            Disclosure(field, order.provider_name, purpose_of(order))
            for order in orders
            for field in told_fields(home, order)
        ),
        also=tuple(order.id for order in orders[1:]),
        ride=orders[0].ride,
        table=orders[0].table,
    )


def _comes(home: Home, orders: Sequence[Order]) -> list[str]:
    """Say when each part of a split basket comes, by the calendar."""
    if len(orders) < 2:
        return []
    said = []
    for order in orders:
        if order.slot is not None:
            start, end = (
                at.astimezone(home.settings.home.zone)
                for at in (order.slot.window.start, order.slot.window.end)
            )
            said.append(f"{order.provider_name} {start:%a %H:%M}-{end:%H:%M}")
    return said


def offer_of(tx: Tx, home: Home, option: Option) -> Offer:
    """Return an option as it is compared with others."""
    orders = [order for one in option.orders if (order := tx.house.orders.get(one)) is not None]
    always = home.settings.limits.always
    return Offer(
        id=option.id,
        name=option.provider_name,
        lines=option.lines,
        total=option.total,
        window=option.window,
        score=orders[0].score if len(orders) == 1 else None,
        disclosed=frozenset(disclosure.field for disclosure in option.disclosures),
        preferred=bool(orders)
        and all(is_among(always, o.provider.subscriber_id, o.provider_name) for o in orders),
        settled=frozenset(item for order in orders for item in order.chosen),
    )


def arranged(
    tx: Tx, home: Home, suggestion: Suggestion, options: Iterable[Option]
) -> tuple[Option, ...]:
    """Return options in the order in which members see them, each with why and what forbids it."""
    by_id = {option.id: option for option in options}
    offers = [offer_of(tx, home, option) for option in by_id.values()]
    currency = home.settings.home.currency
    wish = next((w for one in by_id.values() if (w := one.ride or one.table) is not None), None)
    if wish is not None:
        ranked = [(one.id, why) for one, why in wishing.rank(offers, wish, currency=currency)]
    else:
        windows = [one.window for one in offers if one.window is not None]
        busy = unwelcome(tx.house, home, windows, tx.now)
        baskets = rank(offers, suggestion.wants, currency=currency, busy=busy)
        ranked = [(one.offer.id, one.because) for one in baskets]
    return tuple(
        replace(
            by_id[one],
            because=why,
            disclosures=_granted(tx, home, by_id[one]),
            over=over_limit(tx, home, by_id[one]),
        )
        for one, why in ranked
    )


def _granted(tx: Tx, home: Home, option: Option) -> tuple[Disclosure, ...]:
    """Return what an option discloses, marked where a grant covers it already."""
    orders = [order for one in option.orders if (order := tx.house.orders.get(one)) is not None]
    told: dict[str, list[Field]] = {}
    for one in option.disclosures:
        told.setdefault(one.recipient, []).append(one.field)
    lacks = {
        (order.provider_name, name)
        for order in orders
        for name in lacking(tx.house, order, told.get(order.provider_name, ()), tx.now)
    }
    return tuple(
        replace(one, granted=(one.recipient, one.field) not in lacks) for one in option.disclosures
    )


def over_limit(tx: Tx, home: Home, option: Option) -> str:
    """Say which of the household's limits an option is over; empty where it keeps to them."""
    limits = home.settings.limits.read()
    spent = Money(Decimal(0), home.settings.home.currency)
    if limits.per_month is not None:
        spent = _spent(tx, home, option.orders)
    return limits.over(option.total, spent)


def rules_choice(tx: Tx, home: Home, suggestion: Suggestion) -> Option | None:
    """Return the option that a rule may order by itself, None where somebody has to look.

    It is the first one, if it keeps to the rule's sum and to every limit, brings all that is
    wanted and nothing else, with no substitute, at a time that suits.
    """
    limits = home.settings.limits.read()
    best = suggestion.best
    if best is None or not limits.decides(suggestion.rule_id, best.total):
        return None
    covered = coverage(best.lines, suggestion.wants)
    plain = covered.whole and not covered.instead and not covered.extra and not best.note
    suits = best.window is None or not unwelcome(tx.house, home, (best.window,), tx.now)
    return best if plain and suits and not over_limit(tx, home, best) else None


def agreed_choice(tx: Tx, home: Home, suggestion: Suggestion) -> Option | None:
    """Return the option that members' earlier yes covers, None where they have to look.

    It keeps to what was agreed and to every limit; one that changed after the yes is not taken.
    """
    agreed = suggestion.agreed
    if agreed is None or suggestion.kind not in ORDERING:
        return None
    able = [
        option
        for option in suggestion.options
        if agreed.covers(option.total)
        and agreed.suits(option.window)
        and not option.note
        and not option.over
    ]
    # The first, unless another is the one that was meant.
    return min(able, key=lambda one: one.provider_id != agreed.provider, default=None)


def _spent(tx: Tx, home: Home, but: Sequence[str]) -> Money:
    """Return what this month's other orders come to, in the household's own currency.

    What is agreed and not yet confirmed counts; what was cancelled counts by its fee.
    """
    currency = home.settings.home.currency
    since = month_began(tx.now, home.settings.home.zone)
    live = [
        order.quote.total
        for order in tx.house.orders.values()
        if order.id not in but
        and order.quote is not None
        and (order.created_at is None or order.created_at >= since)
        and (order.state in _BOUND or order.pending in ("init", "confirm"))
        and not ORDER_LIFE.ended(order.state)
    ]
    amounts = [*live, *ended_since(tx.connection, since)]
    ours = (amount.amount for amount in amounts if amount.currency == currency)
    return Money(sum(ours, Decimal(0)), currency)
