"""The hub in Home Assistant, as the broker sees it: announced, kept up, and taken back whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.hubprocess import HubProcess, until, write_config
from tests.support.listener import Listener
from tests.support.mosquitto import Mosquitto, start_mosquitto
from tests.support.mqtt import publish

RULES = [
    {
        "id": "door",
        "name": "The door",
        "when": {"state": {"entity": "sensor.house_door", "is": "open"}},
        "propose": {"kind": "move_delivery", "title": "Shut the door?"},
        "quiet_hours": "off",
    }
]
PUBLISH = {"publish": True, "press": {"member": "ada"}}


class Shown:
    """What a Home Assistant would know by the broker: the newest message of each topic."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def topics(self, begin: str = "homeassistant/") -> dict[str, bytes]:
        newest = {topic: payload for topic, payload, _ in list(self._listener.heard)}
        return {t: p for t, p in newest.items() if p and t.startswith(begin) and "hub" in t}

    def kept(self) -> set[str]:
        """Return the hub's own topics that hold something; presses and events are not kept."""
        found = self.topics("commonhearth/hub/")
        return {topic for topic in found if not topic.endswith(("/event", "/press"))}

    def config(self, name: str) -> dict[str, Any] | None:
        found = [p for t, p in self.topics().items() if t.endswith(f"/{name}/config")]
        return json.loads(found[0]) if found else None

    def said(self, end: str) -> list[bytes]:
        heard = list(self._listener.heard)
        begin = "commonhearth/hub/"
        return [p for t, p, _ in heard if t.startswith(begin) and t.endswith(end)]

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(one) for one in self.said("/event")]

    def wait(self, true: Callable[[], object], hub: HubProcess) -> None:
        until(true, lambda: f"{self.events()[-3:]}\n{hub.words()}")


def ask(broker: Mosquitto, state: str) -> None:
    publish(broker, "commonhearth/v1/house/state", json.dumps({"door": state}).encode())


def test_it_is_announced_pressed_kept_up_and_taken_back(tmp_path: Path) -> None:
    with (
        start_mosquitto(tmp_path) as broker,
        Listener(broker, "homeassistant/#", "commonhearth/hub/#") as heard,
    ):
        shown = Shown(heard)
        mqtt = {"url": broker.url}
        hub = HubProcess(tmp_path, settings={"mqtt": mqtt, "homeassistant": PUBLISH}, rules=RULES)
        with hub:
            shown.wait(lambda: shown.config("approve"), hub)
            shown.wait(lambda: shown.said("/status")[-1:] == [b"online"], hub)
            assert hub.get("/entities") == [], "its own entities are no devices"
            ask(broker, "open")
            shown.wait(lambda: [one["event_type"] for one in shown.events()] == ["proposed"], hub)
            shown.wait(lambda: shown.config("approve")["payload_press"] != "nothing", hub)
            button = shown.config("approve")
            assert button is not None
            payload, topic = button["payload_press"].encode(), button["command_topic"]

            publish(broker, topic, b"nonsense")
            shown.wait(lambda: shown.events()[-1]["event_type"] == "refused", hub)
            assert hub.get("/suggestions"), "a forged press decides nothing"
            publish(broker, topic, payload)
            shown.wait(lambda: shown.events()[-1]["event_type"] == "carried_out", hub)
            publish(broker, topic, payload)
            shown.wait(lambda: shown.events()[-1]["event_type"] == "refused", hub)
            assert shown.events()[-1]["message"] == "Ada agreed."

            before = len(shown.said("/suggestions"))
            publish(broker, "homeassistant/status", b"online")
            shown.wait(lambda: len(shown.said("/suggestions")) > before, hub)
            hub.kill()
            shown.wait(lambda: shown.said("/status")[-1] == b"offline", hub)
            hub.start()
            shown.wait(lambda: shown.said("/status")[-1] == b"online", hub)
        assert shown.said("/status")[-1] == b"offline"
        assert len(shown.topics()) >= 6
        write_config(hub.config, settings={"mqtt": mqtt}, rules=RULES)
        hub.start()
        with hub:
            shown.wait(lambda: not shown.topics(), hub)
            shown.wait(lambda: not shown.kept(), hub)
