"""The unit of work: memory and database change together, or not at all."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from hub.domain.effects import TellMember
from hub.domain.life import IllegalMove
from hub.domain.stock import StockLevel
from hub.flow.tick import tick
from hub.store import present
from hub.store.tables import (
    CooldownRow,
    Inbox,
    InboxMqtt,
    OfferedSlots,
    OrderRow,
    OutboxRow,
    ParkedRow,
    SpentToken,
    StockHistory,
    SuggestionRow,
)
from hub.store.tidy import MOST_PARKED, tidy
from hub.store.tx import Entry, Tx
from tests.support.household import Household, Market, make_home, same


@pytest.fixture
def house(tmp_path: Path):
    household = Household(tmp_path / "hub.db", make_home())
    yield household
    household.close()


class Boom(Exception):
    """A step fails."""


ITEMS = ("milk", "eggs", "butter")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ("level", "level", "serve", "approve", "decline", "later", "tick", "change", "forget")
        ),
        st.integers(0, 9),
        st.booleans(),
    ),
    max_size=25,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_memory_is_what_the_database_would_load(tmp_path_factory, steps) -> None:
    house = Household(tmp_path_factory.mktemp("p") / "hub.db", make_home())
    market = Market(house)
    try:
        for what, number, fails in steps:
            before = house.load()
            with house_that_fails(house, fails):
                _step(house, market, what, number)
            now = house.load()
            same(house.house, now)
            if fails:
                same(now, before)
    finally:
        house.close()


class house_that_fails:
    """Have each step fail at its very end, after all its rows were written."""

    def __init__(self, house: Household, fails: bool) -> None:
        self.house, self.fails, self.do = house, fails, house.do

    def __enter__(self) -> None:
        if self.fails:
            self.house.do = self._fail  # type: ignore[method-assign]

    def _fail(self, step):
        def failing(tx: Tx):
            step(tx)
            tx.flush()
            raise Boom

        self.do(failing)

    def __exit__(self, kind, *_) -> bool:
        self.house.do = self.do  # type: ignore[method-assign]
        return kind is Boom


def _step(house: Household, market: Market, what: str, number: int) -> None:
    if what == "level":
        house.level(ITEMS[number % 3], number / 2)
    elif what == "serve":
        market.serve("discover", "select", "init", "confirm", "status")
    elif what == "tick":
        house.tick(minutes=number * 17)
    elif what == "forget":
        house.do(lambda tx: tx.forget_mqtt())
    elif house.open() and what == "change":
        house.decide("approve", counts={"corner-milk": number})
    elif house.open():
        house.decide(what)


def test_a_failed_commit_leaves_no_trace(house: Household) -> None:
    before = house.load()

    def step(tx: Tx) -> None:
        tx.save_stock(StockLevel("milk", 1.0, "l", house.clock.now(), "test"))
        tx.set_timer("rule", "x", "", house.clock.now())
        tx.append(Entry("something", "milk", {}))
        tx.emit(TellMember("t", "T", "B", "ana", "ntfy"), "k", "t")
        raise Boom

    with pytest.raises(Boom):
        house.do(step)
    same(house.house, before)
    assert house.house.counters == before.counters
    assert house.outbox() == []


def test_a_part_may_fail_alone(house: Household) -> None:
    def bad(tx: Tx) -> None:
        tx.save_stock(StockLevel("eggs", 5, "pc", house.clock.now(), "test"))
        tx.emit(TellMember("t", "T", "B", "ana", "ntfy"), "bad", "t")
        assert tx.first_time("bad")
        raise Boom

    def step(tx: Tx) -> None:
        tx.save_stock(StockLevel("milk", 1.0, "l", house.clock.now(), "test"))
        with pytest.raises(Boom):
            tx.attempt(lambda: bad(tx))
        assert [row.key for row in tx.effects] == []
        tx.emit(TellMember("t", "T", "B", "ana", "ntfy"), "good", "t")

    house.do(step)
    assert set(house.house.stock) == {"milk"}
    assert [row.key for row in house.outbox()] == ["good"]
    assert house.rows(Inbox) == []
    same(house.house, house.load())


def test_a_timer_that_fails_does_not_hold_up_the_others(house: Household) -> None:
    house.do(lambda tx: tx.set_timer("no such kind", "x", "", house.clock.now()))
    house.do(lambda tx: tx.set_timer("review", "", "", house.clock.now()))
    house.do(lambda tx: tick(tx, house.home))
    assert [t for t in house.house.timers if t[0] in ("no such kind", "review")] == []
    (parked,) = house.views.parked(10)
    assert (parked.topic, parked.payload) == ("hub/timers", b"x")


def test_the_database_holds_one_open_suggestion_a_cause(house: Household) -> None:
    house.level("milk", 0.4)
    (suggestion,) = house.open()
    with house.engine.connect() as connection, pytest.raises(IntegrityError):
        connection.execute(
            SuggestionRow.__table__.insert(),
            {"id": "2", "key": suggestion.key, "state": "approved", "created_at": 0, "body": "{}"},
        )


def test_a_closed_suggestion_cannot_be_saved_as_open_again(house: Household) -> None:
    house.level("milk", 0.4)
    house.decide("decline")
    (closed,) = house.views.suggestions(open_only=False, limit=1)
    with pytest.raises(IllegalMove):
        closed.moved("proposed")


def test_an_effect_key_is_used_once(house: Household) -> None:
    tell = TellMember("t", "T", "B", "ana", "ntfy")
    house.do(lambda tx: tx.emit(tell, "k", "t"))
    with pytest.raises(IntegrityError):
        house.do(lambda tx: tx.emit(tell, "k", "t"))


@pytest.mark.parametrize("restart", [False, True])
def test_a_redelivery_is_known_by_packet_id_dup_and_content(house: Household, restart) -> None:
    message = house.message("a/b", b"1", mid=7)

    def seen(message) -> bool:
        if restart:
            house.restart()
        return house.do(lambda tx: tx.seen_mqtt(message))

    again = house.message("a/b", b"1", mid=7, dup=True)
    assert seen(message) is False
    assert seen(again) is True
    assert seen(again) is True
    assert seen(message) is False, "without DUP it is another message that says the same"
    assert seen(house.message("a/b", b"2", mid=7, dup=True)) is False
    assert seen(house.message("a/c", b"2", mid=7, dup=True)) is False
    assert seen(house.message("a/c", b"2", mid=8, dup=True)) is False
    house.do(lambda tx: tx.forget_mqtt())
    assert house.rows(InboxMqtt) == []
    assert seen(house.message("a/c", b"2", mid=8, dup=True)) is False


def test_a_new_session_in_the_middle_of_a_batch(house: Household) -> None:
    def batch(tx: Tx) -> None:
        tx.seen_mqtt(house.message("a", b"1", mid=1))
        tx.forget_mqtt()
        tx.seen_mqtt(house.message("a", b"2", mid=2))

    house.do(batch)
    assert [row.mid for row in house.rows(InboxMqtt)] == [2]
    same(house.house, house.load())


def test_what_names_itself_is_taken_once(house: Household) -> None:
    stock = {"id": "m1", "item": "milk", "quantity": 2, "unit": "l"}
    scan = {"id": "s1", "gtin": "4006381333931", "action": "add"}
    house.hear("commonhearth/v1/scales/stock", stock)
    entries = len(house.rows(Inbox))
    house.hear("commonhearth/v1/scales/stock", stock)
    house.hear("commonhearth/v1/door/scan", scan)
    assert entries == 1
    assert len(house.rows(Inbox)) == 2
    assert house.house.stock["milk"].quantity == 2


def test_the_same_fault_is_parked_once_with_a_count(house: Household) -> None:
    for number in range(3):
        payload = f"{number}".encode() + b"x" * 5000
        house.do(lambda tx, payload=payload: tx.park("t", payload, "bad \ud800"))
    (parked,) = house.views.parked(10)
    assert (parked.count, len(parked.payload), parked.payload[:1]) == (3, 1024, b"2")
    assert parked.reason == "bad ?"


def test_housekeeping_keeps_what_is_needed(house: Household) -> None:
    market = Market(house)
    house.level("milk", 0.4)
    market.offers()
    house.decide("decline", token_id="t")
    house.clock.turn(hours=5)
    house.level("eggs", 1)
    market.serve("discover")
    for number in range(3):
        house.do(lambda tx, number=number: tx.park(f"t{number}", b"", "x"))
    house.do(lambda tx: tx.first_time("key"))
    assert len(house.rows(OfferedSlots)) == 2
    house.clock.turn(days=31)
    house.level("eggs", 2)
    house.do(tidy)
    assert house.rows(Inbox) == []
    assert house.rows(SpentToken) == []
    assert house.rows(CooldownRow) == []
    assert len(house.rows(StockHistory)) == 1
    assert len(house.rows(SuggestionRow)) == 2
    assert len(house.rows(ParkedRow)) == 3
    same(house.house, house.load())

    house.clock.turn(days=400)
    house.do(tidy)
    assert [row.state for row in house.rows(SuggestionRow)] == ["proposed"]
    assert {row.state for row in house.rows(OrderRow)} == {"drafted"}
    assert len(house.ledger()) > 10
    same(house.house, house.load())


def test_only_so_many_parked_messages_are_kept(house: Household) -> None:
    def park(tx: Tx) -> None:
        for number in range(MOST_PARKED + 20):
            tx.park(f"t{number}", b"", "x")

    house.do(park)
    house.do(tidy)
    kept = house.views.parked(5_000)
    assert len(kept) == MOST_PARKED
    assert kept[0].topic == f"t{MOST_PARKED + 19}"


def test_a_flood_of_faults_does_not_fill_the_disk_until_then(
    house: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(present, "MOST_PARKED_A_DAY", 10)
    for number in range(25):
        house.do(lambda tx, n=number: tx.park("t", b"", f"got {n}"))
    assert [one.reason for one in house.views.parked(100)] == [
        f"got {number}" for number in range(24, 14, -1)
    ]


def test_undone_housekeeping_leaves_history_in_order(house: Household) -> None:
    for day in range(9):
        house.level("milk", 9 - day)
        house.clock.turn(days=1)
    before = house.house.points("milk")

    def fail(tx: Tx) -> None:
        tidy(tx)
        assert len(house.house.points("milk")) < len(before)
        raise Boom

    with pytest.raises(Boom):
        house.do(fail)
    assert house.house.points("milk") == before == sorted(before, key=lambda point: point.at)


def test_dead_effects_are_kept_to_be_read(house: Household) -> None:
    house.do(lambda tx: tx.emit(TellMember("t", "T", "B", "ana", "ntfy"), "k", "t"))
    (row,) = house.outbox()
    house.do(lambda tx: tx.note_attempt(row.id, state="dead", error="away"))
    assert house.outbox() == []
    assert house.views.counts()["outbox_dead"] == 1
    house.do(tidy)
    assert len(house.rows(OutboxRow)) == 1
    house.clock.turn(days=31)
    house.do(tidy)
    assert house.rows(OutboxRow) == []


def test_timers_of_a_kind_and_name_go_together(house: Household) -> None:
    at = house.clock.now() + timedelta(hours=1)
    for subject in ("", "1", "2"):
        house.do(lambda tx, subject=subject: tx.set_timer("patience", "o", subject, at))
    house.do(lambda tx: tx.set_timer("patience", "p", "", at))
    house.do(lambda tx: tx.drop_timers("patience", "o"))
    assert [key for key in house.house.timers if key[0] == "patience"] == [("patience", "p", "")]
    same(house.house, house.load())
