"""A home on a real database with a real writer, and its config folder in a test's hands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.app.config import Config, read_config
from hub.app.offline import empty_home
from hub.app.watch import Watch
from hub.domain.events import StockChanged
from hub.flow.home import Home
from hub.flow.react import react
from hub.flow.tick import begin, tick
from hub.store.database import open_database
from hub.store.house import House, load_house
from hub.store.tx import Tx
from hub.store.views import Views
from hub.worker.writer import Writer
from tests.support.household import TurnedClock
from tests.support.hubprocess import write_config, write_rules

MILK_LOW = {
    "id": "milk_low",
    "name": "Milk runs low",
    "when": {"stock_below_par": {"item": "milk"}},
    "propose": {"kind": "notify", "title": "Milk!"},
    "quiet_hours": "off",
}


@dataclass
class Bench:
    """A household whose files are watched."""

    folder: Path
    config: Config
    home: Home
    house: House
    writer: Writer
    watch: Watch
    views: Views
    clock: TurnedClock

    def rules(self, rules: Sequence[dict[str, Any]], name: str = "rules.yaml") -> Path:
        return write_rules(self.folder, rules, name)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    async def look(self) -> None:
        await self.watch.look()

    def do(self, step: Any) -> Any:
        return self.writer.submit(step).result(20)

    def begin(self) -> None:
        self.do(lambda tx: begin(tx, self.home))

    def tick(self, **by: float) -> None:
        self.clock.turn(**by)
        self.do(lambda tx: tick(tx, self.home))

    def milk_is_low(self) -> list[tuple[str, str]]:
        """Have the milk run low; return who was told what for it."""
        before = len(self.views.waiting(0, 1000))

        def low(tx: Tx) -> None:
            react(tx, self.home, StockChanged("milk", 2.0, 0.1, "l", tx.now, "test"))

        self.do(low)
        rows = self.views.waiting(0, 1000)[before:]
        return [(row.effect.member, row.effect.title) for row in rows]

    def ids(self) -> list[str]:
        return [rule.id for rule in self.home.rules.rules()]

    def cron(self) -> dict[str, Any]:
        return {name: due for (kind, name, _), due in self.house.timers.items() if kind == "rule"}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    members = [{"id": "ada", "name": "Ada", "ntfy": {"url": "http://127.0.0.1:9"}}]
    folder = write_config(tmp_path / "config", settings={"members": members}, rules=[MILK_LOW])
    engine = open_database(tmp_path / "hub.sqlite")
    clock = TurnedClock()
    config = read_config(folder)
    assert config.problems == ()
    home, _ = empty_home(config)
    with engine.connect() as connection:
        house = load_house(connection, clock.now())
    writer = Writer(
        engine,
        house,
        clock,
        intake=lambda messages: [],
        acknowledge=lambda messages: None,
        committed=lambda after: None,
    )
    writer.start()
    watch = Watch(config, home, writer)
    yield Bench(folder, config, home, house, writer, watch, Views(engine), clock)
    writer.stop()
    engine.dispose()
