"""One order of groceries, from an empty fridge to the door, as a member and a seller see it."""

from __future__ import annotations

import json
import sqlite3
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.support.hubprocess import HubProcess
from tests.support.mosquitto import Mosquitto
from tests.support.mqtt import publish

GROCERIES: dict[str, Any] = {
    "id": "groceries",
    "name": "Groceries",
    "when": {"stock_below_par": {"item": "any"}},
    "propose": {"kind": "grocery_order", "items": "below_par"},
    "quiet_hours": "off",
}


def run_low(broker: Mosquitto, client_id: str = "scale") -> None:
    """Have a scale say that there is little milk left."""
    body = b'{"item":"milk","quantity":0.2,"id":"low"}'
    publish(broker, f"commonhearth/v1/{client_id}/stock", body)


def offered(hub: HubProcess) -> dict[str, Any] | None:
    """Return what members are asked, once there is an offer."""
    return next((one for one in hub.get("/suggestions") if one["options"]), None)


def approve(hub: HubProcess, asked: dict[str, Any]) -> dict[str, Any]:
    """Take the first offer; once or several times is the same."""
    decision = {
        "version": asked["version"],
        "verb": "approve",
        "member": "ada",
        "option": asked["options"][0]["id"],
    }
    answer: dict[str, Any] = hub.call(
        "POST", f"/api/v1/suggestions/{asked['id']}/decision", decision
    )
    assert answer["result"] in ("done", "repeated"), answer
    return answer


def order_in(hub: HubProcess, *states: str) -> dict[str, Any] | None:
    """Return the household's order once it is in one of ``states``; there is never a second."""
    placed = ("confirmed", "in_progress", "completed")
    orders = hub.get("/orders")
    found = [one for one in orders if one["state"] in placed]
    assert len(found) <= 1, found
    return next((one for one in orders if one["state"] in states), None)


class Seller:
    """A seller's own API and books, wherever it runs."""

    def __init__(self, url: str, data: Path) -> None:
        """``url`` is where it is; ``data`` the folder of its database."""
        self.url = url
        self._database = data / "provider.sqlite"

    def sold(self) -> list[dict[str, Any]]:
        """Return its orders, without mere quotes."""
        with urllib.request.urlopen(f"{self.url}/orders", timeout=20) as answer:
            orders = json.load(answer)["orders"]
        return [one for one in orders if one["state"] not in ("quoted", "initialised")]

    def act(self, order_id: str, verb: str) -> dict[str, Any]:
        """Take the next step of an order."""
        request = urllib.request.Request(
            f"{self.url}/orders/{order_id}/{verb}",
            data=b"{}",
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            told: dict[str, Any] = json.load(answer)
            return told

    def heard(self) -> list[dict[str, Any]]:
        """Return every message that it ever took."""
        return [json.loads(body) for (body,) in self._rows("SELECT body FROM inbox ORDER BY seq")]

    def owes(self) -> int:
        """Return how many callbacks nobody has acknowledged yet."""
        ((count,),) = self._rows("SELECT count(*) FROM outbox WHERE state <> 'sent'")
        return int(count)

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._database, timeout=20)) as database:
            return database.execute(query).fetchall()
