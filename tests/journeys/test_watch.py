"""A running hub reads its files again when they change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.hubprocess import HubProcess, until, write_rules
from tests.support.mosquitto import Mosquitto
from tests.support.mqtt import publish
from tests.support.phone import Phone


def rule(title: str) -> dict[str, Any]:
    return {
        "id": "low",
        "name": "Low",
        "when": {"stock_below_par": {"item": "milk"}},
        "propose": {"kind": "notify", "title": title},
        "quiet_hours": "off",
    }


def test_a_changed_rule_works_without_a_restart_and_a_faulty_one_is_told(
    tmp_path: Path, broker: Mosquitto
) -> None:
    with Phone() as phone:
        members = [{"id": "ada", "name": "Ada", "ntfy": {"url": phone.url}}]
        settings = {"mqtt": {"url": broker.url, "client_id": "watched"}, "members": members}
        with HubProcess(tmp_path, settings=settings, rules=[rule("first")]) as hub:
            hub.wait_connected()
            level(broker, 0.5)
            phone.wait(lambda shown: shown.title == "first")
            write_rules(hub.config, [rule("second")])
            until(lambda: hub.log.read_text().count("was read again: 1 rules, 0 mistakes") == 1)
            level(broker, 0.4)
            phone.wait(lambda shown: shown.title == "second")
            bad = hub.config / "rules" / "bad.yaml"
            bad.write_text("rules:\n  - id: [\n")
            until(lambda: hub.health()["config_problems"] == 1)
            assert f"{bad}:3:1: " in hub.log.read_text()
            level(broker, 0.3)
            until(lambda: [shown.title for shown in phone.shown].count("second") == 2)
            bad.unlink()
            until(lambda: hub.health()["config_problems"] == 0)


def level(broker: Mosquitto, quantity: float) -> None:
    body = json.dumps({"item": "milk", "quantity": quantity})
    publish(broker, "commonhearth/v1/watched/stock", body)
