"""The provider's log as files that anyone can mirror (C2SP tlog-tiles), below ``/ledger/``.

A buyer who saw it grow countersigns it there (C2SP tlog-cosignature), and has its own log
countersigned.
"""

from __future__ import annotations

import time

from aiohttp import web

from hub.domain.rate import Rate
from hub.ledger.note import NoteError
from hub.ledger.tiles import Tile, TileError
from integrations.beckn.errors import BecknError, SignatureError
from integrations.beckn.exchange import Receiver
from integrations.beckn.provider.desk import Desk
from integrations.beckn.provider.households import Households
from integrations.beckn.provider.ledger import Ledger

PREFIX = "/ledger"
LONGEST_GROWTH = 64 * 1024
PER_SECOND, BURST = 20, 200
"""Files that one address gets a second for long, and at once: a log of 25,000 entries is 200."""

_KEPT = {"Cache-Control": "public, max-age=604800, immutable"}
_PASSING = {"Cache-Control": "no-cache"}


class Mirror:
    """What others may read of the log: what is signed, and no more of it than its files."""

    def __init__(
        self, desk: Desk, ledger: Ledger, households: Households, receiver: Receiver
    ) -> None:
        """Read ``ledger`` on the thread of ``desk``; ``receiver`` tells who countersigns."""
        self._desk, self._ledger, self._receiver = desk, ledger, receiver
        self._households = households
        self._rate = Rate(PER_SECOND, BURST)

    def all(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get(f"{PREFIX}/checkpoint", self._checkpoint),
            web.get(f"{PREFIX}/key", self._key),
            web.post(f"{PREFIX}/cosignature", self._cosigned),
            web.post(f"{PREFIX}/witness", self._countersign),
            web.get(f"{PREFIX}/{{path:tile/.{{1,64}}}}", self._tile),
        ]

    def _let_in(self, http: web.Request) -> None:
        if not self._rate.allow(http.remote or "", time.monotonic()):
            raise web.HTTPTooManyRequests(text="too many files a second: go slower\n")

    async def _checkpoint(self, http: web.Request) -> web.Response:
        self._let_in(http)
        newest = await self._desk.step(self._ledger.published)
        if newest is None:
            raise web.HTTPNotFound(text="nothing was entered yet\n")
        return web.Response(text=newest, headers=_PASSING)

    async def _cosigned(self, http: web.Request) -> web.Response:
        self._let_in(http)
        now = self._desk.clock.now()
        try:
            sender, _, said = await self._receiver.receive(http, now)
            size, key, line = said.count("size"), said.text("witness"), said.text("signature")
            await self._desk.step(lambda: self._ledger.cosigned(sender, size, key, line))
        except SignatureError as error:
            return self._receiver.unauthorized(error, now)
        except BecknError as error:
            return web.Response(status=error.status, text=f"{error}\n")
        except NoteError as error:
            raise web.HTTPBadRequest(text=f"signature: {error}\n") from None
        return web.Response(status=204)

    async def _countersign(self, http: web.Request) -> web.Response:
        self._let_in(http)
        now = self._desk.clock.now()
        try:
            sender, _, said = await self._receiver.receive(http, now)
            key, growth = said.text("log"), said.value.get("growth")
            # It has many lines, as no text of Beckn's has.
            if not isinstance(growth, str) or len(growth) > LONGEST_GROWTH:
                said.fail("growth", f"text of at most {LONGEST_GROWTH} characters")
            answer = await self._desk.step(lambda: self._households.shown(sender, key, growth, now))
        except SignatureError as error:
            return self._receiver.unauthorized(error, now)
        except BecknError as error:
            return web.Response(status=error.status, text=f"{error}\n")
        return web.json_response(answer)

    async def _key(self, http: web.Request) -> web.Response:
        self._let_in(http)
        return web.Response(text=f"{self._ledger.key}\n", headers=_PASSING)

    async def _tile(self, http: web.Request) -> web.Response:
        self._let_in(http)
        try:
            tile = Tile.parse(http.match_info["path"])
        except TileError as error:
            raise web.HTTPNotFound(text=f"{error}\n") from None
        data = await self._desk.step(lambda: self._ledger.tile(tile))
        if data is None:
            raise web.HTTPNotFound(text="the log is not that long\n")
        return web.Response(body=data, content_type="application/octet-stream", headers=_KEPT)
