"""What lies between a household and a provider: HTTP, passed on, with a test asked each time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType

from aiohttp import ClientError, ClientSession, ClientTimeout, web

Moment = tuple[str, str]
"""A Beckn action, and one of: ``sent`` (not yet passed on), ``passed`` (not yet answered)."""


class Between:
    """Passes POSTs on to ``target``; ``at`` is awaited at each moment and says what to do.

    It returns True to lose the message: it is then not passed on, or its answer not given.
    """

    def __init__(
        self,
        at: Callable[[Moment], Awaitable[bool]],
        seen: Callable[[str, bytes], None] = lambda action, body: None,
    ) -> None:
        """``seen`` gets each message's action and body, byte by byte as it came."""
        self._seen = seen
        self.target = ""
        self.url = ""
        self._at = at

    async def __aenter__(self) -> Between:
        self._session = ClientSession(timeout=ClientTimeout(total=30))
        app = web.Application(client_max_size=4 * 1024 * 1024)
        app.router.add_post("/{path:.*}", self._pass_on)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()
        await self._session.close()

    async def _pass_on(self, request: web.Request) -> web.Response:
        action = request.path.rsplit("/", 1)[-1]
        body = await request.read()
        self._seen(action, body)
        if await self._at((action, "sent")):
            return web.Response(status=502)
        kept = ("Authorization", "Digest", "Content-Type", "X-Gateway-Authorization")
        headers = {name: request.headers[name] for name in kept if name in request.headers}
        try:
            async with self._session.post(
                self.target + request.path, data=body, headers=headers
            ) as answer:
                said = await answer.read()
        except (ClientError, TimeoutError):
            return web.Response(status=502)
        if await self._at((action, "passed")):
            return web.Response(status=502)
        return web.Response(
            status=answer.status, body=said, headers={"Content-Type": answer.content_type}
        )
