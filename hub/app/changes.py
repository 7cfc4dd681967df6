"""Telling pages that something changed: a number that grows, awaited by whoever looks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator


class Changes:
    """Counts changes on the event loop; readers that are slow get the newest number only."""

    def __init__(self) -> None:
        """Begin at 0."""
        self.number = 0
        self._next = asyncio.Event()

    def mark(self) -> None:
        """Note a change. Call in the event loop."""
        self.number += 1
        self._next.set()
        self._next = asyncio.Event()

    async def follow(self) -> AsyncIterator[int]:
        """Yield the number after each change from now on."""
        seen = self.number
        while True:
            waiting = self._next
            if self.number == seen:
                await waiting.wait()
            seen = self.number
            yield seen
