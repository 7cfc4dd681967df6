"""A day in a house with a broker of the hub's own, and kill -9 in the middle of it."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar

from tests.support.hubprocess import ROOT, HubProcess, ProviderProcess, until
from tests.support.mosquitto import HOST, free_port
from tests.support.mqtt import publish

CATALOG = ROOT / "config" / "demo" / "catalogues" / "green-valley.yaml"
GROCERIES = {
    "id": "groceries",
    "name": "Groceries",
    "when": {"stock_below_par": {"item": "any"}},
    "propose": {"kind": "grocery_order", "items": "below_par"},
    "quiet_hours": "off",
}
MEAL = {
    "id": "meal",
    "name": "Eat together",
    "when": {"state": {"entity": "sensor.house_mood", "is": "social"}},
    "propose": {"kind": "social_meal", "title": "Eat together?"},
    "quiet_hours": "off",
    "expires_after": "5s",
}
DOOR = {
    "name": "Door",
    "unique_id": "fridge_door",
    "object_id": "fridge_door",
    "state_topic": "fridge/door",
    "device_class": "door",
    "device": {"identifiers": ["fridge"], "name": "Fridge"},
}


@dataclass(frozen=True, slots=True)
class OwnBroker:
    """The managed broker, as devices see it."""

    port: int
    host: str = HOST
    username: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class House:
    """A hub with a broker of its own, and a grocer."""

    hub: HubProcess
    shop: ProviderProcess
    broker: OwnBroker


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder: Path = tmp_path_factory.mktemp("house")
    registry, port = folder / "registry.yaml", free_port()
    with ProviderProcess(folder, CATALOG, registry) as shop:
        hub = HubProcess(
            folder / "home",
            settings={
                "mqtt": {"url": "managed", "port": port},
                "http": {"port": free_port()},
                "beckn": {"registry": str(registry)},
            },
            rules=[GROCERIES, MEAL],
        )
        with hub:
            hub.wait_connected()
            yield House(hub, shop, OwnBroker(port))


def hidden(page: str, name: str) -> str:
    """Return the value of a form's hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"{name} is not in\n{page[:3000]}"
    return found[1]


async def test_a_member_signs_in_with_the_printed_code_and_approves_on_the_page(
    house: House,
) -> None:
    hub = house.hub
    publish(house.broker, "commonhearth/v1/scale/stock", b'{"item": "milk", "quantity": 0.2}')
    until(lambda: any(one["options"] for one in hub.get("/suggestions")), hub.words)
    (asked,) = hub.get("/suggestions")
    code = hub.code()
    async with ClientSession(hub.url, cookie_jar=CookieJar(unsafe=True)) as browser:
        page = await (await browser.get("/", headers={"Accept": "text/html"})).text()
        assert 'action="/sign-in"' in page, "who is not signed in is asked to"
        token = hidden(page, "csrf")
        wrong = await browser.post("/sign-in", data={"csrf": token, "code": "wrong"})
        assert wrong.status == 403
        answer = await browser.post("/sign-in", data={"csrf": token, "code": code})
        assert answer.status == 200
        inbox = await answer.text()
        assert asked["title"] in inbox
        form = {name: hidden(inbox, name) for name in ("csrf", "version", "option")}
        counts = dict(re.findall(r'name="(count:[^"]+)" value="(\d+)"', inbox))
        assert counts
        answer = await browser.post(
            f"/suggestions/{asked['id']}/decision", data={**form, **counts, "verb": "approve"}
        )
        assert "Approved by Ada" in await answer.text()
    until(lambda: [one["state"] for one in hub.get("/orders")] == ["confirmed"], hub.words)
    async with ClientSession(hub.url, cookie_jar=CookieJar(unsafe=True)) as another:
        page = await (await another.get("/sign-in")).text()
        again = await another.post("/sign-in", data={"csrf": hidden(page, "csrf"), "code": code})
        assert again.status == 403
        assert "not valid (any more)" in await again.text()


def test_after_kill_9_it_is_the_same_house(house: House) -> None:
    hub = house.hub
    publish(
        house.broker, "homeassistant/binary_sensor/fridge/config", json.dumps(DOOR), retain=True
    )
    until(lambda: "binary_sensor.fridge_door" in states(hub), lambda: states(hub))
    publish(house.broker, "fridge/door", b"ON")
    publish(house.broker, "commonhearth/v1/house/state", b'{"weather": "fair"}')
    until(lambda: states(hub).get("sensor.house_weather") == "fair", lambda: states(hub))
    until(lambda: states(hub).get("binary_sensor.fridge_door") == "on", lambda: states(hub))
    before = (states(hub), hub.get("/orders"), hub.level("milk"))
    code = hub.code()
    for _ in range(3):
        hub.kill()
        hub.start()
        hub.wait_connected()
        assert (states(hub), hub.get("/orders"), hub.level("milk")) == before
    assert hub.code() != code, "each start prints a code of its own"
    publish(house.broker, "fridge/door", b"OFF")
    until(lambda: states(hub).get("binary_sensor.fridge_door") == "off", lambda: states(hub))
    assert [one["state"] for one in house.shop.orders()] == ["confirmed"]


def test_a_deadline_that_passes_while_the_hub_is_off_is_taken_at_its_start(house: House) -> None:
    hub = house.hub
    publish(house.broker, "commonhearth/v1/house/state", b'{"mood": "social"}')
    until(lambda: meal(hub), hub.words)
    asked = meal(hub)
    assert asked["state"] == "proposed"
    hub.kill()
    until(lambda: datetime.now(UTC) > datetime.fromisoformat(asked["deadline"]))
    hub.start()
    until(lambda: meal(hub)["state"] == "expired", hub.words)


def test_the_broker_ends_with_the_hub_and_keeps_what_is_retained(house: House) -> None:
    hub = house.hub
    hub.kill()
    until(lambda: not listens(house.broker.port))
    # All the hub itself knew is gone, not so what its broker keeps.
    for file in hub.data.glob("hub.sqlite*"):
        file.unlink()
    hub.forget_token()
    hub.start()
    until(lambda: "binary_sensor.fridge_door" in states(hub), lambda: states(hub))
    assert hub.stop() == 0
    assert not listens(house.broker.port)


def states(hub: HubProcess) -> dict[str, str]:
    return {one["id"]: one["value"] for one in hub.get("/entities")}


def meal(hub: HubProcess) -> dict[str, Any]:
    found = [one for one in hub.get("/suggestions?open=false") if one["kind"] == "social_meal"]
    return found[0] if found else {}


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
