"""Home Assistant and the hub, both ways: its sensors lead to suggestions, its buttons decide."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.homeassistant import HomeAssistant
from tests.support.hubprocess import ROOT, HubProcess, ProviderProcess, until
from tests.support.mosquitto import Mosquitto
from tests.support.mqtt import publish
from tests.support.ordering import GROCERIES, order_in

CATALOG = ROOT / "config" / "demo" / "catalogues" / "green-valley.yaml"
SUGGESTIONS = "sensor.commonhearth_suggestions"
EVENT = "event.commonhearth_suggestion"
APPROVE = "button.commonhearth_approve"
DECLINE = "button.commonhearth_decline"


AWAY: dict[str, Any] = {
    "id": "away",
    "name": "Nobody is home",
    "when": {"state": {"entity": "sensor.people", "is": "0"}},
    "propose": {
        "kind": "home_action",
        "title": "Nobody is home: switch to away?",
        "then": [{"service": "scene.turn_on", "entities": ["scene.away"]}],
    },
    "quiet_hours": "off",
}


class AppPhone:
    """A phone with the Home Assistant app: what it shows, and its buttons."""

    def __init__(self) -> None:
        self.shown: list[dict[str, Any]] = []
        phone = self

        class Take(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                phone.shown.append(json.loads(self.rfile.read(size)))
                self.send_response(201)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Take)
        self._webhook = ""
        self._home = ""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def register(self, assistant: HomeAssistant) -> None:
        """Make it known to Home Assistant, as the app does when it is set up."""
        push = f"http://127.0.0.1:{self._server.server_port}/push"
        facts = {
            "app_id": "io.example",
            "app_name": "App",
            "app_version": "1",
            "device_id": "adas-phone",
            "device_name": "Adas phone",
            "manufacturer": "x",
            "model": "y",
            "os_name": "Android",
            "os_version": "14",
            "supports_encryption": False,
            "app_data": {"push_token": "token", "push_url": push},
        }
        told = assistant.call("POST", "/api/mobile_app/registrations", facts)
        self._webhook, self._home = told["webhook_id"], assistant.url

    def press(self, button: dict[str, Any]) -> None:
        """Press a button: the app has its Home Assistant fire an event."""
        event = {
            "event_type": "mobile_app_notification_action",
            "event_data": {"action": button["action"]},
        }
        request = urllib.request.Request(
            f"{self._home}/api/webhook/{self._webhook}",
            data=json.dumps({"type": "fire_event", "data": event}).encode(),
            headers={"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=20).close()

    def asked(self, title: str) -> dict[str, Any] | None:
        """Return the newest question of this title."""
        found = [
            one for one in self.shown if one.get("title") == title and one["data"].get("actions")
        ]
        return found[-1] if found else None

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def phone(assistant: HomeAssistant) -> Iterator[AppPhone]:
    made = AppPhone()
    made.register(assistant)
    yield made
    made.stop()


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
    phone: AppPhone,
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
            "services": ["scene.turn_on scene.away"],
            "shopping_lists": ["todo.shopping_list"],
            "calendars": {"calendar.family": []},
        },
        "members": [
            {"id": "ada", "name": "Ada", "homeassistant": ["notify.mobile_app_adas_phone"]}
        ],
    }
    devices = {"entities": {"sensor.larder_eggs": {"item": "eggs"}}}
    running = HubProcess(folder, settings=settings, devices=devices, rules=[GROCERIES, AWAY])
    with running:
        running.wait_connected()
        yield running


def on_list(assistant: HomeAssistant) -> list[dict[str, Any]]:
    return list(assistant.call("GET", "/api/shopping_list"))


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
    assistant.do("todo", "add_item", entity_id="todo.shopping_list", item="2 wholemeal bread")
    until(lambda: "todo.shopping_list: 1 open" in hub.log.read_text(), hub.words)
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
    assert ("Wholemeal bread", 2) in [(line["name"], line["count"]) for line in order["lines"]]
    until(lambda: [one["complete"] for one in on_list(assistant)] == [True], hub.words)


def test_an_appointment_there_takes_time_here(hub: HubProcess, assistant: HomeAssistant) -> None:
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    assistant.do(
        "calendar",
        "create_event",
        entity_id="calendar.family",
        summary="Choir practice",
        start_date_time=start.isoformat(),
        end_date_time=(start + timedelta(hours=2)).isoformat(),
    )

    until(
        lambda: "Choir practice" in [one["title"] for one in hub.get("/agenda?days=7")],
        lambda: f"{hub.get('/agenda?days=7')}\n{hub.words()}",
    )


def test_asked_in_the_app_a_scene_is_set_once_agreed(
    hub: HubProcess, assistant: HomeAssistant, phone: AppPhone
) -> None:
    title = AWAY["propose"]["title"]
    assistant.do("input_boolean", "turn_off", entity_id="input_boolean.away")
    assistant.call("POST", "/api/states/sensor.people", {"state": "0"})
    until(lambda: phone.asked(title), lambda: f"{phone.shown}\n{hub.words()}")
    question = phone.asked(title)
    assert question is not None
    assert "scene.turn_on: scene.away" in question["message"]
    buttons = question["data"]["actions"]
    assert [one["title"] for one in buttons] == ["Approve", "Decline", "Later"]
    now = assistant.state("input_boolean.away")
    assert now is not None
    assert now["state"] == "off"

    phone.press(buttons[0])
    assistant.wait("input_boolean.away", lambda now: now["state"] == "on")
    tag = question["data"]["tag"]
    until(
        lambda: [one for one in phone.shown if one["data"]["tag"] == tag][-1]["message"].startswith(
            "Done: scene.turn_on"
        ),
        lambda: f"{phone.shown}\n{hub.words()}",
    )
    # Pressed late, it says what happened and does nothing.
    assistant.do("input_boolean", "turn_off", entity_id="input_boolean.away")
    before = len(phone.shown)
    phone.press(buttons[1])
    until(lambda: len(phone.shown) > before, hub.words)
    assert "Done: scene.turn_on" in phone.shown[-1]["message"]


def test_the_hub_goes_on_while_home_assistant_is_away(
    hub: HubProcess, assistant: HomeAssistant, broker: Mosquitto
) -> None:
    assistant.stop()
    until(lambda: hub.health()["homeassistant_connected"] is False, hub.words)
    publish(broker, "commonhearth/v1/scale/stock", b'{"item":"eggs","quantity":7,"id":"a"}')
    hub.wait_level("eggs", 7)
    assistant.start()
    until(lambda: hub.health()["homeassistant_connected"], hub.words, 90)
    assistant.wait("sensor.commonhearth_eggs", lambda now: now["state"] == "7.0")
    set_sensor(assistant, "eggs", 9, "pc")
    hub.wait_level("eggs", 9)
    assert hub.health()["ok"]
