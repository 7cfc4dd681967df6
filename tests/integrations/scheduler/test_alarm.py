"""The alarm rings when it is told to, once, also late and also while it is being answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from integrations.scheduler import Alarm


class Sleeper:
    """Counts what it was woken for; while ``hold`` is set, an answer takes until ``go``."""

    def __init__(self) -> None:
        self.woken = 0
        self.at_once = 0
        self.most_at_once = 0
        self.hold = False
        self.go = asyncio.Event()
        self.rang = asyncio.Condition()

    async def wake(self) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.woken += 1
        async with self.rang:
            self.rang.notify_all()
        if self.hold:
            await self.go.wait()
        self.at_once -= 1

    async def wait(self, times: int) -> None:
        async with asyncio.timeout(20), self.rang:
            await self.rang.wait_for(lambda: self.woken >= times)


@pytest.fixture
async def alarm() -> AsyncIterator[Alarm]:
    made = Alarm()
    yield made
    made.stop()


def soon(seconds: float = 0.05) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def test_it_rings_once_for_an_instant_in_the_past_or_to_come(alarm: Alarm) -> None:
    sleeper = Sleeper()
    alarm.start(sleeper.wake)
    alarm.at(soon(-3600))
    await sleeper.wait(1)
    alarm.at(soon())
    await sleeper.wait(2)
    assert sleeper.woken == 2


async def test_the_last_instant_given_counts_and_none_takes_it_back(alarm: Alarm) -> None:
    sleeper, other = Sleeper(), Sleeper()
    alarm.start(sleeper.wake)
    alarm.at(soon())
    alarm.at(soon(3600))
    alarm.every(0.2, other.wake, "steady")
    await other.wait(2)
    assert sleeper.woken == 0
    alarm.at(soon())
    alarm.at(None)
    alarm.at(None)
    await other.wait(4)
    assert sleeper.woken == 0


async def test_an_instant_that_comes_while_it_is_answered_is_not_lost(
    alarm: Alarm, caplog: pytest.LogCaptureFixture
) -> None:
    sleeper, other = Sleeper(), Sleeper()
    sleeper.hold = True
    alarm.start(sleeper.wake)
    alarm.at(soon(-1))
    await sleeper.wait(1)
    alarm.every(0.1, other.wake, "steady")
    for done in range(1, 4):
        alarm.at(soon(-1))
        await other.wait(done * 2)
    assert sleeper.woken == 1
    sleeper.hold = False
    sleeper.go.set()
    await sleeper.wait(2)
    await other.wait(other.woken + 2)
    assert (sleeper.woken, sleeper.most_at_once) == (2, 1)
    assert "skipped" not in caplog.text


async def test_one_answer_that_fails_does_not_end_it(
    alarm: Alarm, caplog: pytest.LogCaptureFixture
) -> None:
    sleeper = Sleeper()
    failed = asyncio.Event()

    async def wake() -> None:
        if not failed.is_set():
            failed.set()
            raise RuntimeError("the database is away")
        await sleeper.wake()

    with caplog.at_level(logging.ERROR):
        alarm.start(wake)
        alarm.at(soon(-1))
        await asyncio.wait_for(failed.wait(), 20)
        alarm.at(soon())
        await sleeper.wait(1)
    assert "the database is away" in caplog.text


async def test_ending_while_it_is_answered_is_no_failure(
    alarm: Alarm, caplog: pytest.LogCaptureFixture
) -> None:
    sleeper, steady = Sleeper(), Sleeper()
    sleeper.hold = steady.hold = True
    alarm.start(sleeper.wake)
    alarm.at(soon(-1))
    alarm.every(0.05, steady.wake, "steady")
    await sleeper.wait(1)
    await steady.wait(1)
    alarm.stop()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.wait_for(asyncio.gather(*others, return_exceptions=True), 20)
    assert caplog.text == ""


async def test_before_the_start_and_after_the_end_nothing_rings() -> None:
    alarm, sleeper, other = Alarm(), Sleeper(), Alarm()
    alarm.at(soon(-1))
    alarm.stop()
    alarm.start(sleeper.wake)
    alarm.stop()
    alarm.stop()
    ticks = Sleeper()
    other.start(ticks.wake)
    other.every(0.1, ticks.wake, "steady")
    await ticks.wait(2)
    other.stop()
    assert sleeper.woken == 0
