"""From what devices say to what the household knows."""

from dataclasses import replace

import pytest

from devices.types import Announcement, Decoded, Entity
from hub.domain.observations import (
    AvailabilityReading,
    Rejected,
    StateReading,
    StockChange,
)
from hub.flow.observe import observe_readings, receive
from hub.store.tables import EntityState, StockHistory
from tests.support.household import Household, same


def take(house: Household, *items, **facts):
    message = house.message("a/b", b"{}", **facts)
    house.do(lambda tx: receive(tx, house.home, message, Decoded(items)))


def test_what_is_said_again_is_not_written_again(house: Household) -> None:
    house.level("milk", 3)
    ledger, rows = house.ledger(), house.rows(StockHistory)
    house.clock.turn(hours=1)
    house.level("milk", 3)
    assert (house.ledger(), house.rows(StockHistory)) == (ledger, rows)
    take(house, StateReading("sensor.t", 4.0))
    before = house.rows(EntityState)
    house.clock.turn(seconds=1)
    take(house, StateReading("sensor.t", 4.0))
    assert house.rows(EntityState) == before
    assert house.house.seen["sensor.t"] == house.clock.now()


def test_history_holds_the_last_level_of_a_quarter(house: Household) -> None:
    for quantity in (3, 2.5, 2.2):
        house.level("milk", quantity)
        house.clock.turn(minutes=7)
    assert [row.quantity for row in house.rows(StockHistory)] == [2.2]
    assert [point.quantity for point in house.house.points("milk")] == [2.2]


def test_a_reading_older_than_what_is_known_changes_nothing(house: Household) -> None:
    house.level("milk", 3)
    house.hear(
        "commonhearth/v1/scales/stock",
        {"item": "milk", "quantity": 1, "unit": "l", "at": "2026-11-24T11:00:00Z"},
    )
    assert house.house.stock["milk"].quantity == 3


def test_a_clock_that_runs_ahead_does_not_lock_its_device_out(house: Household) -> None:
    house.hear(
        "commonhearth/v1/scales/stock",
        {"item": "milk", "quantity": 3, "unit": "l", "at": "2027-01-01T00:00:00Z"},
    )
    house.clock.turn(seconds=1)
    house.level("milk", 2)
    assert house.house.stock["milk"].quantity == 2


def test_a_clock_that_was_set_back_does_not_hold_up_what_is_said_after(house: Household) -> None:
    house.level("milk", 3)
    told = StateReading("sensor.t", 4.0, phenomenon_time=house.clock.now())
    take(house, told)
    house.clock.turn(days=-1)
    house.level("milk", 2)
    house.count("eggs", 7)
    take(house, replace(told, value=5.0, phenomenon_time=house.clock.now()))
    assert house.house.stock["milk"].quantity == 2
    assert house.house.stock["eggs"].quantity == 7
    assert house.house.entities["sensor.t"].value == 5.0
    house.clock.turn(seconds=-1)
    house.count("milk", 1)
    assert house.house.stock["milk"].quantity == 1


def change(delta: float, at=None, source: str = "event.scanner") -> StockChange:
    return StockChange("eggs", delta, "pc", source, at)


@pytest.fixture
def meant(house: Household, monkeypatch):
    """Have readings of stock mean what they say."""
    monkeypatch.setattr(type(house.home.meaning), "apply", lambda self, reading, entity: (reading,))


def test_differences_add_up_in_any_order(house: Household, meant) -> None:
    house.count("eggs", 10)
    house.clock.turn(minutes=10)
    noon = house.clock.now()
    take(house, change(-1, noon))
    earlier = house.message("a/b", b"x")
    house.do(
        lambda tx: receive(
            tx,
            house.home,
            earlier,
            Decoded((change(-1, noon.replace(minute=noon.minute - 2)),)),
        )
    )
    assert house.house.stock["eggs"].quantity == 8


def test_a_later_count_includes_an_earlier_scan(house: Household, meant) -> None:
    before = house.clock.now()
    house.clock.turn(minutes=10)
    house.count("eggs", 10)
    take(house, change(-1, before))
    assert house.house.stock["eggs"].quantity == 10


def test_a_level_is_never_below_nothing(house: Household, meant) -> None:
    take(house, change(-3))
    assert house.house.stock["eggs"].quantity == 0


def test_a_redelivered_scan_counts_once(house: Household, meant) -> None:
    take(house, change(2), mid=4)
    take(house, change(2), mid=4, dup=True)
    assert house.house.stock["eggs"].quantity == 2
    take(house, change(2), mid=5)
    assert house.house.stock["eggs"].quantity == 4


def test_what_cannot_be_read_is_parked_with_its_reason(house: Household) -> None:
    take(house, Rejected("expected a number", "quantity"), StateReading("sensor.t", 1.0))
    (parked,) = house.views.parked(5)
    assert (parked.topic, parked.reason, parked.where) == ("a/b", "expected a number", "quantity")
    assert house.house.entities["sensor.t"].value == 1.0


def test_an_unknown_item_is_parked_not_invented(house: Household) -> None:
    stock = {"item": "caviar", "quantity": 1, "unit": "g"}
    house.hear("commonhearth/v1/scales/stock", stock)
    assert "no item is called 'caviar'" in house.views.parked(5)[0].reason
    assert house.house.stock == {}


def test_silence_makes_an_entity_unavailable_until_it_speaks(house: Household) -> None:
    take(house, StateReading("sensor.t", 1.0))
    house.do(lambda tx: observe_readings(tx, house.home, [AvailabilityReading("sensor.t", False)]))
    assert house.house.entities["sensor.t"].available is False
    take(house, StateReading("sensor.t", 1.0))
    assert house.house.entities["sensor.t"].available is True
    same(house.house, house.load())


def test_a_devices_description_is_kept_and_goes_with_it(house: Household) -> None:
    entity = Entity("sensor.t", "sensor", "T")
    take(house, Announcement("ha/t/config", b"{}", (entity,)), StateReading("sensor.t", 1.0))
    assert house.house.announcements == {"ha/t/config": b"{}"}
    house.restart()
    assert house.house.announcements == {"ha/t/config": b"{}"}
    take(house, Announcement("ha/t/config", b"", (), removed=("sensor.t",)))
    assert (house.house.announcements, house.house.entities) == ({}, {})
    same(house.house, house.load())


def test_a_person_counts(house: Household) -> None:
    house.count("milk", 0.2)
    assert house.house.stock["milk"].source == "ana"
    assert len(house.open()) == 1
    with pytest.raises(ValueError, match="expected 0 or more l, got -1"):
        house.count("milk", -1)
    with pytest.raises(ValueError, match="expected 0 or more l, got nan"):
        house.count("milk", float("nan"))
    with pytest.raises(KeyError):
        house.count("caviar", 1)
