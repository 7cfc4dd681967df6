"""Who does not answer: the next adult is asked, and what can wait comes in one message a day.

All of it is said while the hub runs, and holds over kill -9. The hours go by on a paced clock.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.clock import VARIABLE, Pace
from tests.support.hubprocess import HubProcess, until
from tests.support.mosquitto import Mosquitto
from tests.support.mqtt import publish
from tests.support.phone import Phone, tap

NOON = datetime(2026, 11, 25, 11, tzinfo=UTC)
"""Noon in Berlin."""
HASTE = 20_000.0
"""Shown seconds in a real one while hours are run through."""
MEAL = {
    "id": "meal",
    "name": "Eat together",
    "when": {"state": {"entity": "sensor.table_mood", "is": "social"}},
    "propose": {"kind": "social_meal", "title": "Eat together?"},
    "ask": ["ada"],
    "expires_after": "3h",
}
MINOR = {
    "id": "minor",
    "name": "Minor",
    "when": {"stock_below_par": {"item": "any"}},
    "propose": {"kind": "notify", "title": "{item} is low", "importance": "low"},
    "ask": ["ada"],
}


def test_the_next_adult_is_asked_and_what_can_wait_is_told_in_one_message(
    tmp_path: Path, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    pace = Pace(tmp_path / "clock", shown=NOON)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "clock"))
    with Phone() as adas, Phone() as bens:
        members = [
            {"id": "ada", "name": "Ada", "ntfy": {"url": adas.url}},
            {"id": "ben", "name": "Ben", "ntfy": {"url": bens.url}},
        ]
        mqtt = {"url": broker.url, "client_id": "nobody-answers"}
        settings = {"mqtt": mqtt, "members": members}
        hub = HubProcess(tmp_path / "home", settings=settings, rules=[MEAL, MINOR])
        hub.scopes = ("read", "configure")
        file = hub.config / "hub.yaml"
        file.write_text(f"# Ada's and Ben's\n{file.read_text()}")
        with hub:
            hub.wait_connected()
            say(hub, "/escalation", after=45, to=["ben"])
            say(hub, "/members/ada/asking", digest="13:30")
            assert file.read_text().startswith("# Ada's and Ben's\n")
            for item in ("milk", "eggs"):
                low = json.dumps({"item": item, "quantity": 0})
                publish(broker, "commonhearth/v1/table/stock", low.encode())
                hub.wait_level(item, 0)
            publish(broker, "commonhearth/v1/table/state", b'{"mood": "social"}')
            first = adas.wait(lambda shown: shown.buttons)
            hub.kill()
            hub.start()
            pace.leap(NOON.replace(minute=50), HASTE)
            asked = bens.wait(lambda shown: shown.buttons)
            assert (asked.title, asked.tag) == (first.title, first.tag)
            assert pace.clock.now() >= NOON.replace(minute=45)
            # The same may come again when the hub died before it wrote down that it had come.
            heard = {(one.title, one.tag) for one in adas.shown}
            assert heard == {(first.title, first.tag)}, "who was asked before hears nothing new"
            assert tap(asked, "Decline")[0] == 200
            adas.wait(lambda shown: shown.tag == first.tag and not shown.buttons)
            pace.leap(NOON.replace(hour=12, minute=31), HASTE)
            digest = adas.wait(lambda shown: shown.tag != first.tag)
            assert pace.clock.now() >= NOON.replace(hour=12, minute=30)
            assert {line.partition(" ")[0] for line in digest.body.splitlines()} == {"milk", "eggs"}
            kinds = [one["kind"] for one in hub.get("/ledger?limit=200")]
            assert kinds.count("declined") == 1
            assert {one.tag for one in bens.shown} == {first.tag}, "the news are Ada's"


def say(hub: HubProcess, path: str, **words: Any) -> None:
    """Write what the API takes, by the version it gave; it has to be in force without a restart."""
    version = hub.get(path)["version"]
    hub.call("PUT", f"/api/v1{path}", {"member": "ada", "version": version, **words})
    until(lambda: hub.get(path)["in_force"], hub.words)
