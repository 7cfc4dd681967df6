"""Each program is killed once, in a part of the story that the seed alone decides."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from hub.demo import fate
from hub.demo.fate import Fate
from hub.demo.stage import Stage


@dataclass
class Victim:
    title: str
    times: int = 0

    async def killed(self) -> None:
        self.times += 1


@dataclass
class Cast:
    """What fate needs of a stage."""

    homes: tuple[Victim, ...] = ()
    sellers: dict[str, Victim] = field(default_factory=dict)
    registry: Victim = field(default_factory=lambda: Victim("the registry"))
    said: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        self.said.append(text)

    async def kill_registry(self) -> None:
        await self.registry.killed()


def make() -> Cast:
    homes = tuple(Victim(name) for name in ("Elm Street", "Canal Side"))
    return Cast(homes, {name: Victim(name) for name in ("Shop", "Driver", "Table")})


async def struck(seed: int) -> tuple[Cast, list[tuple[int, str]]]:
    """Play four parts; return who was killed in which."""
    cast_, order = make(), []
    async with Fate(cast(Stage, cast_), seed, 4) as made:
        for part in range(4):
            before = len(cast_.said)
            made.began(part)
            await asyncio.gather(*made._tasks)
            order += [(part, line) for line in cast_.said[before:] if line.endswith("is killed")]
        await made.settled()
    return cast_, order


async def test_each_is_killed_once_and_a_seed_decides_where(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fate, "LATEST", 0.0)
    runs: list[Any] = [await struck(seed) for seed in (5, 5, 6)]
    for stage, killed in runs:
        everybody = (*stage.homes, *stage.sellers.values(), stage.registry)
        assert [one.times for one in everybody] == [1] * 6
        assert len(killed) == 6
        assert stage.said[-1] == "each of 6 programs was killed once and is back"
    assert sorted(runs[0][1]) == sorted(runs[1][1]) != sorted(runs[2][1])


async def test_what_does_not_come_back_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fate, "LATEST", 0.0)

    async def gone() -> None:
        raise RuntimeError("the port is taken")

    stage = make()
    monkeypatch.setattr(stage.registry, "killed", gone)
    async with Fate(cast(Stage, stage), 5, 1) as made:
        made.began(0)
        with pytest.raises(RuntimeError, match="the port is taken"):
            await made.settled()
