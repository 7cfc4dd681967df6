"""To another hub: one HTTP POST a message, to the hub itself or to the relay that keeps for it."""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import sha256

from aiohttp import ClientSession, ClientTimeout, StreamReader, TCPConnector
from aiohttp.client_exceptions import ClientError

from hub.domain.peers import (
    CLOCKS_DIFFER,
    Peer,
    PeerError,
    PeerKey,
    PeerMessage,
    Receipt,
    receipt_of,
)
from hub.ports import Clock, DeliveryError
from integrations.peers.envelope import seal, unseal
from integrations.peers.jose import b64, look_into, sign, verify
from integrations.peers.keys import KeyFileError, PeerKeys

PATH = "/peers/v1/messages"
CONTENT_TYPE = "application/jose"
POSTED = "commonhearth-post+jws"
PATIENCE = 15.0
_BIGGEST_ANSWER = 64 * 1024
_TAKEN = (200, 202)


class HttpPeers:
    """Sends messages to hubs: a ``hub.ports.PeerTransport``."""

    def __init__(self, keys: PeerKeys, clock: Clock, *, patience: float = PATIENCE) -> None:
        """Sign with ``keys``; wait ``patience`` seconds for an answer."""
        self._keys = keys
        self._clock = clock
        self._timeout = ClientTimeout(total=patience, sock_connect=min(patience, 5.0))
        self._session: ClientSession | None = None

    async def send(self, peer: Peer, message: PeerMessage) -> Receipt | None:
        """Return the hub's receipt, None when its relay has the message. Raises DeliveryError.

        A refusal that is not signed could be anybody's, so a message is tried again all the same;
        an introduction has its answer.
        """
        now, url = self._clock.now(), peer.url + PATH
        try:
            raw = seal(self._keys, peer.id, peer.key, message)
        except (PeerError, KeyFileError) as error:
            raise DeliveryError(str(error)) from error
        headers = {"Content-Type": CONTENT_TYPE}
        if peer.via == "relay":
            headers["Authorization"] = f"Peer {posted(self._keys, raw, now)}"
        try:
            async with self._client().post(
                url, data=raw, headers=headers, allow_redirects=False
            ) as response:
                status = response.status
                answer = await _bounded(response.content)
                wait = response.headers.get("Retry-After", "")
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            raise DeliveryError(f"{url} cannot be reached: {error or 'no answer'}") from error
        if status not in _TAKEN:
            final = message.type == "hello" and 400 <= status < 500 and status not in (404, 429)
            failure = DeliveryError(f"{url} refused ({status}): {_why(answer)}", retry=not final)
            if wait.isdecimal() and len(wait) < 6:
                failure.retry_after = float(wait)  # type: ignore[attr-defined]
            raise failure
        if peer.via == "relay":
            return None
        return self._receipt(url, peer, answer, now)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _receipt(self, url: str, peer: Peer, answer: bytes, now: datetime) -> Receipt:
        try:
            message = unseal(self._keys, lambda who: peer if who == peer.id else None, answer, now)
            if message.type != "receipt" or message.channel != peer.channel:
                raise PeerError("it is not a receipt")
            return receipt_of(message)
        except PeerError as error:
            raise DeliveryError(f"{url} gave no receipt: {error}", unknown=True) from error

    def _client(self) -> ClientSession:
        if self._session is None:
            self._session = ClientSession(
                connector=TCPConnector(force_close=True, limit=20), timeout=self._timeout
            )
        return self._session


async def _bounded(content: StreamReader) -> bytes:
    answer = bytearray()
    while more := await content.read(_BIGGEST_ANSWER):
        answer += more
        if len(answer) > _BIGGEST_ANSWER:
            break
    return bytes(answer[:_BIGGEST_ANSWER])


def _why(answer: bytes) -> str:
    try:
        return str(json.loads(answer)["error"]["message"])[:200]
    except (ValueError, KeyError, TypeError, RecursionError):
        return answer[:100].decode(errors="replace") or "without a word"


def posted(keys: PeerKeys, raw: bytes, now: datetime) -> str:
    """Return what tells a relay that the holder of a key sends ``raw`` now."""
    own = keys.current
    facts = {"sha256": b64(sha256(raw).digest()), "iat": int(now.timestamp())}
    payload = json.dumps({**facts, "sign": own.public.sign, "seal": own.public.seal})
    return sign(payload.encode(), own.seed, own.public, POSTED)


def posted_by(token: str, raw: bytes, now: datetime) -> str:
    """Return the name of the key whose holder sends ``raw`` now. PeerError when none is proven."""
    if len(token) > 2000:
        raise PeerError("Authorization: too long")
    kid, payload = look_into(token, POSTED)
    try:
        said = json.loads(payload)
        key = PeerKey(str(said["sign"]), str(said["seal"]))
        fits = said["sha256"] == b64(sha256(raw).digest())
        apart = abs(now.timestamp() - float(said["iat"]))
    except (ValueError, KeyError, TypeError) as error:
        raise PeerError(f"Authorization: expected what is sent, and when: {error}") from None
    if key.kid != kid or not fits:
        raise PeerError("Authorization: it is about another message")
    if not apart <= CLOCKS_DIFFER.total_seconds():
        raise PeerError("Authorization: it is not of now; is a clock wrong?")
    verify(token, key)
    return kid
