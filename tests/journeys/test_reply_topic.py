"""A member far from home answers over ntfy's reply topic; the hub has no open port to the world."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.hubprocess import HubProcess, until
from tests.support.mosquitto import Mosquitto
from tests.support.mqtt import publish
from tests.support.ntfy import NtfyServer, press

RULES = [
    {
        "id": name,
        "name": name,
        "when": {"state": {"entity": f"sensor.house_{name}", "is": "social"}},
        "propose": {"kind": "social_meal", "title": f"Eat together: {name}?"},
        "quiet_hours": "off",
    }
    for name in ("lunch", "dinner", "supper")
]


@pytest.fixture(scope="module")
def ntfy() -> Iterator[NtfyServer]:
    with NtfyServer() as running:
        yield running


@pytest.fixture(scope="module")
def hub(
    tmp_path_factory: pytest.TempPathFactory, broker: Mosquitto, ntfy: NtfyServer
) -> Iterator[HubProcess]:
    members = [{"id": "ada", "name": "Ada", "ntfy": {"url": ntfy.url, "reply": "on"}}]
    folder: Path = tmp_path_factory.mktemp("replies")
    mqtt = {"url": broker.url, "client_id": "replies"}
    with HubProcess(folder, settings={"mqtt": mqtt, "members": members}, rules=RULES) as running:
        running.wait_connected()
        yield running


def ask(hub: HubProcess, broker: Mosquitto, ntfy: NtfyServer, name: str) -> dict[str, Any]:
    publish(broker, "commonhearth/v1/house/state", json.dumps({name: "social"}).encode())
    return ntfy.wait(lambda one: name in one.get("title", "") and one.get("actions"), hub.words())


def suggestion(hub: HubProcess, name: str) -> dict[str, Any]:
    listed = hub.get("/suggestions?open=false")
    found: dict[str, Any] = next(one for one in listed if name in one["title"])
    return found


def answers(hub: HubProcess, name: str) -> int:
    subject = suggestion(hub, name)["id"]
    kinds = [one["kind"] for one in hub.get("/ledger?limit=200") if one["subject"] == subject]
    return kinds.count("approved") + kinds.count("declined")


def test_a_button_answers_over_the_topic(
    hub: HubProcess, broker: Mosquitto, ntfy: NtfyServer
) -> None:
    asked = ask(hub, broker, ntfy, "lunch")
    assert hub.url not in json.dumps(asked["actions"])
    press(asked, "Decline")
    until(lambda: suggestion(hub, "lunch")["state"] == "declined", hub.words)
    told = ntfy.wait(lambda one: "lunch" in one.get("title", "") and not one.get("actions"))
    assert told["sequence_id"] == asked["sequence_id"]


def test_an_answer_given_while_the_hub_is_off_counts_once(
    hub: HubProcess, broker: Mosquitto, ntfy: NtfyServer
) -> None:
    asked = ask(hub, broker, ntfy, "dinner")
    hub.kill()
    press(asked, "Approve")
    press(asked, "Approve")
    press(asked, "Decline")
    hub.start()
    until(lambda: suggestion(hub, "dinner")["state"] == "carried_out", hub.words)
    hub.kill()
    hub.start()
    asked = ask(hub, broker, ntfy, "supper")
    press(asked, "Decline")
    until(lambda: suggestion(hub, "supper")["state"] == "declined", hub.words)
    assert answers(hub, "dinner") == 1
    # The late Decline was refused, and Ada was told so, once, over both starts.
    refusals = [one for one in hub.get("/ledger?limit=200") if one["kind"] == "answer_refused"]
    assert len(refusals) == 1


def test_forged_and_worn_out_answers_change_nothing(
    hub: HubProcess, broker: Mosquitto, ntfy: NtfyServer
) -> None:
    first = ntfy.wait(lambda one: "lunch" in one.get("title", "") and one.get("actions"))
    button = first["actions"][0]
    topic = button["url"].rsplit("/", 1)[1]
    token = button["body"]
    before = decided(hub)
    press(first, "Decline")
    for forged in (token[:-4] + "AAAA", "approve", "ä" * 300, '{"verb": "approve"}'):
        ntfy.publish(topic, message=forged)
    until(lambda: "(4 so far)" in hub.words(), hub.words)
    assert decided(hub) == before


def decided(hub: HubProcess) -> list[tuple[str, str]]:
    kinds = ("approved", "declined", "answer_refused")
    entries = hub.get("/ledger?limit=200")
    return [(one["kind"], one["subject"]) for one in entries if one["kind"] in kinds]
