"""A household that plays: its hub, its phone, and its API as a person's program would use it."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from hub.app.hub import DATABASE
from hub.app.wishes import WishError, ask
from hub.demo.household import Household
from hub.demo.phone import Phone
from hub.demo.processes import RUN, Cast, DemoError
from hub.ports import Clock
from hub.store.access import Access
from hub.store.database import open_database

_AT = re.compile(r"Commonhearth is at (\S+)")
_CODE = re.compile(r"signs in with the code (\S+)")
PATIENCE = 60.0
"""Real seconds for a hub that was killed to be there again."""

_PAUSE = 0.1
_TIMEOUT = ClientTimeout(total=20.0)


class Home:
    """One household. ``asks`` of its API are repeated while its hub is away."""

    def __init__(
        self,
        household: Household,
        phone: Phone,
        cast: Cast,
        session: ClientSession,
        clock: Clock,
    ) -> None:
        """Play ``household``, whose member's phone is ``phone``."""
        self.household = household
        self.phone = phone
        self.url = ""
        self.code = ""
        self._cast = cast
        self._session = session
        self._clock = clock
        self._token = ""

    @property
    def name(self) -> str:
        """Return the name of its process."""
        return self.household.name

    @property
    def title(self) -> str:
        """Return its name as friends see it."""
        return self.household.title

    @property
    def member(self) -> str:
        """Return the id of the one who plays it."""
        return self.household.member

    async def start(self) -> None:
        """Start its hub and return once that says where it is. Raises DemoError."""
        config, data = str(self.household.config), str(self.household.data)
        await self._cast.start(
            self.name, [RUN, "run", "--config", config, "--data", data], self._heard
        )
        await self._cast.until(
            f"{self.title}'s hub", lambda: bool(self.code and self.url), of=self.name
        )
        self._token = await asyncio.to_thread(self._make_token)

    async def killed(self) -> None:
        """Kill its hub and start it again."""
        self.url = ""
        await self._cast.kill(self.name)
        await self._cast.again(self.name)
        await self._cast.until(f"{self.title}'s hub", lambda: bool(self.url), of=self.name)

    async def lost_and_restored(self, folder: Path) -> dict[str, Any]:
        """Back it up while it runs, lose its machine, and go on from the backup on another one.

        Returns what ``restore`` prints. Files are made in ``folder``. Raises DemoError.
        """
        import pyrage

        old, file = self.household, folder / f"{self.name}.age"
        key, identity = folder / f"{self.name}-backup.key", pyrage.x25519.Identity.generate()
        key.touch(mode=0o600)
        key.write_text(f"{identity}\n")
        new = replace(
            old, config=folder / f"{self.name}-new-config", data=folder / f"{self.name}-new-data"
        )
        place = ("--config", str(old.config), "--data", str(old.data))
        await self._cast.do(
            "backup",
            [RUN, "backup", *place, "--to", str(file), "--recipient", str(identity.to_public())],
        )
        self.url = ""
        await self._cast.kill(self.name)
        await asyncio.to_thread(shutil.rmtree, old.data)
        await asyncio.to_thread(shutil.rmtree, old.config)
        place = ("--config", str(new.config), "--data", str(new.data))
        told = await self._cast.do(
            "restore", [RUN, "restore", str(file), *place, "--identity", str(key), "--json"]
        )
        self.household = new
        await self._cast.start(self.name, [RUN, "run", *place], self._heard)
        await self._cast.until(f"{self.title}'s hub", lambda: bool(self.url), of=self.name)
        return dict(json.loads(told))

    def _heard(self, line: str) -> None:
        if found := _AT.search(line):
            self.url = found[1]
        if (found := _CODE.search(line)) and not self.code:
            self.code = found[1]

    def _make_token(self) -> str:
        engine = open_database(self.household.data / DATABASE)
        try:
            scopes = frozenset({"read", "decide"})
            return Access(engine).create_token("demo", scopes, self._clock.now())
        finally:
            engine.dispose()

    # -- its API --------------------------------------------------------------------------------

    async def ask(self, path: str) -> Any:
        """Return what the hub's API answers to GET ``path``; a list's items."""
        told = await self.call("GET", path)
        return told["items"] if isinstance(told, dict) and "items" in told else told

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Return what the hub's API answers. Raises DemoError when it refuses.

        A hub that cannot be reached is called again: call so what may come twice.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE
        while True:
            try:
                return await self.call_once(method, path, body)
            except (ClientError, TimeoutError, OSError) as error:
                if loop.time() > end:
                    raise DemoError(f"{self.title} {path}: {error or 'no answer'}") from None
                await asyncio.sleep(_PAUSE)

    async def attempt(self, method: str, path: str, body: dict[str, Any]) -> bool:
        """Call the API once; False where nobody can tell whether it was done."""
        try:
            await self.call_once(method, path, body)
        except (ClientError, TimeoutError, OSError):
            return False
        return True

    async def call_once(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call the API once; ClientError and TimeoutError when the hub is away."""
        async with self._session.request(
            method,
            f"http://127.0.0.1:{self.household.http_port}/api/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {self._token}"},
            timeout=_TIMEOUT,
        ) as answer:
            if answer.status != 200:
                told = (await answer.text())[:200]
                raise DemoError(f"{self.title} {path} answered {answer.status}: {told}")
            return await answer.json()

    # -- its contacts, as `contact` of the command line does it ----------------------------------

    async def contact(self, verb: str, **words: Any) -> dict[str, Any]:
        """Have the hub do something about its contacts. Raises DemoError."""

        def work() -> dict[str, Any]:
            engine = open_database(self.household.data / DATABASE)
            try:
                return ask(engine, self.household.data, self._clock, verb, words, must_run=True)
            finally:
                engine.dispose()

        try:
            return await asyncio.to_thread(work)
        except WishError as error:
            raise DemoError(f"{self.title}: contact {verb}: {error}") from None

    async def shows_busy(self, other: Home) -> None:
        """Let another household see when this one is busy, and nothing else."""
        friend = await self.friend(other.title, known=True)
        await self.contact("limit", id=friend, sees="busy")

    async def friend(self, title: str, *, known: bool) -> str:
        """Return the id of the contact of that name once it is there (and ``known``)."""
        found: list[str] = []

        async def there() -> bool:
            for one in await self.ask("/friends"):
                if one["name"] == title and (one["hub"] or not known):
                    found.append(one["id"])
            return bool(found)

        await eventually(there, f"{self.title} to have {title} as a contact")
        return found[0]


async def befriend(host: Home, guest: Home) -> None:
    """Make two households contacts: a link is made, accepted, and confirmed."""
    link = (await host.contact("invite"))["link"]
    await guest.contact("accept", link=link)
    offered = await host.friend(guest.title, known=False)
    await host.contact("confirm", id=offered)
    await guest.friend(host.title, known=True)


async def eventually(
    holds: Callable[[], Any], what: str | Callable[[], str], seconds: float = PATIENCE
) -> None:
    """Return once the coroutine ``holds()`` is true. Raises DemoError after ``seconds``."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not await holds():
        if loop.time() > end:
            raise DemoError(f"waited {seconds:g} s for {what() if callable(what) else what}")
        await asyncio.sleep(_PAUSE)
