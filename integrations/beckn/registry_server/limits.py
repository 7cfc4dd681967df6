"""How often one address may ask."""

from __future__ import annotations

from collections import OrderedDict

MOST = 10_000
"""Addresses that are remembered; the longest silent one is forgotten first."""


class Rate:
    """Lets each address ask ``per_second`` for long, and ``burst`` at once."""

    def __init__(self, per_second: float, burst: float) -> None:
        """Begin with every address rested."""
        self._per_second = per_second
        self._burst = burst
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allow(self, address: str, now: float) -> bool:
        """Tell whether ``address`` may ask at ``now`` (seconds of a clock that only goes on)."""
        left, since = self._left.pop(address, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._per_second)
        allowed = left >= 1
        self._left[address] = (left - 1 if allowed else left, now)
        if len(self._left) > MOST:
            self._left.popitem(last=False)
        return allowed
