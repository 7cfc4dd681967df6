"""Rows of the outbox that have to wait, each under the name of what it stands for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Protocol

from hub.ports import Clock
from hub.store.codec import instant
from hub.store.tx import Waiting

LONGEST = 3600.0
"""Seconds after which it looks at the clock again: clocks are set, and machines sleep."""


class Cancellable(Protocol):
    """Something that will happen unless it is cancelled."""

    def cancel(self) -> None:
        """Have it not happen."""
        ...


WakeUp = Callable[[float, Callable[[], object]], Cancellable]
"""Calls something in so many seconds, in the event loop."""


class Later:
    """Waiting rows; ``due`` gets each when it has waited long enough (or an hour at the most)."""

    def __init__(
        self, clock: Clock, due: Callable[[Waiting], None], wake_up: WakeUp | None = None
    ) -> None:
        self._clock = clock
        self._due = due
        self._wake_up = wake_up or _in_the_loop
        self._rows: dict[tuple[str, ...], tuple[Waiting, Cancellable]] = {}
        self._calls: dict[int, Cancellable] = {}
        self._numbers = count()

    def __len__(self) -> int:
        """Return how many rows wait."""
        return len(self._rows)

    def newest(self, name: tuple[str, ...]) -> Waiting | None:
        """Return the row that waits under a name."""
        held = self._rows.get(name)
        return held[0] if held else None

    def add(self, name: tuple[str, ...], row: Waiting) -> None:
        """Have a row wait for its ``not_before``; the name must be free."""
        seconds = self._clock.seconds_until(instant(row.not_before))
        handle = self._wake_up(min(seconds, LONGEST), lambda: self._over(name))
        self._rows[name] = (row, handle)

    def remove(self, name: tuple[str, ...]) -> None:
        """Have the row of a name wait no more."""
        _, handle = self._rows.pop(name)
        handle.cancel()

    def call(self, seconds: float, what: Callable[[], object]) -> None:
        """Call something later."""
        number = next(self._numbers)

        def happen() -> None:
            self._calls.pop(number, None)
            what()

        self._calls[number] = self._wake_up(seconds, happen)

    def stop(self) -> None:
        """Let nothing happen any more."""
        for _, handle in self._rows.values():
            handle.cancel()
        for call in self._calls.values():
            call.cancel()
        self._rows.clear()

    def _over(self, name: tuple[str, ...]) -> None:
        row, _ = self._rows.pop(name)
        self._due(row)


def _in_the_loop(seconds: float, call: Callable[[], object]) -> Cancellable:
    return asyncio.get_running_loop().call_later(seconds, call)
