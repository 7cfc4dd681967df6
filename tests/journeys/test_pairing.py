"""A device that knows nothing finds its way in by a code, through a real hub and its broker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import paho.mqtt.publish

from tests.support.hubprocess import HubProcess, run_cli, until
from tests.support.mosquitto import free_port

STOCK = '{"item": "%s", "quantity": %s, "unit": "l"}'


def say(made: dict[str, Any], device: str, quantity: float) -> None:
    paho.mqtt.publish.single(
        f"commonhearth/v1/{device}/stock",
        STOCK % ("milk", quantity),
        qos=1,
        retain=True,
        hostname=made["host"],
        port=made["port"],
        auth={"username": made["user"], "password": made["password"]},
    )


def test_a_device_pairs_speaks_survives_a_kill_and_is_shut_out(tmp_path: Path) -> None:
    # On every address, as at home: from the loopback alone nobody has to log in.
    settings = {
        "mqtt": {"url": "managed", "bind": "0.0.0.0", "port": free_port(), "shared_login": False},
        "devices": {"quarantine": True},
    }
    with HubProcess(tmp_path, settings=settings) as hub:
        hub.wait_connected()
        adult = {"member": "ada"}
        code = hub.call("POST", "/api/v1/pairings", adult)["code"]
        paired = hub.call("POST", "/pair", {"code": code, "name": "scale-1"})
        assert paired["port"] == settings["mqtt"]["port"]
        say(paired, "scale-1", 2)
        # Let in by an adult, it does not wait.
        hub.wait_level("milk", 2)
        hub.kill()
        hub.start()
        hub.wait_connected()
        say(paired, "scale-2", 9)
        say(paired, "scale-1", 1)
        hub.wait_level("milk", 1)
        assert hub.get("/waiting-devices") == []
        # A program may speak under any name: what it brings waits.
        program = hub.call(
            "POST", "/api/v1/device-logins", {**adult, "name": "nodered", "kind": "program"}
        )
        said = {**program, "user": program["name"]}

        def comes_in() -> bool:
            try:
                say(said, "scale-3", 7)
            except Exception:
                return False
            return True

        until(comes_in, hub.words)
        until(lambda: hub.get("/waiting-devices"), hub.words)
        assert [one["owner"] for one in hub.get("/waiting-devices")] == ["native/scale-3"]
        assert hub.level("milk") == 1
        assert (
            "is accepted"
            in run_cli("device", "accept", "native/scale-3", "--data", hub.data).stdout
        )
        hub.wait_level("milk", 7)
        hub.call("POST", "/api/v1/device-logins/scale-1/revoke", adult)

        def shut_out() -> bool:
            try:
                say(paired, "scale-1", 1)
            except Exception:
                return True
            return False

        until(shut_out, hub.words)
