"""A writer on a real SQLite file, whose rounds a test takes one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from hub.flow.observe import receive
from hub.ports import InMessage
from hub.store.tables import InboxMqtt
from hub.worker.writer import Committed, Step, Writer
from tests.support.household import Household, make_home


class Bench:
    """A household with a writer; what it acknowledged and committed is written down in order."""

    def __init__(self, path: Path) -> None:
        self.household = Household(path, make_home())
        self.acknowledged: list[InMessage] = []
        self.committed: list[Committed] = []
        self.story: list[str] = []
        self.wrong: dict[str, Exception] = {}
        self.writer = Writer(
            self.household.engine,
            self.household.house,
            self.household.clock,
            intake=self.intake,
            acknowledge=self.acknowledge,
            committed=self.committed_,
        )

    def intake(self, messages: Sequence[InMessage]) -> list[Step]:
        return [self.step(message) for message in messages]

    def step(self, message: InMessage) -> Step:
        home = self.household.home
        if message.topic in self.wrong:
            error = self.wrong[message.topic]

            def fail(tx: Any) -> None:
                tx.park("written before it failed", b"", "x")
                raise error

            return fail
        decoded = home.book.decode(message.topic, message.payload, message.received_at)
        return lambda tx: receive(tx, home, message, decoded)

    def acknowledge(self, messages: Sequence[InMessage]) -> None:
        # Whoever is acknowledged must be found by another reader already.
        known = {row.mid for row in self.household.rows(InboxMqtt)}
        assert {m.mid for m in messages if m.qos} <= known
        self.acknowledged += messages
        self.story.append(f"ack {len(messages)}")

    def committed_(self, after: Committed) -> None:
        self.committed.append(after)
        self.story.append(f"committed {after.messages}")

    def level(self, item: str, quantity: float, **facts: Any) -> InMessage:
        unit = self.household.home.pantry[item].unit
        stock = {"item": item, "quantity": quantity, "unit": unit}
        return self.household.message("commonhearth/v1/scales/stock", stock, **facts)


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[Callable[[], Bench]]:
    made: list[Bench] = []

    def make() -> Bench:
        made.append(Bench(tmp_path / "hub.db"))
        return made[-1]

    yield make
    for bench in made:
        bench.household.close()


@pytest.fixture
def bench(make_bench: Callable[[], Bench]) -> Bench:
    return make_bench()
