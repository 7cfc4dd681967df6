"""Only what others can reach is announced, and nothing of the household unless it says so."""

import os
import signal

import pytest

from hub.app import announcing
from hub.app.announcing import Announcing, services
from hub.settings import Settings
from integrations.mdns import announce
from integrations.mdns.announce import Service

OPEN: dict[str, dict[str, object]] = {
    "http": {"host": "0.0.0.0"},
    "mqtt": {"bind": "0.0.0.0"},
    "home": {"name": "Müllers"},
}


def _said(settings: dict[str, object], tls_port: int = 0) -> list[tuple[str, str, int]]:
    found = services(Settings.model_validate(settings), 8480, 1883, tls_port)
    return [(one.kind, one.name, one.port) for one in found]


def test_what_is_announced() -> None:
    assert _said(OPEN) == []
    assert _said({"mdns": {"announce": True}}) == []
    assert _said({**OPEN, "mdns": {"announce": True}}) == [
        ("_commonhearth._tcp", "Commonhearth", 8480),
        ("_http._tcp", "Commonhearth", 8480),
        ("_mqtt._tcp", "Commonhearth", 1883),
    ]
    encrypted = {**OPEN["mqtt"], "tls_port": 8883, "plain": "loopback"}
    assert _said({"mqtt": encrypted, "mdns": {"announce": True}}, 8883) == [
        ("_secure-mqtt._tcp", "Commonhearth", 8883)
    ]
    named = {**OPEN, "mqtt": {"url": "mqtt://elsewhere"}, "mdns": {"announce": True, "name": True}}
    assert _said(named) == [
        ("_commonhearth._tcp", "Müllers", 8480),
        ("_http._tcp", "Müllers", 8480),
    ]


async def test_a_process_that_was_killed_is_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    told = [Service("_mqtt._tcp", "Commonhearth test killed", 18832)]
    monkeypatch.setattr(announcing, "services", lambda *_: told)
    loopback = announce.Announcer
    monkeypatch.setattr(announce, "Announcer", lambda said: loopback(said, ("127.0.0.1",)))
    settings = Settings.model_validate({**OPEN, "mdns": {"announce": True}})
    one = Announcing(lambda: settings, lambda: 8480, lambda: (1883, 0))
    await one.look()
    first = one._announcer
    assert first is not None
    await one.look()
    assert one._announcer is first
    os.kill(first.pid, signal.SIGKILL)
    assert first._child is not None
    await first._child.wait()
    await one.look()
    assert one._announcer is not None
    assert one._announcer.alive
    await one.close()


async def test_where_it_cannot_be_it_is_tried_ever_more_seldom(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried = []

    class Deaf:
        alive = False

        def __init__(self, said: list[Service]) -> None:
            tried.append(said)

        async def start(self) -> bool:
            return False

        async def stop(self) -> None:
            pass

    monkeypatch.setattr(announce, "Announcer", Deaf)
    settings = Settings.model_validate({**OPEN, "mdns": {"announce": True}})
    one = Announcing(lambda: settings, lambda: 8480, lambda: (1883, 0))
    for _ in range(20):
        await one.look()
    assert len(tried) == 4
