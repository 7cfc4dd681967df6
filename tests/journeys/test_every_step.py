"""kill -9 of the provider, the relay and the hub at each step of an order: one order, never two."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.between import Between, Moment
from tests.support.hubprocess import ROOT, HubProcess, ProviderProcess
from tests.support.mosquitto import Mosquitto, start_mosquitto
from tests.support.network import RelayProcess
from tests.support.ordering import GROCERIES, Seller, approve, offered, order_in, run_low

CATALOG = ROOT / "config" / "demo" / "catalogues" / "green-valley.yaml"
ACTIONS = ("discover", "select", "init", "confirm")
ANSWERS = (*(f"on_{action}" for action in ACTIONS), "on_status")
# Each message is lost as well, with whoever dies: it must come again by itself.
MOMENTS: dict[str, list[Moment]] = {
    # Before and after it took a request, before and after its answer was taken.
    "shop": [(word, when) for word in (*ACTIONS, *ANSWERS) for when in ("sent", "passed")],
    # Before it took a message, and after it said that it is kept.
    "relay": [(word, when) for word in ANSWERS for when in ("sent", "passed")],
    # With a request under way, and with an answer that the relay already has.
    "hub": [*((word, "sent") for word in ACTIONS), *((word, "passed") for word in ANSWERS)],
}


class Killer:
    """Kills one of them, once at each moment, and starts it again."""

    def __init__(self, moments: list[Moment]) -> None:
        self.left = list(moments)
        self.kill: Callable[[], None]
        self.start: Callable[[], None]
        self._one_at_a_time = asyncio.Lock()

    def aim(self, victim: HubProcess | ProviderProcess | RelayProcess) -> None:
        self.kill, self.start = victim.kill, victim.start

    async def at(self, moment: Moment) -> bool:
        async with self._one_at_a_time:
            if moment not in self.left:
                return False
            self.left.remove(moment)
            await asyncio.to_thread(self.kill)
            await asyncio.to_thread(self.start)
            return True


class Cast:
    """A shop, a relay, and a household that has no other address."""

    def __init__(self, folder: Path, broker: Mosquitto, to_shop: str, to_relay: str) -> None:
        registry = folder / "registry.yaml"
        self.shop = ProviderProcess(folder, CATALOG, registry, "--public-url", to_shop)
        self.seller = Seller(self.shop.url, folder / "shop-data")
        self.relay = RelayProcess(folder, broker, "--registry", registry, "--public-url", to_relay)
        self.hub = HubProcess(
            folder / "home",
            settings={
                "mqtt": {"url": broker.url},
                "relay": {"url": self.relay.url},
                "beckn": {
                    "registry": str(registry),
                    "collect_seconds": 60,
                    # An init is asked for three times: longer than all these deaths take.
                    "confirm_patience": 20,
                },
            },
            rules=[GROCERIES],
        )

    @property
    def all(self) -> tuple[HubProcess | RelayProcess | ProviderProcess, ...]:
        return (self.hub, self.relay, self.shop)

    def start(self) -> None:
        # The household enrols when it starts.
        self.shop.launch()
        self.relay.start()
        self.shop.wait_said(r"sells at (\S+)")
        self.hub.start()
        assert self.hub.token

    def stop(self) -> None:
        for one in self.all:
            one.stop()


@pytest.mark.parametrize("victim", MOMENTS)
async def test_one_order_whoever_is_killed_at_whatever_step(tmp_path: Path, victim: str) -> None:
    killer = Killer(MOMENTS[victim])
    async with Between(killer.at) as to_shop, Between(killer.at) as to_relay:
        with start_mosquitto(tmp_path) as broker:
            cast = Cast(tmp_path, broker, to_shop.url, to_relay.url)
            to_shop.target, to_relay.target = cast.shop.url, cast.relay.url
            killer.aim(next(one for one in cast.all if one.name == victim))
            try:
                await asyncio.to_thread(cast.start)
                await asyncio.to_thread(run_low, broker)
                await play(cast, killer)
            finally:
                await asyncio.to_thread(cast.stop)


async def play(cast: Cast, killer: Killer) -> None:
    hub, seller = cast.hub, cast.seller

    async def eventually(ask: Callable[[], Any]) -> Any:
        """Return what ``ask`` returns once it is something; anybody may be away meanwhile."""
        loop = asyncio.get_running_loop()
        end = loop.time() + 60
        while True:
            try:
                if found := await asyncio.to_thread(ask):
                    return found
            except OSError:
                pass
            words = "\n".join(f"{one.name}: {one.words()}" for one in cast.all)
            assert loop.time() < end, f"left: {killer.left}\n{words}"
            await asyncio.sleep(0.05)

    asked = await eventually(lambda: offered(hub))
    await eventually(lambda: approve(hub, asked))
    ours = await eventually(lambda: order_in(hub, "confirmed"))
    (theirs,) = await eventually(seller.sold)
    assert (theirs["id"], theirs["state"]) == (ours["order_id"], "confirmed")
    counts = [{line["item_id"]: line["count"] for line in one["lines"]} for one in (ours, theirs)]
    assert counts[0] == counts[1]
    assert await eventually(lambda: seller.act(theirs["id"], "pack"))
    await eventually(lambda: order_in(hub, "in_progress"))
    assert await eventually(lambda: not killer.left), "these were never reached"
    assert await eventually(lambda: seller.act(theirs["id"], "deliver"))
    await eventually(lambda: order_in(hub, "completed"))
    (sold,) = await eventually(seller.sold)
    assert (sold["id"], sold["state"]) == (ours["order_id"], "completed")
    assert await eventually(lambda: seller.owes() == 0), "somebody was not told"
    assert len({one["context"]["messageId"] for one in confirms(seller)}) == 1


def confirms(seller: Seller) -> list[dict[str, Any]]:
    return [one for one in seller.heard() if one["context"]["action"] == "confirm"]
