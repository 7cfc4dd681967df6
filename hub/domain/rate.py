"""How often somebody may ask: a bucket for each of a bounded number of names."""

from __future__ import annotations

from collections import OrderedDict

MOST = 10_000
"""Names that are remembered; the longest silent one is forgotten first."""


class Rate:
    """Lets each name ask ``per_second`` for long, and ``burst`` at once."""

    def __init__(self, per_second: float, burst: float) -> None:
        """Begin with everybody rested."""
        self._per_second = per_second
        self._burst = burst
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allow(self, name: str, now: float) -> bool:
        """Tell whether ``name`` may ask at ``now`` (seconds of a clock that only goes on)."""
        left, since = self._left.pop(name, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._per_second)
        allowed = left >= 1
        self._left[name] = (left - 1 if allowed else left, now)
        if len(self._left) > MOST:
            self._left.popitem(last=False)
        return allowed
