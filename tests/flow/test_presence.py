"""Where members are seen to be, by one tracker or several."""

from __future__ import annotations

from datetime import timedelta

import pytest

from devices.meaning import DevicesFile, Meaning
from hub.domain.observations import AvailabilityReading, StateReading
from hub.flow.observe import observe_readings
from hub.flow.presence import Seen, presence_blocks, seen
from tests.support.household import NOON, Household

TRACKERS = {
    "device_tracker.phone": {"presence": "ana"},
    "binary_sensor.bed": {"presence": "ana"},
}


@pytest.fixture
def tracked(house: Household) -> Household:
    file = DevicesFile.model_validate({"entities": TRACKERS})
    house.home.meaning = Meaning(file, house.home.pantry, {"ana": "Ana", "ben": "Ben"})
    return house


def hear(house: Household, entity: str, value: object) -> None:
    reading = StateReading(entity, value)  # type: ignore[arg-type]
    house.do(lambda tx: observe_readings(tx, house.home, [reading]))


def test_one_tracker_at_home_is_enough(tracked: Household) -> None:
    hear(tracked, "device_tracker.phone", "not_home")
    assert seen(tracked.house, tracked.home) == {"ana": Seen(False, NOON)}
    tracked.clock.turn(minutes=5)
    hear(tracked, "binary_sensor.bed", "on")
    since = NOON + timedelta(minutes=5)
    assert seen(tracked.house, tracked.home) == {"ana": Seen(True, since)}
    tracked.clock.turn(minutes=5)
    hear(tracked, "binary_sensor.bed", "off")
    # Away since the last of them said so.
    since = NOON + timedelta(minutes=10)
    assert seen(tracked.house, tracked.home) == {"ana": Seen(False, since)}


@pytest.mark.parametrize("value", ["unknown", "unavailable", None, ""])
def test_what_is_not_known_is_left_out(tracked: Household, value: object) -> None:
    hear(tracked, "device_tracker.phone", value)
    assert seen(tracked.house, tracked.home) == {}


def test_a_tracker_that_went_silent_says_nothing(tracked: Household) -> None:
    hear(tracked, "device_tracker.phone", "home")
    gone = AvailabilityReading("device_tracker.phone", False)
    tracked.do(lambda tx: observe_readings(tx, tracked.home, [gone]))
    assert seen(tracked.house, tracked.home) == {}


def test_they_are_taken_to_stay_for_a_while(tracked: Household) -> None:
    hear(tracked, "device_tracker.phone", "Office")
    later = NOON + timedelta(hours=2)
    (block,) = presence_blocks(tracked.house, tracked.home, later)
    assert (block.id, block.away, block.window.start) == ("presence:ana", True, NOON)
    assert block.window.end == later + timedelta(minutes=45)


def test_presence_may_be_left_out_of_it(build) -> None:
    house = build(settings={"agenda": {"presence_minutes": 0}})
    hear(house, "person.ana", "home")
    assert presence_blocks(house.house, house.home, NOON) == []
