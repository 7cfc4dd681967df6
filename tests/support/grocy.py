"""A server that answers as Grocy's API description (4.6) says, on a free port of loopback."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

KEY = "abcDEF0123456789"
# Grocy's SQLite rows come out as numbers or as text, by its version and PHP's.
UNITS = [
    {"id": "1", "name": "Piece", "name_plural": "Pieces"},
    {"id": 2, "name": "Pack", "name_plural": "Packs"},
    {"id": 3, "name": "Gram", "name_plural": "Grams"},
    {"id": 4, "name": "Liter", "name_plural": "Liters"},
]
PRODUCTS = [
    {"id": "1", "name": "Cookies", "description": None, "qu_id_stock": "2", "qu_id_purchase": "2"},
    {"id": 2, "name": "Flour", "description": "<b>white</b>", "qu_id_stock": 3},
    {"id": 3, "name": "Eggs", "qu_id_stock": 1},
    {"id": 4, "name": "Milk", "qu_id_stock": 4},
]


def row(number: int, product: int | None, amount: Any, **more: Any) -> dict[str, Any]:
    """Return a row of its shopping list."""
    return {
        "id": number,
        "product_id": product,
        "note": None,
        "amount": amount,
        "row_created_timestamp": "2026-11-24 20:12:26",
        "shopping_list_id": 1,
        "done": 0,
        "qu_id": None,
        **more,
    }


@dataclass
class FakeGrocy:
    """What it holds, and what it was asked; ``status`` and ``body`` are answered instead."""

    url: str = ""
    rows: list[dict[str, Any]] = field(default_factory=list)
    version: int = 0
    status: int = 200
    body: str | None = None
    asked: list[str] = field(default_factory=list)

    def change(self, *rows: dict[str, Any]) -> None:
        """Hold other rows."""
        self.rows = list(rows)
        self.version += 1

    async def answer(self, request: web.Request) -> web.Response:
        """Answer as the description says."""
        path = request.path.removeprefix("/grocy/api/")
        self.asked.append(f"{request.method} {path}")
        if request.headers.get("GROCY-API-KEY") != KEY:
            return web.json_response({"error_message": "Unauthorized"}, status=401)
        if self.body is not None:
            return web.Response(status=self.status, text=self.body, headers={"Location": "/login"})
        if request.method == "PUT":
            return self._edit(int(path.rpartition("/")[2]), await request.json())
        found: dict[str, Any] = {
            "objects/shopping_list": self.rows,
            "objects/products": PRODUCTS,
            "objects/quantity_units": UNITS,
            "system/db-changed-time": {"changed_time": f"2026-11-25 12:00:{self.version:02}"},
        }
        return web.json_response(found[path])

    def _edit(self, number: int, change: dict[str, Any]) -> web.Response:
        for one in self.rows:
            if one["id"] == number:
                one.update(json.loads(json.dumps(change)))
                self.version += 1
                return web.Response(status=204)
        return web.json_response({"error_message": "Object not found"}, status=400)


@asynccontextmanager
async def running() -> AsyncIterator[FakeGrocy]:
    """Yield one that listens, below a path as behind a proxy."""
    grocy = FakeGrocy()
    app = web.Application()
    app.router.add_route("*", "/grocy/api/{rest:.*}", grocy.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    grocy.url = f"http://127.0.0.1:{runner.addresses[0][1]}/grocy/"
    yield grocy
    await runner.cleanup()
