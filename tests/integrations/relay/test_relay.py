"""From a sender to a hub without an open port: over a relay and a real broker."""

import asyncio
import json
import subprocess
import uuid
from dataclasses import replace
from datetime import timedelta

import aiohttp
import paho.mqtt.publish
import pytest
from paho.mqtt import subscribe

from integrations.beckn.keys import Identity
from integrations.beckn.signature import sign, verify, verify_countersigned
from integrations.relay import Broker, RelayError
from integrations.relay.counter import Limits
from integrations.relay.enrolment import write_request
from integrations.relay.link import Link, NotStored
from integrations.relay.words import BIGGEST_BODY, TOPICS
from tests.integrations.relay.conftest import (
    HUB,
    RELAY,
    ROOT,
    SHOP,
    STRANGER,
    healthy,
    member_of,
    now,
    register,
    running,
    send,
    until,
)
from tests.support.mosquitto import program, start_mosquitto


def callback(number=0, message_id=None):
    context = {"action": "on_select", "messageId": message_id or str(uuid.uuid4())}
    # Spaces and the order of keys are the sender's: the signature is over these very bytes.
    return f'{{"n": {number},  "context":{json.dumps(context)}}}'.encode()


async def test_a_callback_reaches_a_hub_as_it_was_sent(broker, registry, tmp_path, homes):
    async with running(broker, registry, tmp_path / "relay") as url:
        home = homes(url)
        uri = await home.start()
        assert uri == f"{url}/hubs/{HUB.subscriber_id}"
        body = callback()
        status, answer = await send(f"{uri}", body)
        assert (status, answer["status"]) == (200, "ACK")
        assert await home.bodies(1) == [body]
        got = home.got[0]
        assert got.path == "/beckn/v2/on_select"
        assert set(got.headers) == {"authorization", "content-type"}
        public = {SHOP.subscriber_id: SHOP, RELAY.subscriber_id: RELAY}

        def key(subscriber_id, _):
            return public[subscriber_id]._private.public_key().public_bytes_raw()

        # The hub checks for itself, as of when the relay took it, however late that is.
        header = got.headers["authorization"]
        assert verify(header, got.body, key, got.received_at) == SHOP.subscriber_id
        message_id = json.loads(body)["context"]["messageId"]
        signer = verify_countersigned(answer, body, message_id, key, now())
        assert signer == RELAY.subscriber_id


async def test_version_1_gets_its_own_acknowledgement(broker, registry, tmp_path, homes):
    async with running(broker, registry, tmp_path / "relay") as url:
        home = homes(url)
        uri = await home.start()
        path = "beckn/v1/on_select"
        assert await send(uri, b"{}", path=path) == (200, {"message": {"ack": {"status": "ACK"}}})
        status, answer = await send(uri, b"{}", path=path, signer=STRANGER)
        assert (status, answer["message"]["ack"]["status"]) == (401, "NACK")
        assert await home.bodies(1) == [b"{}"]


async def test_a_hub_that_was_off_gets_what_came_once_and_in_order(
    broker, registry, tmp_path, homes
):
    async with running(broker, registry, tmp_path / "relay") as url:
        home = homes(url)
        uri = await home.start()
        await home.stop()
        bodies = [callback(number) for number in range(60)]
        for body in bodies:
            assert (await send(uri, body))[0] == 200
        assert home.got == []
        assert await home.start() == uri
        assert await home.bodies(60) == bodies
        last = callback(99)
        assert (await send(uri, last))[0] == 200
        assert await home.bodies(61) == [*bodies, last]


async def test_a_broker_that_is_killed_meanwhile_loses_nothing(broker, registry, tmp_path, homes):
    async with running(broker, registry, tmp_path / "relay") as url:
        home = homes(url)
        uri = await home.start()
        await home.stop()
        bodies = [callback(number) for number in range(10)]
        for body in bodies:
            assert (await send(uri, body))[0] == 200
        broker.kill()
        await until(lambda: refused(uri))
        broker.start()
        await home.start()
        assert await home.bodies(10) == bodies


async def test_a_broker_that_lost_everything_is_given_it_again(broker, registry, tmp_path, homes):
    async with running(broker, registry, tmp_path / "relay") as url:
        home = homes(url)
        uri = await home.start()
        had = callback()
        await send(uri, had)
        await home.bodies(1)
        await home.stop()
        bodies = [callback(number) for number in range(10)]
        for body in bodies:
            assert (await send(uri, body))[0] == 200
        broker.kill()
        (tmp_path / "mosquitto" / "mosquitto.db").unlink()
        await until(lambda: refused(uri))
        broker.start()
        await until(lambda: healthy(url))
        await home.start()
        assert await home.bodies(11) == [had, *bodies]


async def refused(uri):
    status, answer = await send(uri, callback())
    assert status in (200, 503), answer
    return status == 503


async def test_a_relay_killed_before_its_answer_leaves_a_duplicate_of_the_same_bytes(
    relay_process, homes
):
    await relay_process.start(die="die")
    home = homes(relay_process.url)
    uri = await home.start()
    body = callback()
    header = sign(body, SHOP, now())
    with pytest.raises(aiohttp.ClientError):
        await send(uri, body, header=header)
    relay_process.process.wait(10)
    await relay_process.start()
    assert (await send(uri, body, header=header))[0] == 200
    assert await home.bodies(2) == [body, body]
    # The hub knows it by who sent it and its message id, and by its bytes.
    assert home.got[0].headers == home.got[1].headers
    assert home.got[0].token != home.got[1].token


async def test_a_relay_that_is_killed_still_knows_its_hubs(relay_process, homes):
    await relay_process.start()
    home = homes(relay_process.url)
    uri = await home.start()
    relay_process.kill()
    # Nor does the hub need it to fetch what is at the broker.
    await home.stop()
    assert await home.start() == uri
    await relay_process.start()
    assert (await send(uri, b"{}"))[0] == 200
    assert await home.bodies(1) == [b"{}"]


async def test_a_hub_whose_disk_is_full_gets_it_again_before_the_next(
    broker, registry, tmp_path, homes
):
    async with running(broker, registry, tmp_path / "relay") as url:
        home = homes(url)
        uri = await home.start()
        home.broken = True
        bodies = [callback(number) for number in range(3)]
        for body in bodies:
            await send(uri, body)
        assert await home.bodies(3) == bodies
        assert home.calls == 4


async def test_what_was_not_committed_comes_again(broker, registry, tmp_path, homes):
    async with running(broker, registry, tmp_path / "relay") as url:
        home = homes(url)
        uri = await home.start()
        begun, stored = asyncio.Event(), home.handle

        async def die(relayed):
            begun.set()
            await asyncio.Event().wait()

        await home.stop()
        home.handle = die
        await home.start()
        body = callback()
        await send(uri, body)
        await asyncio.wait_for(begun.wait(), 20)
        await home.stop()
        home.handle = stored
        await home.start()
        assert await home.bodies(1) == [body]


async def test_the_broker_sees_no_word_of_it(broker, registry, tmp_path, homes):
    async with running(broker, registry, tmp_path / "relay") as url:
        home = homes(url)
        uri = await home.start()
        heard = asyncio.create_task(
            asyncio.to_thread(
                subscribe.simple, f"{TOPICS}/+/in", hostname=broker.host, port=broker.port
            )
        )
        body = b'{"context": {}, "address": "12 Rose Lane"}'

        async def overheard():
            await send(uri, body)
            return heard.done()

        await until(overheard)
        payload = heard.result().payload
        assert payload.count(b".") == 4
        for word in (b"Rose", b"on_select", SHOP.subscriber_id.encode()):
            assert word not in payload
        assert HUB.subscriber_id not in heard.result().topic


async def test_what_others_put_into_the_mailbox_is_dropped_and_told(
    broker, registry, tmp_path, homes
):
    async with running(broker, registry, tmp_path / "relay") as url:
        home, other = homes(url), homes(url, "other", identity=replaced("hub-2.local"))
        uri = await home.start()
        await other.start()
        kept = json.loads((tmp_path / "home" / "relay.json").read_bytes())
        topic = f"{TOPICS}/{kept['mailbox']}/in"
        for payload in (b"", b"hello", b"a.b.c.d.e", b"." * 100_000):
            await asyncio.to_thread(
                paho.mqtt.publish.single,
                topic, payload, qos=1, hostname=broker.host, port=broker.port,
            )  # fmt: skip
        await until(lambda: len(home.refused) == 4)
        assert all("dropped" in line for line in home.refused)
        body = callback()
        assert (await send(uri, body))[0] == 200
        assert await home.bodies(1) == [body]
        assert other.got == []


def replaced(name):
    return Identity(name, "x1", bytes(range(9, 41)))


@pytest.mark.parametrize(
    ("signer", "when", "words"),
    [
        (STRANGER, 0, "not in the registry"),
        (Identity(SHOP.subscriber_id, "k1", bytes(32)), 0, "does not fit"),
        (SHOP, -3600, "expired"),
    ],
)
async def test_who_does_not_prove_who_they_are_is_refused(
    broker, registry, tmp_path, homes, signer, when, words
):
    async with running(broker, registry, tmp_path / "relay") as url:
        home = homes(url)
        uri = await home.start()
        moment = now() + timedelta(seconds=when)
        status, answer = await send(uri, callback(), signer=signer, when=moment)
        assert (status, answer["status"]) == (401, "NACK")
        assert words in answer["error"]["errorMessage"]
        body = callback()
        status, _ = await send(uri, body + b" ", header=sign(body, SHOP, now()))
        assert status == 401
        assert (await send(uri, body))[0] == 200
        assert await home.bodies(1) == [body]


async def test_a_message_for_nobody_or_too_big_is_refused(broker, registry, tmp_path, homes):
    async with running(broker, registry, tmp_path / "relay") as url:
        home = homes(url)
        uri = await home.start()
        assert (await send(f"{url}/hubs/nobody", callback()))[0] == 404
        assert (await send(uri, b" " * (BIGGEST_BODY + 1)))[0] == 413
        biggest = b'{"a":"' + b"x" * (BIGGEST_BODY - 8) + b'"}'
        assert len(biggest) == BIGGEST_BODY
        assert (await send(uri, biggest))[0] == 200
        assert await home.bodies(1) == [biggest]


async def test_a_hub_that_never_listened_is_not_told_to_have_it(broker, registry, tmp_path):
    async with running(broker, registry, tmp_path / "relay") as url:
        assert (await enrol(url, HUB))[0] == 200
        status, answer = await send(f"{url}/hubs/{HUB.subscriber_id}", callback())
        assert (status, answer["status"]) == (503, "NACK")
        assert "no session" in answer["error"]["errorMessage"]


async def test_what_waits_for_one_hub_is_bounded_and_freed_by_its_receipts(
    broker, registry, tmp_path, homes
):
    limits = Limits(queue=3, queue_bytes=8000)
    async with running(broker, registry, tmp_path / "relay", limits=limits) as url:
        home = homes(url)
        uri = await home.start()
        await home.stop()
        big = b'{"a":"' + b"x" * 2500 + b'"}'
        assert [(await send(uri, big))[0] for _ in range(2)] == [200, 503]
        assert [(await send(uri, callback(n)))[0] for n in range(3)] == [200, 200, 503]
        await home.start()
        await home.bodies(3)

        async def taken():
            return (await send(uri, callback()))[0] == 200

        await until(taken)


async def test_one_sender_cannot_flood(broker, registry, tmp_path, homes):
    limits = Limits(sender_rate=0.001, address_rate=1000)
    async with running(broker, registry, tmp_path / "relay", limits=limits) as url:
        home = homes(url)
        uri = await home.start()
        assert (await send(uri, callback()))[0] == 429


async def test_the_access_list_in_the_documentation_keeps_hubs_apart(registry, tmp_path, homes):
    words = (ROOT / "docs" / "relay.md").read_text()
    listed = words[words.index("user relay") : words.index("   All hubs may share")]
    rules = [line.strip().rstrip("`") for line in listed.splitlines()]
    (tmp_path / "acl").write_text("\n".join([*rules, ""]))
    extra = f"acl_file {tmp_path / 'acl'}"
    with start_mosquitto(tmp_path, username="hubs", password="h", extra=extra) as broker:
        passwords = str(tmp_path / "mosquitto" / "passwords")
        command = [program("mosquitto_passwd"), "-b", passwords, "relay", "r"]
        await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
        await asyncio.to_thread(broker.restart)
        ours = Broker(broker.url, "relay", "r")
        async with running(broker, registry, tmp_path / "relay", as_user=ours) as url:
            theirs = Broker(broker.url, "hubs", "h")
            home = homes(url, broker=theirs)
            uri = await home.start()
            heard = []
            listener = Link(
                theirs,
                client_id="nosy",
                topics=[f"{TOPICS}/+/in"],
                on_message=lambda message, _: heard.append(message),
            )
            listener.start()
            # It may ask for what it likes, and is given nothing.
            await asyncio.wait_for(listener.ready.wait(), 20)
            kept = json.loads((tmp_path / "home" / "relay.json").read_bytes())
            with pytest.raises(NotStored, match="Not authorized"):
                await listener.publish(f"{TOPICS}/{kept['mailbox']}/in", b"x", patience=20)
            body = callback()
            assert (await send(uri, body))[0] == 200
            assert await home.bodies(1) == [body]
            await listener.stop()
            assert heard == []


# -- enrolment -------------------------------------------------------------------------------------


async def enrol(url, identity, *, signer=None, when=None, body=None, code=""):
    when = when or now()
    body = body or write_request(member_of(identity), code, when)
    headers = {"Authorization": sign(body, signer or identity, when)}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/enrol", data=body, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


async def test_a_name_stays_with_its_key(broker, registry, tmp_path):
    thief = Identity(HUB.subscriber_id, "t1", bytes(range(7, 39)))
    async with running(broker, registry, tmp_path / "relay") as url:
        assert (await enrol(url, HUB))[0] == 200
        status, told = await enrol(url, thief)
        assert (status, "another key" in told["error"]["message"]) == (401, True)
        assert (await enrol(url, HUB, signer=thief))[0] == 401
        assert (await enrol(url, HUB, signer=replaced(HUB.subscriber_id)))[0] == 401
        # What the registry knows by another key cannot be enrolled at all.
        assert (await enrol(url, Identity(SHOP.subscriber_id, "t1", bytes(32))))[0] == 401
        # The registry vouches for a new key: the mailbox follows.
        register(registry, thief, role="BAP")
        assert (await enrol(url, thief))[0] == 200
        assert (await enrol(url, HUB))[0] == 401


async def test_what_was_sealed_before_new_keys_is_opened_after(broker, registry, tmp_path, homes):
    new = Identity(HUB.subscriber_id, "h2", bytes(range(9, 41)))
    async with running(broker, registry, tmp_path / "relay") as url:
        home = homes(url)
        uri = await home.start()
        await home.stop()
        bodies = [callback(number) for number in range(3)]
        # This one lies in the broker, sealed for the key before.
        assert (await send(uri, bodies[0]))[0] == 200
        register(registry, new, role="BAP", uri=f"{uri}/beckn/v2")
        home.member = replace(member_of(new), older_keys=(HUB.encryption_seed,))
        assert await home.start() == uri
        assert (await send(uri, bodies[1]))[0] == 200
        # And again, while it runs.
        third = Identity(HUB.subscriber_id, "h3", bytes(range(11, 43)))
        register(registry, third, role="BAP", uri=f"{uri}/beckn/v2")
        await home.client.follow(replace(member_of(third), older_keys=(new.encryption_seed,)))
        assert (await send(uri, bodies[2]))[0] == 200
        assert await home.bodies(3) == bodies
        assert home.refused == []


async def test_an_old_request_cannot_be_replayed_over_a_newer_one(broker, registry, tmp_path):
    async with running(broker, registry, tmp_path / "relay") as url:
        moment = now()
        assert (await enrol(url, HUB, when=moment))[0] == 200
        assert (await enrol(url, HUB, when=moment - timedelta(seconds=20)))[0] == 401
        assert (await enrol(url, HUB, when=moment - timedelta(hours=1)))[0] == 400


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"subscriber_id": "a/b"}, "subscriber_id"),
        ({"subscriber_id": "a?b"}, "subscriber_id"),
        ({"key_id": ""}, "key_id"),
        ({"signing_public_key": "AAAA"}, "signing_public_key"),
        ({"encryption_public_key": 5}, "encryption_public_key"),
        ({"at": "yesterday"}, "at: expected an instant"),
    ],
)
async def test_a_faulty_request_is_refused_by_its_field(broker, registry, tmp_path, change, words):
    said = json.loads(write_request(member_of(HUB), "", now())) | change
    async with running(broker, registry, tmp_path / "relay") as url:
        status, told = await enrol(url, HUB, body=json.dumps(said).encode())
        assert (status, words in told["error"]["message"]) == (400, True)
        assert (await enrol(url, HUB, body=b"[" * 9000))[0] == 400
        assert (await enrol(url, HUB, body=b"[]"))[0] == 400


async def test_a_closed_relay_asks_for_its_code(broker, registry, tmp_path, homes):
    async with running(broker, registry, tmp_path / "relay", code="rosebud") as url:
        with pytest.raises(RelayError, match=r"relay\.code"):
            await homes(url).start()
        home = homes(url, "other", code="rosebud")
        uri = await home.start()
        assert (await send(uri, b"{}"))[0] == 200
        await home.client.leave()
        assert (await send(uri, b"{}"))[0] == 404


async def test_a_relay_that_lost_everything_gets_its_hubs_back(relay_process, homes):
    await relay_process.start()
    home = homes(relay_process.url)
    uri = await home.start()
    relay_process.kill()
    with pytest.raises(RelayError, match="is away"):
        await home.client.renew()
    (relay_process.data / "relay.sqlite").unlink()
    await relay_process.start()
    assert (await send(uri, b"{}"))[0] == 404
    await home.client.renew()
    await asyncio.wait_for(home.client.ready(), 20)
    assert home.client.uri == uri
    assert (await send(uri, b"{}"))[0] == 200
    assert await home.bodies(1) == [b"{}"]


async def test_a_relay_that_is_away_at_the_first_time_is_said(tmp_path, homes):
    with pytest.raises(RelayError, match="is away"):
        await homes("http://127.0.0.1:9").start()


async def test_a_hub_whose_clock_is_wrong_for_a_while_is_reached_all_the_same(
    broker, registry, tmp_path, homes
):
    async with running(broker, registry, tmp_path / "relay") as url:
        first = homes(url)
        uri = await first.start()
        await first.stop()
        assert (await send(uri, b"{}"))[0] == 200
        late = homes(url, now=lambda: now() - timedelta(days=1))
        assert await late.start() == uri
        assert await late.bodies(1) == [b"{}"]
        with pytest.raises(RelayError, match="compare the clocks"):
            await homes(url, "other", now=lambda: now() - timedelta(days=1)).start()


async def test_the_hub_keeps_its_enrolment_to_itself(broker, registry, tmp_path, homes):
    async with running(broker, registry, tmp_path / "relay") as url:
        await homes(url).start()
        assert (tmp_path / "home" / "relay.json").stat().st_mode & 0o777 == 0o600
        database = (tmp_path / "relay" / "relay.sqlite").read_bytes()
        assert HUB.seed not in database
        assert HUB.encryption_seed not in database
