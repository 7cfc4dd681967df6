"""What the consent gate costs of an order's path, from the empty shelf to the seller's word.

A real hub and a real provider, each a process; one item after the other runs low, is offered,
approved and confirmed. The gate is timed from within the hub (``gated.py``).
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.harness import HERE, ROOT, Bench, BenchError, free_port, get_json, stop, wait_until
from benchmarks.results import Result

_PATIENCE = 60.0
_TOPIC = "commonhearth/v1/scales/stock"


def measure(bench: Bench, *, quick: bool) -> Iterator[Result]:
    """Measure the gate's share of an order's time."""
    home = _Home(bench, 20 if quick else 60)
    waits = [home.order(number) for number in range(home.items)]
    spent = home.end()
    calls, cpu, wall, rows = (spent[name] for name in ("calls", "cpu", "wall", "rows"))
    if calls < home.items * 4:
        raise BenchError(f"the gate was passed {calls:g} times by {home.items} orders")
    path = f"{sum(waits) / home.items * 1e3:.0f} ms an order"
    yield Result(
        "consent gate / an order's path",
        wall / sum(waits) * 100,
        " %",
        f"{wall / home.items * 1e3:.2f} ms ({cpu / home.items * 1e3:.2f} ms CPU, "
        f"{calls / home.items:.0f} calls) of {path}",
        target=1,
    )
    yield Result(
        "the gate and writing its rows / an order's path",
        (wall + rows) / sum(waits) * 100,
        " %",
        f"{rows / home.items * 1e3:.2f} ms more for rows in three tables, of {path}",
    )


class _Home:
    """A household, its shop, and a member who says yes."""

    def __init__(self, bench: Bench, items: int) -> None:
        self.items, self._bench = items, bench
        folder = bench.folder / "consent"
        config, self._data = folder / "config", folder / "data"
        (config / "rules").mkdir(parents=True)
        registry, self._port = folder / "registry.yaml", free_port()
        self._told = folder / "gate.json"
        settings = {
            "home": {
                "name": "Bench",
                "timezone": "UTC",
                "address": "Street 5",
                "phone": "+49 30 1",
            },
            "members": [{"id": "me", "name": "Me"}],
            "mqtt": {"url": f"mqtt://127.0.0.1:{bench.broker}"},
            "http": {"port": self._port},
            "beckn": {"registry": str(registry), "collect_seconds": 60},
            "log": {"level": "warning"},
        }
        pantry = {
            name: {"name": name, "unit": "pc", "par": 1, "target": 2, "pack": 1}
            for name in map(_item, range(items))
        }
        rule = {
            "id": "groceries",
            "name": "Groceries",
            "when": {"stock_below_par": {"item": "any"}},
            "propose": {"kind": "grocery_order", "items": "below_par"},
            "quiet_hours": "off",
        }
        # JSON is YAML.
        (config / "hub.yaml").write_text(json.dumps(settings))
        (config / "pantry.yaml").write_text(json.dumps({"items": pantry}))
        (config / "rules" / "bench.yaml").write_text(json.dumps({"rules": [rule]}))
        self._sell(folder, registry)
        command = [sys.executable, str(HERE / "gated.py"), str(self._told), "run"]
        folders = ["--config", str(config), "--data", str(self._data)]
        self._hub = bench.start("consent-hub", [*command, *folders], speaks=False)
        wait_until(lambda: get_json(self._port, "/healthz") is not None, "the hub", _PATIENCE)
        self._token = self._make_token()

    def _sell(self, folder: Path, registry: Path) -> None:
        catalogue = folder / "catalogue.yaml"
        goods = [
            {"id": name, "name": name, "price": "1.00", "size": 1, "unit": "pc", "stock": 99}
            for name in map(_item, range(self.items))
        ]
        slot = {"id": "evening", "start": "19:00", "end": "21:00", "capacity": 999, "fee": "1.00"}
        provider = {"id": "shop", "name": "Shop", "timezone": "UTC", "currency": "EUR"}
        catalogue.write_text(json.dumps({"provider": provider, "items": goods, "slots": [slot]}))
        port = free_port()
        command = [
            sys.executable,
            str(ROOT / "run_hub.py"),
            "provider",
            "--catalog",
            str(catalogue),
        ]
        rest = ["--port", str(port), "--data", str(folder / "shop"), "--registry", str(registry)]
        self._bench.start("consent-shop", [*command, *rest], speaks=False)
        wait_until(lambda: get_json(port, "/orders") is not None, "the shop", _PATIENCE)

    def _make_token(self) -> str:
        scopes = ["--scope", "read", "--scope", "decide", "--data", str(self._data)]
        command = [sys.executable, str(ROOT / "run_hub.py"), "token", "create", "bench", *scopes]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise BenchError(f"token create: {made.stderr.strip()}")
        return made.stdout.strip()

    def order(self, number: int) -> float:
        """Have an item run low and be ordered; return the seconds from its message to the order.

        The member says yes at once.
        """
        self._bench.publish(_TOPIC, [json.dumps({"item": _item(number), "quantity": 0})])
        began = time.perf_counter()
        asked = self._once(lambda: self._first("/suggestions", lambda one: bool(one["options"])))
        decision = {
            "version": asked["version"],
            "verb": "approve",
            "member": "me",
            "option": asked["options"][0]["id"],
        }
        self._call("POST", f"/suggestions/{asked['id']}/decision", decision)
        self._once(lambda: self._confirmed() > number)
        took = time.perf_counter() - began
        self._once(lambda: not self._call("GET", "/suggestions")["items"])
        return took

    def _confirmed(self) -> int:
        orders = self._call("GET", "/orders?limit=200")["items"]
        return sum(one["state"] == "confirmed" for one in orders)

    def _first(self, path: str, fits: Callable[[dict[str, Any]], bool]) -> Any:
        return next((one for one in self._call("GET", path)["items"] if fits(one)), None)

    def _once(self, ask: Callable[[], Any]) -> Any:
        found: list[Any] = []

        def there() -> bool:
            found[:] = [ask()]
            return bool(found[0])

        wait_until(there, "an order to go on", _PATIENCE, every=0.005)
        return found[0]

    def _call(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def end(self) -> dict[str, float]:
        """Stop the hub and return what its gate took."""
        stop(self._hub)
        spent: dict[str, float] = json.loads(self._told.read_text())
        return spent


def _item(number: int) -> str:
    return f"item-{number}"
