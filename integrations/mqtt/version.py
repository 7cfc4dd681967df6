"""Which MQTT version to speak: 5 where the broker does, else 3.1.1. Pure."""

from __future__ import annotations

from typing import Literal

_TRIES = 2

Version = Literal["5", "3.1.1"]


class Versions:
    """Finds out by trying. Some brokers refuse a version in words, others only hang up."""

    def __init__(self, wanted: Version) -> None:
        """Begin with ``wanted``; 3.1.1 is never left."""
        self._refused_five = wanted == "3.1.1"
        self._spoke_five = False
        self._hangups = 0

    def next(self) -> Version:
        """Return the version to try now.

        After two silent hang-ups the other one is tried. A broker that has spoken MQTT 5 still
        will: while it is away, a proxy before it hangs up just the same.
        """
        if self._refused_five:
            return "3.1.1"
        return "5" if self._spoke_five or self._hangups // _TRIES % 2 == 0 else "3.1.1"

    def refused_five(self) -> bool:
        """Take the broker's word that it does not speak MQTT 5; False if that was known."""
        news, self._refused_five = not self._refused_five, True
        return news

    def accepted(self, version: Version) -> None:
        """Take note that the broker accepted ``version``."""
        if version == "5":
            self._spoke_five, self._hangups = True, 0

    def hung_up(self) -> bool:
        """Take note of a silent hang-up; True once it is no matter of the version."""
        self._hangups += 1
        return self._hangups > _TRIES
