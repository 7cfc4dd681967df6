"""Instants, spans and amounts as people say them, in the household's zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from hub.domain.money import Money
from hub.domain.orders import OrderState, Window
from hub.domain.suggestions import SuggestionState
from hub.domain.wording import window_text

SUGGESTION_STATES: dict[SuggestionState, str] = {
    "proposed": "waits for an answer",
    "approved": "approved",
    "declined": "declined",
    "expired": "expired",
    "superseded": "replaced by a newer one",
    "carried_out": "done",
    "failed": "failed",
}

ORDER_STATES: dict[OrderState, str] = {
    "drafted": "asking for a price",
    "quoted": "priced",
    "initialised": "being placed",
    "confirmed": "confirmed",
    "in_progress": "on its way",
    "completed": "delivered",
    "cancelled": "cancelled",
    "failed": "failed",
}

ORDER_ROAD: tuple[OrderState, ...] = (
    "drafted",
    "quoted",
    "initialised",
    "confirmed",
    "in_progress",
    "completed",
)
"""The states of an order that goes well, in order."""


def duration(seconds: float) -> str:
    """Say a span roughly, as people do: ``2 days``, ``5 hours``, ``90 minutes``, ``a moment``."""
    minutes, hours, days = (round(seconds / length) for length in (60, 3600, 86400))
    if minutes < 1:
        return "a moment"
    if minutes < 100 and minutes != 60:
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    if hours < 48:
        return f"{hours} hour{'' if hours == 1 else 's'}"
    return f"{days} days"


def amount(quantity: float | Decimal) -> str:
    """Say a quantity without needless digits: ``1.5``, ``12``."""
    return f"{round(float(quantity), 3):.10g}"


@dataclass(frozen=True, slots=True)
class Words:
    """How this household, at this instant, says things. ``now`` is aware."""

    zone: ZoneInfo
    now: datetime

    def local(self, instant: datetime) -> str:
        """Say an instant: ``today 18:05``, ``Sat 28 Nov 18:05``; with the year when another."""
        here, today = instant.astimezone(self.zone), self.now.astimezone(self.zone)
        days = (here.date() - today.date()).days
        day = {0: "today", 1: "tomorrow", -1: "yesterday"}.get(days)
        if day is None:
            year = f" {here.year}" if here.year != today.year else ""
            day = f"{here:%a} {here.day} {here:%b}{year}"
        return f"{day} {here:%H:%M}"

    def until(self, instant: datetime) -> str:
        """Say a deadline: ``today 21:30, in 5 hours``."""
        left = (instant - self.now).total_seconds()
        if left <= 0:
            return f"{self.local(instant)}, which is past"
        return f"{self.local(instant)}, in {duration(left)}"

    def ago(self, instant: datetime) -> str:
        """Say how long ago something was: ``5 minutes ago``, ``just now``."""
        gone = (self.now - instant).total_seconds()
        return "just now" if gone < 60 else f"{duration(gone)} ago"

    def window(self, window: Window) -> str:
        """Say a delivery window: ``today 18:00-20:00``."""
        return window_text(window, self.zone, self.now).replace("-", "\N{EN DASH}")

    def money(self, money: Money) -> str:
        """Say an amount so that it is not broken over lines: ``12.40 EUR``."""
        exponent = money.amount.as_tuple().exponent
        exact = money.amount if exponent != -1 else money.amount.quantize(Decimal("0.01"))
        return f"{exact:f}\N{NO-BREAK SPACE}{money.currency}"

    def amount(self, quantity: float | Decimal) -> str:
        """Say a quantity; see ``amount``."""
        return amount(quantity)

    def lasts(self, hours: float) -> str:
        """Say how long something lasts: ``about 2 days``, ``less than an hour``."""
        return "less than an hour" if hours < 1 else f"about {duration(hours * 3600)}"

    def suggestion_state(self, state: SuggestionState) -> str:
        """Say a suggestion's state."""
        return SUGGESTION_STATES[state]

    def order_state(self, state: OrderState) -> str:
        """Say an order's state."""
        return ORDER_STATES[state]
