"""Two households by their pages alone: they become friends, plan, answer, and subscribe to it."""

from __future__ import annotations

import asyncio
import html
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

import icalendar
from aiohttp import ClientSession, CookieJar

from tests.journeys.test_restart import hidden
from tests.support.friends import FriendHub
from tests.support.hubprocess import PATIENCE, RUN
from tests.support.mosquitto import free_port, start_mosquitto

BERLIN = ZoneInfo("Europe/Berlin")
PAGE = {"Accept": "text/html"}


class Browser:
    """A member who is signed in, as far as forms go."""

    def __init__(self, hub: FriendHub) -> None:
        self.hub = hub
        self.session = ClientSession(hub.url, cookie_jar=CookieJar(unsafe=True))
        self.csrf = ""

    async def sign_in(self) -> None:
        page = await self.page("/sign-in")
        form = {"csrf": hidden(page, "csrf"), "code": self.hub.code()}
        async with self.session.post("/sign-in", data=form) as answer:
            self.csrf = hidden(await answer.text(), "csrf")

    async def page(self, path: str) -> str:
        async with self.session.get(path, headers=PAGE) as answer:
            assert answer.status == 200, (path, answer.status)
            return html.unescape(await answer.text())

    async def send(self, path: str, **form: str) -> str:
        data = {"csrf": self.csrf, **form}
        async with self.session.post(path, data=data, headers=PAGE) as answer:
            text = html.unescape(await answer.text())
            assert answer.status == 200, (path, text[-3000:])
            return text

    async def wait(self, path: str, true: Callable[[str], object]) -> str:
        end = monotonic() + PATIENCE
        while not true(text := await self.page(path)):
            assert monotonic() < end, f"waited in vain for {path}: {text[-2000:]}"
            await asyncio.sleep(0.1)
        return text


def hub(folder: Path, name: str, broker: str) -> FriendHub:
    mqtt = {"url": broker, "client_id": name}
    made = FriendHub(folder / name, name, http={"port": free_port()}, mqtt=mqtt)
    made.arguments = [sys.executable, RUN, "run", "--config", made.config, "--data", made.data]
    return made


def link_to(page: str, name: str) -> str:
    """Return where the list entry with this name leads."""
    found = re.search(rf'<a href="([^"]+)"><span class="what"><strong>{re.escape(name)}<', page)
    assert found, page[-3000:]
    return found[1]


async def test_friends_plan_and_everybody_reads_the_same(tmp_path: Path) -> None:
    with start_mosquitto(tmp_path) as broker:
        elm, birch = hub(tmp_path, "Elm", broker.url), hub(tmp_path, "Birch", broker.url)
        try:
            for one in (elm, birch):
                one.start()
            ada, ben = Browser(elm), Browser(birch)
            for who in (ada, ben):
                await who.sign_in()
            await _journey(ada, ben)
        finally:
            for one in (elm, birch):
                one.stop()
            for who in (ada, ben):
                await who.session.close()


async def _journey(ada: Browser, ben: Browser) -> None:
    made = await ada.send("/friends/invite")
    link = re.search(r"web\+commonhearth:contact/[\w-]+", made)
    assert link
    assert "Elm is asked to confirm" in await ben.send("/friends/accept", link=link[0])
    page = await ada.wait("/friends", lambda text: "waits for you" in text)
    await ada.send(link_to(page, "Birch"), do="confirm")
    await ben.wait("/friends", lambda text: "sees nothing of you" in text)

    day = (datetime.now(BERLIN) + timedelta(days=2)).date()
    form = await ada.page("/activities/new")
    guest = re.search(r'name="(guest:[^"]+)"', form)
    assert guest
    times = {"day": str(day), "start": "10:00", "end": "13:00"}
    name = "Fishing <script>"
    page = await ada.send("/activities", summary=name, location="Lake", **times, **{guest[1]: "1"})
    assert "Made, and its guests are asked." in page

    page = await ben.wait("/activities", lambda text: name in text)
    theirs = link_to(page, name)
    page = await ben.send(theirs, do="answer", answer="ACCEPTED", note="with worms")
    assert "Answered: you come." in page
    ours = link_to(await ada.page("/activities"), name)
    page = await ada.wait(ours, lambda text: "with worms" in text)
    assert ">comes<" in page
    for who in (ada, ben):
        text = await who.page(f"/day/{day}")
        assert name in text
        assert "10:00–13:00 · Ada" in text

    page = await ada.send("/plans", kind="absence", title="Sea", **times, **{"member:ada": "1"})
    assert "Noted when you are away." in page
    secret = re.search(r"/calendar/[\w-]+\.ics", await ben.send("/you/calendar"))
    assert secret
    before = await _subscribed(ben.hub, secret[0])
    assert before == [(name, datetime(day.year, day.month, day.day, 10, tzinfo=BERLIN))]

    later = {**times, "start": "11:00", "end": "14:00"}
    await ada.send(f"{ours}/edit", summary=name, location="Lake", **later)
    await ben.wait(f"/day/{day}", lambda text: "11:00–14:00" in text)
    ben.hub.kill()
    ben.hub.start()
    # Killed before it was committed, the change comes again.
    await ben.wait(f"/day/{day}", lambda text: "11:00–14:00" in text)
    (moved,) = await _subscribed(ben.hub, secret[0])
    assert moved[1] - before[0][1] == timedelta(hours=1)
    await ada.send(ours, do="cancel")
    await ben.wait(f"/day/{day}", lambda text: name not in text)
    assert await _subscribed(ben.hub, secret[0]) == []


async def _subscribed(hub: FriendHub, path: str) -> list[tuple[str, datetime]]:
    """Return what a calendar program reads that knows the address and nothing else."""
    async with ClientSession() as program, program.get(hub.url + path) as answer:
        assert answer.status == 200
        events = icalendar.Calendar.from_ical(await answer.read()).walk("VEVENT")
    return [(str(event["SUMMARY"]), event["DTSTART"].dt.astimezone(UTC)) for event in events]
