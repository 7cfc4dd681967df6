"""ntfy, Apprise and the fake keep the promises of the port ``Notifier``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from hub.ports import DeliveryError
from hub.settings import NtfySettings
from integrations.apprise import AppriseNotifier
from integrations.homeassistant.link import HomeLink
from integrations.homeassistant.notifier import AppNotifier
from integrations.ntfy import NtfyNotifier
from tests.support.fakes import FakeNotifier
from tests.support.homesocket import TOKEN, HomeSocket, eventually

pytest.register_assert_rewrite("tests.contract.notifier")
from tests.contract.notifier import NotifierContract  # noqa: E402


class Receiver:
    """An HTTP server that takes JSON, as a far end of either adapter."""

    def __init__(self, notifier: Any = None) -> None:
        self.notifier = notifier
        self.got: list[dict[str, Any]] = []
        self.refusing = False
        self.url = ""
        app = web.Application()
        app.router.add_post("/{path:.*}", self._take)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)

    async def start(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def vanish(self) -> None:
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        if self.refusing:
            return web.Response(status=503, text="not now")
        self.got.append(await request.json())
        return web.json_response({"id": "1"})

    def arrived(self) -> list[tuple[str, str]]:
        return [(one["title"], one["message"]) for one in self.got]

    def refuse(self, refuse: bool) -> None:
        self.refusing = refuse


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    await made.start()
    yield made
    await made.notifier.close()
    await made.vanish()


class TestNtfy(NotifierContract):
    @pytest.fixture
    async def channel(self, receiver: Receiver) -> Receiver:
        receiver.notifier = NtfyNotifier(
            NtfySettings(url=receiver.url, token="tk_secret"),
            topic="hearth-ada-secret",
            base_url=lambda: "http://hub.local:8480",
        )
        return receiver


class TestApprise(NotifierContract):
    @pytest.fixture
    async def channel(self, receiver: Receiver) -> Receiver:
        url = receiver.url.replace("http://", "json://user:secret@")
        receiver.notifier = AppriseNotifier([url])
        return receiver


class Home:
    """A Home Assistant that shows what its app is told."""

    def __init__(self, socket: HomeSocket) -> None:
        self.socket = socket
        self.link = HomeLink(socket.url, lambda: TOKEN, wanted=lambda name: False, take=_take)
        self.notifier = AppNotifier(
            ["notify.mobile_app_adas_phone"], self.link, lambda: datetime.now(UTC)
        )

    def arrived(self) -> list[tuple[str, str]]:
        shown = [one["service_data"] for one in self.socket.calls]
        return [(one["title"], one["message"]) for one in shown]

    def refuse(self, refuse: bool) -> None:
        self.socket.refused = {"call_service": "home_assistant_error"} if refuse else {}

    async def vanish(self) -> None:
        await self.socket.vanish()
        await eventually(lambda: not self.link.connected)


async def _take(states: object) -> None:
    raise AssertionError("nothing was wanted")


class TestApp(NotifierContract):
    @pytest.fixture
    async def channel(self) -> AsyncIterator[Home]:
        async with HomeSocket() as socket:
            home = Home(socket)
            home.link.start()
            await eventually(lambda: home.link.connected)
            yield home
            await home.link.stop()


class FakeChannel:
    """The fake, and what it remembers."""

    def __init__(self) -> None:
        self.notifier = FakeNotifier()

    def arrived(self) -> list[tuple[str, str]]:
        return [(one.title, one.body) for one in self.notifier.delivered]

    def refuse(self, refuse: bool) -> None:
        self.notifier.fails = DeliveryError("it refuses") if refuse else None

    async def vanish(self) -> None:
        self.notifier.fails = DeliveryError("nobody is there")


class TestFake(NotifierContract):
    @pytest.fixture
    def channel(self) -> FakeChannel:
        return FakeChannel()
