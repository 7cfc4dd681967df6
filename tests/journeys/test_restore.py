"""A Pi dies in the middle of an order: the backup goes on with it on another, as the same home."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pyrage

from tests.support.hubprocess import ROOT, HubProcess, ProviderProcess, run_cli, until
from tests.support.mosquitto import free_port, start_mosquitto
from tests.support.mqtt import publish

CATALOG = ROOT / "config" / "demo" / "catalogues" / "green-valley.yaml"
GROCERIES = {
    "id": "groceries",
    "name": "Groceries",
    "when": {"stock_below_par": {"item": "any"}},
    "propose": {"kind": "grocery_order", "items": "below_par"},
    "quiet_hours": "off",
}


def offered(hub: HubProcess) -> dict[str, Any] | None:
    return next((one for one in hub.get("/suggestions") if one["options"]), None)


def states(hub: HubProcess) -> list[str]:
    return [one["state"] for one in hub.get("/orders")]


async def test_an_open_order_goes_on_where_it_was_restored(tmp_path: Path) -> None:
    registry, port = tmp_path / "registry.yaml", free_port()
    key, file = tmp_path / "key", tmp_path / "home.age"
    identity = pyrage.x25519.Identity.generate()
    key.write_text(f"{identity}\n")
    shop = ProviderProcess(tmp_path, CATALOG, registry)
    with start_mosquitto(tmp_path) as broker:
        hub = HubProcess(
            tmp_path / "home",
            settings={
                "mqtt": {"url": broker.url},
                "http": {"port": port},
                "beckn": {
                    "registry": str(registry),
                    "collect_seconds": 60,
                    "confirm_patience": 2,
                },
            },
            rules=[GROCERIES],
        )
        shop.start()
        with hub:
            hub.wait_connected()
            low = b'{"item":"milk","quantity":0.2,"id":"low"}'
            await asyncio.to_thread(publish, broker, "commonhearth/v1/scale/stock", low)
            until(lambda: offered(hub), hub.words)
            asked = offered(hub)
            assert asked is not None
            # Nobody hears the order: it is on its way when the house is backed up.
            shop.stop()
            decision = {
                "version": asked["version"],
                "verb": "approve",
                "member": "ada",
                "option": asked["options"][0]["id"],
            }
            hub.call("POST", f"/api/v1/suggestions/{asked['id']}/decision", decision)
            words = ("--config", hub.config, "--data", hub.data, "--to", file)
            made = run_cli("backup", *words, "--recipient", identity.to_public(), "--json")
            assert made.returncode == 0, made.stderr
            assert json.loads(made.stdout)["counts"]["orders under way"] == 1
            hub.kill()

        again = HubProcess(tmp_path / "other")
        for left in again.config.rglob("*"):
            if left.is_file():
                left.unlink()
        (again.config / "rules").rmdir()
        words = ("--config", again.config, "--data", again.data)
        done = run_cli("restore", file, *words, "--identity", key, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["counts"] == json.loads(made.stdout)["counts"]
        shop.start()
        try:
            with again:
                until(
                    lambda: states(again) == ["confirmed"], lambda: (states(again), again.words())
                )
                sold = [one for one in shop.orders() if one["state"] == "confirmed"]
                assert len(sold) == 1
                assert again.token
        finally:
            shop.stop()
    keys = [
        json.loads((data / "secrets" / "beckn-key.json").read_text())
        for data in (hub.data, again.data)
    ]
    assert keys[0] == keys[1], "the same household"
    verified = run_cli("ledger", "verify", "--data", again.data)
    assert verified.returncode == 0, verified.stdout
