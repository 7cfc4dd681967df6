"""What a household lets be spent, with whom, and without being asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime
from zoneinfo import ZoneInfo

from hub.domain.money import Money
from hub.domain.tongue import later, phrase
from hub.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """``never`` and ``always`` are ids or names of providers, ``auto_approve`` sums by rule id."""

    per_order: Money | None = None
    per_month: Money | None = None
    never: tuple[str, ...] = ()
    always: tuple[str, ...] = ()
    auto_approve: Mapping[str, Money] = field(default_factory=dict)

    def over(self, total: Money, spent: Money) -> str:
        """Say which limit an order for ``total`` goes beyond; empty where it keeps to all of them.

        ``spent`` is what this month's other orders come to. What is asked in another currency
        than a limit's cannot be held against it, and goes beyond it.
        """
        for limit, sum_of, what, setting in (
            (self.per_order, (total,), later("an order"), "limits.per_order"),
            (self.per_month, (total, spent), later("a month"), "limits.per_month"),
        ):
            if limit is None:
                continue
            if any(amount.currency != limit.currency for amount in sum_of):
                return phrase(
                    "{total} cannot be held against {limit} for {what} ({setting} in hub.yaml)",
                    total=total,
                    limit=limit,
                    what=phrase(what),
                    setting=setting,
                )
            if sum(amount.amount for amount in sum_of) > limit.amount:
                with_spent = (
                    phrase(", with {spent} spent already", spent=spent) if len(sum_of) > 1 else ""
                )
                return phrase(
                    "{total}{with_spent} is over {limit} for {what} ({setting} in hub.yaml)",
                    total=total,
                    with_spent=with_spent,
                    limit=limit,
                    what=phrase(what),
                    setting=setting,
                )
        return ""

    def decides(self, rule_id: str, total: Money) -> bool:
        """Tell whether a rule may order for ``total`` without anybody being asked."""
        most = self.auto_approve.get(rule_id)
        return most is not None and most.currency == total.currency and total.amount <= most.amount


def is_among(names: Iterable[str], *called: str) -> bool:
    """Tell whether somebody is meant by one of ``names``, whatever the case and spaces."""
    wanted = {_plain(name) for name in names}
    return any(_plain(name) in wanted for name in called if name)


def month_began(now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the calendar month of ``now`` began in the household's zone."""
    local = now.astimezone(zone)
    return local.replace(day=1, hour=0, minute=0, second=0, microsecond=0).astimezone(now.tzinfo)


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()
