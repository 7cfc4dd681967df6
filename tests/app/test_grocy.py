"""A Grocy beside a running household: looked at seldom, kept, told of, and never without a key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from hub.app.config import read_config
from hub.app.grocy import SELDOM, Grocy
from hub.domain.effects import TellMember
from hub.flow.shopping import PATIENCE, standing
from hub.settings import GrocySettings, Settings
from tests.app.conftest import Bench
from tests.support.grocy import KEY, FakeGrocy, row, running
from tests.support.hubprocess import write_config


@pytest.fixture
async def server() -> AsyncIterator[FakeGrocy]:
    async with running() as made:
        yield made


def beside(bench: Bench, server: FakeGrocy, key: str = KEY, **more: Any) -> Grocy:
    file = bench.folder / "grocy.key"
    file.write_text(f"{key}\n")
    facts = bench.home.settings.model_dump(mode="json", exclude_none=True)
    facts["grocy"] = {"url": server.url, "key_file": str(file), **more}
    bench.home.settings = Settings.model_validate(facts)
    return Grocy(bench.home, bench.writer, bench.clock)


def on_it(bench: Bench) -> list[str]:
    return [one.text for one in bench.do(lambda tx: standing(tx, bench.home))]


def told(bench: Bench) -> list[str]:
    effects = [one.effect for one in bench.views.waiting(0, 100)]
    return [one.body for one in effects if isinstance(one, TellMember)]


async def test_the_lists_are_read_when_something_changed(bench: Bench, server: FakeGrocy) -> None:
    server.change(row(1, 1, 2))
    grocy = beside(bench, server)
    await grocy.look()
    await grocy.look()
    assert on_it(bench) == ["2 x Cookies"]
    assert len(server.asked) == 4
    bench.clock.turn(minutes=5)
    await grocy.look()
    assert server.asked[4:] == ["GET system/db-changed-time"]
    server.change(row(1, 1, 2), row(2, 2, 250))
    bench.clock.turn(minutes=5)
    await grocy.look()
    assert on_it(bench) == ["2 x Cookies", "250 Gram Flour"]
    await grocy.complete("grocy.1", "2 x Cookies", "1")
    bench.clock.turn(minutes=5)
    await grocy.look()
    assert on_it(bench) == ["250 Gram Flour"]


async def test_while_it_is_away_its_list_stays_and_it_is_asked_seldom(
    bench: Bench, server: FakeGrocy
) -> None:
    server.change(row(1, 1, 1))
    grocy = beside(bench, server)
    await grocy.look()
    server.status, server.body = 503, ""
    asked = len(server.asked)
    for _ in range(23 * 4):
        bench.clock.turn(minutes=15)
        await grocy.look()
    assert on_it(bench) == ["Cookies"]
    assert len(server.asked) - asked < 30
    assert told(bench) == []
    bench.clock.turn(hours=PATIENCE / timedelta(hours=1))
    await grocy.look()
    await grocy.look()
    assert told(bench) == [
        body for body in told(bench) if "answered 503" in body and "goes on trying" in body
    ]
    assert len(set(told(bench))) == 1
    server.body = None
    bench.clock.turn(hours=SELDOM / timedelta(hours=1))
    server.change()
    await grocy.look()
    assert on_it(bench) == []


async def test_a_wrong_key_is_told_at_once_and_once(bench: Bench, server: FakeGrocy) -> None:
    grocy = beside(bench, server, key="stale")
    for _ in range(3):
        await grocy.look()
        bench.clock.turn(hours=2)
    assert {"grocy.key_file" in body for body in told(bench)} == {True}
    assert len(set(told(bench))) == 1
    (bench.folder / "grocy.key").unlink()
    bench.clock.turn(hours=2)
    await grocy.look()
    assert len(set(told(bench))) == 1


async def test_without_an_address_nothing_is_asked(bench: Bench, server: FakeGrocy) -> None:
    grocy = Grocy(bench.home, bench.writer, bench.clock)
    await grocy.look()
    assert server.asked == []
    assert bench.home.settings.shopping_lists == ()


@pytest.mark.parametrize(
    ("there", "words"),
    [
        ({"url": "grocy.local"}, "pattern"),
        ({"url": "http://grocy.local"}, "expected a key_file beside url"),
        ({"key_file": "grocy.key"}, "key_file: expected url, too"),
        ({"url": "http://x", "key_file": "k", "shopping_lists": [0]}, "greater than or equal to 1"),
        ({"url": "http://x", "key_file": "k", "key": KEY}, "key"),
    ],
)
def test_what_makes_no_sense_is_named(there: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        GrocySettings.model_validate(there)
    assert words in str(caught.value)


def test_the_key_lies_beside_the_settings(tmp_path: Path) -> None:
    there = {"url": "http://grocy.local", "key_file": "grocy.key"}
    write_config(tmp_path, settings={"grocy": there})
    assert read_config(tmp_path).checked().grocy.key_file == tmp_path / "grocy.key"
