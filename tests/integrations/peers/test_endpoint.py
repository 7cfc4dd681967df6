"""Two hubs over real HTTP: acknowledged after the commit, refused with a reason, bounded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from hub.domain.peers import PeerError, Receipt, Refusal
from hub.ports import DeliveryError
from integrations.peers.envelope import seal
from integrations.peers.gate import PeerGate
from integrations.peers.jose import BIGGEST
from integrations.peers.transport import PATH, HttpPeers, posted, posted_by
from tests.integrations.peers.conftest import Hub, TurnedClock, serving


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Hub, Hub]]:
    clock = TurnedClock()
    ana, ben = Hub(tmp_path, clock, "ana"), Hub(tmp_path, clock, "ben")
    async with serving(ana), serving(ben):
        ana.knows(ben)
        ben.knows(ana)
        yield ana, ben


async def post(hub: Hub, body: bytes) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.post(hub.url + PATH, data=body) as got:
        return got.status, await got.text()


async def test_a_message_is_acknowledged_by_a_signed_receipt(pair: tuple[Hub, Hub]) -> None:
    ana, ben = pair
    ben.answer = Receipt(4, (5, 6), "x", "why not", True)
    message = ana.says(seq=9, base=2)
    receipt = await ana.transport.send(ana.known[ben.keys.id], message)
    assert receipt == ben.answer
    assert [(one.id, one.seq, one.base) for one in ben.got] == [(message.id, 9, 2)]
    assert ben.relayed == [False]


async def test_nothing_is_acknowledged_that_was_not_stored(pair: tuple[Hub, Hub]) -> None:
    ana, ben = pair
    ben.answer = OSError("the disk is full")
    with pytest.raises(DeliveryError, match="503") as caught:
        await ana.transport.send(ana.known[ben.keys.id], ana.says())
    assert caught.value.retry
    assert caught.value.retry_after == 30


async def test_a_hub_that_is_off_is_tried_again(pair: tuple[Hub, Hub], tmp_path: Path) -> None:
    ana, ben = pair
    away = replace(ana.known[ben.keys.id], url="http://127.0.0.1:9")
    with pytest.raises(DeliveryError, match="cannot be reached") as caught:
        await ana.transport.send(away, ana.says())
    assert caught.value.retry


async def test_an_introduction_that_is_refused_is_over(pair: tuple[Hub, Hub]) -> None:
    ana, ben = pair
    ben.answer = Refusal("there is no such invitation")
    hello = ana.says(type="hello", seq=0, base=0, card=ana.card())
    with pytest.raises(DeliveryError, match="no such invitation") as caught:
        await ana.transport.send(ana.known[ben.keys.id], hello)
    assert not caught.value.retry
    with pytest.raises(DeliveryError) as caught:
        await ana.transport.send(ana.known[ben.keys.id], ana.says())
    assert caught.value.retry, "an unsigned refusal could be anybody's"


async def test_strangers_and_junk_are_parked_and_told_why(
    pair: tuple[Hub, Hub], tmp_path: Path
) -> None:
    ana, ben = pair
    eve = Hub(tmp_path, ben.clock, "eve")
    stranger = seal(eve.keys, ben.keys.id, ben.keys.current.public, eve.says())
    assert (await post(ben, stranger))[0] == 403
    assert (await post(ben, b"hello?"))[0] == 401
    assert (await post(ben, b"x" * (BIGGEST + 1)))[0] == 413
    misled = seal(ana.keys, eve.keys.id, ben.keys.current.public, ana.says())
    status, text = await post(ben, misled)
    assert status == 403
    assert "another hub" in text
    assert ben.got == []
    assert [topic for topic, _ in ben.parked] == ["peers"] * 3 + ["peers/contact-ana"]


async def test_without_contacts_nothing_is_read(pair: tuple[Hub, Hub]) -> None:
    _, ben = pair
    ben.active = False
    assert (await post(ben, b"x"))[0] == 404
    assert ben.parked == []
    await ben.endpoint.take(PATH, b"x", ben.clock.now())
    assert [reason for _, reason in ben.parked] == ["no message is taken there"]


async def test_a_flood_is_bounded(pair: tuple[Hub, Hub]) -> None:
    _, ben = pair
    seen = {(await post(ben, b"x"))[0] for _ in range(260)}
    assert seen == {401, 429}


async def test_what_answers_without_a_receipt_has_not_taken_it(pair: tuple[Hub, Hub]) -> None:
    """A captive portal, or somebody else's server at the friend's old address."""
    ana, ben = pair

    async def anything(_: web.Request) -> web.Response:
        return web.Response(text="<html>Welcome to Free WiFi</html>")

    app = web.Application()
    app.router.add_post(PATH, anything)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        portal = replace(ana.known[ben.keys.id], url=f"http://127.0.0.1:{port}")
        with pytest.raises(DeliveryError, match="no receipt") as caught:
            await ana.transport.send(portal, ana.says())
        assert caught.value.unknown
        kept = replace(portal, via="relay")
        assert await ana.transport.send(kept, ana.says()) is None
    finally:
        await runner.cleanup()


async def test_a_receipt_of_another_acquaintance_counts_not(pair: tuple[Hub, Hub]) -> None:
    ana, ben = pair
    other = replace(ana.known[ben.keys.id], channel="d" * 32)
    with pytest.raises(DeliveryError, match="no receipt"):
        await ana.transport.send(other, ana.says())


# -- over a relay --------------------------------------------------------------------------------


async def test_what_a_relay_kept_is_judged_as_of_when_it_took_it(pair: tuple[Hub, Hub]) -> None:
    ana, ben = pair
    until = ana.clock.now() + timedelta(hours=1)
    raw = seal(ana.keys, ben.keys.id, ben.keys.current.public, ana.says(expires=until))
    taken_at = ben.clock.now()
    ben.clock.at += timedelta(days=1)
    await ben.endpoint.take(PATH, raw, taken_at)
    assert [one.type for one in ben.got] == ["note"]
    assert ben.relayed == [True]
    ben.clock.at += timedelta(days=20)
    await ben.endpoint.take(PATH, raw, taken_at)
    await ben.endpoint.take(PATH, b"junk", ben.clock.now())
    await ben.endpoint.take("/elsewhere", raw, ben.clock.now())
    assert len(ben.got) == 1
    assert len(ben.parked) == 3
    ben.answer = OSError("the disk is full")
    raw = seal(
        ana.keys,
        ben.keys.id,
        ben.keys.current.public,
        ana.says(issued_at=ben.clock.now(), expires=ben.clock.now() + timedelta(days=1)),
    )
    with pytest.raises(OSError, match="full"):
        await ben.endpoint.take(PATH, raw, ben.clock.now())


async def test_a_relay_lets_holders_of_a_key_send(pair: tuple[Hub, Hub]) -> None:
    ana, ben = pair
    now = ana.clock.now()
    token = posted(ana.keys, b"body", now)
    assert posted_by(token, b"body", now) == ana.keys.current.public.kid
    later = now + timedelta(minutes=6)
    other = posted(ben.keys, b"body", now)
    mixed = ".".join([*token.split(".")[:2], other.split(".")[2]])
    for bad, body, at in (
        (token, b"other", now),
        (token, b"body", later),
        (mixed, b"body", now),
        ("x", b"body", now),
        ("x" * 3000, b"body", now),
    ):
        with pytest.raises(PeerError):
            posted_by(bad, body, at)

    class Inner:
        subscriber_id, public_key = "relay", "key"

        async def sender(self, authorization, body, now):
            return f"beckn {authorization}"

    gate = PeerGate(Inner())  # type: ignore[arg-type]
    assert (await gate.sender(f"Peer {token}", b"body", now)).startswith("peer ")
    assert await gate.sender("Signature x", b"body", now) == "beckn Signature x"
    with pytest.raises(PermissionError, match="another message"):
        await gate.sender(f"Peer {token}", b"x", now)


def test_the_transport_is_what_the_port_says(tmp_path: Path) -> None:
    from hub.ports import PeerTransport

    clock = TurnedClock()
    transport: PeerTransport = HttpPeers(Hub(tmp_path, clock, "ana").keys, clock)
    assert callable(transport.send)
