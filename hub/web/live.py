"""Live updates by Server-Sent Events: a page is told that something changed, and asks for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from hub.web.backend import Backend

_log = logging.getLogger(__name__)

MOST_STREAMS = 128
"""Open streams at a time; a page that finds no room asks again after a while."""

LOOK_SECONDS = 1.0
"""Seconds after which it is looked whose page has left: it must not keep its place until it is next
written to."""

HEARTBEAT = 20
"""Looks after which a silent stream says that it is alive."""

COALESCE = 0.2
"""Seconds between two events of one stream at least."""


class _Stream:
    """One open page: woken when there is news for it, when it is silent too long, or gone."""

    def __init__(self, request: web.Request, seen: int) -> None:
        self.request = request
        self.seen = seen
        self.silent = 0
        self.woken = asyncio.Event()

    @property
    def gone(self) -> bool:
        """Tell whether the page has left."""
        return self.request.transport is None


class Live:
    """One reader of the hub's changes for all open pages, and one look at them all a second.

    A page that waits costs no timer and no task of its own.
    """

    def __init__(self, backend: Backend, *, most: int = MOST_STREAMS) -> None:
        """Serve at most ``most`` streams from ``backend.changes()``."""
        self._backend = backend
        self._most = most
        self._number = 0
        self._closing = False
        self._open: set[_Stream] = set()

    @property
    def streams(self) -> int:
        """Return how many pages are open."""
        return len(self._open)

    async def running(self, app: web.Application) -> AsyncIterator[None]:
        """Read the hub's changes while the application runs (an aiohttp cleanup context)."""
        tasks = [
            asyncio.create_task(self._read(), name="web live updates"),
            asyncio.create_task(self._look(), name="web open pages"),
        ]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

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
        stream = _Stream(request, self._number)
        self._open.add(stream)
        try:
            await response.prepare(request)
            await response.write(b"retry: 3000\n\n")
            while not self._closing and wanted():
                await self._next(stream, response)
        except ConnectionError:
            _log.debug("a page left its live updates")
        finally:
            self._open.discard(stream)
        return response

    async def _next(self, stream: _Stream, response: web.StreamResponse) -> None:
        """Send one event or heartbeat, once there is reason to."""
        if stream.seen == self._number and not self._closing:
            await stream.woken.wait()
        stream.woken.clear()
        if stream.gone:
            raise ConnectionResetError
        if self._closing:
            return
        stream.silent = 0
        number = self._number
        if stream.seen == number:
            await response.write(b": alive\n\n")
            return
        stream.seen = number
        await response.write(f"event: change\nid: {number}\ndata: {number}\n\n".encode())
        await asyncio.sleep(COALESCE)

    def _wake(self) -> None:
        for stream in self._open:
            stream.woken.set()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for stream in self._open:
                stream.silent += 1
                if stream.gone or stream.silent >= HEARTBEAT:
                    stream.woken.set()

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
