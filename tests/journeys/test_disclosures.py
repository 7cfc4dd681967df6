"""Nothing personal leaves outside a grant: all bytes to a provider are read, and compared.

What both sides signed meanwhile is a receipt that holds anywhere, and that no change survives.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.support.between import Between
from tests.support.hubprocess import ROOT, HubProcess, ProviderProcess, run_cli
from tests.support.mosquitto import start_mosquitto
from tests.support.ordering import GROCERIES, Seller, offered, order_in, run_low

CATALOG = ROOT / "config" / "demo" / "catalogues" / "green-valley.yaml"
HOME = {
    "name": "Canary Cottage",
    "address": "Canarystreet 81",
    "area_code": "10115",
    "phone": "+49 30 5551234",
    "email": "canary@home.example",
    "gps": "52.531001,13.384002",
    "timezone": "Europe/Berlin",
}
NEVER = (HOME["email"], HOME["gps"], "Zuzanna", "Ottokar", "cellar-shelf-canary")
"""What ``beckn.disclose`` does not let leave, who lives there, and what a device said besides."""


async def test_what_left_is_what_was_granted_and_the_page_says_so(tmp_path: Path) -> None:
    left: list[tuple[str, bytes]] = []

    async def pass_on(moment: object) -> bool:
        return False

    registry = tmp_path / "registry.yaml"
    async with Between(pass_on, lambda action, body: left.append((action, body))) as to_shop:
        shop = ProviderProcess(tmp_path, CATALOG, registry, "--public-url", to_shop.url)
        to_shop.target = shop.url
        with start_mosquitto(tmp_path) as broker:
            hub = HubProcess(
                tmp_path / "home",
                settings={
                    "home": HOME,
                    "members": [
                        {"id": "ada", "name": "Zuzanna"},
                        {"id": "ben", "name": "Ottokar"},
                    ],
                    "mqtt": {"url": broker.url},
                    "beckn": {"registry": str(registry), "collect_seconds": 60},
                },
                rules=[GROCERIES],
            )
            try:
                await asyncio.to_thread(shop.start)
                await asyncio.to_thread(hub.start)
                await asyncio.to_thread(hub.wait_connected)
                await asyncio.to_thread(run_low, broker, "cellar-shelf-canary")
                await play(hub, left, Seller(shop.url, tmp_path / "shop-data"))
            finally:
                await asyncio.to_thread(hub.stop)
                await asyncio.to_thread(shop.stop)


async def play(hub: HubProcess, left: list[tuple[str, bytes]], shop: Seller) -> None:
    asked = await eventually(lambda: offered(hub), hub)
    assert not any(HOME[name].encode() in body for name in HOME for _, body in left)
    shown = {one["field"] for one in asked["options"][0]["disclosures"]}
    assert shown == {"name", "address", "area_code", "phone"}
    await approve(hub, asked)
    order = await eventually(lambda: order_in(hub, "confirmed"), hub)
    (init,) = (body for action, body in left if action == "init")
    assert all(HOME[name].encode() in init for name in shown)
    assert not any(canary.encode() in body for canary in NEVER for _, body in left)

    rows = await eventually(lambda: noted(hub, len(told(left))), hub)
    by_digest = {row["digest"]: row for row in rows}
    for action, body in told(left):
        row = by_digest[sha256(body).hexdigest()]
        fields = {name for name in ("name", "address", "phone") if HOME[name].encode() in body}
        assert fields <= set(row["fields"]), action
        assert row["grants"]
    (grant,) = await asyncio.to_thread(hub.get, "/grants")
    (told_it,) = (row for row in rows if "address" in row["fields"])
    assert told_it["grants"] == [grant["id"]]
    assert (told_it["about"], grant["given_by"]) == (order["id"], "ada")

    await post(hub, f"/grants/{grant['id']}/revoke", {"member": "ben"})
    await eventually(lambda: answered(hub, "kept until the order is over"), hub)
    for step in ("pack", "dispatch", "deliver"):
        await asyncio.to_thread(shop.act, order["order_id"], step)
    await eventually(lambda: order_in(hub, "completed"), hub)
    await post(hub, "/erasures", {"member": "ben", "recipient": grant["recipient"]})
    await eventually(lambda: answered(hub, "erased"), hub)
    await asyncio.to_thread(the_receipt_holds, hub, order)
    assert HOME["address"] not in str(await asyncio.to_thread(shop.sold))
    assert await asyncio.to_thread(hub.get, "/grants") == []


def the_receipt_holds(hub: HubProcess, order: dict[str, Any]) -> None:
    file = hub.data.parent / "order.receipt"
    made = run_cli("order", "receipt", order["order_id"], "--data", hub.data, "--out", file)
    assert made.returncode == 0, made.stderr
    checked = run_cli("order", "check", file, "--json")
    said = json.loads(checked.stdout)
    assert (checked.returncode, said["ok"], said["faults"]) == (0, True, [])
    provider = order["provider"]["subscriber_id"]
    assert provider in said["keys"]
    assert len(said["keys"]) == 2
    assert any(line.startswith(f"on_confirm: signed by {provider}") for line in said["holds"])
    assert any(line.startswith("confirm: signed by") for line in said["holds"])
    assert f"its receipt: countersigned by {provider}" in said["holds"]
    assert any(": approved," in line for line in said["holds"])
    receipt = json.loads(file.read_text())
    for bend in (cheaper, anothers, forged, unsigned):
        bent = json.loads(json.dumps(receipt))
        bend(bent)
        file.write_text(json.dumps(bent))
        refused = run_cli("order", "check", file)
        assert refused.returncode != 0, bend.__name__
        assert "Traceback" not in refused.stderr


def confirmation(receipt: dict[str, Any]) -> dict[str, Any]:
    return next(one for one in receipt["messages"] if one["action"] == "on_confirm")


def cheaper(receipt: dict[str, Any]) -> None:
    """The buyer writes another price into what the provider signed."""
    message = confirmation(receipt)
    body = b64decode(message["body"])
    message["body"] = b64encode(body.replace(b"EUR", b"USD")).decode()


def anothers(receipt: dict[str, Any]) -> None:
    """The receipt is shown for another order."""
    receipt["order"]["transaction_id"] = "0e0f7a8e-58a4-4c3c-9f0a-0c9c8c8f1a11"


def forged(receipt: dict[str, Any]) -> None:
    """An entry of the log is changed."""
    receipt["log"]["proofs"][0] = receipt["log"]["proofs"][0].replace("index ", "index 1", 1)


def unsigned(receipt: dict[str, Any]) -> None:
    """What the provider said is left out."""
    receipt["messages"] = [one for one in receipt["messages"] if one["direction"] == "out"]


def told(left: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Return the messages that tell of the household: a status asks about an order only."""
    return [one for one in left if one[0] in ("discover", "select", "init", "confirm")]


def noted(hub: HubProcess, count: int) -> list[dict[str, Any]] | None:
    rows: list[dict[str, Any]] = hub.get("/disclosures?limit=500")
    return rows if sum(bool(row["digest"]) for row in rows) >= count else None


def answered(hub: HubProcess, words: str) -> bool:
    rows = hub.get("/disclosures?limit=500")
    return any(row["erasure"] and words in row["erasure"]["answer"] for row in rows)


async def approve(hub: HubProcess, asked: dict[str, Any]) -> None:
    decision = {
        "version": asked["version"],
        "verb": "approve",
        "member": "ada",
        "option": asked["options"][0]["id"],
        "scope": "always",
    }
    await post(hub, f"/suggestions/{asked['id']}/decision", decision)


async def post(hub: HubProcess, path: str, body: dict[str, Any]) -> None:
    answer = await asyncio.to_thread(hub.call, "POST", f"/api/v1{path}", body)
    assert answer["result"] == "done", answer


async def eventually(ask: Callable[[], Any], hub: HubProcess) -> Any:
    loop = asyncio.get_running_loop()
    end = loop.time() + 60
    while not (found := await asyncio.to_thread(ask)):
        assert loop.time() < end, hub.words()
        await asyncio.sleep(0.05)
    return found
