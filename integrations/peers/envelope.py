"""A message between hubs in its envelope: signed by its sender, encrypted to its receiver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import orjson

from hub.domain.peers import (
    CLOCKS_DIFFER,
    GRACE,
    Card,
    Peer,
    PeerError,
    PeerKey,
    PeerMessage,
    Receipt,
    id_of,
)
from integrations.peers.jose import BIGGEST, decrypt, encrypt, look_into, sealed_to, sign, verify
from integrations.peers.keys import PeerKeys, follow

MESSAGE = "commonhearth-peer+jws"
DEEPEST = 12
MOST_VALUES = 20_000
_FARTHEST = 2**37
"""Seconds since 1970: the year 6325. ``datetime`` cannot say what is much later."""

Known = Callable[[str], Peer | None]
"""Returns a hub by its id, None when it was never a contact's."""


class Unproven(PeerError):
    """A message whose sender is not proven, or that is for somebody else; ``status`` is HTTP's.

    ``who`` is the hub when it is a known one that has proven itself.
    """

    def __init__(self, message: str, status: int = 401, who: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.who = who


def seal(keys: PeerKeys, to: str, key: PeerKey, message: PeerMessage) -> bytes:
    """Return a message in its envelope, to the hub ``to`` and its present key.

    KeyFileError when our own keys cannot be read.
    """
    return encrypt(signed_as(keys, to, message), key, MESSAGE)


def signed_as(keys: PeerKeys, to: str, message: PeerMessage) -> str:
    """Return a message as it is signed inside its envelope; the same message gives the same."""
    claims: dict[str, Any] = {
        "iss": message.sender,
        "aud": to,
        "iat": int(message.issued_at.timestamp()),
        "exp": int(message.expires.timestamp()),
        "jti": message.id,
        "ch": message.channel,
        "seq": message.seq,
        "base": message.base,
        "type": message.type,
        "body": dict(message.body),
    }
    own = keys.current
    if keys.statements:
        claims["keys"] = list(keys.statements[-16:])
    if message.card is not None:
        claims["card"] = _card(message.card, keys.first)
    return sign(orjson.dumps(claims), own.seed, own.public, MESSAGE)


def unseal(keys: PeerKeys, known: Known, raw: bytes, now: datetime) -> PeerMessage:
    """Return a message out of its envelope, proven to be for us, from whom it says, and in time.

    A stranger's is opened only when it introduces itself (``hello``). Raises Unproven; KeyFileError
    when our own keys cannot be read.
    """
    if len(raw) > BIGGEST:
        raise Unproven(f"a message may have {BIGGEST} bytes", 413)
    try:
        own = keys.opening(sealed_to(raw), now)
        if own is None:
            raise Unproven("it is encrypted to a key this hub does not have (any more)")
        signed = decrypt(raw, own.public, own.seal_seed)
        kid, payload = look_into(signed, MESSAGE)
        claims = _claims(payload)
        peer = known(_text(claims, "iss"))
        card = _said_card(claims) if claims.get("type") == "hello" else None
        if card is not None:
            key = _introduced(claims, card, kid)
        elif peer is not None:
            key = _believed(claims, peer, kid, now)
        else:
            raise Unproven("it is not from a contact of this household", 403)
        verify(signed, key)
        who = "" if peer is None else peer.id
        if claims.get("aud") != keys.id:
            raise Unproven("it is meant for another hub", 403, who)
        newer = None if peer is not None and peer.key_named(kid, now) else key
        found = _message(claims, raw, newer, card, now, who)
        return replace(found, signed=bytes(signed).decode(), signer=key)
    except Unproven:
        raise
    except PeerError as error:
        raise Unproven(str(error)) from None


def _claims(payload: bytes) -> Mapping[str, Any]:
    try:
        claims = orjson.loads(payload)
    except orjson.JSONDecodeError:
        raise Unproven("it is not JSON", 400) from None
    if not isinstance(claims, dict):
        raise Unproven("it is not a JSON object", 400)
    level: list[Any] = [claims]
    depth = count = 0
    while level:
        depth += 1
        below: list[Any] = []
        for one in level:
            below += one.values() if isinstance(one, dict) else one
        count += len(below)
        if depth > DEEPEST or count > MOST_VALUES:
            raise Unproven(f"it is deeper than {DEEPEST} or has above {MOST_VALUES} values", 400)
        level = [one for one in below if isinstance(one, dict | list)]
    return claims


def _text(claims: Mapping[str, Any], name: str) -> str:
    found = claims.get(name)
    if not isinstance(found, str) or len(found) > 200:
        raise Unproven(f"{name}: expected text", 400)
    return found


def _believed(claims: Mapping[str, Any], peer: Peer, kid: str, now: datetime) -> PeerKey:
    """Return the key a known hub signed with: one we believe, or one that ours leads to."""
    key = peer.key_named(kid, now)
    if key is not None:
        return key
    # Only from the present key: who has stolen an older one cannot name the next.
    found = follow(_statements(claims), peer.id, peer.key, kid)
    if found is None:
        raise Unproven("it is signed by a key that this contact does not have (any more)")
    return found


def _introduced(claims: Mapping[str, Any], card: Card, kid: str) -> PeerKey:
    if card.id != claims.get("iss"):
        raise Unproven("card: expected the sender's own", 400)
    first = _key(claims["card"].get("first"))
    if id_of(first) != card.id:
        raise Unproven("card: the id is not that of its first key", 400)
    leads = first if first.kid == kid else follow(_statements(claims), card.id, first, kid)
    if leads is None or leads != card.key:
        raise Unproven("card: its key does not follow from its first one", 400)
    return leads


def _statements(claims: Mapping[str, Any]) -> list[str]:
    said = claims.get("keys", [])
    if not isinstance(said, list) or not all(isinstance(one, str) for one in said):
        raise Unproven("keys: expected a list of signed statements", 400)
    return said


def _card(card: Card, first: PeerKey) -> dict[str, Any]:
    return {
        "id": card.id,
        "name": card.name,
        "url": card.url,
        "via": card.via,
        "addresses": list(card.addresses),
        "key": {"sign": card.key.sign, "seal": card.key.seal},
        "first": {"sign": first.sign, "seal": first.seal},
    }


def _said_card(claims: Mapping[str, Any]) -> Card:
    said = claims.get("card")
    if not isinstance(said, dict):
        raise Unproven("card: expected what the sender says of itself", 400)
    addresses = said.get("addresses", [])
    listed = addresses if isinstance(addresses, list) else []
    return Card(
        _text(said, "id"),
        _text(said, "name"),
        str(said.get("url", "")),
        _key(said.get("key")),
        "relay" if said.get("via") == "relay" else "https",
        tuple(one for one in listed[:10] if isinstance(one, str)),
    )


def _key(said: object) -> PeerKey:
    if not isinstance(said, dict):
        raise Unproven("card: expected its keys", 400)
    return PeerKey(_text(said, "sign"), _text(said, "seal"))


def _message(
    claims: Mapping[str, Any],
    raw: bytes,
    key: PeerKey | None,
    card: Card | None,
    now: datetime,
    who: str,
) -> PeerMessage:
    issued, expires = _instant(claims, "iat"), _instant(claims, "exp")
    if issued > now + CLOCKS_DIFFER:
        raise Unproven("iat: it comes from the future; is a clock wrong?", 403, who)
    if expires <= now:
        raise Unproven("exp: it is too old", 403, who)
    if expires - issued > GRACE:
        raise Unproven(f"exp: expected at most {GRACE.days} days after iat", 403, who)
    body = claims.get("body")
    seq, base = claims.get("seq"), claims.get("base", 0)
    if not isinstance(body, dict) or not isinstance(seq, int) or not isinstance(base, int):
        raise Unproven("body, seq, base: expected an object and two whole numbers", 400, who)
    return PeerMessage(
        sender=_text(claims, "iss"),
        type=_text(claims, "type"),
        id=_text(claims, "jti"),
        channel=_text(claims, "ch"),
        seq=seq,
        body=body,
        issued_at=issued,
        expires=expires,
        base=base,
        key=key,
        card=card,
        copy=blake2b(raw, digest_size=16).hexdigest(),
    )


def _instant(claims: Mapping[str, Any], name: str) -> datetime:
    said = claims.get(name)
    if not isinstance(said, int) or not 0 <= said < _FARTHEST:
        raise Unproven(f"{name}: expected seconds since 1970", 400)
    return datetime.fromtimestamp(said, UTC)


def receipt_body(receipt: Receipt) -> dict[str, object]:
    """Return a receipt as the body of a message (``hub.domain.peers.receipt_of``)."""
    body: dict[str, object] = {"upto": receipt.upto, "missing": list(receipt.missing)}
    if receipt.re:
        body["re"] = receipt.re
    if receipt.refused:
        body["refused"] = receipt.refused
    if receipt.used:
        body["used"] = True
    return body
