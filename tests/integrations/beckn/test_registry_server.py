"""A registry that runs, participants that answer its challenge, and hubs that look them up."""

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import uuid
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from integrations.beckn.errors import BecknError, RegistryError, SignatureError
from integrations.beckn.keys import Identity, load_or_create
from integrations.beckn.registry import Entry, Registry, Source, challenge
from integrations.beckn.registry.entry import Rotation
from integrations.beckn.registry.rows import write_rotation
from integrations.beckn.registry.subscription import Subscription, vouch
from integrations.beckn.registry_server import admit, serve_registry
from integrations.beckn.signature import sign

ROOT = Path(__file__).parents[3]


def now():
    return datetime.now(UTC)


@asynccontextmanager
async def running(data, port=0, **settings):
    """A registry in this process; what it says is in ``said``."""
    ready, said = asyncio.get_running_loop().create_future(), []
    serving = asyncio.create_task(
        serve_registry("127.0.0.1", port, data, say=said.append, ready=ready.set_result, **settings)
    )
    done, _ = await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
    assert ready in done, serving.exception()
    try:
        yield ready.result(), said
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def until(true):
    async with asyncio.timeout(15):
        while True:
            found = true()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.01)


class Member:
    """Somebody who takes part: a key, an address, an entry in the registry."""

    def __init__(self, folder, url, role="BPP", name=None, version="2.0.0"):
        self.folder = folder
        self.identity = load_or_create(folder, kind="shop", subscriber_id=name)
        self.subscription = Subscription(Source(url), self.identity)
        self.role, self.version, self.asked, self.mode = role, version, 0, "answer"

    @property
    def entry(self):
        mine = self.subscription.identity
        return Entry(
            mine.subscriber_id, self.uri, self.role, mine.public_key, mine.unique_key_id,
            self.version, ("grocery", "dining"),
        )  # fmt: skip

    async def on_subscribe(self, http):
        self.asked += 1
        body = await http.read()
        if self.mode == "wrong":
            return web.json_response({"answer": "no idea"})
        header = http.headers["Authorization"]
        text = await self.subscription.on_subscribe(header, body, now())
        if self.mode == "later":
            self.text = text
            return web.json_response({"status": "ACK"})
        return web.json_response({"answer": text})

    async def join(self):
        await self.subscription.ensure(self.entry, patience=timedelta(seconds=15))
        return self


@asynccontextmanager
async def member(folder, url, **rest):
    one = Member(folder, url, **rest)
    app = web.Application()
    app.router.add_post("/beckn/on_subscribe", one.on_subscribe)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    one.uri = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/beckn"
    try:
        yield one
    finally:
        await runner.cleanup()
        await one.subscription.close()


@asynccontextmanager
async def looking(*sources, **rest):
    registry = Registry(None, sources=sources, **rest)
    try:
        yield registry
    finally:
        await registry.close()


def dedi(url):
    return Source(f"{url}/dedi", form="dedi")


async def post(url, body, header="", path="/subscribe"):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with (
        aiohttp.ClientSession() as session,
        session.post(url + path, data=body, headers={"Authorization": header}) as answer,
    ):
        return answer.status, await answer.json()


async def get(url):
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.json()


async def test_who_answers_the_challenge_is_found_in_both_forms(tmp_path):
    async with running(tmp_path / "r") as (url, said), member(tmp_path / "m", url) as shop:
        await shop.join()
        assert shop.asked == 1
        key = (shop.identity.subscriber_id, shop.identity.unique_key_id)
        for source in (Source(url), dedi(url)):
            async with looking(source) as registry:
                assert registry.public_key_of(*key) is None
                await registry.refresh(*key)
                assert registry.public_key_of(*key) == shop.entry.public_key
                found = registry.find(key[0], role="BPP", version="2.0.0")
                assert (found.uri, set(found.domains)) == (shop.uri, {"grocery", "dining"})
                assert registry.find(key[0], role="BAP") is None
        assert said[-1] == f"{key[0]}: SUBSCRIBED"
        await shop.join()
        assert shop.asked == 1


async def test_a_registry_is_believed_about_itself_but_takes_nobodys_name(tmp_path):
    async with running(tmp_path / "r") as (url, _):
        _, told = await get(f"{url}/identity")
        own = (told["subscriber_id"], told["key_id"])
        async with looking(Source(url)) as registry:
            assert registry.public_key_of(*own) is None
            await registry.refresh(*own)
            assert registry.public_key_of(*own) is not None
            assert registry.find(own[0]) is None, "it neither buys nor sells"
        async with looking(Source(url)) as registry:
            # Somebody else is known by that name.
            registry.pin_key(own[0], "k1", base64.b64encode(bytes(32)).decode())
            await registry.refresh(*own)
            assert registry.public_key_of(*own) is None


async def test_providers_of_a_domain_are_discovered_in_several_registries_at_once(tmp_path, caplog):
    async with running(tmp_path / "r") as (url, _), running(tmp_path / "s") as (other, _):
        async with member(tmp_path / "m", url) as shop, member(tmp_path / "n", other) as farm:
            await shop.join()
            await farm.join()
            own = (await get(f"{other}/identity"))[1]["subscriber_id"]
            network = replace(dedi(other), network=f"{own}/subscribers.beckn.one")
            dead = Source("http://127.0.0.1:9")
            async with looking(dead, Source(url), network) as registry:
                found = await registry.discover("dining")
                assert {one.uri for one in found} == {shop.uri, farm.uri}
                assert await registry.discover("ride") == ()
                assert await registry.discover("dining", "BAP") == ()
            assert "127.0.0.1:9" in caplog.text


async def test_a_wrong_answer_is_not_entered_and_the_reason_told(tmp_path):
    async with running(tmp_path / "r") as (url, said), member(tmp_path / "m", url) as shop:
        shop.mode = "wrong"
        await shop.subscription.subscribe(shop.entry)
        await until(lambda: said[-1].endswith("wrong"))
        status, told = await get(f"{url}/subscribe/{shop.identity.subscriber_id}")
        assert (status, told["status"]) == (200, "UNSUBSCRIBED")
        assert "wrong" in told["reason"]
        assert (await post(url, {}, path="/lookup"))[1] == []


async def test_an_answer_may_be_handed_in_later(tmp_path):
    async with running(tmp_path / "r") as (url, _), member(tmp_path / "m", url) as shop:
        shop.mode = "later"
        joining = asyncio.create_task(shop.join())
        await until(lambda: shop.asked)
        assert not joining.done()
        with pytest.raises(RegistryError, match="no open challenge"):
            await shop.subscription.answer("0" * 32)
        await shop.subscription.answer(shop.text)
        await joining


async def test_a_name_belongs_to_its_first_key(tmp_path):
    async with running(tmp_path / "r") as (url, _), member(tmp_path / "m", url) as shop:
        await shop.join()
        name = shop.identity.subscriber_id
        async with member(tmp_path / "n", url, name=name) as thief:
            with pytest.raises(RegistryError, match="refused"):
                await thief.join()
            # Nor with the name of the true key.
            thief.subscription.identity = replace(
                thief.identity, unique_key_id=shop.identity.unique_key_id
            )
            with pytest.raises(RegistryError, match="refused"):
                await thief.join()
            assert thief.asked == 0
        async with looking(Source(url)) as registry:
            await registry.refresh(name)
            assert registry.find(name).uri == shop.uri


async def test_a_new_key_follows_the_old_one_also_for_whom_it_was_pinned(tmp_path):
    async with running(tmp_path / "r") as (url, _), member(tmp_path / "m", url) as shop:
        await shop.join()
        name, old = shop.identity.subscriber_id, shop.identity.unique_key_id
        late = {"at": now()}
        async with looking(Source(url), data=tmp_path, now=lambda: late["at"]) as registry:
            await registry.refresh(name)
            registry.pin(name)
            for _ in range(2):
                await shop.subscription.rotate(shop.folder, [shop.entry])
            assert load_or_create(shop.folder, kind="shop") == shop.subscription.identity
            new = shop.subscription.identity
            assert new.unique_key_id != old
            await registry.refresh(name, new.unique_key_id)
            assert registry.public_key_of(name, new.unique_key_id) == shop.entry.public_key
            # The old one is good a while longer: messages are under way.
            assert registry.public_key_of(name, old) is not None
            late["at"] += timedelta(days=2)
            assert registry.public_key_of(name, old) is None
            assert registry.public_key_of(name, new.unique_key_id) is not None
            assert registry.changes() == ()


async def test_a_rotation_that_was_interrupted_is_made_good(tmp_path):
    async with running(tmp_path / "r") as (url, _), member(tmp_path / "m", url) as shop:
        await shop.join()
        following = await shop.subscription.rotate(shop.folder, [shop.entry])
        # The registry took it, and the power went before the file was renamed.
        (shop.folder / "beckn-key.json").rename(shop.folder / "beckn-key.next.json")
        (shop.folder / "beckn-key.old.json").rename(shop.folder / "beckn-key.json")
        again = Subscription(
            Source(url), load_or_create(shop.folder, kind="shop", subscriber_id=None)
        )
        assert await again.rotate(shop.folder, [shop.entry]) == following
        assert load_or_create(shop.folder, kind="shop") == following
        await again.close()


async def test_a_rotation_without_proof_is_refused(tmp_path):
    async with running(tmp_path / "r") as (url, _), member(tmp_path / "m", url) as shop:
        await shop.join()
        old = shop.identity
        new = Identity(old.subscriber_id, "k2", bytes(range(32)))
        good = vouch(old, new)
        forged = vouch(replace(old, seed=bytes(32)), new)
        other = vouch(old, replace(new, unique_key_id="k3"))
        shop.subscription._following = new
        for proof, words in (
            (replace(good, signature=forged.signature), "proof"),
            (replace(good, own_signature=good.signature), "proof"),
            (other, "proof"),
            (Rotation(old.subscriber_id, "k9", "k2", new.public_key, "", "AA=="), "signature"),
        ):
            with pytest.raises(RegistryError, match=words):
                await shop.subscription.subscribe(shop.entry, proof)
        assert shop.asked == 1


async def test_a_person_admits_where_the_registry_asks(tmp_path):
    data = tmp_path / "r"
    async with running(data, admission="ask") as (url, said), member(tmp_path / "m", url) as shop:
        await shop.subscription.subscribe(shop.entry)
        await until(lambda: "INITIATED" in said[-1])
        assert (await post(url, {}, path="/lookup"))[1] == []
        assert admit(data, shop.identity.subscriber_id, datetime.now(UTC))
        assert not admit(data, "somebody.else", datetime.now(UTC))
        rows = (await post(url, {}, path="/lookup"))[1]
        assert {row["subscriber_id"] for row in rows} == {shop.identity.subscriber_id}


async def test_members_only(tmp_path):
    async with running(tmp_path / "r", members_only=True) as (url, _):
        async with member(tmp_path / "m", url) as shop:
            await shop.join()
            assert (await post(url, {}, path="/lookup"))[0] == 401
            async with looking(Source(url), identity=shop.identity) as registry:
                assert len(await registry.discover("grocery")) == 1


def request_of(identity, **changes):
    return {
        "subscriber_id": identity.subscriber_id,
        "url": "http://127.0.0.1:9/beckn",
        "type": "BAP",
        "domain": "grocery",
        "key_id": identity.unique_key_id,
        "signing_public_key": identity.public_key,
        "encr_public_key": identity.encryption_public_key,
        "nonce": str(uuid.uuid4()),
    } | changes


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"url": "ftp://x"}, "url: expected http"),
        ({"url": None}, "url: expected text"),
        ({"type": "BG"}, "type: expected BAP"),
        ({"domain": None}, "domain: expected"),
        ({"domain": ["a"] * 40}, "domain"),
        ({"key_id": "a|b"}, "key_id"),
        ({"signing_public_key": "AAAA"}, "signing_public_key"),
        ({"encr_public_key": "AAAA"}, "X25519"),
        ({"nonce": "1"}, "nonce: expected a UUID"),
        ({"valid_until": "2001-01-01T00:00:00Z"}, "valid_until"),
        ({"valid_until": "2999-01-01T00:00:00Z"}, "valid_until"),
        ({"valid_from": "yesterday"}, "valid_from"),
        ({"subscriber_id": "shop.example.org"}, "domain shop.example.org"),
        ({"rotation": {"old_key_id": "a"}}, "rotation.new_key_id"),
    ],
)
async def test_a_faulty_request_is_refused_by_its_field(tmp_path, changes, words):
    who = Identity("hub.local", "k1", bytes(range(32)))
    who = replace(who, subscriber_id=changes.get("subscriber_id", who.subscriber_id))
    body = json.dumps(request_of(who, **changes)).encode()
    async with running(tmp_path / "r") as (url, _):
        status, told = await post(url, body, sign(body, who, now()))
    assert status in (400, 409)
    assert words in told["error"]["message"]


async def test_what_is_no_request_is_refused_and_the_next_is_taken(tmp_path):
    who = Identity("hub.local", "k1", bytes(range(32)))
    stranger = Identity("hub.local", "k1", bytes(32))
    body = json.dumps(request_of(who)).encode()
    async with running(tmp_path / "r") as (url, _):
        for sent, header, expected in (
            (b"[", "", 400),
            (b"[" * 30_000, "", 400),
            (b" " * 40_000, "", 413),
            (body, "", 401),
            (body, sign(body, stranger, now()), 401),
            (body, sign(body, who, now() - timedelta(hours=2)), 401),
            (body, sign(body, who, now()), 200),
            (body, sign(body, who, now()), 200),
        ):
            assert (await post(url, sent, header))[0] == expected
        assert (await get(f"{url}/healthz"))[1] == {"status": "ok", "waiting": 1}
        for path in ("/dedi/lookup/a/b/c", "/dedi/query/a/b", "/subscribe/a"):
            assert (await get(url + path))[0] == 404
        assert (await get(f"{url}/dedi/query/a/subscribers.beckn.one?page=0"))[0] == 400


async def test_one_address_cannot_flood(tmp_path):
    async with running(tmp_path / "r") as (url, _):
        statuses = [(await post(url, b"["))[0] for _ in range(21)]
        assert statuses == [400] * 20 + [429]
        assert (await post(url, {}, path="/lookup"))[0] == 200


async def test_a_public_registry_knocks_on_no_private_door(tmp_path):
    settings = {"public_addresses_only": True}
    async with running(tmp_path / "r", **settings) as (url, _), member(tmp_path / "m", url) as shop:
        await shop.subscription.subscribe(shop.entry)
        path = f"{url}/subscribe/{shop.identity.subscriber_id}"

        async def refused():
            return "not a public address" in (await get(path))[1]["reason"]

        await until(refused)
        assert shop.asked == 0


async def test_a_challenge_is_answered_only_when_asked_for_and_signed(tmp_path):
    async with running(tmp_path / "r") as (url, _), member(tmp_path / "m", url) as shop:
        body = b'{"challenge": "AAAA"}'
        stranger = Identity("registry.local", "k1", bytes(32))
        with pytest.raises(BecknError, match="no subscription"):
            await shop.subscription.on_subscribe(sign(body, stranger, now()), body, now())
        await shop.join()
        with pytest.raises(SignatureError):
            await shop.subscription.on_subscribe(sign(body, stranger, now()), body, now())


def test_a_challenge_is_read_by_its_receiver_only():
    registry, shop, other = (Identity("x", "k", bytes([n] * 32)) for n in (1, 2, 3))
    riddle = challenge.encrypt("word", registry, shop.encryption_public_key)
    assert challenge.decrypt(riddle, shop, registry.encryption_public_key) == "word"
    with pytest.raises(RegistryError):
        challenge.decrypt(riddle, other, registry.encryption_public_key)
    for nonsense in ("", "A", "AAAA", "A" * 5000):
        with pytest.raises(RegistryError):
            challenge.decrypt(nonsense, shop, registry.encryption_public_key)
    with pytest.raises(RegistryError):
        challenge.encrypt("word", registry, "AAAA")


def test_a_challenge_is_enciphered_as_ondc_documents_it():
    # AES-256-ECB with PKCS#7 under the X25519 secret, made here with the library alone.
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    shop, theirs = Identity("x", "k", bytes([2] * 32)), X25519PrivateKey.generate()
    public = theirs.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    mine = X25519PrivateKey.from_private_bytes(shop.encryption_seed).public_key()
    encryptor = Cipher(algorithms.AES(theirs.exchange(mine)), modes.ECB()).encryptor()
    riddle = base64_of(encryptor.update(b"word" + b"\x0c" * 12) + encryptor.finalize())
    assert challenge.decrypt(riddle, shop, base64_of(public)) == "word"
    der = mine.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert shop.encryption_public_key == base64_of(der)


def base64_of(value):
    import base64

    return base64.b64encode(value).decode()


_RUN = """
import sys
from pathlib import Path
from integrations.beckn.registry_server import run_registry
run_registry("127.0.0.1", int(sys.argv[2]), Path(sys.argv[1]),
    say=lambda line: print(line, flush=True), ready=lambda url: print("READY", url, flush=True))
"""


def start(data, port=0):
    process = subprocess.Popen(
        [sys.executable, "-c", _RUN, str(data), str(port)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    for line in process.stdout:
        if line.startswith("READY"):
            return process, line.split()[1]
    raise AssertionError("it did not start")


async def test_a_registry_that_is_killed_goes_on_where_it_was(tmp_path):
    data = tmp_path / "r"
    process, url = start(data)
    async with member(tmp_path / "m", url) as shop:
        held, answering = asyncio.Event(), shop.subscription.on_subscribe

        async def hold(*_):
            held.set()
            await asyncio.Event().wait()

        shop.subscription.on_subscribe = hold
        await shop.subscription.subscribe(shop.entry)
        await asyncio.wait_for(held.wait(), 15)
        # It has asked its challenge and knows no answer yet.
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
        process.stdout.close()
        shop.subscription.on_subscribe = answering
        process, again = start(data, int(url.rsplit(":", 1)[1]))
        try:
            assert again == url
            await shop.join()
            os.kill(process.pid, signal.SIGKILL)
            process.wait(10)
            process.stdout.close()
            process, _ = start(data, int(url.rsplit(":", 1)[1]))
            async with looking(Source(url)) as registry:
                await registry.refresh(shop.identity.subscriber_id)
                assert registry.find(shop.identity.subscriber_id).uri == shop.uri
        finally:
            process.terminate()
            assert process.wait(10) == 0
            process.stdout.close()


def test_a_rotation_is_written_without_its_subscriber():
    old, new = Identity("a", "k1", bytes([1] * 32)), Identity("a", "k2", bytes([2] * 32))
    proof = vouch(old, new)
    assert proof.proves(Entry("a", "http://x", "BAP", old.public_key, "k1").public_key)
    assert set(write_rotation(proof)) == {
        "old_key_id", "new_key_id", "new_public_key", "signature", "own_signature",
    }  # fmt: skip
