"""kill -9 of the hub at each message of an order: one order, never two, and both sides agree."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Any

from tests.support.between import Between, Moment
from tests.support.hubprocess import PATIENCE, ROOT, HubProcess, ProviderProcess
from tests.support.mosquitto import Mosquitto, free_port, start_mosquitto
from tests.support.mqtt import publish

CATALOG = ROOT / "config" / "demo" / "catalogues" / "green-valley.yaml"
GROCERIES = {
    "id": "groceries",
    "name": "Groceries",
    "when": {"stock_below_par": {"item": "any"}},
    "propose": {"kind": "grocery_order", "items": "below_par"},
    "quiet_hours": "off",
}
ACTIONS = ("discover", "select", "init", "confirm")
MOMENTS: list[tuple[Moment, bool]] = [
    (moment, lost)
    for action in ACTIONS
    for moment, lost in (
        ((action, "sent"), True),  # leased, and it never arrived
        ((action, "passed"), True),  # it arrived, and the hub died before it was told so
        ((f"on_{action}", "sent"), True),  # the answer finds nobody at home
        ((f"on_{action}", "passed"), True),  # committed; the provider is never told
    )
]


class Killer:
    """Kills the hub, once at each moment, and starts it again."""

    def __init__(self) -> None:
        self.hub: HubProcess
        self.left = dict(MOMENTS)
        self.killed: list[Moment] = []
        self.starts = 0
        self._one_at_a_time = asyncio.Lock()

    async def at(self, moment: Moment) -> bool:
        async with self._one_at_a_time:
            lost = self.left.pop(moment, None)
            if lost is None:
                return False
            self.killed.append(moment)
            await asyncio.to_thread(self.hub.kill)
            await asyncio.to_thread(self.hub.start)
            self.starts += 1
            return lost


async def test_one_order_wherever_the_hub_is_killed(tmp_path: Path) -> None:
    killer = Killer()
    registry, port = tmp_path / "registry.yaml", free_port()
    async with Between(killer.at) as to_shop, Between(killer.at) as to_hub:
        shop = ProviderProcess(tmp_path, CATALOG, registry, "--public-url", to_shop.url)
        to_shop.target, to_hub.target = shop.url, f"http://127.0.0.1:{port}"
        with start_mosquitto(tmp_path) as broker:
            hub = killer.hub = HubProcess(
                tmp_path / "home",
                settings={
                    "mqtt": {"url": broker.url},
                    "http": {"port": port, "public_url": to_hub.url},
                    "beckn": {
                        "registry": str(registry),
                        "collect_seconds": 60,
                        "confirm_patience": 5,
                    },
                },
                rules=[GROCERIES],
            )
            try:
                await asyncio.to_thread(shop.start)
                await asyncio.to_thread(hub.start)
                await play(killer, hub, shop, broker)
            finally:
                await asyncio.to_thread(hub.stop)
                await asyncio.to_thread(shop.stop)


async def play(killer: Killer, hub: HubProcess, shop: ProviderProcess, broker: Mosquitto) -> None:
    token = await asyncio.to_thread(lambda: hub.token)
    assert token
    low = b'{"item":"milk","quantity":0.2,"id":"low"}'
    await asyncio.to_thread(publish, broker, "commonhearth/v1/scale/stock", low)
    await eventually(lambda: approved(hub), killer)
    order = await eventually(lambda: confirmed(hub), killer)
    assert not killer.left, "these were never reached"
    sold = [one for one in await asyncio.to_thread(shop.orders) if one["state"] == "confirmed"]
    assert [one["id"] for one in sold] == [order["order_id"]], killer.killed
    ours = {line["item_id"]: line["count"] for line in order["lines"]}
    assert ours == {line["item_id"]: line["count"] for line in sold[0]["lines"]}
    await eventually(lambda: carried_out(hub), killer)


def approved(hub: HubProcess) -> bool:
    """Say yes to what is offered now, until it is said; tell whether it is."""
    known = hub.get("/suggestions") + hub.get("/suggestions?open=false")
    if any(one["state"] in ("approved", "carried_out") for one in known):
        return True
    for asked in known:
        if asked["options"]:
            decision = {
                "version": asked["version"],
                "verb": "approve",
                "member": "ada",
                "option": asked["options"][0]["id"],
            }
            try:
                hub.call("POST", f"/api/v1/suggestions/{asked['id']}/decision", decision)
            except AssertionError as refused:
                # Another answer of the shop came in meanwhile: look again, as ada would.
                if " 409 " not in str(refused):
                    raise
    return False


def confirmed(hub: HubProcess) -> dict[str, Any] | None:
    found = [one for one in hub.get("/orders") if one["state"] == "confirmed"]
    assert len(found) <= 1, found
    return found[0] if found else None


def carried_out(hub: HubProcess) -> bool:
    return [one["state"] for one in hub.get("/suggestions?open=false")] == ["carried_out"]


async def eventually(ask: Callable[[], Any], killer: Killer) -> Any:
    """Return what ``ask`` returns once it is something; the hub may be away meanwhile.

    Patience begins anew with each start of the hub: a loaded machine needs long for sixteen.
    """
    loop = asyncio.get_running_loop()
    starts, end = -1, 0.0
    while True:
        if starts != killer.starts:
            starts, end = killer.starts, loop.time() + PATIENCE
        try:
            if found := await asyncio.to_thread(ask):
                return found
        except (OSError, HTTPException):
            pass
        assert loop.time() < end, f"left: {killer.left}; {killer.hub.words()}"
        await asyncio.sleep(0.05)
