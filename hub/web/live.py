"""Live updates by Server-Sent Events: a page is told that something changed, and asks for it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from hub.web.backend import Backend

_log = logging.getLogger(__name__)

MOST_STREAMS = 24
"""Open streams at a time; a page that finds no room asks again after a while."""

HEARTBEAT = 20
"""Seconds after which a silent stream says that it is alive."""

COALESCE = 0.2
"""Seconds between two events of one stream at least."""


class Live:
    """One reader of the hub's changes for all open pages."""

    def __init__(self, backend: Backend, *, most: int = MOST_STREAMS) -> None:
        """Serve at most ``most`` streams from ``backend.changes()``."""
        self._backend = backend
        self._most = most
        self._number = 0
        self._changed = asyncio.Event()
        self._closing = False
        self._reader: asyncio.Task[None] | None = None
        self.streams = 0

    async def running(self, app: web.Application) -> AsyncIterator[None]:
        """Read the hub's changes while the application runs (an aiohttp cleanup context)."""
        self._reader = asyncio.create_task(self._read(), name="web live updates")
        yield
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader

    async def close(self, app: web.Application) -> None:
        """End all streams, so that the server need not wait for the browsers."""
        self._closing = True
        self._wake()

    async def stream(self, request: web.Request, wanted: Callable[[], bool]) -> web.StreamResponse:
        """Answer ``/events`` until the page leaves or ``wanted`` no longer holds (signed out)."""
        if self.streams >= self._most:
            raise web.HTTPTooManyRequests(
                text="Too many pages are open; this one updates when it is loaded again.",
                headers={"Retry-After": "30"},
            )
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream; charset=utf-8",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            }
        )
        self.streams += 1
        try:
            seen = self._number
            await response.prepare(request)
            await response.write(b"retry: 3000\n\n")
            while not self._closing and wanted():
                seen = await self._next(request, response, seen)
        except ConnectionError:
            _log.debug("a page left its live updates")
        finally:
            self.streams -= 1
        return response

    async def _next(self, request: web.Request, response: web.StreamResponse, seen: int) -> int:
        """Send one event or heartbeat; return the number the page has now seen."""
        waiting, silent = self._changed, 0
        while self._number == seen and not self._closing:
            try:
                await asyncio.wait_for(waiting.wait(), 1)
            except TimeoutError:
                silent += 1
            if request.transport is None:
                # Looked for each second: a page that left must not keep its place until it is
                # next written to.
                raise ConnectionResetError
            if silent == HEARTBEAT:
                await response.write(b": alive\n\n")
                return seen
        if self._closing:
            return seen
        number = self._number
        await response.write(f"event: change\nid: {number}\ndata: {number}\n\n".encode())
        await asyncio.sleep(COALESCE)
        return number

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _read(self) -> None:
        while True:
            try:
                async for _ in self._backend.changes():
                    # Counted here, so that a reader that starts anew never goes back.
                    self._number += 1
                    self._wake()
            except Exception:
                _log.exception("live updates stopped; they are tried again")
            await asyncio.sleep(1)
