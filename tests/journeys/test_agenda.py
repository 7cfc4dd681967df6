"""A delivery that nobody would be at home for: asked about, moved by a tap, on both sides."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.hubprocess import HubProcess, ProviderProcess, until
from tests.support.mosquitto import Mosquitto
from tests.support.ordering import GROCERIES, approve, offered, order_in, run_low

CATALOG = {
    "provider": {
        "id": "corner",
        "name": "Corner Shop",
        "timezone": "Europe/Berlin",
        "currency": "EUR",
        "lead_minutes": 60,
    },
    "items": [{"id": "milk", "name": "Milk", "price": "1.10", "size": 1, "unit": "l", "stock": 50}],
    "slots": [
        {"id": f"h{hour}", "start": f"{hour:02}:00", "end": f"{hour + 1:02}:00", "capacity": 5}
        for hour in range(6, 22)
    ],
    "rescheduling": {"free_minutes": 60 * 24 * 30, "fee": "1.00", "until_minutes": 5},
}


def the_question(hub: HubProcess) -> dict[str, Any] | None:
    found = [one for one in hub.get("/suggestions") if one["kind"] == "move_delivery"]
    assert len(found) <= 1, found
    return found[0] if found else None


def the_order(hub: HubProcess, order_id: str) -> dict[str, Any]:
    return next(one for one in hub.get("/orders") if one["id"] == order_id)


def window_of(order: dict[str, Any]) -> tuple[datetime, datetime]:
    window = order["slot"]["window"]
    return datetime.fromisoformat(window["start"]), datetime.fromisoformat(window["end"])


def ended_as(hub: HubProcess, question_id: str) -> str:
    asked = hub.get("/suggestions?open=false")
    return str(next(one["state"] for one in asked if one["id"] == question_id))


@pytest.mark.parametrize("version", ["2.0.0", "1.1.1"])
def test_nobody_is_home_and_the_delivery_moves(
    tmp_path: Path, broker: Mosquitto, version: str
) -> None:
    catalog, registry = tmp_path / "corner.yaml", tmp_path / "registry.yaml"
    catalog.write_text(json.dumps(CATALOG))
    settings = {
        "mqtt": {"url": broker.url, "client_id": f"agenda-{version}"},
        "beckn": {"registry": str(registry), "version": version, "collect_seconds": 60},
    }
    hub = HubProcess(tmp_path / "home", settings=settings, rules=[GROCERIES])
    shop = ProviderProcess(tmp_path, catalog, registry, "--version", version)
    with shop, hub:
        hub.wait_connected()
        run_low(broker, f"scale-{version[0]}")
        until(lambda: offered(hub), hub.words)
        approve(hub, offered(hub) or {})
        until(lambda: order_in(hub, "confirmed"), hub.words)
        order = order_in(hub, "confirmed")
        assert order is not None
        start, end = window_of(order)
        away_until = end + timedelta(minutes=30)
        away = {
            "member": "ada",
            "start": (start - timedelta(minutes=30)).isoformat(),
            "end": away_until.isoformat(),
            "title": "Theatre",
        }
        hub.call("POST", "/api/v1/absences", away)
        until(lambda: the_question(hub), hub.words)
        hub.kill()
        hub.start()
        question = the_question(hub)
        assert question is not None
        assert "Nobody is at home for" in question["body"]
        (conflict,) = hub.get("/conflicts")
        assert (conflict["kind"], conflict["state"]) == ("nobody_home", "asked")
        assert conflict["suggestion_id"] == question["id"]
        approve(hub, question)
        until(lambda: hub.get("/conflicts") == [], hub.words)
        # The conflict goes with the yes; the order has moved once its provider says so.
        until(lambda: window_of(the_order(hub, order["id"]))[0] >= away_until, hub.words)
        moved = the_order(hub, order["id"])
        (sold,) = [one for one in shop.orders() if one["state"] == "confirmed"]
        assert sold["slot"]["id"] == moved["slot"]["slot_id"]
        assert sold["id"] == moved["order_id"]
        until(lambda: ended_as(hub, question["id"]) == "carried_out", hub.words)
        assert the_question(hub) is None
