"""Announcements: who is there, under which name, and how that ends."""

import orjson
import pytest

from devices.types import Announcement
from hub.domain.observations import AvailabilityReading, Rejected, StateReading

FRIDGE = {
    "dev": {"ids": ["fridge-1"], "name": "Kitchen fridge", "mf": "Acme", "sw": "1.2"},
    "o": {"name": "acme2mqtt", "sw": "0.3", "url": "https://acme.example"},
    "stat_t": "acme/fridge/state",
    "avty_t": "acme/fridge/status",
    "cmps": {
        "door": {
            "p": "binary_sensor",
            "dev_cla": "door",
            "val_tpl": "{{ value_json.door }}",
            "uniq_id": "fridge-1-door",
        },
        "temp": {
            "p": "sensor",
            "unit_of_meas": "°C",
            "stat_cla": "measurement",
            "val_tpl": "{{ value_json.temperature }}",
            "uniq_id": "fridge-1-temp",
            "name": "Temperature",
        },
    },
}


def test_a_device_announces_its_components(house):
    (item,) = house.announce("device/fridge-1", FRIDGE)
    assert isinstance(item, Announcement)
    assert item.source == "homeassistant/device/fridge-1/config"
    assert orjson.loads(item.payload) == FRIDGE
    door, temperature = item.entities
    assert (door.id, door.device_id, door.device_name) == (
        "binary_sensor.fridge_1_door",
        "fridge-1",
        "Kitchen fridge",
    )
    assert temperature.id == "sensor.fridge_1_temp"
    assert (temperature.unit, temperature.name, temperature.unique_id) == (
        "°C",
        "Temperature",
        "fridge-1-temp",
    )
    assert temperature.facts["manufacturer"] == "Acme"
    assert temperature.facts["origin"] == {
        "name": "acme2mqtt",
        "sw_version": "0.3",
        "support_url": "https://acme.example",
    }
    assert {"acme/fridge/state", "acme/fridge/status"} < house.convention.filters()


def test_only_what_the_device_says_becomes_an_entity(house):
    house.announce("device/fridge-1", FRIDGE)
    assert house.ids() == ["binary_sensor.fridge_1_door", "sensor.fridge_1_temp"]


def test_filters_before_anyone_spoke(house):
    assert house.convention.filters() == {"homeassistant/+/+/config", "homeassistant/+/+/+/config"}


def test_another_prefix():
    from devices.homeassistant import HomeAssistantDiscovery

    other = HomeAssistantDiscovery("home/ha")
    assert other.filters() == {"home/ha/+/+/config", "home/ha/+/+/+/config"}
    assert other.handles("home/ha/sensor/x/config")
    assert not other.handles("homeassistant/sensor/x/config")


def test_a_zigbee2mqtt_sensor(house, now):
    house.announce(
        "sensor/0x00158d0001a2b3c4/temperature",
        {
            "availability": [
                {"topic": "zigbee2mqtt/bridge/state", "value_template": "{{ value_json.state }}"},
                {"topic": "zigbee2mqtt/Pantry/availability"},
            ],
            "availability_mode": "all",
            "device": {"identifiers": ["zigbee2mqtt_0x00158d0001a2b3c4"], "name": "Pantry"},
            "default_entity_id": "sensor.pantry_temperature",
            "device_class": "temperature",
            "origin": {"name": "Zigbee2MQTT", "sw": "2.1.0", "url": "https://www.zigbee2mqtt.io"},
            "state_class": "measurement",
            "state_topic": "zigbee2mqtt/Pantry",
            "unique_id": "0x00158d0001a2b3c4_temperature_zigbee2mqtt",
            "unit_of_measurement": "°C",
            "value_template": "{{ value_json.temperature }}",
        },
    )
    name = "sensor.pantry_temperature"
    assert house.say("zigbee2mqtt/Pantry", {"temperature": 7.25, "battery": 90}) == (
        StateReading(name, 7.25, "°C"),
    )
    assert house.say("zigbee2mqtt/Pantry", {"battery": 90}) == ()
    assert house.say("zigbee2mqtt/bridge/state", {"state": "online"}) == (
        AvailabilityReading(name, False),
    )
    assert house.say("zigbee2mqtt/Pantry/availability", "online") == (
        AvailabilityReading(name, True),
    )
    assert house.say("zigbee2mqtt/bridge/state", {"state": "offline"}) == (
        AvailabilityReading(name, False),
    )


def test_an_esphome_sensor_without_a_name_has_its_devices(house):
    (item,) = house.announce(
        "sensor/milk-scale/weight",
        {
            "dev_cla": "weight",
            "unit_of_meas": "kg",
            "stat_cla": "measurement",
            "name": None,
            "stat_t": "milk-scale/sensor/weight/state",
            "avty_t": "milk-scale/status",
            "uniq_id": "ESPsensorweight",
            "dev": {
                "ids": "a0b1c2d3e4f5",
                "name": "Milk scale",
                "sw": "esphome v2025.5",
                "mf": "x",
            },
        },
    )
    (entity,) = item.entities
    assert (entity.name, entity.device_id) == ("Milk scale", "a0b1c2d3e4f5")
    assert house.say("milk-scale/sensor/weight/state", "1.25") == (
        StateReading(entity.id, 1.25, "kg"),
    )


def test_a_tasmota_sensor_with_a_base_topic(house):
    (item,) = house.announce(
        "sensor/DC4F22_energy",
        {
            "name": "Plug power",
            "~": "tasmota/plug/",
            "stat_t": "~SENSOR",
            "avty_t": "~LWT",
            "pl_avail": "Online",
            "pl_not_avail": "Offline",
            "uniq_id": "DC4F22_energy",
            "val_tpl": "{{value_json['ENERGY'].Power}}",
            "unit_of_meas": "W",
            "dev": {"cns": [["mac", "60:01:94:DC:4F:22"]]},
        },
    )
    (entity,) = item.entities
    assert entity.device_id == "mac:60:01:94:DC:4F:22"
    assert house.say("tasmota/plug/SENSOR", {"ENERGY": {"Power": 41}}) == (
        StateReading(entity.id, 41, "W"),
    )
    assert house.say("tasmota/plug/LWT", "Online") == (AvailabilityReading(entity.id, True),)


def test_a_base_topic_may_stand_at_the_end(house):
    house.announce("sensor/x", {"~": "kitchen", "stat_t": "tele/~", "uniq_id": "x"})
    assert "tele/kitchen" in house.convention.filters()


def test_an_unused_component_is_listed_and_not_read(house):
    (item,) = house.announce("light/lamp", {"cmd_t": "lamp/set", "stat_t": "lamp", "uniq_id": "l"})
    assert [(e.id, e.used, e.topics) for e in item.entities] == [("light.lamp", False, ())]
    assert not house.convention.handles("lamp")


def test_an_empty_payload_removes(house):
    house.announce("device/fridge-1", FRIDGE)
    (item,) = house.announce("device/fridge-1", b"")
    assert item.entities == ()
    assert sorted(item.removed) == ["binary_sensor.fridge_1_door", "sensor.fridge_1_temp"]
    assert house.ids() == []
    assert not house.convention.handles("acme/fridge/state")
    assert house.announce("device/fridge-1", b"") == ()


def test_a_component_left_out_stays_and_one_with_a_platform_alone_goes(house):
    house.announce("device/fridge-1", FRIDGE)
    only_temp = {**FRIDGE, "cmps": {"temp": FRIDGE["cmps"]["temp"]}}
    house.announce("device/fridge-1", only_temp)
    assert house.ids() == ["binary_sensor.fridge_1_door", "sensor.fridge_1_temp"]
    gone = {**FRIDGE, "cmps": {**only_temp["cmps"], "door": {"p": "binary_sensor"}}}
    (item,) = house.announce("device/fridge-1", gone)
    assert item.removed == ("binary_sensor.fridge_1_door",)
    assert house.ids() == ["sensor.fridge_1_temp"]


def test_a_changed_announcement_keeps_what_was_learned(house):
    house.announce("device/fridge-1", FRIDGE)
    house.say("acme/fridge/status", "online")
    changed = {**FRIDGE, "dev": {**FRIDGE["dev"], "name": "Cold fridge"}}
    (item,) = house.announce("device/fridge-1", changed)
    assert item.entities[0].device_name == "Cold fridge"
    assert item.removed == ()


def test_a_component_that_changes_its_platform_is_replaced(house):
    house.announce("device/fridge-1", FRIDGE)
    door = {"p": "sensor", "val_tpl": "{{ value_json.door }}", "uniq_id": "fridge-1-door"}
    (item,) = house.announce("device/fridge-1", {**FRIDGE, "cmps": {"door": door}})
    assert item.removed == ("binary_sensor.fridge_1_door",)
    assert house.ids() == ["sensor.fridge_1_door", "sensor.fridge_1_temp"]


SINGLE = {
    "stat_t": "acme/fridge/door",
    "uniq_id": "fridge-1-door",
    "dev": {"ids": ["fridge-1"], "name": "Kitchen fridge"},
}


def test_a_second_topic_may_not_take_an_entity(house):
    house.announce("binary_sensor/fridge-1/door", SINGLE)
    items = house.announce("device/fridge-1", FRIDGE)
    (rejected,) = [item for item in items if isinstance(item, Rejected)]
    assert "homeassistant/binary_sensor/fridge-1/door/config" in rejected.reason
    assert rejected.where == "components.door.unique_id"
    assert house.ids() == ["binary_sensor.fridge_1_door", "sensor.fridge_1_temp"]
    assert house.entity("binary_sensor.fridge_1_door").topics == ("acme/fridge/door",)


def test_migration_to_a_device_and_back(house):
    house.announce("binary_sensor/fridge-1/door", SINGLE)
    house.say("acme/fridge/door", "ON")
    assert house.announce("binary_sensor/fridge-1/door", {"migrate_discovery": True}) == ()
    assert house.ids() == ["binary_sensor.fridge_1_door"], "it stays until it is taken over"
    items = house.announce("device/fridge-1", FRIDGE)
    new, old = items
    assert (new.source, len(new.entities), new.removed) == (
        "homeassistant/device/fridge-1/config",
        2,
        (),
    )
    assert (old.source, old.payload, old.entities, old.removed) == (
        "homeassistant/binary_sensor/fridge-1/door/config",
        b"",
        (),
        (),
    )
    # Clearing the old topic now removes nothing.
    assert house.announce("binary_sensor/fridge-1/door", b"") == ()
    assert "binary_sensor.fridge_1_door" in house.ids()
    # And back: the device topic gives way first.
    house.announce("device/fridge-1", {"migr_discvry": True})
    house.announce("binary_sensor/fridge-1/door", SINGLE)
    assert house.entity("binary_sensor.fridge_1_door").topics == ("acme/fridge/door",)
    (last,) = house.announce("device/fridge-1", b"")
    assert last.removed == ("sensor.fridge_1_temp",)
    assert house.ids() == ["binary_sensor.fridge_1_door"]


def test_a_migration_called_off_by_announcing_again(house):
    house.announce("binary_sensor/fridge-1/door", SINGLE)
    house.announce("binary_sensor/fridge-1/door", {"migrate_discovery": True})
    (item,) = house.announce("binary_sensor/fridge-1/door", SINGLE)
    assert [e.id for e in item.entities] == ["binary_sensor.fridge_1_door"]
    items = house.announce("device/fridge-1", FRIDGE)
    assert any(isinstance(one, Rejected) for one in items)


def test_a_component_refused_once_is_taken_when_the_way_is_free(house):
    house.announce("binary_sensor/fridge-1/door", SINGLE)
    house.announce("device/fridge-1", FRIDGE)
    house.announce("binary_sensor/fridge-1/door", b"")
    assert house.ids() == ["sensor.fridge_1_temp"]
    house.announce("device/fridge-1", FRIDGE)
    assert house.ids() == ["binary_sensor.fridge_1_door", "sensor.fridge_1_temp"]


def test_two_topics_with_one_wish_get_two_names(house):
    for node in ("a", "b"):
        house.announce(f"sensor/{node}/t", {"object_id": "milk", "stat_t": f"{node}/t"})
    assert len(house.ids()) == 2
    assert "sensor.milk" in house.ids()


def test_one_bad_component_does_not_cost_the_others(house):
    bad = {"p": "sensor", "stat_t": "acme/#"}
    items = house.announce("device/fridge-1", {**FRIDGE, "cmps": {**FRIDGE["cmps"], "bad": bad}})
    (rejected,) = [item for item in items if isinstance(item, Rejected)]
    assert rejected.where == "components.bad.state_topic"
    assert "wildcards" in rejected.reason
    assert len(house.ids()) == 2


@pytest.mark.parametrize(
    ("config", "where"),
    [
        ({"stat_t": "a/+"}, "state_topic"),
        ({"stat_t": "a\0"}, "state_topic"),
        ({"stat_t": "$share/g/a"}, "state_topic"),
        ({"stat_t": 5}, "state_topic"),
        ({"stat_t": "a" * 2000}, "state_topic"),
        ({}, "state_topic"),
        ({"stat_t": "a", "avty_mode": "some", "avty_t": "b"}, "availability_mode"),
        ({"stat_t": "a", "avty": "b"}, "availability"),
        ({"stat_t": "a", "avty": [{"topic": "b"}] * 21}, "availability"),
        ({"stat_t": "a", "avty": [{"t": "#"}]}, "topic"),
        ({"stat_t": "a", "e": "zip"}, "encoding"),
        ({"stat_t": "a", "exp_aft": "soon"}, "expire_after"),
        ({"stat_t": "a", "val_tpl": {"a": 1}}, "value_template"),
        ({"stat_t": "a", "val_tpl": "x" * 20_000}, "value_template"),
        ({"stat_t": "a", "name": ["x"]}, "name"),
    ],
)
def test_a_bad_field_is_named(house, config, where):
    (item,) = house.announce("sensor/x", config)
    assert isinstance(item, Rejected)
    assert item.where == where
    assert house.ids() == []


@pytest.mark.parametrize(
    "payload",
    [
        b"{",
        b"[]",
        b"5",
        b"\xff\xfe",
        b'{"a":' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"name":"' + b"x" * 70_000 + b'"}',
    ],
)
def test_a_bad_message_is_one_rejection_and_changes_nothing(house, payload):
    house.announce("sensor/x", {"stat_t": "x"})
    (item,) = house.announce("sensor/x", payload)
    assert isinstance(item, Rejected)
    assert house.ids() == ["sensor.x"]


def test_too_many_components(house):
    many = {f"c{n}": {"p": "sensor", "stat_t": "a"} for n in range(201)}
    (item,) = house.announce("device/big", {"dev": {"ids": "big"}, "cmps": many})
    assert isinstance(item, Rejected)
    assert item.where == "components"


def test_a_device_needs_something_to_be_told_by(house):
    (item,) = house.announce("device/x", {"dev": {"name": "x"}, "cmps": {}})
    assert isinstance(item, Rejected)
    assert item.where == "device"


def test_too_many_entities(house, monkeypatch):
    monkeypatch.setattr("devices.homeassistant.discovery.MAX_ENTITIES", 2)
    for n in range(2):
        house.announce(f"sensor/s{n}", {"stat_t": f"s/{n}"})
    (item,) = house.announce("sensor/s2", {"stat_t": "s/2"})
    assert isinstance(item, Rejected)
    assert "at most 2" in item.reason
    (again,) = house.announce("sensor/s1", {"stat_t": "s/other"})
    assert isinstance(again, Announcement)


def test_an_illegal_discovery_topic_is_refused(house):
    (item,) = house.announce("sensor/a.b", {"stat_t": "x"})
    assert isinstance(item, Rejected)


def test_the_device_of_a_topic(house):
    house.announce("device/fridge-1", FRIDGE)
    assert house.convention.device_of("acme/fridge/state") == "fridge-1"
    assert house.convention.device_of("homeassistant/device/fridge-1/config") == "fridge-1"
    assert house.convention.device_of("elsewhere") is None


def test_announcements_replayed_after_a_restart_make_the_same_entities(house, now):
    from devices.homeassistant import HomeAssistantDiscovery

    (item,) = house.announce("device/fridge-1", FRIDGE)
    again = HomeAssistantDiscovery()
    (replayed,) = again.decode(item.source, item.payload, now).items
    assert replayed == item
