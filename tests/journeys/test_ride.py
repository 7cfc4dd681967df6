"""Two households and a driver as processes: joined, driven there, moved, called off with a fee."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.friends import FriendHub, befriend
from tests.support.hubprocess import ROOT, RUN, ProviderProcess, until
from tests.support.mosquitto import free_port, start_mosquitto
from tests.support.phone import Phone, tap

# Moving is free, and cancelling has its price from the first: so both can be seen at any hour.
DRIVER = (
    (ROOT / "config/demo/catalogues/driver.yaml")
    .read_text()
    .replace("cancellation: {free_minutes: 30", "cancellation: {free_minutes: 20000")
)
BEN_LIVES = {
    "name": "Ben",
    "timezone": "Europe/Berlin",
    "address": "Lindenstr. 5",
    "gps": "52.5310,13.4120",
    "phone": "+49 30 5550199",
}


@pytest.fixture
def phone() -> Iterator[Phone]:
    with Phone() as running:
        yield running


def hub(folder: Path, name: str, registry: Path, broker: str, **settings: Any) -> FriendHub:
    made = FriendHub(
        folder / name,
        name,
        **{
            "http": {"port": free_port()},
            "mqtt": {"url": broker, "client_id": name},
            "beckn": {"registry": str(registry), "collect_seconds": 30},
            **settings,
        },
    )
    made.arguments = [sys.executable, RUN, "run", "--config", made.config, "--data", made.data]
    return made


def order_of(one: FriendHub, state: str) -> dict[str, Any] | None:
    found = [order for order in one.get("/orders") if order["state"] == state]
    assert len(found) <= 1, found
    return found[0] if found else None


def start_of(order: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(order["slot"]["window"]["start"])


def test_a_ride_follows_a_friend_s_invitation(tmp_path: Path, phone: Phone) -> None:
    people = [{"id": "ben", "name": "Ben", "ntfy": {"url": phone.url, "topic": "ben"}}]
    registry, catalog = tmp_path / "registry.yaml", tmp_path / "driver.yaml"
    catalog.write_text(DRIVER)
    driver = ProviderProcess(tmp_path, catalog, registry, name="driver")
    with driver, start_mosquitto(tmp_path) as broker:
        ada = hub(tmp_path, "Ada", registry, broker.url)
        rides = {"way_back": False}
        ben = hub(
            tmp_path, "Ben", registry, broker.url, home=BEN_LIVES, members=people, rides=rides
        )
        try:
            ada.start()
            ben.start()
            befriend(ada, ben)
            noon = datetime.now(UTC).replace(hour=11, minute=0, second=0, microsecond=0)
            start = noon + timedelta(days=2)
            fishing = {
                "summary": "Fishing",
                "start": start.isoformat(),
                "end": (start + timedelta(hours=3)).isoformat(),
                "location": "Mill Lake",
                "gps": "52.4700,13.4400",
                "member": "ada",
            }
            (friend,) = ada.get("/friends")
            made = ada.call("POST", "/api/v1/activities", {**fishing, "guests": [friend["id"]]})
            assert tap(phone.wait(lambda one: "Fishing" in one.title and one.buttons), "Approve")
            asked = phone.wait(lambda one: one.title == "A ride to Fishing?" and one.buttons)
            assert "10 minutes before it begins" in asked.body
            assert "Mara drives: Electric car, 4 seats" in asked.body
            assert "leaves " in asked.body
            (label,) = (one for one, _ in asked.buttons if one.startswith("Approve"))
            assert tap(asked, label)[0] == 200
            until(lambda: order_of(ben, "confirmed"), ben.words)
            order = order_of(ben, "confirmed")
            assert order is not None
            assert order["agent"]["plate"] == "B-CH 101E"
            (sold,) = (one for one in driver.orders() if one["state"] == "confirmed")
            assert sold["id"] == order["order_id"]
            # Ada moves it by an hour; Ben is asked anew, and with his yes the ride moves.
            later = {**fishing, "start": (start + timedelta(hours=1)).isoformat()}
            later["end"] = (start + timedelta(hours=4)).isoformat()
            ada.call("PUT", f"/api/v1/activities/{made['uid']}", later)
            again = phone.wait(lambda one: "answer anew" in one.title and one.buttons)
            assert tap(again, "Approve")[0] == 200
            ben.kill()
            ben.start()

            def moved() -> bool:
                now = order_of(ben, "confirmed")
                return now is not None and start_of(now) == start_of(order) + timedelta(hours=1)

            until(moved, ben.words)
            # Ada calls it off: what cancelling the ride costs is shown before it is done.
            ada.call("POST", f"/api/v1/activities/{made['uid']}/cancel", {"member": "ada"})
            fee = phone.wait(lambda one: one.title == "Cancel the ride with Mara drives?")
            assert "Fishing is cancelled. Cancelling it costs 5.00 EUR." in fee.body
            assert order_of(ben, "confirmed")
            (label,) = (one for one, _ in fee.buttons if one.startswith("Approve"))
            assert tap(fee, label)[0] == 200
            until(lambda: order_of(ben, "cancelled"), ben.words)
            until(lambda: [one["state"] for one in driver.orders()] == ["cancelled"], driver.words)
        finally:
            ada.stop()
            ben.stop()
