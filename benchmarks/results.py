"""What a measurement found, beside what it is measured by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["pass", "miss", "noted"]


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table.

    ``value`` is held against ``target`` (``at_least``: it may not be lower; else not higher);
    with no target it is only noted. ``detail`` gives the figures behind it, with units.
    """

    name: str
    value: float
    unit: str
    detail: str
    target: float | None = None
    at_least: bool = False

    @property
    def verdict(self) -> Verdict:
        """Tell whether the target is met."""
        if self.target is None:
            return "noted"
        met = self.value >= self.target if self.at_least else self.value <= self.target
        return "pass" if met else "miss"

    @property
    def wanted(self) -> str:
        """Write the target for people."""
        if self.target is None:
            return ""
        return f"{'at least' if self.at_least else 'at most'} {self.target:g}{self.unit}"
