"""How long to wait before trying again, and how often to speak of it. Pure."""

from __future__ import annotations

import random

FIRST_DELAY = 0.25
LONGEST_DELAY = 30.0
STEADY_SECONDS = 10.0
FIRST_SILENCE = 60.0
LONGEST_SILENCE = 3600.0


class Backoff:
    """Waits between attempts: doubling from ``FIRST_DELAY`` to ``LONGEST_DELAY`` seconds.

    Half of each wait is chance, so that all devices of a home do not come back in one moment.
    ``short_lives`` counts the connections in a row that ended within ``STEADY_SECONDS``.
    """

    def __init__(self) -> None:
        """Begin with the shortest wait."""
        self._delay = FIRST_DELAY
        self.short_lives = 0

    def next(self) -> float:
        """Return the seconds to wait now."""
        delay, self._delay = self._delay, min(self._delay * 2, LONGEST_DELAY)
        return delay * random.uniform(0.5, 1.0)  # noqa: S311 - nobody gains by guessing it

    def lasted(self, seconds: float) -> None:
        """Tell how long a connection held: one that is cut at once must not be retried at once."""
        if seconds >= STEADY_SECONDS:
            self._delay = FIRST_DELAY
            self.short_lives = 0
        else:
            self.short_lives += 1


class Repeats:
    """Says the same trouble once, then at growing intervals (1 min to 1 h)."""

    def __init__(self) -> None:
        """Begin with nothing said."""
        self._text = ""
        self._again = 0.0
        self._silence = FIRST_SILENCE

    def worth_saying(self, text: str, now: float) -> bool:
        """Tell whether ``text`` is news at ``now`` (monotonic seconds)."""
        if text != self._text:
            self._text, self._silence = text, FIRST_SILENCE
        elif now < self._again:
            return False
        else:
            self._silence = min(self._silence * 4, LONGEST_SILENCE)
        self._again = now + self._silence
        return True

    def settled(self) -> None:
        """Forget it: the trouble is over."""
        self._text = ""
