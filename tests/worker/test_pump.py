"""The outbox pump: once, in order, and never blindly again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from hub.domain.effects import AskMember, SendOrderRequest, TellMember
from hub.domain.orders import OrderRequest
from hub.flow.dispatch import gave_up, order_wanted, question_wanted, uncertain
from hub.ports import DeliveryError
from hub.store.tables import OutboxRow
from hub.worker import pump as module
from hub.worker.pump import Doers, Pump
from tests.support.household import GREEN, Household, Market, make_home


class Call:
    """Something a test lets happen when it turns the clock."""

    def __init__(self, at: float, what: Callable[[], object]) -> None:
        self.at, self.what, self.gone = at, what, False

    def cancel(self) -> None:
        self.gone = True


class Stage:
    """A household with a writer thread, a pump, and an outside that does what it is told."""

    def __init__(self, bench: Any) -> None:
        self.bench = bench
        self.household: Household = bench.household
        self.calls: list[Call] = []
        self.done: list[Any] = []
        self.outside: Callable[[Any], Any] = lambda effect: None
        self.doing: list[Any] = []
        self.loop = asyncio.get_running_loop()
        bench.writer._committed = self.committed
        self.writer = bench.writer
        self.pump = self.another_pump()

    def another_pump(self) -> Pump:
        home = self.household.home
        return Pump(
            self.writer,
            self.household.clock,
            Doers(
                ask=self.do,
                tell=self.do,
                order=self.do,
                uncertain=lambda tx, effect: uncertain(tx, home, effect),
                gave_up=lambda tx, effect, reason: gave_up(tx, home, effect, reason),
            ),
            self.household.views.waiting,
            wake_up=self.wake_up,
        )

    def committed(self, after: Any) -> None:
        self.loop.call_soon_threadsafe(self.pump.offer, after.effects)

    def wake_up(self, seconds: float, what: Callable[[], object]) -> Call:
        call = Call(self.household.clock.now().timestamp() + seconds, what)
        self.calls.append(call)
        return call

    async def do(self, effect: Any) -> None:
        self.doing.append(effect)
        result = self.outside(effect)
        if asyncio.iscoroutine(result):
            await result
        self.done.append(effect)

    async def turn(self, seconds: float) -> None:
        self.household.clock.turn(seconds=seconds)
        now = self.household.clock.now().timestamp()
        due = [call for call in self.calls if not call.gone and call.at <= now]
        self.calls = [call for call in self.calls if not call.gone and call.at > now]
        for call in due:
            call.what()
        await self.idle()

    async def until(self, so: Callable[[], bool]) -> None:
        for _ in range(20_000):
            if so():
                return
            await asyncio.sleep(0.001)
        raise AssertionError("it never became so")

    async def idle(self) -> None:
        """Return when nothing is under way and the outbox agrees with it."""
        at_rest = 0
        for _ in range(5_000):
            await asyncio.wrap_future(self.writer.submit(lambda tx: None))
            await asyncio.sleep(0)
            pump = self.pump
            at_rest = 0 if any(pump._lanes) or pump.under_way or pump._done else at_rest + 1
            if at_rest == 3:
                return
        raise AssertionError("it did not come to rest")

    def fail(self, error: Exception) -> None:
        raise error

    def emit(self, *effects: Any, subject: str | None = None, **facts: Any) -> None:
        def step(tx: Any) -> None:
            for number, effect in enumerate(effects):
                named = subject or getattr(effect, "tag", None) or effect.suggestion_id
                key = facts.get("key") or f"{len(self.household.rows(OutboxRow))}-{number}-{named}"
                tx.emit(effect, key, named, **{k: v for k, v in facts.items() if k != "key"})

        self.writer.submit(step).result(timeout=10)


@pytest.fixture
async def stage(bench) -> AsyncIterator[Stage]:
    bench.writer.start()
    one = Stage(bench)
    yield one
    await one.pump.stop()
    bench.writer.stop()


def tell(tag: str = "t", body: str = "b", member: str = "ana", channel: str = "ntfy") -> TellMember:
    return TellMember(tag, "T", body, member, channel)


async def test_what_is_committed_is_done_and_its_row_goes(stage: Stage) -> None:
    stage.pump.start()
    stage.emit(tell("a"), tell("b"))
    await stage.idle()
    assert {effect.tag for effect in stage.done} == {"a", "b"}
    assert stage.household.outbox() == []
    assert stage.pump.sent == 2
    assert stage.pump._mine == set()


async def test_what_an_earlier_run_left_is_taken_up(stage: Stage) -> None:
    stage.emit(tell("a"))
    await asyncio.sleep(0)
    stage.pump.start()
    await stage.idle()
    assert [effect.tag for effect in stage.done] == ["a"]


async def test_killed_between_sending_and_recording_it_goes_again_under_its_key(
    stage: Stage, monkeypatch
) -> None:
    stage.emit(tell("a"), key="tell:1")
    monkeypatch.setattr(stage.pump, "_flush_done", lambda: None)
    stage.pump.start()
    await stage.until(lambda: len(stage.done) == 1)
    await stage.pump.stop()
    (row,) = stage.household.outbox()
    assert (row.key, row.effect) == ("tell:1", stage.done[0])
    stage.pump = stage.another_pump()
    stage.pump.start()
    await stage.idle()
    assert stage.done == [row.effect, row.effect]
    assert stage.household.outbox() == []


async def test_effects_of_one_subject_keep_their_order(stage: Stage) -> None:
    release = asyncio.Event()
    stage.outside = lambda effect: release.wait() if effect.body == "0" else None
    stage.pump.start()
    stage.emit(*(tell("same", str(n)) for n in range(20)))
    stage.emit(*(tell(f"other-{n}", "x") for n in range(16)))
    await stage.until(lambda: sum(effect.body == "x" for effect in stage.done) >= 8)
    assert not any(effect.tag == "same" for effect in stage.done)
    release.set()
    await stage.idle()
    assert [e.body for e in stage.done if e.tag == "same"] == [str(n) for n in range(20)]


async def test_delays_grow_and_end(stage: Stage) -> None:
    stage.outside = lambda effect: stage.fail(DeliveryError("no route"))
    stage.pump.start()
    stage.emit(tell())
    await stage.idle()
    for delay in (1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300):
        tried = len(stage.doing)
        await stage.turn(delay - 0.5)
        assert len(stage.doing) == tried
        await stage.turn(0.5)
        assert len(stage.doing) == tried + 1
    (row,) = stage.household.rows(OutboxRow)
    assert (row.attempts, row.error, row.state) == (12, "no route", "waiting")
    stage.outside = lambda effect: None
    await stage.turn(300)
    assert stage.household.outbox() == []


async def test_what_the_server_wishes_counts(stage: Stage) -> None:
    class Slow(DeliveryError):
        retry_after = 90.0

    stage.outside = lambda effect: stage.fail(Slow("too many requests"))
    stage.pump.start()
    stage.emit(tell())
    await stage.idle()
    await stage.turn(89)
    assert len(stage.doing) == 1
    await stage.turn(1)
    assert len(stage.doing) == 2


async def test_a_delay_is_kept_over_a_restart(stage: Stage) -> None:
    stage.emit(tell())
    (row,) = stage.household.outbox()
    later = row.not_before + 1_795_600_000_000_000
    stage.writer.submit(
        lambda tx: tx.note_attempt(row.id, state="waiting", attempts=3, not_before=later)
    ).result(timeout=10)
    stage.pump = stage.another_pump()
    stage.pump.start()
    await stage.idle()
    assert stage.doing == []
    assert len(stage.calls) == 1


async def test_what_cannot_help_is_not_tried_again(stage: Stage) -> None:
    stage.outside = lambda effect: stage.fail(DeliveryError("no such topic", retry=False))
    stage.pump.start()
    stage.emit(tell())
    await stage.idle()
    (row,) = stage.household.rows(OutboxRow)
    assert (row.state, row.error) == ("dead", "no such topic")
    assert stage.calls == []


async def test_a_question_that_is_too_late_is_not_asked(stage: Stage) -> None:
    stage.pump.start()
    stage.emit(AskMember("s", 1, "ana", "ntfy"), expires=stage.household.clock.now(), subject="s")
    await stage.idle()
    assert stage.doing == []
    assert stage.household.rows(OutboxRow) == []


async def test_a_newer_notification_takes_the_place_of_one_that_waits(stage: Stage) -> None:
    stage.outside = lambda effect: stage.fail(DeliveryError("away"))
    stage.pump.start()
    stage.emit(tell("t", "old"), tell("t", "old", channel="apprise"), tell("u", "other"))
    await stage.idle()
    stage.outside = lambda effect: None
    stage.emit(tell("t", "new"))
    await stage.idle()
    await stage.turn(1)
    bodies = [(e.channel, e.body) for e in stage.done if e.tag == "t"]
    assert bodies == [("ntfy", "new"), ("apprise", "old")]
    assert stage.household.outbox() == []


async def test_a_fault_of_our_own_is_tried_again(stage: Stage) -> None:
    stage.outside = lambda effect: stage.fail(ZeroDivisionError("a bug"))
    stage.pump.start()
    stage.emit(tell())
    await stage.idle()
    stage.outside = lambda effect: None
    await stage.turn(1)
    assert stage.household.outbox() == []


async def test_a_lane_survives_that_nothing_can_be_recorded(stage: Stage, monkeypatch) -> None:
    stage.outside = lambda effect: stage.fail(DeliveryError("away"))

    async def full(step: Any) -> None:
        raise OSError("disk full")

    step = stage.pump._step
    monkeypatch.setattr(stage.pump, "_step", full)
    stage.pump.start()
    stage.emit(tell())
    await stage.idle()
    monkeypatch.setattr(stage.pump, "_step", step)
    stage.outside = lambda effect: None
    await stage.turn(module.AFTER_FAULT)
    assert stage.household.outbox() == []


async def test_a_burst_stays_in_the_database(stage: Stage, monkeypatch) -> None:
    monkeypatch.setattr(module, "MOST_IN_MEMORY", 100)
    highest = [0]

    def look(effect: Any) -> None:
        highest[0] = max(highest[0], stage.pump.waiting)

    stage.outside = look
    stage.pump.start()
    for burst in range(10):
        stage.emit(*(tell(f"{burst}-{n}", "x") for n in range(100)))
    await stage.until(lambda: len(stage.done) == 1_000)
    await stage.idle()
    assert len({effect.tag for effect in stage.done}) == len(stage.done) == 1_000
    assert highest[0] <= 100 + 50
    assert stage.household.outbox() == []
    assert stage.pump._mine == set()


async def test_rows_read_and_offered_are_done_once(stage: Stage) -> None:
    stage.pump.start()
    stage.emit(tell("a"))
    rows = stage.household.outbox()
    stage.pump._read_on()
    stage.pump.offer(rows)
    await stage.idle()
    assert len(stage.doing) == 1


# -- orders ------------------------------------------------------------------------------------


@pytest.fixture
def confirming(stage: Stage) -> SendOrderRequest:
    """Bring an order to where its confirm waits in the outbox."""
    household = stage.household
    market = Market(household)
    household.level("milk", 0.4)
    market.offers()
    household.decide("approve")
    market.serve("init")
    household.do(
        lambda tx: [tx.done(r.id) for r in household.outbox() if not r.key.startswith("beckn")]
    )
    (row,) = household.outbox()
    assert isinstance(row.effect, SendOrderRequest)
    return row.effect


async def test_a_confirm_is_leased_before_it_is_sent(stage: Stage, confirming) -> None:
    leased: list[bool] = []
    stage.outside = lambda effect: leased.extend(row.leased for row in stage.household.outbox())
    stage.pump.start()
    await stage.idle()
    assert leased == [True]
    assert stage.household.outbox() == []


async def test_a_confirm_found_leased_is_asked_for_first(stage: Stage, confirming) -> None:
    (row,) = stage.household.outbox()
    stage.writer.submit(lambda tx: tx.note_attempt(row.id, state="leased")).result(timeout=10)
    # However long the hub was off.
    stage.household.clock.turn(hours=5)
    stage.pump.start()
    await stage.idle()
    assert [effect.request.action for effect in stage.done] == ["status"]
    assert stage.household.outbox() == []
    assert stage.household.order(confirming.order_id).pending == "confirm"


@pytest.mark.parametrize("error", [DeliveryError("timed out", unknown=True), ZeroDivisionError()])
async def test_a_confirm_that_may_have_arrived_is_asked_for(
    stage: Stage, confirming, error
) -> None:
    def outside(effect: Any) -> None:
        if effect.request.action == "confirm":
            stage.fail(error)

    stage.outside = outside
    stage.pump.start()
    await stage.idle()
    assert [effect.request.action for effect in stage.doing] == ["confirm", "status"]
    await stage.turn(600)
    assert [effect.request.action for effect in stage.doing] == ["confirm", "status"]
    assert stage.household.outbox() == []


async def test_a_confirm_that_did_not_leave_goes_again_under_its_id(
    stage: Stage, confirming
) -> None:
    stage.outside = lambda effect: stage.fail(DeliveryError("connection refused"))
    stage.pump.start()
    await stage.idle()
    (row,) = stage.household.outbox()
    assert (row.leased, row.attempts) == (False, 1)
    stage.outside = lambda effect: None
    await stage.turn(1)
    assert {effect.request.message_id for effect in stage.doing} == {confirming.request.message_id}
    assert len(stage.doing) == 2


async def test_a_refused_confirm_ends_the_order(stage: Stage, confirming) -> None:
    def outside(effect: Any) -> None:
        if isinstance(effect, SendOrderRequest) and effect.request.action == "confirm":
            stage.fail(DeliveryError("NACK: closed", retry=False))

    stage.outside = outside
    stage.pump.start()
    await stage.idle()
    order = stage.household.order(confirming.order_id)
    assert (order.state, order.reason) == ("failed", "NACK: closed")
    (again,) = stage.household.open()
    assert (again.state, [o.provider_name for o in again.options]) == ("proposed", ["green"])


async def test_an_order_that_cannot_be_sent_in_time_is_given_up(stage: Stage, confirming) -> None:
    stage.outside = lambda effect: (
        stage.fail(DeliveryError("connection refused"))
        if isinstance(effect, SendOrderRequest)
        else None
    )
    stage.pump.start()
    await stage.idle()
    await stage.turn(16 * 60)
    assert stage.household.order(confirming.order_id).reason == "it was too late"


# -- what is still wanted ----------------------------------------------------------------------


def test_what_is_no_longer_wanted(tmp_path) -> None:
    household = Household(tmp_path / "wanted.db", make_home())
    market = Market(household)
    house = household.house
    household.level("milk", 0.4)
    effects = [row.effect for row in household.outbox()]
    assert all(order_wanted(house, effect) for effect in effects)
    market.offers()
    assert not any(order_wanted(house, effect) for effect in effects)
    asks = [row.effect for row in household.outbox() if isinstance(row.effect, AskMember)]
    assert all(question_wanted(house, ask) for ask in asks)
    assert question_wanted(house, replace(asks[0], version=asks[0].version + 1)) is None

    household.send()
    household.decide("approve")
    assert question_wanted(house, asks[0]) is None
    (init,) = [r.effect for r in household.outbox() if isinstance(r.effect, SendOrderRequest)]
    assert order_wanted(house, init)
    market.serve("init", error=None)
    assert not order_wanted(house, init)
    (confirm,) = [r.effect for r in household.outbox() if isinstance(r.effect, SendOrderRequest)]
    assert order_wanted(house, confirm)
    market.serve("confirm")
    assert not order_wanted(house, confirm)
    stranger = OrderRequest("status", "t", "m", GREEN)
    assert not order_wanted(house, SendOrderRequest(stranger, "no such order", "s"))
    household.close()


@pytest.mark.parametrize("action", ["discover", "select"])
def test_an_offer_that_cannot_be_asked_for_is_dropped(tmp_path, action) -> None:
    household = Household(tmp_path / "drop.db", make_home())
    market = Market(household)
    household.level("milk", 0.4)
    if action == "select":
        market.serve("discover")
    for row in household.outbox():
        household.do(lambda tx, row=row: gave_up(tx, household.home, row.effect, "no route"))
        household.do(lambda tx, row=row: tx.done(row.id))
    (ended,) = household.views.suggestions(open_only=False, limit=5)
    assert (ended.state, ended.outcome) == ("failed", "No provider could offer this.")
    household.close()


def test_a_change_that_cannot_be_sent_leaves_the_offer(tmp_path) -> None:
    household = Household(tmp_path / "keep.db", make_home())
    market = Market(household)
    household.level("milk", 0.4)
    market.offers()
    household.send()
    household.decide("approve", counts={"corner-milk": 2})
    (row,) = household.outbox()
    household.do(lambda tx: gave_up(tx, household.home, row.effect, "no route"))
    (now,) = household.open()
    assert [str(option.total) for option in now.options] == ["2.70 EUR", "3.60 EUR"]
    assert now.options[0].note == "the change was not possible: no route"
    household.close()
