"""A browser is asked by Web Push, and its button answers: the whole way, but for the browser."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar

from tests.support.hubprocess import HubProcess, until
from tests.support.mosquitto import Mosquitto
from tests.support.mqtt import publish
from tests.support.push import Browser, Pushed, PushService, b64, push_service

RULES = [
    {
        "id": name,
        "name": name,
        "when": {"state": {"entity": f"sensor.home_{name}", "is": "social"}},
        "propose": {"kind": "social_meal", "title": f"Eat together: {name}?"},
        "quiet_hours": "off",
    }
    for name in ("lunch", "dinner")
]


async def sign_in(hub: HubProcess, session: ClientSession) -> str:
    """Sign a browser in; return what its forms carry."""
    page = await (await session.get(f"{hub.url}/sign-in", headers={"Accept": "text/html"})).text()
    fields = {"code": hub.code(), **dict(re.findall(r'name="(\w+)" value="([^"]*)"', page))}
    fields["code"] = hub.code()
    await session.post(f"{hub.url}/sign-in", data=fields, headers={"Accept": "text/html"})
    page = await (await session.get(f"{hub.url}/you", headers={"Accept": "text/html"})).text()
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, page[:500]
    return found[1]


async def pushed(service: PushService, number: int) -> Pushed:
    await asyncio.to_thread(until, lambda: len(service.taken) >= number)
    return service.taken[number - 1]


async def test_a_browser_is_asked_and_answers(
    tmp_path: Path, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with push_service(tmp_path) as (service, trusted):
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        hub = HubProcess(
            tmp_path, settings={"mqtt": {"url": broker.url, "client_id": "web-push"}}, rules=RULES
        )
        await asyncio.to_thread(hub.start)
        try:
            await asyncio.to_thread(hub.wait_connected)
            async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
                await _asked_and_answered(hub, session, service, broker)
        finally:
            await asyncio.to_thread(hub.stop)


async def _asked_and_answered(
    hub: HubProcess, session: ClientSession, service: PushService, broker: Mosquitto
) -> None:
    browser = Browser(f"{service.url}/phone")

    def read(message: Pushed) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(browser.read(message.body))
        return found

    async def ask(name: str) -> None:
        body = json.dumps({name: "social"}).encode()
        await asyncio.to_thread(publish, broker, "commonhearth/v1/home/state", body)

    csrf = await sign_in(hub, session)
    service.key = (await (await session.get(f"{hub.url}/push/key")).json())["key"]
    fields = {"endpoint": browser.endpoint, "p256dh": b64(browser.p256dh)}
    fields |= {"auth": b64(browser.auth), "csrf": csrf}
    assert (await session.post(f"{hub.url}/push/subscribe", data=fields)).status == 204

    await ask("lunch")
    asked = await pushed(service, 1)
    said = read(asked)
    assert said["title"] == "Eat together: lunch?"
    assert 0 < int(asked.headers["TTL"]) <= 28 * 24 * 3600
    tokens = {one["verb"]: one["token"] for one in said["actions"]}
    async with ClientSession() as worker:
        url = f"{hub.url}/a/{tokens['decline']}"
        headers = {"Accept": "text/plain", "X-Answered-In": "webpush"}
        for _ in range(2):
            async with worker.post(url, headers=headers) as answer:
                assert (answer.status, "declined" in (await answer.text()).lower()) == (200, True)
    over = read(await pushed(service, 2))
    assert over["withdraw"] is True
    assert over["tag"] == said["tag"]
    entries = await asyncio.to_thread(hub.get, "/ledger?limit=200")
    assert [one["kind"] for one in entries].count("declined") == 1

    # Signed out, a browser is asked no more, whoever has its address.
    await session.post(f"{hub.url}/sign-out", data={"csrf": csrf})
    await ask("dinner")
    await asyncio.to_thread(
        until,
        lambda: any("dinner" in one["title"] for one in hub.get("/suggestions")),
        hub.words,
    )
    await asyncio.to_thread(until, lambda: hub.health()["waiting_to_send"] == 0, hub.words)
    assert len(service.taken) == 2
