"""What a relay answers: to hubs that enrol, and to those who send to them."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from aiohttp import web

from hub.domain.rate import Rate
from integrations.relay.counter import Counter
from integrations.relay.enrolment import (
    BIGGEST_REQUEST,
    Enrolment,
    read_request,
    write_enrolment,
)
from integrations.relay.link import NotStored
from integrations.relay.sealed import seal
from integrations.relay.store import Hub
from integrations.relay.words import BIGGEST_BODY, PASSED_ON, Gate, Relayed, RelayError

_PATIENCE = 15.0
_AT_ONCE = 64
_LONGEST_PATH = 500
_ENROL_RATE, _ENROL_BURST = 10 / 60, 20


class Routes:
    """The relay's HTTP server."""

    def __init__(
        self,
        counter: Counter,
        gate: Gate,
        url: str,
        broker: str,
        code: str,
        say: Callable[[str], None],
        now: Callable[[], datetime],
    ) -> None:
        """Tell hubs that they are at ``url`` for others, and their mailbox at ``broker``."""
        self._counter = counter
        self._gate = gate
        self._url = url
        self._broker = broker
        self._code = code
        self._say = say
        self._now = now
        limits = counter.limits
        self._enrolling = Rate(_ENROL_RATE, _ENROL_BURST)
        self._by_address = Rate(limits.address_rate, 5 * limits.address_rate)
        self._by_sender = Rate(limits.sender_rate, 5 * limits.sender_rate)
        self._by_hub = Rate(limits.hub_rate, 5 * limits.hub_rate)
        self._bodies = asyncio.Semaphore(_AT_ONCE)

    def all(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.post("/enrol", self._enrol),
            web.post("/hubs/{id}/{path:.+}", self._take),
            web.get("/healthz", self._healthz),
        ]

    # -- messages ------------------------------------------------------------------------------

    async def _take(self, http: web.Request) -> web.Response:
        now = self._now()
        path = "/" + http.match_info["path"]
        if not self._by_address.allow(http.remote or "", time.monotonic()):
            return self._refuse(path, b"", "too many messages: wait a moment", 429, now)
        hub = await self._counter.step(partial(self._counter.store.hub, http.match_info["id"]))
        if hub is None or len(path) > _LONGEST_PATH:
            return self._refuse(path, b"", "no hub of that name is enrolled here", 404, now)
        async with self._bodies:
            try:
                body = await _read(http)
            except RelayError as error:
                return self._refuse(path, b"", str(error), 413, now)
            return await self._hand_over(http, hub, path, body, now)

    async def _hand_over(
        self, http: web.Request, hub: Hub, path: str, body: bytes, now: datetime
    ) -> web.Response:
        header = http.headers.get("Authorization", "")
        try:
            sender = await self._gate.sender(header, body, now)
        except PermissionError as error:
            return self._refuse(path, body, str(error), 401, now)
        moment = time.monotonic()
        if not self._by_sender.allow(sender, moment) or not self._by_hub.allow(
            hub.subscriber_id, moment
        ):
            return self._refuse(path, body, "too many messages: send it again", 429, now)
        headers = {name: http.headers[name] for name in PASSED_ON if name in http.headers}
        try:
            await self._counter.hand_over(hub, path, headers, body, now)
        except NotStored as error:
            return self._refuse(path, body, str(error), 503, now)
        return web.json_response(self._gate.answer(path, body, "", 200, now))

    def _refuse(
        self, path: str, body: bytes, reason: str, status: int, now: datetime
    ) -> web.Response:
        answer = self._gate.answer(path, body, reason, status, now)
        retry = {"Retry-After": "5"} if status in (429, 503) else {}
        return web.json_response(answer, status=status, headers=retry)

    # -- hubs ----------------------------------------------------------------------------------

    async def _enrol(self, http: web.Request) -> web.Response:
        now = self._now()
        if not self._enrolling.allow(http.remote or "", time.monotonic()):
            return _no(429, "too many requests: wait a moment")
        try:
            body = await _read(http, BIGGEST_REQUEST)
            asked = read_request(body, now)
            registered = await self._gate.member(
                http.headers.get("Authorization", ""), body, asked.claimed, now
            )
            if not hmac.compare_digest(asked.code.encode(), self._code.encode()):
                raise PermissionError("code: this relay asks for a code: set relay.code")
            hub = await self._counter.step(
                partial(
                    self._counter.store.enrol,
                    asked.claimed,
                    asked.encryption_public_key,
                    asked.at,
                    now,
                    registered=registered,
                    most=self._counter.limits.hubs,
                )
            )
            answer = self._sealed(hub, now)
        except PermissionError as error:
            return _no(401, str(error))
        except RelayError as error:
            return _no(400, str(error))
        if asked.leave:
            await self._counter.step(partial(self._counter.store.leave, hub.subscriber_id))
        self._say(f"{hub.subscriber_id} {'left' if asked.leave else 'is enrolled'}")
        return web.json_response({"sealed": answer, "relay_public_key": self._gate.public_key})

    def _sealed(self, hub: Hub, now: datetime) -> str:
        enrolment = Enrolment(
            uri=f"{self._url}/hubs/{hub.subscriber_id}",
            mailbox=hub.mailbox,
            broker=self._broker,
            relay_public_key=self._gate.public_key,
        )
        relayed = Relayed("/enrolled", {}, write_enrolment(enrolment), now, "")
        key = hub.encryption_public_key
        try:
            return seal(
                relayed, to=hub.subscriber_id, encryption_public_key=key, gate=self._gate
            ).decode()
        except ValueError as error:
            raise RelayError(f"encryption_public_key: {error}") from None

    async def _healthz(self, _: web.Request) -> web.Response:
        connected = self._counter.link.ready.is_set()
        return web.json_response(
            {
                "status": "ok" if connected else "no broker",
                "subscriber_id": self._gate.subscriber_id,
                "hubs": await self._counter.step(self._counter.store.hubs),
            },
            status=200 if connected else 503,
        )


def _no(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"code": str(status), "message": message}}, status=status)


async def _read(http: web.Request, most: int = BIGGEST_BODY) -> bytes:
    body = bytearray()
    if (http.content_length or 0) > most:
        raise RelayError(f"a message must be smaller than {most} bytes")
    try:
        async with asyncio.timeout(_PATIENCE):
            async for chunk in http.content.iter_chunked(64 * 1024):
                body += chunk
                if len(body) > most:
                    raise RelayError(f"a message must be smaller than {most} bytes")
    except TimeoutError:
        raise RelayError(f"the message took longer than {_PATIENCE:g} s") from None
    return bytes(body)
