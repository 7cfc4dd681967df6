"""One view of several registries: what is remembered, for how long, and which keys are believed."""

import asyncio
import json
import logging
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from integrations.beckn.errors import RegistryError
from integrations.beckn.keys import Identity
from integrations.beckn.registry import Entry, Registry, Source, upsert
from integrations.beckn.registry.registry import AGAIN, MOST_QUESTIONS, SOON, STALE, TTL
from integrations.beckn.registry.rows import write_row
from integrations.beckn.registry.subscription import vouch

NAME = "shop.example.org"
OLD = Identity(NAME, "k1", bytes([1] * 32))
NEW = Identity(NAME, "k2", bytes([2] * 32))
THIRD = Identity(NAME, "k3", bytes([3] * 32))


def entry(identity=OLD, **rest):
    return Entry(
        identity.subscriber_id, "http://127.0.0.1:9/beckn", "BPP", identity.public_key,
        identity.unique_key_id, **{"version": "1.1.1", **rest},
    )  # fmt: skip


class Directory:
    """A registry that says what a test wants."""

    def __init__(self):
        self.asked, self.status, self.text, self.rows = [], 200, None, []
        self.gate = None

    def says(self, *entries, **changes):
        self.rows = [{**write_row(one, one.domains[0]), **changes} for one in entries]
        return self

    async def answer(self, http):
        asked = await http.json()
        self.asked.append(asked)
        if self.gate is not None:
            await self.gate.wait()
        name = asked.get("subscriber_id")
        rows = [row for row in self.rows if name in (None, row["subscriber_id"])]
        return web.Response(
            text=self.text if self.text is not None else json.dumps(rows), status=self.status
        )


@asynccontextmanager
async def directory():
    one = Directory()
    app = web.Application()
    app.router.add_post("/lookup", one.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    one.source = Source(f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}")
    try:
        yield one
    finally:
        await runner.cleanup()


class Clock:
    def __init__(self):
        self.at = datetime.now(UTC)

    def __call__(self):
        return self.at

    def go_on(self, by):
        self.at += by


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def two():
    async with directory() as first, directory() as second:
        yield first, second


@pytest.fixture
async def make(tmp_path, clock):
    made = []

    def new(*directories, path=None, **rest):
        sources = [one.source for one in directories]
        made.append(Registry(path, sources=sources, now=clock, **rest))
        return made[-1]

    yield new
    for one in made:
        await one.close()


async def test_an_answer_is_asked_for_once_in_its_time(two, make, clock):
    registry = make(two[0].says(entry()))
    for _ in range(3):
        await registry.refresh(NAME, "k1")
    assert len(two[0].asked) == 1
    clock.go_on(TTL + timedelta(seconds=1))
    await registry.refresh(NAME, "k1")
    assert len(two[0].asked) == 2


async def test_many_who_ask_at_once_make_one_question(two, make):
    two[0].gate = asyncio.Event()
    registry = make(two[0].says(entry()))
    asking = [asyncio.create_task(registry.refresh(NAME, "k1")) for _ in range(20)]
    while not two[0].asked:  # noqa: ASYNC110 (the server's own doing)
        await asyncio.sleep(0.01)
    two[0].gate.set()
    await asyncio.gather(*asking)
    assert len(two[0].asked) == 1
    assert registry.public_key_of(NAME, "k1") == entry().public_key


async def test_a_registry_that_is_away_is_believed_a_week(two, make, clock, caplog):
    registry = make(two[0].says(entry()))
    await registry.refresh(NAME, "k1")
    two[0].status = 500
    for wait, known in ((TTL * 2, True), (STALE - TTL * 3, True), (TTL * 2, False)):
        clock.go_on(wait)
        await registry.refresh(NAME, "k1")
        assert (registry.public_key_of(NAME, "k1") is not None) is known
    assert "status 500" in caplog.text


async def test_a_stranger_is_looked_up_again_soon_where_no_registry_could_be_asked(
    two, make, clock
):
    two[0].status = 500
    registry = make(two[0].says(entry()))
    await registry.refresh(NAME, "k1")
    assert registry.unsure(NAME)
    assert not registry.unsure("somebody.else")
    two[0].status = 200
    await registry.refresh(NAME, "k1")
    assert registry.find(NAME) is None, "not at once"
    clock.go_on(SOON)
    await registry.refresh(NAME, "k1")
    assert registry.find(NAME) is not None
    assert not registry.unsure(NAME)
    await registry.refresh("nobody.org", "k1")
    assert not registry.unsure("nobody.org"), "it was asked, and knows none"


async def test_what_a_registry_no_longer_says_is_no_longer_believed(two, make, clock):
    registry = make(two[0].says(entry()))
    await registry.refresh(NAME)
    two[0].says()
    clock.go_on(TTL * 2)
    await registry.refresh(NAME)
    assert registry.find(NAME) is None


async def test_a_key_has_its_time(two, make, clock):
    begun = clock.at
    old = entry(valid_until=begun + timedelta(minutes=30))
    new = entry(NEW, valid_from=begun + timedelta(minutes=20))
    registry = make(two[0].says(old, new))
    await registry.refresh(NAME)
    for minute, keys in ((0, "k1"), (25, "k1 k2"), (31, "k2")):
        clock.at = begun + timedelta(minutes=minute)
        known = [key for key in ("k1", "k2") if registry.public_key_of(NAME, key)]
        assert known == keys.split()


async def test_what_was_learnt_survives_a_restart_without_its_registry(two, make, tmp_path):
    first = make(two[0].says(entry(encr_public_key=OLD.encryption_public_key)), data=tmp_path)
    await first.refresh(NAME)
    await first.close()
    two[0].status = 500
    again = make(two[0], data=tmp_path)
    assert again.find(NAME) == entry(encr_public_key=OLD.encryption_public_key)
    await again.refresh(NAME)
    assert len(two[0].asked) == 1
    assert (tmp_path / "beckn-registry.sqlite").stat().st_mode & 0o777 == 0o600


async def test_the_file_counts_first_then_the_registries_in_their_order(two, make, tmp_path):
    first, second = two
    path = tmp_path / "registry.yaml"
    registry = make(first.says(entry(NEW)), second.says(entry(THIRD)), path=path)
    await registry.refresh(NAME)
    assert [one.unique_key_id for one in registry.entries()] == ["k2"]
    # The first one's silence does not make the second one's word count more.
    first.status = 500
    await registry.refresh(NAME, "k3")
    assert registry.public_key_of(NAME, "k3") is None
    upsert(path, entry())
    assert [one.unique_key_id for one in registry.entries()] == ["k1"]
    asked = len(first.asked)
    await registry.refresh(NAME, "k9")
    assert len(first.asked) == asked


async def test_whom_the_first_does_not_know_the_second_may(two, make):
    first, second = two
    registry = make(first, second.says(entry()))
    await registry.refresh(NAME, "k1")
    assert registry.find(NAME) == entry()
    found = await registry.discover("grocery")
    assert found == (entry(),)


async def test_what_one_role_of_a_search_says_leaves_the_other(two, make):
    both = (entry(), replace(entry(), role="BAP"))
    registry = make(two[0].says(*both))
    await registry.refresh(NAME)
    two[0].says(entry())
    await registry.discover("grocery")
    assert registry.find(NAME, role="BAP") is not None


async def test_strangers_cannot_make_us_flood_a_registry(two, make, clock, caplog):
    registry = make(two[0].says(entry()))
    for number in range(MOST_QUESTIONS * 3):
        await registry.refresh(f"stranger-{number}.example.org", "k")
    assert len(two[0].asked) == MOST_QUESTIONS
    assert "too many unknown" in caplog.text
    for _ in range(5):
        await registry.refresh("stranger-0.example.org", "k")
    assert len(two[0].asked) == MOST_QUESTIONS
    clock.go_on(AGAIN)
    await registry.refresh(NAME, "k1")
    assert registry.find(NAME) is not None


@pytest.mark.parametrize(
    "text",
    ["", "{", "{}", "5", '["a"]', '[],"rows":1', "[" * 5000, " " * 1_100_000, '[{"a":NaN}]'],
)
async def test_an_answer_that_is_none_changes_nothing(two, make, clock, caplog, text):
    registry = make(two[0].says(entry()))
    await registry.refresh(NAME)
    two[0].text = text
    clock.go_on(TTL * 2)
    with caplog.at_level(logging.WARNING):
        await registry.refresh(NAME)
    assert two[0].source.url in caplog.text
    assert registry.find(NAME) == entry()


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "file:///etc/passwd"},
        {"url": 5},
        {"signing_public_key": "AAAA"},
        {"key_id": 'a"b'},
        {"status": "EXPIRED"},
        {"type": "BG"},
        {"valid_until": "never"},
        {"version": "0.9"},
    ],
)
async def test_a_faulty_row_is_left_out_and_the_others_read(two, make, changes):
    good = replace(entry(NEW), subscriber_id="good.example.org")
    two[0].says(entry(), **changes)
    two[0].rows += Directory().says(good).rows
    registry = make(two[0])
    assert await registry.discover("grocery") == (good,)


async def test_names_of_other_networks_are_understood(two, make):
    two[0].rows = [
        {
            "subscriber_id": NAME,
            "subscriber_url": "http://127.0.0.1:9/beckn",
            "type": "sellerApp",
            "domain": "ONDC:RET10",
            "ukId": "k1",
            "signing_public_key": OLD.public_key,
            "valid_from": "2020-01-01T00:00:00.000Z",
            "city": "std:080",
        }
    ]
    registry = make(two[0])
    await registry.refresh(NAME, "k1")
    found = registry.find(NAME, role="BPP", version="1.1.1")
    assert (found.uri, found.domains) == ("http://127.0.0.1:9/beckn", ("ONDC:RET10",))


async def test_the_registry_itself_is_known_by_its_settings(two, make, clock):
    own = Identity("registry.example.org", "r1", bytes([9] * 32))
    two[0].source = replace(
        two[0].source,
        subscriber_id=own.subscriber_id,
        unique_key_id="r1",
        signing_public_key=own.public_key,
    )
    registry = make(two[0])
    assert registry.public_key_of("registry.example.org", "r1") is not None
    assert registry.public_key_of("registry.example.org", "r2") is None


# -- pinned keys -----------------------------------------------------------------------------------


async def test_a_pinned_peer_keeps_its_key(two, make, clock, tmp_path, caplog):
    told = []
    registry = make(two[0].says(entry()), data=tmp_path, on_change=told.append)
    await registry.refresh(NAME)
    registry.pin(NAME)
    two[0].says(entry(NEW))
    clock.go_on(TTL * 2)
    for _ in range(2):
        await registry.refresh(NAME, "k2")
        assert registry.find(NAME) is None
        assert registry.public_key_of(NAME, "k2") is None
    assert [(one.subscriber_id, one.unique_key_id) for one in told] == [(NAME, "k2")]
    assert caplog.text.count("refused until a person agrees") == 1
    await registry.close()

    # The refusal is remembered, and so is what a person says to it.
    again = make(two[0], data=tmp_path, on_change=told.append)
    assert again.public_key_of(NAME, "k2") is None
    assert again.changes() == tuple(told)
    with pytest.raises(RegistryError, match="no changed key"):
        again.agree(NAME, "k9")
    again.agree(NAME, "k2")
    assert again.changes() == ()
    assert again.public_key_of(NAME, "k2") == entry(NEW).public_key
    await again.close()
    assert make(two[0], data=tmp_path).public_key_of(NAME, "k2") is not None


async def test_a_pinned_key_vouches_for_its_successors(two, make, clock):
    chain = (vouch(OLD, NEW), vouch(NEW, THIRD))
    registry = make(two[0].says(entry()))
    await registry.refresh(NAME)
    registry.pin(NAME)
    two[0].says(entry(THIRD, rotations=chain))
    clock.go_on(TTL * 2)
    await registry.refresh(NAME, "k3")
    assert registry.public_key_of(NAME, "k3") == entry(THIRD).public_key
    assert registry.changes() == ()


@pytest.mark.parametrize(
    "chain",
    [
        (vouch(NEW, THIRD),),
        (vouch(OLD, NEW), vouch(OLD, replace(THIRD, unique_key_id="k4"))),
        (vouch(replace(OLD, seed=bytes(32)), THIRD),),
        (replace(vouch(OLD, THIRD), own_signature=vouch(OLD, THIRD).signature),),
        (vouch(replace(OLD, subscriber_id="other.example.org"), THIRD),),
    ],
)
async def test_a_chain_with_a_gap_vouches_for_nothing(two, make, clock, chain):
    registry = make(two[0].says(entry()))
    await registry.refresh(NAME)
    registry.pin(NAME)
    two[0].says(entry(THIRD, rotations=chain))
    clock.go_on(TTL * 2)
    await registry.refresh(NAME, "k3")
    assert registry.public_key_of(NAME, "k3") is None
    assert len(registry.changes()) == 1


async def test_a_known_name_with_another_key_is_refused_also_in_the_file(make, tmp_path):
    path = tmp_path / "registry.yaml"
    upsert(path, entry())
    registry = make(path=path)
    registry.pin(NAME)
    upsert(path, entry(replace(NEW, unique_key_id="k1", known_public_key=NEW.public_key)))
    assert registry.public_key_of(NAME, "k1") is None
    registry.unpin(NAME)
    assert registry.public_key_of(NAME, "k1") == entry(NEW).public_key


async def test_a_key_that_a_person_brought_is_the_only_one(two, make):
    registry = make(two[0].says(entry(NEW)))
    registry.pin_key(NAME, "k1", OLD.public_key)
    await registry.refresh(NAME)
    assert registry.find(NAME) is None
    with pytest.raises(RegistryError, match="nothing to pin"):
        registry.pin("nobody.example.org")
    with pytest.raises(RegistryError, match="Ed25519"):
        registry.pin_key(NAME, "k1", "AAAA")


def test_one_may_buy_and_sell_and_speak_both_versions_in_one_file(tmp_path):
    path = tmp_path / "registry.yaml"
    registry = Registry(path)
    parts = [
        replace(entry(), role=role, version=version)
        for role in ("BAP", "BPP")
        for version in ("1.1.1", "2.0.0")
    ]
    for one in parts:
        upsert(path, one)
    assert registry.find(NAME, role="BPP", version="2.0.0") == parts[3]
    # A new key under the old name takes all of them out: a name is for one key.
    upsert(path, replace(parts[0], signing_public_key=NEW.public_key))
    assert len(registry.entries()) == 1
