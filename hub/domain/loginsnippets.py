"""What a person pastes into a device so that it logs in with its own user (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote


def address(user: str, password: str, host: str, port: int) -> str:
    """Return a login as one ``mqtt://`` address, e.g. for a QR code."""
    shown = f"[{host}]" if ":" in host else host
    return f"mqtt://{quote(user, safe='')}:{quote(password, safe='')}@{shown}:{port}"


def snippets(user: str, password: str, host: str, port: int) -> Mapping[str, str]:
    """Return what ESPHome, Tasmota, Zigbee2MQTT and a command line take, by name."""
    return {
        "ESPHome": (
            "mqtt:\n"
            f"  broker: {host}\n"
            f"  port: {port}\n"
            f"  username: {user}\n"
            f"  password: {password}\n"
            f"  topic_prefix: {user}\n"
        ),
        "Tasmota": (
            f"Backlog MqttHost {host}; MqttPort {port}; MqttUser {user}; "
            f"MqttPassword {password}; Topic {user}; SetOption19 1\n"
        ),
        "Zigbee2MQTT": (
            "mqtt:\n"
            f"  base_topic: {user}\n"
            f"  server: mqtt://{host}:{port}\n"
            f"  user: {user}\n"
            f"  password: {password}\n"
        ),
        "mosquitto_pub": (
            f"mosquitto_pub -h {host} -p {port} -u {user} -P {password} -q 1 -r "
            f"-t commonhearth/v1/{user}/status -m '{{\"online\": true}}'\n"
        ),
    }
