"""``demo --auto --kill``: everybody is killed once, at a moment drawn from a seed.

A moment is a part of the story and how long after its beginning: so the same seed kills in the
same places, however fast the machine is.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Awaitable, Callable
from types import TracebackType

from hub.demo.stage import Stage

LATEST = 1.5
"""Real seconds after a part of the story began that somebody is killed at the latest."""


def draw_seed() -> int:
    """Return a seed, for a run that was given none."""
    return secrets.randbelow(1_000_000)


class Fate:
    """Who is killed in which part of the story, and how long after it began."""

    def __init__(self, stage: Stage, seed: int, parts: int) -> None:
        """Draw a moment in the first ``parts`` parts for each hub, provider and the registry."""
        chance = random.Random(seed)  # noqa: S311 (a play)
        victims: dict[str, Callable[[], Awaitable[None]]] = {
            **{f"{home.title}'s hub": home.killed for home in stage.homes},
            **{seller.title: seller.killed for seller in stage.sellers.values()},
            "the registry": stage.kill_registry,
        }
        self._stage = stage
        self._moments = [
            (chance.randrange(parts), chance.uniform(0, LATEST), name, kill)
            for name, kill in victims.items()
        ]
        self._tasks: list[asyncio.Task[None]] = []
        stage.say(f"each program is killed once; the seed is {seed}")

    def began(self, part: int) -> None:
        """Have those killed whose moment is in this part of the story."""
        for when, delay, name, kill in self._moments:
            if when == part:
                self._tasks.append(asyncio.create_task(self._strike(delay, name, kill)))

    async def _strike(self, delay: float, name: str, kill: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(delay)
        self._stage.say(f"{name} is killed")
        await kill()
        self._stage.say(f"{name} is back")

    async def settled(self) -> None:
        """Return once everybody was killed and is back. Raises what went wrong."""
        await asyncio.gather(*self._tasks)
        self._stage.say(f"each of {len(self._moments)} programs was killed once and is back")

    async def __aenter__(self) -> Fate:
        """Begin."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
