"""Devices are asked to announce themselves, though never in the place of a Home Assistant."""

from __future__ import annotations

from pathlib import Path

from tests.support.hubprocess import HubProcess, until
from tests.support.listener import Listener
from tests.support.mosquitto import start_mosquitto
from tests.support.mqtt import publish

STATUS = "homeassistant/status"
ONLINE = (STATUS, b"online", False)


def test_the_hub_says_online_only_where_nobody_else_does(tmp_path: Path) -> None:
    with (
        start_mosquitto(tmp_path / "shared") as shared,
        start_mosquitto(tmp_path / "own") as own,
        Listener(shared, STATUS) as beside_home_assistant,
        Listener(own, STATUS) as alone,
    ):
        publish(shared, STATUS, b"online", retain=True)
        with HubProcess(tmp_path / "beside", settings={"mqtt": {"url": shared.url}}) as beside:
            beside.wait_connected()
            # It starts later, so its time comes later: when it speaks, the other would have.
            with HubProcess(tmp_path / "alone", settings={"mqtt": {"url": own.url}}):
                until(lambda: ONLINE in alone.heard, lambda: alone.heard)
            assert beside_home_assistant.heard == [ONLINE]
        with Listener(own, STATUS) as late:
            publish(own, STATUS, b"marker")
            until(lambda: late.heard)
            assert late.heard == [(STATUS, b"marker", False)], "it is not retained"
    assert alone.heard.count(ONLINE) == 1
