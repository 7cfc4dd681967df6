"""What a person pastes into a device so that it logs in with its own user (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

AUTHORITY = "authority.crt"
"""What the file is called that the snippets check an encrypted connection by (docs/https.md)."""


def address(user: str, password: str, host: str, port: int, *, tls: bool = False) -> str:
    """Return a login as one ``mqtt://`` (or ``mqtts://``) address, e.g. for a QR code."""
    shown = f"[{host}]" if ":" in host else host
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return f"mqtt{'s' if tls else ''}://{login}@{shown}:{port}"


def snippets(
    user: str, password: str, host: str, port: int, *, tls: bool = False
) -> Mapping[str, str]:
    """Return what ESPHome, Tasmota, Zigbee2MQTT and a command line take, by name.

    Where ``tls`` is on, ``port`` is the encrypted one; few Tasmota builds speak it.
    """
    return {
        "ESPHome": (
            "mqtt:\n"
            f"  broker: {host}\n"
            f"  port: {port}\n"
            f"  username: {user}\n"
            f"  password: {password}\n"
            f"  topic_prefix: {user}\n"
            + ("  certificate_authority: !include authority.crt\n" if tls else "")
        ),
        "Tasmota": (
            f"Backlog MqttHost {host}; MqttPort {port}; MqttUser {user}; "
            f"MqttPassword {password}; Topic {user}; SetOption19 1"
            + ("; SetOption103 1\n" if tls else "\n")
        ),
        "Zigbee2MQTT": (
            "mqtt:\n"
            f"  base_topic: {user}\n"
            f"  server: mqtt{'s' if tls else ''}://{host}:{port}\n"
            + (f"  ca: {AUTHORITY}\n" if tls else "")
            + f"  user: {user}\n"
            f"  password: {password}\n"
        ),
        "mosquitto_pub": (
            f"mosquitto_pub -h {host} -p {port}{f' --cafile {AUTHORITY}' if tls else ''} "
            f"-u {user} -P {password} -q 1 -r "
            f"-t commonhearth/v1/{user}/status -m '{{\"online\": true}}'\n"
        ),
    }
