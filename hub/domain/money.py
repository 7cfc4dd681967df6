"""Money as the store, the pages and Beckn's ``Price`` hold it: a decimal with a currency."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from hub.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency.

    ``amount`` is exact (never a float); ``currency`` is an ISO 4217 code such as ``EUR``.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        """Refuse what is not money: an infinite amount or a malformed currency (ValueError)."""
        if not self.amount.is_finite():
            raise ValueError(f"an amount must be finite, got {self.amount}")
        if not (len(self.currency) == 3 and self.currency.isascii() and self.currency.isupper()):
            raise ValueError(f"expected an ISO 4217 code such as EUR, got {self.currency!r}")

    def __add__(self, other: Money) -> Money:
        """Add two amounts of one currency; ValueError when the currencies differ."""
        if self.currency != other.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.amount + other.amount, self.currency)

    def times(self, count: Decimal | int) -> Money:
        """Return this price for ``count`` units, unrounded."""
        return Money(self.amount * count, self.currency)

    def __str__(self) -> str:
        """Write as the pages show it, e.g. ``12.40 EUR``."""
        return f"{self.amount:f} {self.currency}"


def money(amount: str | int | Decimal, currency: str) -> Money:
    """Read an amount written as text, as Beckn does; ValueError when it is not a number.

    Floats are refused by type: ``0.1`` has already lost its last cent.
    """
    try:
        return Money(Decimal(amount), currency)
    except InvalidOperation as error:
        raise ValueError(f"expected a decimal number, got {amount!r}") from error
