"""A new key towards providers: shown by a real registry before it is used, and never half."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from hub.app import rotation
from hub.app.network import Network
from hub.app.rotation import ProviderKey
from hub.clock import SYSTEM
from hub.settings import BecknSettings, RegistrySettings, Settings
from hub.store.peers import Wish
from hub.store.tx import Tx
from integrations.beckn.buyer import BecknBuyer
from integrations.beckn.keys import KEY_FILE, NEXT_FILE, OLD_FILE, Identity
from integrations.beckn.registry import Registry, Source
from integrations.beckn.registry.file import load
from tests.integrations.beckn.test_registry_server import running
from tests.support.household import Household, make_home

WISH = Wish("0123456789abcdef", "key providers", {})


@pytest.fixture
def house(tmp_path: Path) -> Any:
    one = Household(tmp_path / "hub.db", make_home())
    yield one
    one.close()


class Hub:
    """As much of a hub as has a key that providers know: built anew as after each restart."""

    def __init__(self, folder: Path, house: Household, *registries: str) -> None:
        self.secrets, self.house, self.uri = folder / "secrets", house, ""
        beckn = BecknSettings(
            registry=folder / "registry.yaml",
            registries=[RegistrySettings(url=url) for url in registries],
        )
        self.buyer = BecknBuyer(
            beckn,
            secrets_dir=self.secrets,
            public_url_of=lambda: self.uri,
            sink=lambda answer: asyncio.sleep(0, True),
            clock=SYSTEM,
        )
        self.network = Network(
            Settings(beckn=beckn),
            self.buyer,
            folder,
            take_peer=self._none,
            park=self._nothing,
            clock=SYSTEM,
        )
        self.key = ProviderKey(self.secrets, self.buyer, self.network, self._do)

    def _nothing(self, path: str, body: bytes, why: str) -> None:
        raise AssertionError("nothing is parked")

    async def _none(self, path: str, body: bytes, at: object) -> None:
        raise AssertionError("nobody calls")

    async def _do(self, step: Callable[[Tx], None]) -> None:
        self.house.do(step)

    @property
    def present(self) -> str:
        return self.buyer.identity.unique_key_id

    def noted(self) -> int:
        return self.house.ledger().count("key_rotated")


@asynccontextmanager
async def hub(folder: Path, house: Household, *registries: str) -> AsyncIterator[Hub]:
    one = Hub(folder, house, *registries)
    app = web.Application()
    app.router.add_routes(one.network.routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    one.uri = f"http://127.0.0.1:{runner.addresses[0][1]}"
    one.network.enter()
    one.network.join()
    one.key.start()
    try:
        yield one
    finally:
        await one.key.close()
        await one.network.close()
        await one.buyer.close()
        await runner.cleanup()


async def joined(one: Hub, source: Source) -> None:
    """Return once the registry shows the hub's present key."""
    registry = Registry(None, sources=[source], ttl=timedelta(0))
    async with asyncio.timeout(20):
        me = one.buyer.identity
        while registry.public_key_of(me.subscriber_id, me.unique_key_id) is None:
            registry._missed.clear()
            await registry.refresh(me.subscriber_id, me.unique_key_id)
            await asyncio.sleep(0.01)
    await registry.close()


async def test_the_registry_shows_it_whom_it_was_pinned_believes_it_and_the_log_tells_it(
    tmp_path: Path, house: Household
) -> None:
    async with running(tmp_path / "r") as (url, _):
        source = Source(url)
        async with hub(tmp_path / "home", house, url) as one:
            await joined(one, source)
            before = one.buyer.identity
            shop = Registry(None, sources=[source], data=tmp_path / "shop")
            await shop.refresh(before.subscriber_id)
            shop.pin(before.subscriber_id)
            done = await one.key.wished(WISH)
            assert done == {"key_id": one.present, "key": one.buyer.identity.public_key}
            assert one.present != before.unique_key_id
            await shop.refresh(before.subscriber_id, one.present)
            assert shop.public_key_of(before.subscriber_id, one.present) is not None
            assert shop.public_key_of(before.subscriber_id, before.unique_key_id) is not None
            await shop.close()
            assert one.noted() == 1
            # The registry file of the household names it as well.
            (row,) = load(tmp_path / "home" / "registry.yaml")
            assert row.unique_key_id == one.present
            # The same wish, taken up once more after a crash, makes no other key.
            assert await one.key.wished(WISH) == done
            again = one.present
        async with hub(tmp_path / "home", house, url) as later:
            assert later.present == again
            assert await later.key.wished(WISH) == done
            assert (tmp_path / "home" / "secrets" / OLD_FILE).stat().st_mode & 0o777 == 0o600
            assert later.noted() == 1


async def test_a_registry_that_is_away_is_waited_for_and_the_old_key_signs_meanwhile(
    tmp_path: Path, house: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path / "r") as (url, _):
        port = int(url.rpartition(":")[2])
        async with hub(tmp_path / "home", house, url) as one:
            await joined(one, Source(url))
    before = one.buyer.identity
    monkeypatch.setattr(rotation, "ANSWER_AFTER", 0.2)
    monkeypatch.setattr(rotation, "_WAITS", (0.05,))
    async with hub(tmp_path / "home", house, url) as one:
        done = await one.key.wished(WISH)
        assert url in done["waits"][0] or "not answered" in done["waits"][0]
        assert (one.present, one.noted()) == (before.unique_key_id, 0)
        assert (one.secrets / NEXT_FILE).exists()
    # The hub goes on after a restart, unasked, once the registry is there again.
    async with (
        hub(tmp_path / "home", house, url) as one,
        running(tmp_path / "r", port=port),
        asyncio.timeout(20),
    ):
        assert one.key._task is not None
        await one.key._task
        assert one.present != before.unique_key_id
        await joined(one, Source(url))
        assert one.noted() == 1


class _Killed(BaseException):
    """A kill -9."""


@pytest.mark.parametrize("at", ["successor", "show", "_note", "adopt", "follow"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_anywhere_it_is_one_key_and_one_line_of_the_log(
    at: str, when: str, tmp_path: Path, house: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Hub(tmp_path / "home", house)
    before = one.buyer.identity
    _kill(at, when, monkeypatch)
    with pytest.raises(_Killed):
        await _to_its_end(one.key)
    await one.buyer.close()
    monkeypatch.undo()
    again = Hub(tmp_path / "home", house)
    assert again.present in {before.unique_key_id, (await again.key.wished(WISH))["key_id"]}
    await again.key.wished(WISH)
    assert again.present != before.unique_key_id
    assert again.noted() == 1
    assert not (again.secrets / NEXT_FILE).exists()
    assert {file.name for file in again.secrets.iterdir()} == {KEY_FILE, OLD_FILE}
    await again.key.close()
    await again.buyer.close()


async def _to_its_end(key: ProviderKey) -> None:
    await key.wished(WISH)
    assert key._task is not None
    await key._task


def _kill(at: str, when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if at in ("show", "follow"):
        real = getattr(Network, at)

        async def slow(*arguments: Any) -> Any:
            if when == "before":
                raise _Killed
            await real(*arguments)
            raise _Killed

        monkeypatch.setattr(Network, at, slow)
        return
    ordinary = getattr(rotation, at)

    def act(*arguments: Any) -> Any:
        if when == "before":
            raise _Killed
        ordinary(*arguments)
        if at == "_note":
            # Killed once it was committed.
            monkeypatch.setattr(rotation, "adopt", _killed)
            return None
        raise _Killed

    monkeypatch.setattr(rotation, at, act)


def _killed(folder: Path) -> None:
    raise _Killed


async def test_where_people_enter_members_they_are_waited_for(tmp_path: Path) -> None:
    from integrations.beckn.membership import Membership

    me = Identity("home.example.org", "k1", bytes(range(32)))
    new = Identity("home.example.org", "k2", bytes(range(1, 33)))
    made = Membership([Source("https://dedi.example.org", form="dedi")], me)
    shown: list[Identity] = []
    (remote,) = made._by_hand

    async def lookup(subscriber_id: str, key_id: str = "") -> tuple[Any, ...]:
        assert subscriber_id == me.subscriber_id
        return tuple(
            SimpleNamespace(signing_public_key=one.public_key)
            for one in shown
            if one.unique_key_id == key_id
        )

    remote.lookup = lookup  # type: ignore[method-assign, assignment]
    entry: Any = None
    assert await made.follow(new, entry, timedelta(seconds=1)) == [], "we are not in it"
    shown.append(me)
    (told,) = await made.follow(new, entry, timedelta(seconds=1))
    assert f"enter the key k2 there: {new.public_key}" in told
    shown.append(new)
    assert await made.follow(new, entry, timedelta(seconds=1)) == []
    await made.close()
