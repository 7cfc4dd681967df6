"""From other hubs: one route, one message a request, answered by a receipt after the commit."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from aiohttp import web

from hub.domain.peers import KEEPS, Card, PeerKey, PeerMessage, Receipt, Refusal
from hub.domain.rate import Rate
from hub.ports import Clock, PeerSink
from integrations.peers.envelope import Known, Unproven, receipt_body, seal, unseal
from integrations.peers.jose import BIGGEST
from integrations.peers.keys import KeyFileError, PeerKeys
from integrations.peers.transport import CONTENT_TYPE, PATH

log = logging.getLogger(__name__)
_PATIENCE = 15.0
_AT_ONCE = 16
_RECEIPT_LASTS = timedelta(minutes=10)
ADDRESS_RATE, ADDRESS_BURST = 10.0, 200
HUB_RATE, HUB_BURST = 20.0, 200
OLDEST = KEEPS
"""How long ago a relay may have taken what it hands over."""

Refused = Callable[[str, bytes, str], None]
"""Told of what is parked: topic, what may be kept of it, reason."""


class PeerEndpoint:
    """Takes messages in, directly or from a relay, and hands on what is proven."""

    def __init__(
        self,
        keys: PeerKeys,
        known: Known,
        sink: PeerSink,
        clock: Clock,
        *,
        on_refused: Refused,
        active: Callable[[], bool],
    ) -> None:
        """``active`` tells whether the household has contacts or invitations at all; until then
        everything is refused unread."""
        self._keys = keys
        self._known = known
        self._sink = sink
        self._clock = clock
        self._on_refused = on_refused
        self._active = active
        self._by_address = Rate(ADDRESS_RATE, ADDRESS_BURST)
        self._by_hub = Rate(HUB_RATE, HUB_BURST)
        self._reading = asyncio.Semaphore(_AT_ONCE)

    def routes(self) -> list[web.RouteDef]:
        """Return the route, to be added to the hub's web application."""
        return [web.post(PATH, self._post)]

    async def take(self, path: str, body: bytes, received_at: datetime) -> None:
        """Return once a message that a relay kept is stored, or refused for good.

        It is judged as of when the relay took it. Raises what the sink raises: then it is to be
        handed over again.
        """
        now = self._clock.now()
        if path != PATH or not self._active():
            self._refuse("a relay", Unproven("no message is taken there", 404))
            return
        if not now - OLDEST <= received_at <= now + timedelta(minutes=5):
            self._refuse("a relay", Unproven("the relay had it too long, or a clock is wrong", 403))
            return
        try:
            message = unseal(self._keys, self._known, body, received_at)
        except Unproven as error:
            self._refuse("a relay", error)
            return
        outcome = await self._sink(message, True)
        if isinstance(outcome, Refusal):
            log.warning("%s of %s refused: %s", message.type, message.sender, outcome.reason)

    async def _post(self, http: web.Request) -> web.Response:
        remote = http.remote or ""
        if not self._active():
            return _no(404, "this household has no contacts")
        if not self._by_address.allow(remote, time.monotonic()):
            return _no(429, "too many messages: wait a moment")
        try:
            async with self._reading:
                body = await _read(http)
            message = unseal(self._keys, self._known, body, self._clock.now())
        except Unproven as error:
            return self._refuse(remote, error)
        except KeyFileError as error:
            log.error("%s", error)
            return _no(503, "this hub cannot read its keys")
        if not self._by_hub.allow(message.sender, time.monotonic()):
            return _no(429, "too many messages: send it again later")
        try:
            outcome = await self._sink(message, False)
        except Exception:
            log.exception("%s of %s could not be stored", message.type, message.sender)
            return _no(503, "it could not be stored: send it again")
        if isinstance(outcome, Refusal):
            log.warning("%s of %s refused: %s", message.type, message.sender, outcome.reason)
            return _no(outcome.status, outcome.reason)
        return self._answer(message, outcome)

    def _answer(self, message: PeerMessage, receipt: Receipt) -> web.Response:
        now = self._clock.now()
        told = PeerMessage(
            self._keys.id,
            "receipt",
            str(uuid.uuid4()),
            message.channel,
            0,
            receipt_body(receipt),
            now,
            now + _RECEIPT_LASTS,
        )
        sealed = seal(self._keys, message.sender, self._key_of(message), told)
        return web.Response(body=sealed, content_type=CONTENT_TYPE)

    def _key_of(self, message: PeerMessage) -> PeerKey:
        if message.card is not None:
            return message.card.key
        peer = self._known(message.sender)
        assert peer is not None, "a receipt is for a known hub"
        return peer.key

    def _refuse(self, remote: str, error: Unproven) -> web.Response:
        log.warning("a message from %s refused: %s", error.who or remote, error)
        peer = self._known(error.who) if error.who else None
        topic = f"peers/{peer.contact}" if peer is not None else "peers"
        self._on_refused(topic, b"", str(error))
        return _no(error.status, str(error))


def _no(status: int, message: str) -> web.Response:
    headers = {"Retry-After": "30"} if status in (429, 503) else {}
    return web.json_response({"error": {"message": message}}, status=status, headers=headers)


async def _read(http: web.Request) -> bytes:
    if (http.content_length or 0) > BIGGEST:
        raise Unproven(f"a message may have {BIGGEST} bytes", 413)
    body = bytearray()
    try:
        async with asyncio.timeout(_PATIENCE):
            async for chunk in http.content.iter_chunked(64 * 1024):
                body += chunk
                if len(body) > BIGGEST:
                    raise Unproven(f"a message may have {BIGGEST} bytes", 413)
    except TimeoutError:
        raise Unproven(f"the message took longer than {_PATIENCE:g} s", 408) from None
    return bytes(body)


def own_card(keys: PeerKeys, name: str, url: str, via: str, addresses: tuple[str, ...]) -> Card:
    """Return what we say of ourselves. PeerError when it cannot be said (an address, a name)."""
    way = "relay" if via == "relay" else "https"
    return Card(keys.id, name, url, keys.current.public, way, addresses)  # type: ignore[arg-type]
