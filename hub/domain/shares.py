"""Splitting an amount so that the parts add up to it, to the last cent (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal

from hub.domain.money import Money

_WITHOUT_CENTS = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV",
     "XAF", "XOF", "XPF"}
)  # fmt: skip
_THOUSANDTHS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def smallest(currency: str) -> Decimal:
    """Return the smallest amount there is in a currency (ISO 4217): 0.01 EUR, 1 JPY."""
    if currency in _WITHOUT_CENTS:
        return Decimal(1)
    return Decimal("0.001") if currency in _THOUSANDTHS else Decimal("0.01")


def split(total: Money, weights: Mapping[str, Decimal]) -> dict[str, Money]:
    """Split ``total`` in proportion to ``weights``; the parts add up to it exactly.

    Parts are whole cents, but for what ``total`` itself has below one. What rounding leaves over
    goes, a cent each, to those who lost most by it; among equals by name, so that two hubs come
    to the same. ValueError without anybody, or with a weight that is negative, or none above 0.
    """
    whole = sum(weights.values(), Decimal(0))
    if not weights or min(weights.values()) < 0 or whole <= 0:
        raise ValueError("expected somebody to split among, with a share above 0")
    unit = smallest(total.currency)
    sign = Decimal(-1) if total.amount < 0 else Decimal(1)
    amount = abs(total.amount)
    cents = int((amount / unit).to_integral_value(rounding=ROUND_FLOOR))
    crumb = amount - cents * unit
    exact = {name: Decimal(cents) * weight / whole for name, weight in weights.items()}
    parts = {
        name: int(part.to_integral_value(rounding=ROUND_FLOOR)) for name, part in exact.items()
    }
    over = cents - sum(parts.values())
    order = sorted(
        (name for name in weights if weights[name] > 0),
        key=lambda name: (parts[name] - exact[name], name),
    )
    for name in order[:over]:
        parts[name] += 1
    amounts = {name: part * unit for name, part in parts.items()}
    amounts[order[0]] += crumb
    return {name: Money(sign * part, total.currency) for name, part in amounts.items()}
