"""The demo's stage: four households, shops, registry, fridge and utility, ready to play."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from hub.clock import VARIABLE, Pace
from hub.demo.home import Home, befriend, eventually
from hub.demo.household import write_household
from hub.demo.phone import Phone, Shown
from hub.demo.processes import RUN, Cast, DemoError, free_port
from hub.demo.seller import Seller

SHOPS = ("corner-shop", "green-valley", "market-hall")
OTHERS = ("driver", "restaurant")
FRIENDS = ("ben", "cleo", "dan")
OPEN = ("ben", "cleo")
"""Friends who let the household see when they are busy."""

_ANSWERS = re.compile(r"the registry \S+ answers at (\S+)")


class Stage:
    """Everything that plays together. ``say`` gets a line for each thing worth telling."""

    def __init__(
        self, folder: Path, say: Callable[[str], None], *, begins: datetime | None = None
    ) -> None:
        """Keep all files below ``folder``, which exists and is empty.

        The shown time begins at ``begins`` (default: now), and goes as fast as ours.
        """
        self.folder = folder
        self.say = say
        self.pace = Pace(folder / "clock", shown=begins)
        self.clock = self.pace.clock
        self.cast = Cast(folder, {VARIABLE: str(folder / "clock")})
        self.sellers: dict[str, Seller] = {}
        self.home: Home
        self.friends: dict[str, Home] = {}
        self._phones: list[Phone] = []
        self._registry_port = free_port()
        self._registry = ""
        self._session: ClientSession | None = None

    @property
    def homes(self) -> tuple[Home, ...]:
        """Return all households, the one that is played with first."""
        return (self.home, *self.friends.values())

    async def start(self, *, http_port: int, eaten_per_second: float) -> None:
        """Start everybody. ``eaten_per_second`` is hours of eating a second. Raises DemoError."""
        self._session = ClientSession()
        await self._open_registry()
        for name in (*SHOPS, *OTHERS):
            self.sellers[name] = Seller(
                name, self.folder, self._registry, self.cast, self._session, self.say
            )
        self.home = await self._move_in("home", "household", http_port)
        for name in FRIENDS:
            self.friends[name] = await self._move_in(name, f"friends/{name}", 0)
        await asyncio.gather(*(seller.start() for seller in self.sellers.values()))
        # A hub does not search again at once: whoever sells has to be found at the first time.
        await self._listed(len(self.sellers))
        await asyncio.gather(*(home.start() for home in self.homes))
        for home in self.homes:
            self.say(
                f"{home.title}'s hub runs at {home.url}, its broker at {home.household.mqtt_url}"
            )
        await asyncio.gather(
            self._listed(len(self.sellers) + len(self.homes)),
            self._start_fridge(eaten_per_second),
            self._befriend_all(),
        )

    async def _move_in(self, name: str, source: str, http_port: int) -> Home:
        assert self._session is not None
        owner: list[str] = []
        phone = Phone(lambda shown: self._shown(owner[0], shown))
        self._phones.append(phone)
        await phone.start()
        household = write_household(
            self.folder,
            name,
            source=source,
            registry_url=self._registry,
            phone_url=phone.url,
            http_port=http_port,
        )
        owner.append(household.member.capitalize())
        return Home(household, phone, self.cast, self._session, self.clock)

    async def _befriend_all(self) -> None:
        """Make everybody a contact of everybody."""
        pairs = combinations(self.homes, 2)
        await asyncio.gather(*(befriend(host, guest) for host, guest in pairs))
        await asyncio.gather(*(self.friends[name].shows_busy(self.home) for name in OPEN))
        self.say(f"{', '.join(home.title for home in self.homes)} are contacts of one another")

    async def _open_registry(self) -> None:
        """Start a registry, as a neighbourhood would keep one."""
        await self.cast.start(
            "registry",
            [
                *(RUN, "registry", "--port", str(self._registry_port)),
                *("--data", str(self.folder / "registry-data")),
            ],
            self._hear_registry,
        )
        await self.cast.until("the registry", lambda: bool(self._registry), of="registry")
        self.say(f"the registry answers at {self._registry}")

    async def kill_registry(self) -> None:
        """Kill the registry and start it again."""
        self._registry = ""
        await self.cast.kill("registry")
        await self.cast.again("registry")
        await self.cast.until("the registry", lambda: bool(self._registry), of="registry")

    def _hear_registry(self, line: str) -> None:
        if at := _ANSWERS.search(line):
            self._registry = at[1]
        elif self._registry:
            self.say(f"registry: {line}")

    async def _listed(self, count: int) -> None:
        """Return once the registry shows everybody: each proved that it holds its key."""
        shown: list[Any] = []

        async def all_of_them() -> bool:
            assert self._session is not None
            async with self._session.post(f"{self._registry}/lookup", json={}) as answer:
                told = await answer.json()
            shown[:] = told if isinstance(told, list) else []
            return len(shown) >= count

        await eventually(
            all_of_them, lambda: f"{count} participants in the registry, which shows {len(shown)}"
        )

    async def _start_fridge(self, eaten_per_second: float) -> None:
        await self.cast.start(
            "fridge",
            [
                *("-m", "devices.simulators.fridge", "--url", self.home.household.mqtt_url),
                *("--name", "fridge", "--hours-per-second", str(eaten_per_second)),
            ],
        )

    async def announce_outage(self, *, begins: datetime, lasts: float) -> None:
        """Have the utility announce that the gas will be off for ``lasts`` seconds.

        Where the household's broker is away it is announced again: the same notice.
        """
        begins_in = max(0.0, (begins - self.clock.now()).total_seconds())
        arguments = [
            *("-m", "devices.simulators.utility", "--url", self.home.household.mqtt_url),
            *("--service", "gas", "--in", str(begins_in), "--for", str(lasts)),
            *("--identifier", f"gas-{begins:%Y-%m-%d}"),
        ]

        async def announced() -> bool:
            await self.cast.start("utility", arguments, lasting=False)
            await self.cast.until("utility", lambda: self.cast.ended("utility") is not None)
            return self.cast.ended("utility") == 0

        await eventually(announced, "the utility to give notice")

    async def eat(self, **levels: float) -> None:
        """Set what is in the fridge, as somebody who takes things out does."""
        from devices.simulators.link import connect

        def publish() -> None:
            client = connect(self.home.household.mqtt_url)
            try:
                body = json.dumps(levels).encode()
                client.publish("fridges/fridge/command", body, 1).wait_for_publish(10)
            finally:
                client.disconnect()
                client.loop_stop()

        async def taken() -> bool:
            try:
                await asyncio.to_thread(publish)
            except (OSError, RuntimeError):
                return False
            for _ in range(20):
                pantry = await self.home.ask("/pantry")
                known = {one["item"]["id"]: (one["level"] or {}).get("quantity") for one in pantry}
                if all(known.get(item) == level for item, level in levels.items()):
                    return True
                await asyncio.sleep(0.1)
            # The fridge was not there to hear it. What is set twice is as after the first time.
            return False

        await eventually(taken, "the fridge to be eaten from, and the hub to know")

    async def leap(self, until: datetime, speed: float = 3600.0) -> None:
        """Let the time run fast until ``until``, and return when it is shown."""
        self.pace.leap(until, speed)

        async def reached() -> bool:
            return self.clock.now() >= until

        await eventually(reached, f"{until:%H:%M}")

    async def stop(self) -> None:
        """End everybody."""
        await self.cast.stop()
        for phone in self._phones:
            await phone.stop()
        if self._session is not None:
            await self._session.close()

    def _shown(self, owner: str, shown: Shown) -> None:
        body = shown.body.replace("\n", " | ")
        buttons = ", ".join(label for label, _ in shown.actions)
        told = f"{owner}'s phone: {shown.title}: {body}"
        self.say(told + (f"  [{buttons}]" if buttons else ""))


def expect(holds: bool, otherwise: str) -> None:
    """Raise DemoError with what is not as it should be."""
    if not holds:
        raise DemoError(otherwise)
