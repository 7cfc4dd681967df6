"""Orders, and what they cost by month and provider."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from aiohttp import web

from hub.domain.money import Money
from hub.domain.orders import Order
from hub.domain.values import dataclass
from hub.web import charts
from hub.web.backend import Spent
from hub.web.i18n import N_
from hub.web.pantry import picture
from hub.web.site import Site, render, site_of

_MONTHS = 12
_MOST_PROVIDERS = 5


@dataclass(frozen=True, slots=True)
class Spending:
    """Sums in one currency: a row for each month (its first day), a column for each provider.

    ``currency`` is the one most orders were paid in; orders in others are left out, and counted
    in ``others``. Beyond five providers the smaller ones are one column, named "".
    """

    currency: str
    months: tuple[date, ...]
    providers: tuple[str, ...]
    sums: dict[tuple[date, str], Decimal]
    others: int

    def money(self, month: date, provider: str | None = None) -> Money:
        """Return what a month cost, at one provider or in all."""
        names = self.providers if provider is None else (provider,)
        total = sum((self.sums.get((month, name), Decimal(0)) for name in names), Decimal(0))
        return Money(total, self.currency)


def summed(spent: Sequence[Spent], zone: ZoneInfo) -> Spending | None:
    """Add up what was spent, by month in the household's zone; None when nothing was."""
    if not spent:
        return None
    currency = Counter(one.total.currency for one in spent).most_common(1)[0][0]
    counted = [one for one in spent if one.total.currency == currency]
    by_provider: dict[str, Decimal] = defaultdict(Decimal)
    for one in counted:
        by_provider[one.provider] += one.total.amount
    names = sorted(by_provider, key=lambda name: -by_provider[name])
    kept = names if len(names) <= _MOST_PROVIDERS else names[: _MOST_PROVIDERS - 1]
    sums: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
    for one in counted:
        month = one.at.astimezone(zone).date().replace(day=1)
        sums[month, one.provider if one.provider in kept else ""] += one.total.amount
    months = tuple(sorted({month for month, _ in sums}))
    columns = (*kept, "") if len(kept) < len(names) else tuple(kept)
    return Spending(currency, months, columns, dict(sums), len(spent) - len(counted))


def _spending(site: Site) -> Spending | None:
    since = site.backend.now() - timedelta(days=30.5 * _MONTHS)
    return summed(site.backend.spent(since), site.backend.settings.home.zone)


async def orders(request: web.Request) -> web.Response:
    """Show the orders, newest first, and what they cost by month."""
    site = site_of(request)
    found = site.backend.orders()
    return render(
        request,
        "orders.html",
        orders=[one for one in found if _agreed(one)],
        asked=[one for one in found if not _agreed(one)],
        spending=_spending(site),
    )


def _agreed(order: Order) -> bool:
    """Tell whether a member said yes to it; others are what shops were only asked for."""
    return order.approved_total is not None or order.order_id is not None


async def money(request: web.Request) -> web.Response:
    """Answer the picture of what was spent by month and provider."""
    site = site_of(request)
    found, words = _spending(site), site.words(request)
    if found is None:
        raise web.HTTPNotFound(text=N_("Nothing was ordered yet."))
    drawn = await asyncio.to_thread(
        charts.money,
        [words.month(month) for month in found.months],
        {
            name or words.text("others"): [
                float(found.money(month, name).amount) for month in found.months
            ]
            for name in found.providers
        },
    )
    return picture(drawn)
