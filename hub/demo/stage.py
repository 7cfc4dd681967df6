"""The demo's stage: hub, shops, fridge, utility and phone, all running and ready to play."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from hub.demo.household import SOURCE, Household, write_household
from hub.demo.phone import Phone, Shown
from hub.demo.processes import ROOT, Cast, DemoError

RUN = str(ROOT / "run_hub.py")
SHOPS = ("corner-shop", "green-valley", "market-hall")
OTHERS = ("driver", "restaurant")
_AT = re.compile(r"Commonhearth is at (\S+)")
_CODE = re.compile(r"signs in with the code (\S+)")
_ANSWERS = re.compile(r"the registry \S+ answers at (\S+)")
_SELLS = re.compile(r"^(.+) \((\S+)\) sells at (\S+)")


@dataclass(slots=True)
class Seller:
    """A running provider: its name in the network, and where its own API is."""

    name: str = ""
    subscriber_id: str = ""
    url: str = ""


@dataclass(slots=True)
class Heard:
    """What the hub said on its standard output."""

    url: str = ""
    codes: list[str] = field(default_factory=list)

    def __call__(self, line: str) -> None:
        """Take one line in."""
        if found := _AT.search(line):
            self.url = found[1]
        if found := _CODE.search(line):
            self.codes.append(found[1])


class Stage:
    """Everything that plays together. ``say`` gets a line for each thing worth telling."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        """Keep all files below ``folder``, which exists and is empty."""
        self.folder = folder
        self.say = say
        self.cast = Cast(folder)
        self.phone = Phone(self._shown)
        self.sellers: dict[str, Seller] = {}
        self.home: Household
        self.heard = Heard()
        self.token = ""
        self._session: ClientSession | None = None

    async def start(self, *, http_port: int, eaten_per_second: float) -> None:
        """Start everybody. ``eaten_per_second`` is hours of eating a second. Raises DemoError."""
        self._session = ClientSession()
        await self.phone.start()
        registry = await self._open_registry()
        await asyncio.gather(*(self._open_shop(shop, registry) for shop in (*SHOPS, *OTHERS)))
        self.home = write_household(
            self.folder,
            "home",
            source="household",
            registry_url=registry,
            phone_url=self.phone.url,
            http_port=http_port,
        )
        await self.start_hub()
        self.token = await self._api_token()
        await self._listed(registry, len(SHOPS) + len(OTHERS) + 1)
        await self._start_fridge(eaten_per_second)

    async def start_hub(self) -> None:
        """Start the hub and return once it says where it is. Raises DemoError."""
        self.heard.url = ""
        await self.cast.start(
            "hub",
            [
                *(RUN, "run", "--config", str(self.home.config)),
                *("--data", str(self.home.data)),
            ],
            self.heard,
        )
        await self.cast.until(
            "the hub", lambda: bool(self.heard.codes and self.heard.url), of="hub"
        )
        self.say(f"the hub runs at {self.heard.url}, its broker at {self.home.mqtt_url}")

    async def _open_registry(self) -> str:
        """Start a registry, as a neighbourhood would keep one; return its address."""
        found: list[str] = []

        def hear(line: str) -> None:
            if at := _ANSWERS.search(line):
                found.append(at[1])
            elif found:
                self.say(f"registry: {line}")

        await self.cast.start(
            "registry", [RUN, "registry", "--data", str(self.folder / "registry-data")], hear
        )
        await self.cast.until("the registry", lambda: bool(found), of="registry")
        self.say(f"the registry answers at {found[0]}")
        return found[0]

    async def _listed(self, registry: str, count: int) -> None:
        """Return once the registry shows everybody: each proved that it holds its key."""
        loop = asyncio.get_running_loop()
        end = loop.time() + 60
        while True:
            assert self._session is not None
            async with self._session.post(f"{registry}/lookup", json={}) as answer:
                shown = await answer.json()
            if isinstance(shown, list) and len(shown) >= count:
                return
            if loop.time() > end:
                raise DemoError(f"the registry shows {len(shown)} participants, expected {count}")
            await asyncio.sleep(0.1)

    async def _open_shop(self, shop: str, registry: str) -> None:
        seller = self.sellers[shop] = Seller()

        def hear(line: str) -> None:
            if found := _SELLS.match(line):
                seller.name, seller.subscriber_id, seller.url = found[1], found[2], found[3]
            elif "desk-token" not in line:
                self.say(f"{seller.name}: {line}")

        await self.cast.start(
            shop,
            [
                *(RUN, "provider", "--catalog", str(SOURCE / "catalogues" / f"{shop}.yaml")),
                *("--registry-url", registry, "--data", str(self.folder / f"{shop}-data")),
            ],
            hear,
        )
        await self.cast.until(shop, lambda: bool(seller.url), of=shop)
        self.say(f"{seller.name} sells at {seller.url}")

    async def _api_token(self) -> str:
        words: list[str] = []
        arguments = [RUN, "token", "create", "demo", "--scope", "read", "--scope", "decide"]
        await self.cast.start(
            "token", [*arguments, "--data", str(self.home.data), "--json"], words.append
        )
        await self.cast.until("an API token", lambda: self.cast.ended("token") is not None)
        try:
            return str(json.loads("".join(words))["token"])
        except (ValueError, KeyError):
            raise DemoError(f"no API token: {self.cast.last_words('token')}") from None

    async def _start_fridge(self, eaten_per_second: float) -> None:
        await self.cast.start(
            "fridge",
            [
                *("-m", "devices.simulators.fridge", "--url", self.home.mqtt_url),
                *("--name", "fridge", "--hours-per-second", str(eaten_per_second)),
            ],
        )

    async def announce_outage(self, *, begins_in: float = 5400, lasts: float = 4 * 3600) -> None:
        """Have the utility announce that the gas will be off, in seconds from now."""
        await self.cast.start(
            "utility",
            [
                *("-m", "devices.simulators.utility", "--url", self.home.mqtt_url),
                *("--service", "gas", "--in", str(begins_in), "--for", str(lasts)),
            ],
        )

    async def eat(self, **levels: float) -> None:
        """Set what is in the fridge, as somebody who takes things out does."""
        from devices.simulators.link import connect

        def publish() -> None:
            client = connect(self.home.mqtt_url)
            try:
                body = json.dumps(levels).encode()
                client.publish("fridges/fridge/command", body, 1).wait_for_publish(10)
            finally:
                client.disconnect()
                client.loop_stop()

        await asyncio.to_thread(publish)

    # -- asking the parties' own APIs ------------------------------------------------------------

    async def ask_hub(self, path: str) -> Any:
        """Return what the hub's API answers to GET ``path``."""
        return await self._get(
            f"{self.heard.url}/api/v1{path}", {"Authorization": f"Bearer {self.token}"}
        )

    async def tell_hub(self, path: str, body: dict[str, Any]) -> Any:
        """Return what the hub's API answers to POST ``path``. Raises DemoError when it refuses."""
        assert self._session is not None
        async with self._session.post(
            f"{self.heard.url}/api/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.token}"},
        ) as answer:
            if answer.status != 200:
                raise DemoError(f"{path} answered {answer.status}: {(await answer.text())[:200]}")
            return await answer.json()

    async def ask_seller(self, shop: str, path: str = "/orders") -> Any:
        """Return what a provider's own API answers."""
        return await self._get(f"{self.sellers[shop].url}{path}", {})

    async def _get(self, url: str, headers: dict[str, str]) -> Any:
        assert self._session is not None
        async with self._session.get(url, headers=headers) as answer:
            if answer.status != 200:
                raise DemoError(f"{url} answered {answer.status}: {(await answer.text())[:200]}")
            return await answer.json()

    async def stop(self) -> None:
        """End everybody."""
        await self.cast.stop()
        await self.phone.stop()
        if self._session is not None:
            await self._session.close()

    def _shown(self, shown: Shown) -> None:
        body = shown.body.replace("\n", " | ")
        buttons = ", ".join(label for label, _ in shown.actions)
        self.say(f"phone: {shown.title}: {body}" + (f"  [{buttons}]" if buttons else ""))
