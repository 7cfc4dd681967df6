"""What the simulated fridge holds and says, without a broker."""

import json
import threading
from datetime import UTC, datetime

import pytest

from devices.homeassistant import HomeAssistantDiscovery
from devices.simulators.fridge import BadCommand, Fridge, Speaker
from hub.domain.observations import StateReading

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Client:
    """Keeps what is published."""

    def __init__(self):
        self.published = []
        self.subscribed = []

    def publish(self, topic, payload, qos, retain):
        self.published.append((topic, payload, qos, retain))

    def subscribe(self, filters):
        self.subscribed += filters

    def topics(self):
        return [topic for topic, *_ in self.published]


@pytest.fixture
def client():
    return Client()


@pytest.fixture
def fridge():
    return Fridge("fridge")


@pytest.fixture
def speaker(client, fridge):
    return Speaker(client, fridge, threading.Lock())


def test_the_hub_understands_what_it_announces(fridge):
    convention = HomeAssistantDiscovery()
    convention.decode(fridge.config_topic, fridge.announcement(), NOW)
    assert {entity.id: entity.unit for entity in convention.entities()} == {
        "binary_sensor.fridge_door": None,
        "sensor.fridge_temperature": "°C",
        "sensor.fridge_milk": "L",
        "sensor.fridge_eggs": "pc",
        "sensor.fridge_butter": "g",
        "sensor.fridge_bread": "pc",
    }
    items = convention.decode("fridges/fridge/shelf", fridge.shelf(), NOW).items
    assert StateReading("sensor.fridge_milk", 2.0, "L") in items
    assert len(items) == 4
    items = convention.decode("fridges/fridge/state", fridge.state(True), NOW).items
    assert StateReading("binary_sensor.fridge_door", "on") in items


def test_it_is_eaten_from_and_never_below_nothing(fridge):
    fridge.eat(10)
    assert json.loads(fridge.shelf()) == {"milk": 1.4, "eggs": 8.0, "butter": 200.0, "bread": 0.7}
    fridge.eat(10_000)
    assert set(json.loads(fridge.shelf()).values()) == {0.0}


def test_it_is_filled_as_told():
    assert json.loads(Fridge("f", {"milk": 0.6}).shelf())["milk"] == 0.6


@pytest.mark.parametrize(
    ("command", "milk"),
    [({"milk": 0.4}, 0.4), ({"milk": "+1"}, 3.0), ({"milk": "-5"}, 0.0), ({"milk": 99}, 12.0)],
)
def test_commands(fridge, command, milk):
    fridge.command(json.dumps(command).encode())
    assert json.loads(fridge.shelf())["milk"] == milk


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (b"{", "expected a JSON object"),
        (b"[]", "expected a JSON object"),
        (b"\xff", "expected a JSON object"),
        (b'{"gold": 1}', "expected one of milk"),
        (b'{"eggs": 3, "milk": "much"}', "milk: expected a number"),
        (b'{"milk": NaN}', "milk: expected a number"),
        (b'{"milk": -1}', "milk: expected 0 or more"),
        (b" " * 5000, "at most 4096 bytes"),
    ],
)
def test_a_bad_command_changes_nothing(fridge, command, says):
    before = fridge.shelf()
    with pytest.raises(BadCommand, match=says):
        fridge.command(command)
    assert fridge.shelf() == before


def test_it_introduces_itself_and_then_says_what_changed(client, fridge, speaker):
    speaker.introduce()
    assert client.topics() == [
        "homeassistant/device/fridge/config",
        "fridges/fridge/availability",
        "fridges/fridge/state",
        "fridges/fridge/shelf",
    ]
    assert all((qos, retain) == (1, True) for *_, qos, retain in client.published)
    speaker.say(door_open=False)
    assert len(client.published) == 4, "nothing has changed"
    speaker.heard("fridges/fridge/command", b'{"milk": 0.4}')
    assert speaker.changed()
    speaker.say(door_open=True)
    assert client.topics()[4:] == ["fridges/fridge/state", "fridges/fridge/shelf"]
    assert not speaker.changed()


def test_it_introduces_itself_again_when_asked(client, speaker):
    speaker.heard("homeassistant/status", b"offline")
    assert client.published == []
    speaker.heard("homeassistant/status", b"online")
    assert "homeassistant/device/fridge/config" in client.topics()


def test_a_bad_command_over_mqtt_is_told_and_survived(speaker, caplog):
    speaker.heard("fridges/fridge/command", b"nonsense")
    assert "expected a JSON object" in caplog.text
