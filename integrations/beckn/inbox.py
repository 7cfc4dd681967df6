"""A door for callbacks that keeps them as they came, for those who look at messages one by one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from aiohttp import web

from hub.domain.values import dataclass
from integrations.beckn.errors import BecknError, SignatureError
from integrations.beckn.exchange import Receiver, message_id_of
from integrations.beckn.keys import Identity
from integrations.beckn.reading import BIGGEST_BODY, parse
from integrations.beckn.registry import Registry
from integrations.beckn.wire import Wire, callbacks, wire_at


@dataclass(frozen=True, slots=True)
class Callback:
    """What came back: the bytes, and why it would be refused ('' where it would not)."""

    path: str
    body: bytes
    refused: str


class Inbox:
    """Callbacks by the message they answer."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Queue[Callback]] = {}

    def put(self, message_id: str, callback: Callback) -> None:
        """Note what came."""
        self._of(message_id).put_nowait(callback)

    async def get(self, message_id: str, patience: float) -> Callback | None:
        """Return what answers a message, None where nothing did within ``patience`` seconds."""
        try:
            async with asyncio.timeout(patience):
                return await self._of(message_id).get()
        except TimeoutError:
            return None

    def _of(self, message_id: str) -> asyncio.Queue[Callback]:
        return self._waiting.setdefault(message_id, asyncio.Queue())


@asynccontextmanager
async def listening(
    identity: Identity,
    registry: Registry,
    wire: Wire,
    host: str,
    port: int,
    now: Callable[[], datetime],
) -> AsyncIterator[tuple[str, Inbox]]:
    """Take callbacks at ``host:port`` (0: any free port); yield the URL and what came."""
    receiver, inbox = Receiver(identity, registry), Inbox()

    async def take(http: web.Request) -> web.Response:
        spoken = wire_at(http.path)
        try:
            _, body, document = await receiver.receive(http, now())
        except SignatureError as error:
            body = await http.read()
            inbox.put(_id_in(body), Callback(http.path, body, f"its signature: {error}"))
            return receiver.unauthorized(error, now(), spoken)
        except BecknError as error:
            return receiver.nack(error, b"", "", now(), spoken)
        message_id = message_id_of(document)
        inbox.put(message_id, Callback(http.path, body, ""))
        return receiver.ack(body, message_id, now(), spoken)

    app = web.Application(client_max_size=BIGGEST_BODY)
    app.add_routes([web.post(path, take) for path in callbacks(wire)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        taken = runner.addresses[0][1]
        yield f"http://{host}:{taken}", inbox
    finally:
        await runner.cleanup()


def _id_in(body: bytes) -> str:
    try:
        return message_id_of(parse(body))
    except BecknError:
        return ""
