"""States of a Home Assistant beside the hub, as readings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from devices.book import DeviceBook
from devices.homeassistant.states import MOST_ENTITIES, HomeAssistantStates, message
from devices.types import Announcement, Decoded
from hub.domain.homeassistant import STATES, HomeState
from hub.domain.observations import (
    AvailabilityReading,
    EventReading,
    Rejected,
    StateReading,
)

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def decode(convention: HomeAssistantStates, state: HomeState) -> Decoded:
    topic, payload = message(state)
    assert convention.handles(topic)
    return convention.decode(topic, payload, NOW)


def readings(name: str, state: str, **attributes: Any) -> list[object]:
    items = decode(HomeAssistantStates(), HomeState(name, state, attributes, 1.7e9)).items
    return [item for item in items if not isinstance(item, Announcement)]


@pytest.mark.parametrize(
    ("name", "state", "attributes", "value"),
    [
        ("sensor.milk", "0.4", {"unit_of_measurement": "L"}, 0.4),
        ("sensor.people", "3", {"state_class": "measurement"}, 3),
        ("sensor.mood", "3", {}, "3"),
        ("sensor.until", "2026-11-25T12:00:00", {"device_class": "timestamp"}, None),
        ("binary_sensor.door", "on", {"device_class": "door"}, "on"),
        ("input_number.par", "2.0", {}, 2.0),
        ("person.ada", "home", {"friendly_name": "Ada"}, "home"),
        ("sensor.milk", "unknown", {"unit_of_measurement": "L"}, None),
    ],
)
def test_a_state_is_a_reading(
    name: str, state: str, attributes: dict[str, Any], value: object
) -> None:
    (reading,) = readings(name, state, **attributes)
    assert isinstance(reading, StateReading)
    assert reading.value == (state if name == "sensor.until" else value)
    assert reading.unit == attributes.get("unit_of_measurement")
    assert reading.phenomenon_time == datetime.fromtimestamp(1.7e9, UTC)


def test_a_person_keeps_the_name_by_which_it_is_known() -> None:
    (reading,) = readings("person.ada", "home", friendly_name="Ada", latitude=52.1)
    assert isinstance(reading, StateReading)
    assert reading.attributes == {"friendly_name": "Ada", "latitude": 52.1}


def test_unavailable_is_no_value() -> None:
    assert readings("sensor.milk", "unavailable") == [AvailabilityReading("sensor.milk", False)]


def test_what_happens_counts_once_each_time() -> None:
    convention = HomeAssistantStates()
    at = "2026-11-25T10:00:00+00:00"
    ring = HomeState("event.bell", at, {"event_type": "ring", "event_types": ["ring"], "n": 1})
    first, again = decode(convention, ring), decode(convention, ring)
    assert first.items[-1] == EventReading("event.bell", "ring", {"n": 1})
    assert first.key == again.key
    assert decode(convention, HomeState("event.bell", at[:-1] + "1", ring.attributes)).key not in (
        first.key,
        None,
    )
    pressed = decode(convention, HomeState("input_button.eat", at, {}))
    assert pressed.items[-1] == EventReading("input_button.eat", "pressed", {})
    # What happened before the hub listened was told then.
    topic, payload = message(ring)
    assert DeviceBook([HomeAssistantStates()]).decode(topic, payload, NOW, True).items[1:] == ()


def test_an_entity_is_described_once_and_forgotten_when_it_is_gone() -> None:
    convention = HomeAssistantStates()
    state = HomeState(
        "sensor.milk",
        "1",
        {"friendly_name": "Milk", "unit_of_measurement": "L", "device_class": "volume"},
        area="Kitchen",
        device="Fridge",
    )
    first = decode(convention, state)
    (announced,) = [one for one in first.items if isinstance(one, Announcement)]
    assert not [one for one in decode(convention, state).items if isinstance(one, Announcement)]
    entity = convention.entity("sensor.milk")
    assert entity is not None
    assert (entity.name, entity.unit, entity.device_class) == ("Milk", "L", "volume")
    assert (entity.device_name, entity.facts["suggested_area"]) == ("Fridge", "Kitchen")
    # After a restart the announcement tells it again.
    other = HomeAssistantStates()
    other.decode(announced.source, announced.payload, NOW)
    assert list(other.entities()) == [entity]
    gone = decode(convention, HomeState("sensor.milk", None))
    assert gone.items == (Announcement(STATES + "sensor.milk", b"", (), ("sensor.milk",)),)
    assert convention.entities() == []


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        (STATES + "Sensor.x", b"{}"),
        (STATES + "sensor.x/y", b"{}"),
        (STATES + "sensor.x", b"{"),
        (STATES + "sensor.x", b"[]"),
        (STATES + "sensor.x", b'{"state": 5}'),
        (STATES + "sensor.x", b'{"state": "' + b"x" * 300 + b'"}'),
        (STATES + "sensor.x", b'{"state": "a", "attributes": {"unit_of_measurement": "L"}}'),
        (STATES + "sensor.x", b'{"state": "inf", "attributes": {"unit_of_measurement": "L"}}'),
        (STATES + "event.x", b'{"state": "2026", "attributes": {"event_type": 5}}'),
    ],
)
def test_bad_input_is_rejected_with_a_reason(topic: str, payload: bytes) -> None:
    found = HomeAssistantStates().decode(topic, payload, NOW).items
    (rejected,) = [one for one in found if isinstance(one, Rejected)]
    assert rejected.reason.startswith("expected")


def test_odd_attributes_and_times_cost_no_state() -> None:
    deep: dict[str, Any] = {}
    inner = deep
    for _ in range(100):
        inner["x"] = inner = {}
    for attributes, at in (({"big": "x" * 20_000}, 1.7e9), (deep, -1.0), ({}, 1e30)):
        (reading,) = [
            one
            for one in decode(
                HomeAssistantStates(), HomeState("sensor.x", "on", attributes, at)
            ).items
            if isinstance(one, StateReading)
        ]
        assert reading.value == "on"
        assert reading.attributes == {}


def test_there_is_a_bound_to_how_many_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devices.homeassistant.states.MOST_ENTITIES", 2)
    assert MOST_ENTITIES > 2
    convention = HomeAssistantStates()
    for n in range(3):
        found = decode(convention, HomeState(f"sensor.n{n}", "on")).items
    assert [one for one in found if isinstance(one, Rejected)]
    assert len(convention.entities()) == 2
