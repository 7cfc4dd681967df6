"""A phone for the demo: takes what the hub publishes as an ntfy server would, and taps buttons."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from aiohttp import ClientError, ClientSession, web

from hub.demo.processes import DemoError
from hub.domain.values import dataclass

_BIGGEST = 64 * 1024
PATIENCE = 60.0
"""Real seconds that a hub may be away while a button is tapped."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A notification as the phone shows it: ``actions`` are the labels and their addresses."""

    topic: str
    tag: str
    title: str
    body: str
    actions: tuple[tuple[str, str], ...]


class Phone:
    """ntfy's JSON publishing on the loopback (ntfy documentation, "Publish as JSON")."""

    def __init__(self, show: Callable[[Shown], None]) -> None:
        """``show`` is called for each notification that arrives."""
        self._show = show
        self._runner: web.AppRunner | None = None
        self._news = asyncio.Event()
        self.url = ""
        self.shown: list[Shown] = []

    async def start(self) -> None:
        """Listen on a free port."""
        app = web.Application(client_max_size=_BIGGEST)
        app.add_routes([web.post("/", self._publish)])
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _publish(self, request: web.Request) -> web.Response:
        said = json.loads(await request.read())
        shown = Shown(
            said["topic"],
            said.get("sequence_id", ""),
            said.get("title", ""),
            said.get("message", ""),
            tuple((one["label"], one["url"]) for one in said.get("actions", ())),
        )
        self.shown.append(shown)
        self._show(shown)
        self._news.set()
        return web.json_response({"id": str(len(self.shown)), "topic": shown.topic})

    async def wait_for(
        self, what: str, matches: Callable[[Shown], bool], seconds: float = 60.0
    ) -> Shown:
        """Return the first notification that matches. Raises DemoError after ``seconds``."""
        looked = 0
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self._news.clear()
                    for shown in self.shown[looked:]:
                        looked += 1
                        if matches(shown):
                            return shown
                    await self._news.wait()
        except TimeoutError:
            raise DemoError(f"the phone waited {seconds:g} s for {what}") from None

    def newest(self, shown: Shown) -> Shown:
        """Return the notification that took this one's place, with buttons; itself where none."""
        same = (one for one in reversed(self.shown) if one.tag == shown.tag and one.actions)
        return next(same, shown)

    async def tap(self, shown: Shown, label: str) -> tuple[int, str]:
        """Tap the button whose label begins so; return the status and what the hub answered.

        A hub that is away is asked again, as people do; a button does no more the second time.
        """
        address = next((url for text, url in shown.actions if text.startswith(label)), None)
        if address is None:
            raise DemoError(f"there is no button {label!r} on {shown.title!r}")
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE
        while True:
            try:
                async with ClientSession() as session, session.post(address) as answer:
                    return answer.status, (await answer.text()).strip()
            except (ClientError, OSError) as error:
                if loop.time() > end:
                    raise DemoError(f"{shown.title}: the hub is away: {error}") from None
                await asyncio.sleep(0.1)
