"""A pantry scale that speaks the native contract.

``python -m devices.simulators.scale --item rice --start 1.5 --unit kg --per-hour 0.05``

A number on ``scales/<name>/command`` sets what is on it, ``+0.5`` and ``-0.2`` change it.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hub.clock import clock_from_environment

log = logging.getLogger("scale")

TICK_SECONDS = 0.25
LONGEST_COMMAND = 40


class Scale:
    """What is on the scale, and what it says of itself. No MQTT here."""

    def __init__(self, name: str, item: str, unit: str, start: float, step: float) -> None:
        """Put ``start`` on it; it resolves ``step``, both in ``unit``."""
        self.name, self.item, self.unit, self.step = name, item, unit, step
        self.level = start
        self.topic = f"commonhearth/v1/{name}"
        self.command_topic = f"scales/{name}/command"

    def shown(self) -> float:
        """Return what it shows: whole steps."""
        return round(math.floor(self.level / self.step + 1e-6) * self.step, 6)

    def message(self, at: datetime) -> bytes:
        """Return its stock message."""
        reading = {
            "item": self.item,
            "quantity": self.shown(),
            "unit": self.unit,
            "time": at.isoformat(timespec="milliseconds"),
        }
        return json.dumps(reading).encode()

    def use(self, amount: float) -> None:
        """Take some away."""
        self.level = max(0.0, self.level - amount)

    def command(self, payload: bytes) -> None:
        """Set or change what is on it. Raises ValueError, saying what was expected."""
        text = payload[: LONGEST_COMMAND + 1].decode(errors="replace").strip()
        try:
            amount = float(text) if len(text) <= LONGEST_COMMAND else math.nan
        except ValueError:
            amount = math.nan
        if not math.isfinite(amount) or abs(amount) > 1e6:
            raise ValueError(f"expected a number, or a change such as +0.5, got {text[:40]!r}")
        level = self.level + amount if text[:1] in "+-" else amount
        self.level = max(0.0, level)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a scale until SIGTERM or SIGINT; exit 1 when the broker cannot be reached."""
    options = _options(arguments)
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    from devices.simulators.link import connect

    scale = Scale(options.name, options.item, options.unit, options.start, options.step)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        client = connect(
            options.url,
            options.username,
            options.password,
            client_id=f"scale-{options.name}",
            will=(f"{scale.topic}/status", b'{"online": false}'),
        )
    except (ConnectionError, ValueError) as error:
        sys.exit(f"scale: {error}")
    log.info("%s weighs %s on %s/stock", options.name, options.item, scale.topic)
    run(client, scale, options.per_hour * options.hours_per_second, stop)
    client.disconnect()
    client.loop_stop()


def run(client: Any, scale: Scale, per_second: float, stop: threading.Event) -> None:
    """Live until ``stop`` is set, over a paho client that is connected and whose loop runs."""
    clock = clock_from_environment()
    again = threading.Event()

    def heard(_client: Any, _data: Any, message: Any) -> None:
        try:
            scale.command(message.payload)
        except ValueError as error:
            log.warning("%s: %s", message.topic, error)

    def greet(*_: Any) -> None:
        client.subscribe(scale.command_topic, 1)
        client.publish(f"{scale.topic}/status", b'{"online": true}', 1, True)
        again.set()

    client.on_message, client.on_connect = heard, greet
    greet()
    said: float | None = None
    while True:
        scale.use(per_second * TICK_SECONDS)
        if again.is_set() or scale.shown() != said:
            again.clear()
            said = scale.shown()
            client.publish(f"{scale.topic}/stock", scale.message(clock.now()), 1, True)
        if stop.wait(TICK_SECONDS):
            break
    client.publish(f"{scale.topic}/status", b'{"online": false}', 1, True).wait_for_publish(2)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scale", description="A simulated pantry scale.")
    parser.add_argument("--url", default="mqtt://127.0.0.1:1883", help="the broker")
    parser.add_argument("--username")
    parser.add_argument("--password")
    parser.add_argument("--name", default="pantry_scale", help="the device: a-z, 0-9, _ and -")
    parser.add_argument("--item", default="rice", help="the pantry item on it")
    parser.add_argument("--unit", default="kg")
    parser.add_argument("--start", type=_amount, default=1.5, help="what is on it, in UNIT")
    parser.add_argument("--step", type=_amount, default=0.01, help="what it resolves, in UNIT")
    parser.add_argument("--per-hour", type=_amount, default=0.0, help="how much is used, in UNIT")
    parser.add_argument("--hours-per-second", type=_amount, default=1 / 3600, help="time's speed")
    options = parser.parse_args(arguments)
    if not options.step:
        parser.error("--step: expected more than 0")
    return options


def _amount(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1e6:
        raise argparse.ArgumentTypeError("expected 0 to 1000000")
    return value


if __name__ == "__main__":
    main()
