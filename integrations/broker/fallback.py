"""The stand-in where there is no Mosquitto: rumqttd, by the library iotcore, in its own process.

    python -m integrations.broker.fallback CONFIG HUB_PID

It speaks MQTT 3.1.1. Unacknowledged messages are sent again while it runs, though without the DUP
flag and under new packet ids, by which the hub would know them. It takes each acknowledgement for
that of the oldest message, which holds as the hub commits in order. Over a restart it keeps
nothing.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path

from hub.keyfiles.files import write
from hub.settings import MqttSettings
from integrations.broker.brokers import BrokerError
from integrations.broker.child import hub_id
from integrations.broker.leash import die_with
from integrations.broker.managed import MOST_BYTES, Managed, Plan, plan, run

NAME = "the stand-in broker"
CANNOT = (
    "there is no Mosquitto on this machine: a stand-in broker runs, which speaks MQTT 3.1.1 only, "
    "forgets sessions, queued and retained messages when it ends, and after a crash of the hub may "
    "bring an event twice; better: sudo apt install mosquitto"
)


def start_fallback(settings: MqttSettings, data_dir: Path, say: Callable[[str], None]) -> Managed:
    """Start it, saying what it cannot promise. Raises BrokerError when its library is missing."""
    if importlib.util.find_spec("iotcore") is None:
        raise BrokerError(
            "no MQTT broker can be run here: install one (sudo apt install mosquitto), "
            "or set mqtt.url to that of your own"
        )
    made = plan(settings, data_dir, "fallback.toml")
    config = made.folder / "fallback.toml"
    write(config, configuration(made), shared=True)
    say(CANNOT)
    command = [sys.executable, "-m", "integrations.broker.fallback", str(config), hub_id()]
    return run(NAME, made, command, say)


def configuration(made: Plan) -> str:
    """Return rumqttd's configuration (TOML): one listener for MQTT 3.1.1, which devices speak."""
    settings = made.settings
    host = f"[{settings.bind}]" if ":" in settings.bind else settings.bind
    # Strings of JSON are strings of TOML.
    users = ", ".join(
        f"{json.dumps(user)} = {json.dumps(word)}" for user, word in made.users.users().items()
    )
    lines = [
        "id = 0",
        "[router]",
        "id = 0",
        "max_connections = 1000",
        "max_outgoing_packet_count = 200",
        "max_segment_size = 10485760",
        "max_segment_count = 10",
        "[v4.1]",
        'name = "home"',
        f'listen = "{host}:{made.port}"',
        "next_connection_delay_ms = 1",
        "[v4.1.connections]",
        "connection_timeout_ms = 10000",
        f"max_payload_size = {MOST_BYTES}",
        f"max_inflight_count = {min(settings.receive_maximum, 1000)}",
        "dynamic_filters = true",
        *([] if made.open else [f"auth = {{ {users} }}"]),
    ]
    return "\n".join([*lines, ""])


def main(config: str, hub: int) -> None:
    """Run the broker until the hub ends."""
    die_with(hub)
    from iotcore.iotcore import IotCoreBroker

    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    # rumqttd logs each packet's span as an error.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    IotCoreBroker(config_path=config).run_forever()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
