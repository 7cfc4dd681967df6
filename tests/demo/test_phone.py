"""The demo's phone shows what is published as ntfy does, and taps buttons over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from hub.demo.phone import Phone, Shown
from hub.demo.processes import DemoError
from hub.domain.effects import Notification, NotificationAction
from hub.settings import NtfySettings
from integrations.ntfy import NtfyNotifier


@pytest.fixture
async def phone() -> AsyncIterator[Phone]:
    heard: list[Shown] = []
    made = Phone(heard.append)
    await made.start()
    yield made
    assert heard == made.shown
    await made.stop()


async def ask(phone: Phone, base_url: str = "http://127.0.0.1:9") -> None:
    notifier = NtfyNotifier(NtfySettings(url=phone.url), topic="ada", base_url=lambda: base_url)
    actions = (NotificationAction("approve", "Approve 8 EUR", "token-1"),)
    await notifier.notify(Notification("tag-1", "Milk", "runs low", "ada", actions=actions))
    await notifier.close()


async def test_it_shows_what_the_hub_publishes(phone: Phone) -> None:
    waiting = asyncio.create_task(phone.wait_for("milk", lambda shown: shown.title == "Milk", 20))
    await ask(phone)
    shown = await waiting
    assert shown == Shown(
        "ada", "tag-1", "Milk", "runs low", (("Approve 8 EUR", "http://127.0.0.1:9/a/token-1"),)
    )
    assert await phone.wait_for("milk again", lambda shown: True) is shown


async def test_a_tap_is_a_post_whose_answer_is_told(phone: Phone) -> None:
    tapped: list[str] = []

    async def act(request: web.Request) -> web.Response:
        tapped.append(request.path)
        return web.Response(status=410, text=" too late \n")

    app = web.Application()
    app.router.add_post("/a/{token}", act)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await ask(phone, f"http://127.0.0.1:{runner.addresses[0][1]}")
    assert await phone.tap(phone.shown[0], "Approve") == (410, "too late")
    assert tapped == ["/a/token-1"]
    with pytest.raises(DemoError, match="no button 'Decline' on 'Milk'"):
        await phone.tap(phone.shown[0], "Decline")
    await runner.cleanup()


async def test_what_does_not_come_is_told(phone: Phone) -> None:
    await ask(phone)
    with pytest.raises(DemoError, match=r"the phone waited 0.05 s for gas"):
        await phone.wait_for("gas", lambda shown: "gas" in shown.body, 0.05)
