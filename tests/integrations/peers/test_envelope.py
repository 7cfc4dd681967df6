"""What is let out of an envelope: only what is proven, for us, and in time."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from hub.domain.peers import GRACE, PeerMessage, id_of
from integrations.peers import envelope, jose
from integrations.peers.envelope import MESSAGE, Unproven, seal, unseal
from integrations.peers.jose import BIGGEST, b64, encrypt, sign, unb64
from integrations.peers.keys import FOLLOWS, KEY_FILE, KeyFileError, PeerKeys, follow, make_key
from tests.integrations.peers.conftest import Hub, TurnedClock


@pytest.fixture
def hubs(tmp_path: Path) -> tuple[Hub, Hub, Hub]:
    clock = TurnedClock()
    ana, ben, eve = (Hub(tmp_path, clock, name) for name in ("ana", "ben", "eve"))
    ana.knows(ben)
    ben.knows(ana)
    return ana, ben, eve


def sent(hub: Hub, to: Hub, message: PeerMessage | None = None, **changes: object) -> bytes:
    message = message or hub.says(**changes)
    return seal(hub.keys, to.keys.id, to.keys.current.public, message)


def opened(hub: Hub, raw: bytes) -> PeerMessage:
    return unseal(hub.keys, hub.known.get, raw, hub.clock.now())


def refused(hub: Hub, raw: bytes) -> str:
    with pytest.raises(Unproven) as caught:
        opened(hub, raw)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def forged(sender: Hub, to: Hub, claims: object, key=None) -> bytes:
    own = key or sender.keys.current
    payload = claims if isinstance(claims, bytes) else orjson.dumps(claims)
    signed = sign(payload, own.seed, own.public, MESSAGE)
    return encrypt(signed, to.keys.current.public, MESSAGE)


def claims_of(sender: Hub, to: Hub, **changes: object) -> dict[str, object]:
    now = int(sender.clock.now().timestamp())
    claims = {
        "iss": sender.keys.id,
        "aud": to.keys.id,
        "iat": now,
        "exp": now + 3600,
        "jti": "1",
        "ch": "c",
        "seq": 1,
        "base": 1,
        "type": "note",
        "body": {},
    }
    return {**claims, **changes}


def test_it_comes_out_as_it_went_in(hubs: tuple[Hub, Hub, Hub]) -> None:
    ana, ben, _ = hubs
    message = ana.says(seq=7, base=3)
    raw = sent(ana, ben, message)
    assert ana.keys.id.encode() not in raw
    assert raw.count(b".") == 4
    assert replace(opened(ben, raw), copy="") == message


def test_nobody_else_can_read_or_change_it(hubs: tuple[Hub, Hub, Hub]) -> None:
    ana, ben, eve = hubs
    raw = sent(ana, ben)
    eve.knows(ana)
    assert "does not have" in refused(eve, raw)
    head, key, iv, text, tag = raw.split(b".")
    for changed in (
        b".".join([head, key, iv, text[:-4] + b"AAAA", tag]),
        b".".join([head, key, iv, text, tag[:-4] + b"AAAA"]),
        b".".join([head, key[:-4] + b"AAAA", iv, text, tag]),
        raw + b".x",
        raw[:-20],
    ):
        refused(ben, changed)
    assert opened(ben, raw).type == "note"


def test_a_stranger_is_refused(hubs: tuple[Hub, Hub, Hub]) -> None:
    _, ben, eve = hubs
    assert "not from a contact" in refused(ben, sent(eve, ben))


def test_a_contact_cannot_speak_for_another(hubs: tuple[Hub, Hub, Hub]) -> None:
    ana, ben, eve = hubs
    ben.knows(eve)
    assert "does not have" in refused(ben, sent(eve, ben, sender=ana.keys.id))
    # Nor by signing with its own key under the other's name of it.
    lying = replace(eve.keys.current, public=ana.keys.current.public)
    claims = claims_of(eve, ben, iss=ana.keys.id)
    assert "signature" in refused(ben, forged(eve, ben, claims, lying))


def test_a_message_sent_on_to_another_hub_is_refused(hubs: tuple[Hub, Hub, Hub]) -> None:
    """Whoever got a message can encrypt it anew to a third, but not sign it for them."""
    ana, ben, eve = hubs
    eve.knows(ana)
    signed = jose.decrypt(
        sent(ana, ben), ben.keys.current.public, ben.keys.current.seal_seed
    ).decode()
    stolen = encrypt(signed, eve.keys.current.public, MESSAGE)
    assert "another hub" in refused(eve, stolen)


def test_old_and_future_messages_are_refused(hubs: tuple[Hub, Hub, Hub]) -> None:
    ana, ben, _ = hubs
    raw = sent(ana, ben)
    ben.clock.at += timedelta(days=14)
    assert "too old" in refused(ben, raw)
    ben.clock.at -= timedelta(days=14, minutes=10)
    assert "from the future" in refused(ben, raw)
    ben.clock.at += timedelta(minutes=10)
    long = sent(ana, ben, expires=ana.clock.now() + timedelta(days=60))
    assert "at most 30 days" in refused(ben, long)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seq": "1"}, "seq"),
        ({"seq": -1}, "seq"),
        ({"seq": 2**60}, "seq"),
        ({"base": 2}, "base"),
        ({"body": []}, "body"),
        ({"iat": "now"}, "iat"),
        ({"exp": 1e9}, "exp"),
        ({"exp": 2**60}, "exp"),
        ({"jti": ""}, "jti"),
        ({"jti": "x" * 500}, "jti"),
        ({"type": "Note!"}, "type"),
        ({"type": None}, "type"),
        ({"ch": 5}, "ch"),
        ({"keys": "x"}, "nothing"),
        ({"iss": 5}, "iss"),
        ({"aud": None}, "another hub"),
        ({"type": "hello"}, "card"),
        ({"type": "hello", "card": {"id": 1}}, "id"),
    ],
)
def test_a_fault_is_named(hubs: tuple[Hub, Hub, Hub], changes: dict, said: str) -> None:
    ana, ben, _ = hubs
    raw = forged(ana, ben, claims_of(ana, ben, **changes))
    if said == "nothing":
        assert opened(ben, raw).type == "note"
    else:
        assert said in refused(ben, raw)


def deep(levels: int) -> dict[str, object]:
    body: dict[str, object] = {}
    for _ in range(levels):
        body = {"a": body}
    return body


def test_size_depth_and_number_are_bounded(hubs: tuple[Hub, Hub, Hub]) -> None:
    ana, ben, _ = hubs
    assert "deeper than" in refused(ben, forged(ana, ben, claims_of(ana, ben, body=deep(20))))
    wide = claims_of(ana, ben, body={"a": [0] * 30_000})
    assert "values" in refused(ben, forged(ana, ben, wide))
    refused(ben, forged(ana, ben, b"[" * 100_000))
    refused(ben, forged(ana, ben, b"[]"))
    refused(ben, forged(ana, ben, b"{"))
    assert "bytes" in refused(ben, b"." * (BIGGEST + 1))
    for junk in (b"", b"....", b"e30....", b"\xff" * 100, os.urandom(1000), b"a.b.c.d.e"):
        refused(ben, junk)
    assert opened(ben, forged(ana, ben, claims_of(ana, ben, body=deep(8)))).seq == 1


def test_no_other_algorithm_is_taken(hubs: tuple[Hub, Hub, Hub]) -> None:
    ana, ben, _ = hubs

    def header(**words: object) -> str:
        return b64(json.dumps(words).encode())

    payload = b64(orjson.dumps(claims_of(ana, ben)))
    kid = ana.keys.current.public.kid
    for alg in ("none", "HS256", "EdDSA", "RS256"):
        head = header(alg=alg, kid=kid, typ=MESSAGE)
        raw = encrypt(f"{head}.{payload}.{b64(bytes(64))}", ben.keys.current.public, MESSAGE)
        refused(ben, raw)
    other = sign(
        orjson.dumps(claims_of(ana, ben)), ana.keys.current.seed, ana.keys.current.public, FOLLOWS
    )
    assert MESSAGE in refused(ben, encrypt(other, ben.keys.current.public, MESSAGE))


# -- introductions -------------------------------------------------------------------------------


def test_a_stranger_may_introduce_itself(hubs: tuple[Hub, Hub, Hub]) -> None:
    _, ben, eve = hubs
    message = opened(ben, sent(eve, ben, type="hello", seq=0, base=0, card=eve.card()))
    assert message.card == eve.card()


def test_nobody_introduces_itself_as_another(hubs: tuple[Hub, Hub, Hub]) -> None:
    ana, ben, eve = hubs
    del ben.known[ana.keys.id]
    as_ana = replace(eve.card(), id=ana.keys.id)
    hello = {"type": "hello", "seq": 0, "base": 0}
    assert "id is not that" in refused(
        ben, sent(eve, ben, sender=ana.keys.id, card=as_ana, **hello)
    )
    assert "sender's own" in refused(ben, sent(eve, ben, card=as_ana, **hello))
    other_key = replace(eve.card(), key=ana.keys.current.public)
    assert "does not follow" in refused(ben, sent(eve, ben, card=other_key, **hello))


def test_after_new_keys_it_still_proves_its_id(hubs: tuple[Hub, Hub, Hub]) -> None:
    _, ben, eve = hubs
    before = eve.keys.id
    eve.keys.rotate(eve.clock.now())
    eve.keys.rotate(eve.clock.now())
    message = opened(ben, sent(eve, ben, type="hello", seq=0, base=0, card=eve.card()))
    assert message.card is not None
    assert message.card.id == before == id_of(eve.keys.first)


# -- keys ----------------------------------------------------------------------------------------


def test_a_new_key_is_believed_by_the_old_ones_word(hubs: tuple[Hub, Hub, Hub]) -> None:
    ana, ben, _ = hubs
    old_raw = sent(ana, ben)
    assert opened(ben, old_raw).key is None
    ana.keys.rotate(ana.clock.now())
    ana.keys.rotate(ana.clock.now())
    message = opened(ben, sent(ana, ben))
    assert message.key == ana.keys.current.public
    # What was sent under the old key before is still taken until the contact has the new one,
    # and in the time of grace after.
    assert opened(ben, old_raw).type == "note"


def test_what_is_sealed_to_the_old_key_is_opened_for_a_while(hubs: tuple[Hub, Hub, Hub]) -> None:
    ana, ben, _ = hubs
    raw = sent(ana, ben, expires=ana.clock.now() + GRACE)
    ben.keys.rotate(ben.clock.now())
    assert opened(ben, raw).type == "note"
    ben.clock.at += GRACE
    assert "does not have" in refused(ben, raw)


def test_a_key_that_was_followed_names_no_other(hubs: tuple[Hub, Hub, Hub]) -> None:
    """Who has stolen an old key cannot make a contact believe one of their own."""
    ana, ben, _ = hubs
    stolen = ana.keys.current
    ana.keys.rotate(ana.clock.now())
    peer = ben.known[ana.keys.id]
    later = ben.clock.now() + GRACE
    ben.known[ana.keys.id] = replace(
        peer, key=ana.keys.current.public, previous=peer.key, previous_until=later
    )
    thief = make_key(os.urandom(32))
    facts = {"sub": ana.keys.id, "sign": thief.public.sign, "seal": thief.public.seal}
    statement = sign(orjson.dumps(facts), stolen.seed, stolen.public, FOLLOWS)
    claims = claims_of(ana, ben, keys=[statement])
    assert "does not have" in refused(ben, forged(ana, ben, claims, thief))
    ben.clock.at = later
    assert "does not have" in refused(
        ben, forged(ana, ben, claims_of(ana, ben, iat=int(later.timestamp())), stolen)
    )


def test_statements_must_be_true_and_of_the_hub(hubs: tuple[Hub, Hub, Hub]) -> None:
    ana, _, eve = hubs
    start, wanted = ana.keys.current.public, eve.keys.current.public
    own = eve.keys.current

    def says(sub: str, key=own, kid=start) -> str:
        facts = {"sub": sub, "sign": wanted.sign, "seal": wanted.seal}
        lying = replace(key, public=kid)
        return sign(orjson.dumps(facts), lying.seed, lying.public, FOLLOWS)

    assert follow([says(ana.keys.id, kid=own.public)], ana.keys.id, start, wanted.kid) is None
    for false in (says(ana.keys.id), says(eve.keys.id, ana.keys.current)):
        with pytest.raises(ValueError, match=r"signature|another hub"):
            follow([false], ana.keys.id, start, wanted.kid)
    with pytest.raises(ValueError, match="not a signed"):
        follow(["x"], ana.keys.id, start, wanted.kid)


def test_the_key_file_is_kept_and_private(tmp_path: Path) -> None:
    keys = PeerKeys(tmp_path / "secrets")
    assert not keys.exists
    first = keys.current
    path = tmp_path / "secrets" / KEY_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert PeerKeys(tmp_path / "secrets").current == first
    now = TurnedClock().now()
    keys.rotate(now)
    again = PeerKeys(tmp_path / "secrets")
    assert (again.id, again.current.public) == (keys.id, keys.current.public)
    assert again.opening(first.public.kid, now) is not None
    assert again.opening(first.public.kid, now + GRACE) is None
    assert len(unb64(first.public.sign)) == 32
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        _ = PeerKeys(tmp_path / "secrets").current
    path.chmod(0o600)
    path.write_text("{}")
    with pytest.raises(KeyFileError, match=KEY_FILE):
        _ = PeerKeys(tmp_path / "secrets").current


def test_a_receipt_says_what_it_has_to() -> None:
    from hub.domain.peers import PeerError, Receipt, receipt_of

    told = Receipt(3, (4, 5), "m", "no", True)
    message = replace(_any_message(), body=envelope.receipt_body(told))
    assert receipt_of(message) == told
    for body in ({}, {"upto": "3"}, {"upto": 3, "missing": 4}):
        with pytest.raises(PeerError, match="receipt"):
            receipt_of(replace(message, body=body))


def _any_message() -> PeerMessage:
    now = TurnedClock().now()
    return PeerMessage("a" * 32, "receipt", "1", "c", 0, {}, now, now)
