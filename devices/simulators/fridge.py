"""A fridge with scales on its shelves, as its own process, announced by Home Assistant discovery.

``python -m devices.simulators.fridge --url mqtt://127.0.0.1:1883 --name fridge``

It is eaten from as time goes by. A JSON object on ``fridges/<name>/command`` puts things in or
takes them out: ``{"milk": 0.4}`` sets the level, ``{"milk": "+1"}`` and ``{"eggs": "-2"}`` change
it. All readings are absolute and retained.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import signal
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from hub.domain.values import dataclass

log = logging.getLogger("fridge")

TICK_SECONDS = 0.25
MAX_COMMAND = 4096


@dataclass(frozen=True, slots=True)
class Good:
    """What a shelf's scale shows: its unit, the step it resolves, and how fast it is eaten.

    ``full`` is the level at the start and ``most`` the shelf's room, both in ``unit``;
    ``per_hour`` is how much a household eats.
    """

    name: str
    unit: str
    step: float
    full: float
    most: float
    per_hour: float
    device_class: str | None = None


GOODS: Mapping[str, Good] = {
    "milk": Good("Milk", "L", 0.05, 2.0, 12.0, 0.06, "volume_storage"),
    "eggs": Good("Eggs", "pc", 1.0, 10.0, 60.0, 0.2),
    "butter": Good("Butter", "g", 5.0, 250.0, 2000.0, 5.0, "weight"),
    "bread": Good("Bread", "pc", 0.1, 1.0, 10.0, 0.03),
}


class BadCommand(ValueError):
    """A command that cannot be followed; nothing was changed."""


class Fridge:
    """What is in the fridge, and what it says of itself. No MQTT here."""

    def __init__(self, name: str, stock: Mapping[str, float] | None = None) -> None:
        """Fill it as usual, but for the levels that ``stock`` gives."""
        self.name = name
        self.base = f"fridges/{name}"
        self.levels = {item: good.full for item, good in GOODS.items()} | dict(stock or {})

    @property
    def config_topic(self) -> str:
        """Return where it announces itself."""
        return f"homeassistant/device/{self.name}/config"

    def announcement(self) -> bytes:
        """Return its device discovery message (Home Assistant, "device discovery payload")."""
        components: dict[str, dict[str, Any]] = {
            "door": {
                "platform": "binary_sensor",
                "name": "Door",
                "device_class": "door",
                "value_template": "{{ value_json.door }}",
            },
            "temperature": {
                "platform": "sensor",
                "name": "Temperature",
                "device_class": "temperature",
                "unit_of_measurement": "°C",
                "state_class": "measurement",
                "value_template": "{{ value_json.temperature }}",
            },
        }
        for item, good in GOODS.items():
            components[item] = {
                "platform": "sensor",
                "name": good.name,
                "unit_of_measurement": good.unit,
                "state_class": "measurement",
                "state_topic": f"{self.base}/shelf",
                "value_template": f"{{{{ value_json.{item} }}}}",
            }
            if good.device_class is not None:
                components[item]["device_class"] = good.device_class
        for item, component in components.items():
            component["unique_id"] = f"{self.name}_{item}"
        return json.dumps(
            {
                "device": {
                    "identifiers": [f"commonhearth-fridge-{self.name}"],
                    "name": self.name.replace("_", " ").capitalize(),
                    "manufacturer": "Commonhearth",
                    "model": "Simulated fridge",
                },
                "origin": {"name": "commonhearth fridge simulator"},
                "availability_topic": f"{self.base}/availability",
                "state_topic": f"{self.base}/state",
                "components": components,
            }
        ).encode()

    def shelf(self) -> bytes:
        """Return what the scales show, rounded to what they resolve."""
        shown = {
            item: round(math.floor(level / GOODS[item].step + 1e-6) * GOODS[item].step, 3)
            for item, level in self.levels.items()
        }
        return json.dumps(shown).encode()

    def state(self, door_open: bool) -> bytes:
        """Return door and temperature; an open door lets a degree in."""
        return json.dumps(
            {"door": "ON" if door_open else "OFF", "temperature": 5.2 if door_open else 4.2}
        ).encode()

    def eat(self, hours: float) -> None:
        """Let ``hours`` of the household's life go by."""
        for item, good in GOODS.items():
            self.levels[item] = max(0.0, self.levels[item] - good.per_hour * hours)

    def command(self, payload: bytes) -> None:
        """Follow a command. Raises BadCommand, saying what was expected."""
        if len(payload) > MAX_COMMAND:
            raise BadCommand(f"expected at most {MAX_COMMAND} bytes")
        try:
            wanted = json.loads(payload)
        except (ValueError, RecursionError):
            wanted = None
        if not isinstance(wanted, dict):
            raise BadCommand('expected a JSON object such as {"milk": 0.4}')
        levels = {item: self._level(item, value) for item, value in wanted.items()}
        self.levels.update(levels)

    def _level(self, item: str, value: object) -> float:
        if item not in GOODS:
            raise BadCommand(f"expected one of {', '.join(GOODS)}, got {item[:40]!r}")
        try:
            amount = float(value) if isinstance(value, int | float | str) else math.nan
        except (ValueError, OverflowError):
            amount = math.nan
        if not math.isfinite(amount):
            raise BadCommand(f"{item}: expected a number, or a change such as '+1'")
        relative = isinstance(value, str) and value.lstrip()[:1] in ("+", "-")
        level = self.levels[item] + amount if relative else amount
        if level < 0 and not relative:
            raise BadCommand(f"{item}: expected 0 or more, got {amount:g}")
        return min(max(0.0, level), GOODS[item].most)


class Speaker:
    """Says over MQTT what a fridge has to say, each thing when it has changed."""

    def __init__(self, client: Any, fridge: Fridge, lock: threading.Lock) -> None:
        """Use a connected paho client; ``lock`` guards the fridge."""
        self._client = client
        self._fridge = fridge
        self._lock = lock
        self._said: dict[str, bytes] = {}

    def introduce(self) -> None:
        """Subscribe, announce, and say everything (again)."""
        base = self._fridge.base
        self._client.subscribe([(f"{base}/command", 1), ("homeassistant/status", 1)])
        self._said.clear()
        self._say(self._fridge.config_topic, self._fridge.announcement())
        self._say(f"{base}/availability", b"online")
        self.say(door_open=False)

    def say(self, *, door_open: bool) -> None:
        """Publish what has changed."""
        with self._lock:
            state, shelf = self._fridge.state(door_open), self._fridge.shelf()
        self._say(f"{self._fridge.base}/state", state)
        self._say(f"{self._fridge.base}/shelf", shelf)

    def changed(self) -> bool:
        """Tell whether the scales show something new."""
        with self._lock:
            return self._said.get(f"{self._fridge.base}/shelf") != self._fridge.shelf()

    def goodbye(self) -> None:
        """Say that it is going offline."""
        message = self._client.publish(f"{self._fridge.base}/availability", b"offline", 1, True)
        message.wait_for_publish(2)

    def heard(self, topic: str, payload: bytes) -> None:
        """Follow a command, or introduce it again to a Home Assistant that was just born."""
        if topic == "homeassistant/status":
            if payload == b"online":
                self.introduce()
            return
        try:
            with self._lock:
                self._fridge.command(payload)
        except BadCommand as error:
            log.warning("%s: %s", topic, error)

    def _say(self, topic: str, payload: bytes) -> None:
        if self._said.get(topic) != payload:
            self._said[topic] = payload
            self._client.publish(topic, payload, 1, True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a fridge until SIGTERM or SIGINT."""
    options = _options(arguments)
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    from devices.simulators.link import connect

    fridge = Fridge(options.name, dict(options.stock))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    client = connect(
        options.url,
        username=options.username,
        password=options.password,
        client_id=f"fridge-{options.name}",
        will=(f"{fridge.base}/availability", b"offline"),
    )
    log.info("%s is announced on %s", options.name, fridge.config_topic)
    run(client, fridge, options.hours_per_second, stop)
    client.disconnect()
    client.loop_stop()


def run(client: Any, fridge: Fridge, hours_per_second: float, stop: threading.Event) -> None:
    """Live until ``stop`` is set, over a paho client that is connected and whose loop runs."""
    lock = threading.Lock()
    speaker = Speaker(client, fridge, lock)
    client.on_message = lambda _client, _data, message: speaker.heard(
        message.topic, message.payload
    )
    client.on_connect = lambda *_: speaker.introduce()
    speaker.introduce()
    door_open = False
    while not stop.wait(TICK_SECONDS):
        with lock:
            fridge.eat(hours_per_second * TICK_SECONDS)
        # Whoever takes something out opens the door, and shuts it a moment later.
        if speaker.changed() or door_open:
            door_open = not door_open
            speaker.say(door_open=door_open)
    speaker.goodbye()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fridge", description="A simulated fridge over MQTT.")
    parser.add_argument("--url", default="mqtt://127.0.0.1:1883", help="the broker")
    parser.add_argument("--username")
    parser.add_argument("--password")
    parser.add_argument("--name", type=_name, default="fridge", help="letters, digits, _ and -")
    parser.add_argument(
        "--hours-per-second", type=_rate, default=0.0, help="how fast it is eaten from; 0: not"
    )
    parser.add_argument(
        "--stock",
        type=_stock,
        action="append",
        default=[],
        metavar="ITEM=AMOUNT",
        help="what is in it at the start, e.g. milk=1.5",
    )
    return parser.parse_args(arguments)


def _name(text: str) -> str:
    if not text.replace("_", "").replace("-", "").isalnum() or not text.isascii():
        raise argparse.ArgumentTypeError("expected letters, digits, _ and -")
    return text


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 <= rate <= 1000:
        raise argparse.ArgumentTypeError("expected 0 to 1000")
    return rate


def _stock(text: str) -> tuple[str, float]:
    item, _, amount = text.partition("=")
    try:
        fridge = Fridge("check")
        fridge.command(json.dumps({item: float(amount)}).encode())
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return item, fridge.levels[item]


if __name__ == "__main__":
    main()
