"""How often somebody may come."""

from __future__ import annotations

import time
from collections.abc import Callable

_MOST_NAMES = 4096


class Rate:
    """A bucket of tokens for each name: ``rate`` a second for long, ``burst`` at once."""

    def __init__(
        self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``clock`` returns seconds that only grow."""
        self._rate = rate
        self._burst = float(burst)
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def allow(self, name: str) -> bool:
        """Take one token of a name; False when it has none left."""
        now = self._clock()
        left, since = self._left.pop(name, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._rate)
        if len(self._left) >= _MOST_NAMES:
            # Who came longest ago is forgotten first: dictionaries keep their order.
            self._left.pop(next(iter(self._left)))
        self._left[name] = (left - 1 if left >= 1 else left, now)
        return left >= 1
