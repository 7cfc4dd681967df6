"""Two households as processes: whatever is off or killed, a message comes once, in order."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.between import Between, Moment
from tests.support.friends import FriendHub, befriend
from tests.support.hubprocess import RUN, Process, run_cli, until
from tests.support.mosquitto import Mosquitto, free_port, start_mosquitto


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with start_mosquitto(tmp_path) as running:
        yield running


@pytest.fixture
def household(tmp_path: Path, broker: Mosquitto) -> Iterator[Callable[..., FriendHub]]:
    made: list[FriendHub] = []

    def make(name: str, public_url: str | None = None, **settings: Any) -> FriendHub:
        port = free_port()
        http: dict[str, Any] = {"port": port}
        if public_url:
            http["public_url"] = public_url
        mqtt = {"url": broker.url, "client_id": name}
        hub = FriendHub(tmp_path / name, name, http=http, mqtt=mqtt, **settings)
        made.append(hub)
        return hub

    yield make
    for hub in made:
        hub.stop()


def test_a_friend_that_is_off_gets_everything_later_once_and_in_order(
    household: Callable[..., FriendHub],
) -> None:
    ana, ben = household("Ana"), household("Ben")
    ana.start()
    ben.start()
    befriend(ana, ben)
    assert ben.stop() == 0
    ana.write(30)
    until(lambda: ana.written() == 30, ana.words)
    until(lambda: ana.query("SELECT max(attempts) FROM outbox WHERE kind='peer'")[0], ana.words)
    ana.kill()
    ana.start()
    assert ana.waiting() == 30
    ben.start()
    ben.wait_taken(30)
    until(lambda: ana.waiting() == 0, ana.words)
    ben.write(3)
    ana.wait_taken(3)
    (listed,) = ana.contact("list")
    assert (listed["name"], listed["state"], listed["waiting"]) == ("Ben", "contact", 0)
    link = ana.contact("invite")["link"]
    first = run_cli("contact", "accept", link[:-10], "--data", ben.data)
    assert (first.returncode, "damaged" in first.stderr) == (2, True)
    own = run_cli("contact", "accept", link, "--data", ana.data)
    assert (own.returncode, "own link" in own.stderr) == (1, True)
    shown = run_cli("contact", "invite", "--data", ana.data)
    assert "web+commonhearth:contact/" in shown.stdout
    assert max(map(len, shown.stdout.split("web+")[0].splitlines())) <= 80, "fits a terminal"
    assert ana.contact("mute", "Ben")["name"] == "Ben"
    ana.contact("limit", "ben", "--sees", "busy")
    (listed,) = ana.contact("list")
    assert (listed["muted"], listed["sees"]) == (True, "busy")
    ana.contact("rotate")
    ben.write(6)
    ana.wait_taken(6)
    ana.write(33)
    ben.wait_taken(33)
    ana.contact("remove", "Ben")
    until(lambda: ben.contact("list") == [], ben.words)


class Killer:
    """Kills a hub at the n-th message between the two, and starts it again."""

    def __init__(self) -> None:
        self.left: dict[tuple[int, str], Callable[[], FriendHub]] = {}
        self.count = 0
        self._one_at_a_time = asyncio.Lock()
        self.armed = False

    async def at(self, moment: Moment) -> bool:
        if not self.armed:
            return False
        async with self._one_at_a_time:
            if moment[1] == "sent":
                self.count += 1
            whom = self.left.pop((self.count, moment[1]), None)
            if whom is None:
                return False
            hub = whom()
            await asyncio.to_thread(hub.kill)
            await asyncio.to_thread(hub.start)
            return True


async def test_one_note_each_wherever_a_hub_is_killed(
    household: Callable[..., FriendHub],
) -> None:
    killer = Killer()
    async with Between(killer.at) as to_ben:
        ana, ben = household("Ana"), household("Ben", to_ben.url)
        try:
            await asyncio.to_thread(ana.start)
            await asyncio.to_thread(ben.start)
            to_ben.target = f"http://127.0.0.1:{ben._port}"
            await asyncio.to_thread(befriend, ana, ben)
            killer.left = {
                (1, "sent"): lambda: ben,  # it never arrived, and nobody is at home
                (3, "passed"): lambda: ben,  # committed; the sender is never told
                (5, "sent"): lambda: ana,  # the sender dies while it sends
                (7, "passed"): lambda: ana,  # the sender dies before it reads the receipt
            }
            killer.armed = True
            await asyncio.to_thread(ana.write, 12)
            await asyncio.to_thread(ben.wait_taken, 12)
            await asyncio.to_thread(until, lambda: ana.waiting() == 0, ana.words)
            assert not killer.left, "these moments were never reached"
            assert await asyncio.to_thread(ben.taken) == list(range(12))
        finally:
            await asyncio.to_thread(ana.stop)
            await asyncio.to_thread(ben.stop)


def test_a_friend_without_an_open_port_is_reached_over_a_relay(
    tmp_path: Path, broker: Mosquitto, household: Callable[..., FriendHub]
) -> None:
    port = free_port()
    registry = tmp_path / "registry.yaml"
    registry.write_text("subscribers: []\n")
    relay = Process(
        "relay",
        [
            *(RUN, "relay", "--mqtt", broker.url, "--port", port),
            *("--data", tmp_path / "relay", "--registry", registry),
        ],
        tmp_path,
    )
    relay.launch()
    ana, ben = household("Ana"), household("Ben", relay={"url": f"http://127.0.0.1:{port}"})
    try:
        relay.wait_said(str(port))
        ana.start()
        ben.start()
        befriend(ana, ben)
        (listed,) = ana.contact("list")
        assert listed["url"].startswith(f"http://127.0.0.1:{port}/hubs/")
        ben.kill()
        ana.write(8)
        until(lambda: ana.written() == 8, ana.words)
        sent = "SELECT count(*) FROM peer_out WHERE sent_at > 0"
        until(lambda: ana.query(sent)[0] == 8, ana.words)
        ben.start()
        ben.wait_taken(8)
        until(lambda: ana.waiting() == 0, lambda: f"{ana.words()} {ben.words()}")
        ben.write(4)
        ana.wait_taken(4)
    finally:
        relay.stop()
    assert os.path.exists(tmp_path / "relay")
