"""Home Assistant and the hub, both ways: its sensors lead to suggestions, its buttons decide."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.homeassistant import HomeAssistant
from tests.support.hubprocess import ROOT, HubProcess, ProviderProcess, until
from tests.support.mosquitto import Mosquitto
from tests.support.ordering import GROCERIES, order_in

CATALOG = ROOT / "config" / "demo" / "catalogues" / "green-valley.yaml"
SUGGESTIONS = "sensor.commonhearth_suggestions"
EVENT = "event.commonhearth_suggestion"
APPROVE = "button.commonhearth_approve"
DECLINE = "button.commonhearth_decline"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderProcess]:
    folder: Path = tmp_path_factory.mktemp("shop")
    with ProviderProcess(folder, CATALOG, folder / "registry.yaml") as running:
        yield running


@pytest.fixture(scope="module")
def hub(
    tmp_path_factory: pytest.TempPathFactory,
    broker: Mosquitto,
    assistant: HomeAssistant,
    shop: ProviderProcess,
) -> Iterator[HubProcess]:
    folder: Path = tmp_path_factory.mktemp("hub")
    settings: dict[str, Any] = {
        "mqtt": {"url": broker.url, "client_id": "both-ways"},
        "beckn": {"registry": str(shop.out.parent / "registry.yaml"), "collect_seconds": 2},
        "homeassistant": {
            "url": assistant.url,
            "token": assistant.token,
            "entities": ["sensor.*", "person.*"],
            "publish": True,
            "press": {"member": "ada", "up_to": "60 EUR"},
        },
    }
    devices = {"entities": {"sensor.larder_eggs": {"item": "eggs"}}}
    running = HubProcess(folder, settings=settings, devices=devices, rules=[GROCERIES])
    with running:
        running.wait_connected()
        yield running


def set_sensor(assistant: HomeAssistant, name: str, state: float, unit: str) -> None:
    assistant.call(
        "POST",
        f"/api/states/sensor.larder_{name}",
        {
            "state": str(state),
            "attributes": {"unit_of_measurement": unit, "friendly_name": f"Larder {name}"},
        },
    )


def test_from_a_sensor_there_to_a_press_there_to_an_order(
    hub: HubProcess, assistant: HomeAssistant, shop: ProviderProcess
) -> None:
    assistant.wait(SUGGESTIONS, lambda now: now["state"] == "0")
    assistant.wait(APPROVE, lambda now: now["state"] == "unavailable")
    set_sensor(assistant, "milk", 0.2, "L")

    asked = assistant.wait(SUGGESTIONS, lambda now: now["state"] == "1")["attributes"]
    assert asked["title"] == "Milk is running low"
    assert "Green Valley" in asked["message"]
    assert asked["total"].endswith("EUR")
    assistant.wait(EVENT, lambda now: now["attributes"].get("event_type") == "proposed")
    assistant.wait("sensor.commonhearth_milk", lambda now: now["state"] == "0.2")

    assistant.wait(APPROVE, lambda now: now["state"] != "unavailable")
    assistant.do("button", "press", entity_id=APPROVE)

    until(lambda: order_in(hub, "confirmed"), hub.words)
    order = order_in(hub, "confirmed")
    assert order is not None
    assert [one["state"] for one in shop.orders() if one["id"] == order["order_id"]] == [
        "confirmed"
    ]
    approved = [one for one in hub.get("/ledger?limit=200") if one["kind"] == "approved"]
    assert [one["facts"]["via"] for one in approved] == ["homeassistant"]
    assistant.wait(EVENT, lambda now: now["attributes"].get("event_type") == "carried_out")
    assistant.wait(SUGGESTIONS, lambda now: now["state"] == "0")
    coming = assistant.wait(
        "sensor.commonhearth_next_delivery", lambda now: now["state"] != "unknown"
    )
    assert coming["attributes"]["provider"] == order["provider_name"]
