"""Devices' own logins at a real Mosquitto: each speaks for itself and for nobody else."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import CallbackAPIVersion, Client
from paho.mqtt.enums import MQTTProtocolVersion

from hub.app.logins import new_login, write_for_mosquitto
from hub.domain.logins import Login
from hub.settings import MqttSettings
from integrations.broker import start_broker
from integrations.broker.acl import password_hash
from integrations.broker.managed import Managed
from tests.support.mosquitto import start_mosquitto
from tests.support.mqtt import until

V5, V3 = MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311


@dataclass
class Device:
    """A client of paho; ``heard`` are topics, ``connected`` holds while it is."""

    client: Client
    heard: list[str] = field(default_factory=list)
    acknowledged: list[bool] = field(default_factory=list)
    said: str = ""
    connected: bool = False
    subscribed: int = 0

    def say(self, *topics: str) -> None:
        for topic in topics:
            self.client.publish(topic, b"x", qos=1)


@contextmanager
def device(port: int, user: str, password: str, version: Any = V5) -> Iterator[Device]:
    client = Client(CallbackAPIVersion.VERSION2, protocol=version)
    one = Device(client)
    client.username_pw_set(user, password)

    def on_connect(*told: Any) -> None:
        one.said, one.connected = str(told[3]), not told[3].is_failure
        if one.connected:
            client.subscribe("#", qos=1)

    def on_disconnect(*told: Any) -> None:
        one.connected = False

    client.on_connect = on_connect
    client.on_disconnect = on_disconnect
    client.on_subscribe = lambda *_: setattr(one, "subscribed", one.subscribed + 1)
    client.on_message = lambda _, __, message: one.heard.append(message.topic)
    client.on_publish = lambda *told: one.acknowledged.append(told[3].is_failure)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        until(lambda: one.said and (one.subscribed or not one.connected))
        yield one
    finally:
        client.disconnect()
        client.loop_stop()


@contextmanager
def managed(data: Path, *logins: Login, **settings: Any) -> Iterator[Managed]:
    wanted = MqttSettings(**{"port": 0, "bind": "0.0.0.0", **settings})
    broker = start_broker(wanted, data, print, logins)
    assert isinstance(broker, Managed)
    try:
        yield broker
    finally:
        broker.stop()


def hub_of(broker: Managed) -> Any:
    return device(broker.port, str(broker.username), str(broker.password))


OWN = (
    "commonhearth/v1/shelf/stock",
    "homeassistant/sensor/shelf/milk/config",
    "homeassistant/device/shelf/config",
    "homie/5/shelf/$state",
    "shelf/sensor/milk/state",
    "notices/shelf",
)
OTHERS = (
    "commonhearth/v1/fridge/stock",
    "commonhearth/v1/shelf2/stock",
    "homeassistant/sensor/fridge/milk/config",
    "homeassistant/status",
    "fridge/sensor/milk/state",
    "shelf2/state",
    "notices/gas",
    "$SYS/shelf",
)


@pytest.mark.parametrize("version", [V5, V3])
def test_a_device_publishes_under_its_own_name_alone(tmp_path: Path, version: Any) -> None:
    shelf, password = new_login("shelf", "device", write=["notices/shelf"], read=["fridge/+/state"])
    fridge, _ = new_login("fridge", "device")
    with managed(tmp_path, shelf, fridge) as broker, hub_of(broker) as hub:
        with device(broker.port, "shelf", password, version) as mine:
            mine.say(*OTHERS, *OWN)
            until(lambda: len(mine.acknowledged) == len(OTHERS) + len(OWN))
            until(lambda: "notices/shelf" in hub.heard, lambda: str(hub.heard))
            assert sorted(hub.heard) == sorted(OWN)
            # MQTT 5 tells it that it may not; 3.1.1 has no word for that.
            assert mine.acknowledged.count(True) == (len(OTHERS) if version is V5 else 0)
            mine.heard.clear()
            hub.say("fridge/a/b", "fridge/a/state", "cmnd/x", "homeassistant/status", "shelf/set")
            until(lambda: "shelf/set" in mine.heard)
            assert sorted(mine.heard) == ["fridge/a/state", "homeassistant/status", "shelf/set"]


def test_a_bridge_announces_others_but_nobody_who_has_a_login(tmp_path: Path) -> None:
    bridge, password = new_login("zigbee2mqtt", "bridge")
    fridge, _ = new_login("fridge", "device")
    program, everything = new_login("homeassistant", "program")
    may = ("homeassistant/sensor/0x17/milk/config", "zigbee2mqtt/0x17", "tele/zigbee2mqtt/LWT")
    may_not = ("homeassistant/sensor/fridge/milk/config", "fridge/state", "homeassistant/status")
    with managed(tmp_path, bridge, fridge, program) as broker, hub_of(broker) as hub:
        with device(broker.port, "zigbee2mqtt", password) as mine:
            mine.say(*may_not, *may)
            until(lambda: len(mine.acknowledged) == 6 and may[-1] in hub.heard)
            assert sorted(hub.heard) == sorted(may)
        with device(broker.port, "homeassistant", everything) as theirs:
            theirs.say("homeassistant/status", "cmnd/lamp/POWER")
            until(lambda: "cmnd/lamp/POWER" in hub.heard and "cmnd/lamp/POWER" in theirs.heard)


def test_a_login_comes_and_goes_while_the_broker_runs(tmp_path: Path) -> None:
    shelf, password = new_login("shelf", "device")
    with managed(tmp_path) as broker, hub_of(broker) as hub:
        with device(broker.port, "shelf", password) as refused:
            assert not refused.connected
        assert broker.use([shelf])
        assert not broker.use([shelf])

        def lets_in() -> bool:
            with device(broker.port, "shelf", password) as mine:
                return mine.connected

        until(lets_in)
        with device(broker.port, "shelf", password) as mine:
            assert broker.use([])
            until(lambda: not mine.connected)
        assert hub.connected
        broker.use([shelf])
        first = broker.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        until(lambda: broker.pid not in (None, first) and hub.connected)
        assert lets_in()


def test_what_a_crash_left_in_the_files_is_written_anew_at_the_start(tmp_path: Path) -> None:
    shelf, password = new_login("shelf", "device")
    gone, still = new_login("gone", "device")
    with managed(tmp_path, gone):
        pass
    # Killed between the database and the files, or in the middle of a file.
    (tmp_path / "broker" / "topics").write_text("user gone\ntopic readwrite #\nuser shelf\ntop")
    with managed(tmp_path, shelf) as broker, device(broker.port, "gone", still) as old:
        assert not old.connected
        with device(broker.port, "shelf", password) as mine:
            assert mine.connected
        for name in ("passwords", "topics"):
            file = tmp_path / "broker" / name
            assert file.stat().st_mode & 0o777 == 0o600
            assert password not in file.read_text()


def test_the_shared_login_goes_on_until_the_household_ends_it(tmp_path: Path) -> None:
    shelf, password = new_login("shelf", "device")
    with managed(tmp_path, shelf) as broker, hub_of(broker) as hub:
        kept = broker._plan.users
        with device(broker.port, kept.device_user, kept.device_password) as old:
            old.say("anything/at/all")
            until(lambda: "anything/at/all" in hub.heard)
    with managed(tmp_path, shelf, shared_login=False) as broker:
        assert broker.describe().endswith("run by the hub; each device has a login of its own")
        with device(broker.port, kept.device_user, kept.device_password) as old:
            assert not old.connected
        with device(broker.port, "shelf", password) as mine:
            assert mine.connected


def test_on_the_loopback_a_login_limits_and_programs_need_none(tmp_path: Path) -> None:
    shelf, password = new_login("shelf", "device")
    with managed(tmp_path, shelf, bind="127.0.0.1") as broker, hub_of(broker) as hub:
        with device(broker.port, "shelf", password) as mine:
            mine.say("fridge/state", "shelf/state")
            until(lambda: "shelf/state" in hub.heard)
            assert hub.heard == ["shelf/state"]


def test_a_mosquitto_of_the_household_takes_the_files_that_are_written_for_it(
    tmp_path: Path,
) -> None:
    shelf, password = new_login("shelf", "device")
    files = tmp_path / "files"
    settings = MqttSettings(url="mqtt://127.0.0.1", username="hub", password="p #:=ü")
    lines = write_for_mosquitto(files, [shelf], settings)
    assert (files / "commonhearth.conf").read_text().strip() == lines
    here = lines.replace("/etc/mosquitto/commonhearth", str(files))
    here = here.replace("allow_anonymous false\n", "")
    with start_mosquitto(tmp_path, username="x", password="y", extra="") as broker:
        broker.stop()
        text = broker.config.read_text()
        kept = [line for line in text.splitlines() if not line.startswith("password_file")]
        broker.config.write_text("\n".join([*kept, here, ""]))
        broker.start()
        with (
            device(broker.port, "hub", "p #:=ü") as hub,
            device(broker.port, "shelf", password) as mine,
        ):
            mine.say("fridge/state", "shelf/state")
            until(lambda: "shelf/state" in hub.heard)
            assert hub.heard == ["shelf/state"]


def test_a_password_is_kept_as_mosquitto_keeps_it() -> None:
    kept = password_hash("secret", bytes(12))
    assert kept.startswith("$7$1000$AAAAAAAAAAAAAAAA$")
    assert kept != password_hash("secret")
