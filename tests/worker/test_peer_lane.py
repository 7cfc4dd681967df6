"""Messages to friends' hubs in the outbox: tried for days, a newer row stands for the older."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from hub.domain.effects import SendPeerMessage
from hub.ports import DeliveryError
from hub.store.tables import OutboxRow
from hub.worker.pump import MOST_ATTEMPTS
from tests.worker.test_pump import Stage


class PeerStage(Stage):
    """A stage whose pump sends to hubs too."""

    def another_pump(self) -> Any:
        pump = super().another_pump()
        self.given_up: list[tuple[SendPeerMessage, str]] = []
        pump._doers = replace(
            pump._doers,
            peer=self.do,
            peer_gave_up=lambda tx, effect, why: self.given_up.append((effect, why)),
        )
        return pump


@pytest.fixture
async def stage(bench: Any) -> AsyncIterator[PeerStage]:
    bench.writer.start()
    one = PeerStage(bench)
    one.pump.start()
    yield one
    await one.pump.stop()
    bench.writer.stop()


def messages(upto: int) -> SendPeerMessage:
    return SendPeerMessage("hub", "messages", upto)


async def test_what_waits_for_a_hub_that_is_off_is_one_row(stage: PeerStage) -> None:
    stage.outside = lambda effect: stage.fail(DeliveryError("it is off"))
    for number in (1, 2, 3):
        stage.emit(messages(number), subject="peer:hub", key=f"peer:{number}")
        await stage.idle()
    (row,) = stage.household.outbox()
    assert row.effect == messages(3)
    stage.outside = lambda effect: None
    await stage.turn(5)
    assert stage.done == [messages(3)]
    assert stage.household.outbox() == []


async def test_a_hub_that_is_off_for_days_is_not_given_up(stage: PeerStage) -> None:
    stage.outside = lambda effect: stage.fail(DeliveryError("it is off"))
    stage.emit(messages(1), subject="peer:hub")
    await stage.idle()
    for _ in range(MOST_ATTEMPTS + 5):
        await stage.turn(300)
    (row,) = stage.household.rows(OutboxRow)
    assert row.state == "waiting"
    assert row.attempts > MOST_ATTEMPTS
    assert stage.given_up == []


async def test_receipts_and_introductions_are_each_done(stage: PeerStage) -> None:
    stage.outside = lambda effect: stage.fail(DeliveryError("it is off"))
    effects = [
        SendPeerMessage("hub", "hello", 0),
        SendPeerMessage("hub", "receipt", 0, "a", "no"),
        SendPeerMessage("hub", "receipt", 0, "b", used=True),
        messages(1),
    ]
    stage.emit(*effects, subject="peer:hub")
    await stage.idle()
    stage.outside = lambda effect: None
    await stage.turn(5)
    assert sorted(map(repr, stage.done)) == sorted(map(repr, effects))


async def test_a_refused_introduction_is_given_up(stage: PeerStage) -> None:
    stage.outside = lambda effect: stage.fail(DeliveryError("used already", retry=False))
    hello = SendPeerMessage("hub", "hello", 0)
    stage.emit(hello, subject="peer:hub")
    await stage.idle()
    assert stage.given_up == [(hello, "used already")]
    assert stage.household.outbox() == []
