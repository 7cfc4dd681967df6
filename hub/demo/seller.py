"""A provider that plays: its process, and its own API."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from hub.demo.household import SOURCE
from hub.demo.processes import RUN, Cast, DemoError, free_port

_SELLS = re.compile(r"^(.+) \((\S+)\) sells at (\S+)")
_PATIENCE = 60.0
_PAUSE = 0.1
_TIMEOUT = ClientTimeout(total=20.0)


class Seller:
    """One provider of config/demo/catalogues, at an address that stays over a restart."""

    def __init__(
        self,
        name: str,
        folder: Path,
        registry: str,
        cast: Cast,
        session: ClientSession,
        say: Callable[[str], None],
    ) -> None:
        """Sell what ``name``.yaml lists, and take part in ``registry``."""
        self.name = name
        self.title = name
        self.url = ""
        self.data = folder / f"{name}-data"
        self._registry = registry
        self._cast = cast
        self._session = session
        self._say = say
        self._port = free_port()

    async def start(self) -> None:
        """Start it and return once it takes orders. Raises DemoError."""
        await self._cast.start(
            self.name,
            [
                *(RUN, "provider", "--catalog", str(SOURCE / "catalogues" / f"{self.name}.yaml")),
                *("--registry-url", self._registry, "--port", str(self._port)),
                *("--data", str(self.data)),
            ],
            self._heard,
        )
        await self._open()
        self._say(f"{self.title} sells at {self.url}")

    async def killed(self) -> None:
        """Kill it and start it again."""
        self.url = ""
        await self._cast.kill(self.name)
        await self._cast.again(self.name)
        await self._open()

    async def _open(self) -> None:
        await self._cast.until(self.name, lambda: bool(self.url), of=self.name)

    def _heard(self, line: str) -> None:
        if found := _SELLS.match(line):
            self.title, self.url = found[1], found[3]
        elif "desk-token" not in line:
            self._say(f"{self.title}: {line}")

    async def orders(self) -> list[dict[str, Any]]:
        """Return all its orders as its own API tells them."""
        told = await self._call("GET", "/orders")
        return list(told["orders"])

    async def act(self, order_id: str, verb: str) -> None:
        """Do with an order what the provider itself does, e.g. ``deliver``. Raises DemoError."""
        await self._call("POST", f"/orders/{order_id}/{verb}")

    async def _call(self, method: str, path: str) -> Any:
        loop = asyncio.get_running_loop()
        end, interrupted = loop.time() + _PATIENCE, False
        while True:
            try:
                async with self._session.request(
                    method,
                    f"http://127.0.0.1:{self._port}{path}",
                    json={} if method == "POST" else None,
                    timeout=_TIMEOUT,
                ) as answer:
                    if answer.status == 409 and interrupted:
                        # It was killed after it had done it, and before it said so.
                        return None
                    if answer.status != 200:
                        told = (await answer.text())[:200]
                        raise DemoError(f"{self.title} {path} answered {answer.status}: {told}")
                    return await answer.json()
            except (ClientError, TimeoutError, OSError) as error:
                interrupted = True
                if loop.time() > end:
                    raise DemoError(f"{self.title} {path}: {error or 'no answer'}") from None
                await asyncio.sleep(_PAUSE)
