"""The websocket API of Home Assistant, as far as the hub uses it, with states that tests set.

Source of the messages: developers.home-assistant.io, "WebSocket API", and what 2024.3 sends.
Only for unit tests of the adapter; journeys run a real one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

TOKEN = "secret-token"


class HomeSocket:
    """``async with`` serves it; it can refuse, hang up and vanish."""

    def __init__(self) -> None:
        self.url = ""
        self.states: dict[str, dict[str, Any]] = {}
        self.calls: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.answers: dict[str, Any] = {}
        self.refused: dict[str, str] = {}
        self.silent: set[str] = set()
        self.respond: Callable[[dict[str, Any]], Any] = lambda call: None
        self.signed_in = 0
        self._open: list[tuple[web.WebSocketResponse, dict[int, str]]] = []
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def __aenter__(self) -> HomeSocket:
        await self.begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.vanish()

    async def begin(self) -> None:
        """Serve, on the port it had before."""
        app = web.Application()
        app.router.add_get("/api/websocket", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}"

    async def vanish(self) -> None:
        """Hang up on all, and serve no more."""
        await self.hang_up()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def hang_up(self) -> None:
        for socket, _ in list(self._open):
            await socket.close()

    async def set(self, entity: str, state: str, **attributes: Any) -> None:
        """Set a state, and tell who listens."""
        known = entity in self.states
        self.states[entity] = {"s": state, "a": attributes, "c": "1", "lc": 1.7e9}
        said = self.states[entity]
        event = {"c": {entity: {"+": said}}} if known else {"a": {entity: said}}
        await self.tell("subscribe_entities", event)

    async def remove(self, entity: str) -> None:
        del self.states[entity]
        await self.tell("subscribe_entities", {"r": [entity]})

    async def fire(self, kind: str, **data: Any) -> None:
        """Fire an event."""
        await self.tell(kind, {"event_type": kind, "data": data, "origin": "LOCAL"})

    async def tell(self, kind: str, event: Any) -> None:
        for socket, heard in list(self._open):
            for number, what in heard.items():
                if what == kind and not socket.closed:
                    await socket.send_json({"id": number, "type": "event", "event": event})

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "auth_required", "ha_version": "2024.3.3"})
        said = await socket.receive_json()
        if said.get("access_token") != TOKEN:
            await socket.send_json({"type": "auth_invalid", "message": "Invalid access token"})
            await socket.close()
            return socket
        await socket.send_json({"type": "auth_ok", "ha_version": "2024.3.3"})
        heard: dict[int, str] = {}
        self._open.append((socket, heard))
        self.signed_in += 1
        last = 0
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            asked = json.loads(message.data)
            assert asked["id"] > last, "numbers have to rise"
            last = asked["id"]
            await self._answer(socket, heard, asked)
        self._open.remove((socket, heard))
        return socket

    async def _answer(
        self, socket: web.WebSocketResponse, heard: dict[int, str], asked: dict[str, Any]
    ) -> None:
        number, kind = asked["id"], asked["type"]
        self.asked.append(kind)
        if kind in self.silent:
            return
        if kind == "ping":
            await socket.send_json({"id": number, "type": "pong"})
            return
        name = asked.get("event_type", kind)
        if name in self.refused:
            error = {"code": self.refused[name], "message": "not here"}
            await socket.send_json(
                {"id": number, "type": "result", "success": False, "error": error}
            )
            return
        result = self.answers.get(kind, [] if kind.endswith("/list") else None)
        if kind == "call_service":
            self.calls.append(asked)
            result = {"context": {}, "response": self.respond(asked)}
        if kind.startswith("subscribe_"):
            heard[number] = name
        await socket.send_json({"id": number, "type": "result", "success": True, "result": result})
        if kind == "subscribe_entities":
            await socket.send_json({"id": number, "type": "event", "event": {"a": self.states}})


async def eventually(true: Callable[[], object]) -> None:
    """Return once it is so."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
