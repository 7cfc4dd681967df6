"""A real Home Assistant and a hub on one broker: what a device says, both read alike."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.homeassistant import HomeAssistant
from tests.support.hubprocess import HubProcess, until
from tests.support.mosquitto import Mosquitto
from tests.support.mqtt import publish

DEVICE = {"identifiers": ["fridge"], "name": "Fridge"}
CONFIGS: dict[str, dict[str, Any]] = {
    "sensor/fridge/milk": {
        "name": "Milk",
        "object_id": "fridge_milk",
        "unique_id": "fridge_milk",
        "state_topic": "fridge/state",
        "value_template": "{{ value_json.milk | round(1) }}",
        "unit_of_measurement": "L",
        "device": DEVICE,
    },
    "binary_sensor/fridge/door": {
        "name": "Door",
        "object_id": "fridge_door",
        "unique_id": "fridge_door",
        "stat_t": "~/state",
        "~": "fridge",
        "val_tpl": "{{ 'ON' if value_json.door == 'open' else 'OFF' }}",
        "dev_cla": "door",
        "dev": DEVICE,
    },
}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, broker: Mosquitto) -> Iterator[HubProcess]:
    folder: Path = tmp_path_factory.mktemp("hub")
    with HubProcess(folder, settings={"mqtt": {"url": broker.url}}) as running:
        running.wait_connected()
        yield running


def value(hub: HubProcess, entity: str) -> str:
    found = [one["value"] for one in hub.get("/entities") if one["id"] == entity]
    return str(found[0]) if found else "missing"


def test_both_read_a_device_alike(
    hub: HubProcess, assistant: HomeAssistant, broker: Mosquitto
) -> None:
    for place, config in CONFIGS.items():
        publish(broker, f"homeassistant/{place}/config", json.dumps(config).encode(), retain=True)
    for said, milk, door in (
        ({"milk": 1.26, "door": "open"}, "1.3", "on"),
        ({"milk": 0.42, "door": "shut"}, "0.4", "off"),
    ):
        assistant.wait("sensor.fridge_milk", bool)
        assistant.wait("binary_sensor.fridge_door", bool)
        until(lambda: value(hub, "binary_sensor.fridge_door") != "missing", hub.words)
        publish(broker, "fridge/state", json.dumps(said).encode())
        assistant.wait("sensor.fridge_milk", lambda now, milk=milk: now["state"] == milk)
        assistant.wait("binary_sensor.fridge_door", lambda now, door=door: now["state"] == door)
        until(lambda milk=milk: value(hub, "sensor.fridge_milk") == milk, hub.words)
        until(
            lambda door=door: value(hub, "binary_sensor.fridge_door").lower() == door,
            lambda: value(hub, "binary_sensor.fridge_door"),
        )
