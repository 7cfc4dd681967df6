"""What every part of hub.yaml has in common, and how a sum of money is read there."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from hub.domain.money import Money, money


class Section(BaseModel):
    """A part of hub.yaml; a key it does not know is an error, not a silent typo."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def sum_of(text: str) -> Money:
    """Read a sum such as ``80 EUR``; ValueError for anything else."""
    amount, _, currency = text.strip().partition(" ")
    found = money(amount, currency.strip())
    if found.amount < 0:
        raise ValueError(f"expected a sum of 0 or more, got {text!r}")
    return found


def checked_sum(text: str | None) -> str | None:
    """Take a sum as a setting writes it; ValueError says what was expected."""
    if text is None:
        return None
    try:
        return f"{sum_of(text)}"
    except ValueError as error:
        raise ValueError(f"expected a sum such as 80 EUR, got {text!r}") from error
