"""``run_hub.py provider``: a provider's HTTP server, its routes and its running."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from aiohttp import web

from hub.clock import SYSTEM
from hub.keyfiles.ledgerkey import ledger_key
from hub.ports import Clock
from integrations.beckn import v2
from integrations.beckn.errors import BecknError, SignatureError
from integrations.beckn.exchange import Receiver, Sender, message_id_of
from integrations.beckn.keys import load_or_create
from integrations.beckn.membership import Membership
from integrations.beckn.provider.counter import Counter
from integrations.beckn.provider.desk import Desk
from integrations.beckn.provider.door import Door, load_or_make_token
from integrations.beckn.provider.listing import load_listing
from integrations.beckn.provider.mirror import Mirror
from integrations.beckn.provider.pages import Pages
from integrations.beckn.provider.store import DATABASE, Store
from integrations.beckn.reading import BIGGEST_BODY, Node
from integrations.beckn.registry import Entry, Registry, Source, upsert
from integrations.beckn.signature import SKEW
from integrations.beckn.wire import WIRES, Asked, Version, requests, wire_at, wire_of

log = logging.getLogger(__name__)


async def serve_provider(
    catalog: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    data: Path,
    registry: Path | None = None,
    sources: Sequence[Source] = (),
    public_url: str | None = None,
    version: Version = "2.0.0",
    progress: float | None = None,
    say: Callable[[str], None] = print,
    ready: Callable[[str], None] | None = None,
    clock: Clock = SYSTEM,
) -> None:
    """Run a provider until cancelled. Both versions of Beckn are answered, each in its own words.

    ``catalog`` is its YAML file, ``data`` the folder of its database and key. ``port`` 0 takes any
    free one; ``public_url`` is how buyers reach it (default ``http://host:port``). With
    ``registry`` it enters itself there and answers the buyers of that file; ``sources`` are
    registries on the network that it joins and asks. Without either it answers nobody.
    ``version`` is the one it is entered with, which is how buyers will speak to it.
    ``progress`` moves confirmed orders on every so many seconds. ``say`` gets one line for each
    thing that happened; ``ready`` is called once with the base URL when requests are taken;
    ``clock`` says what time it is.
    Raises ListingError, RegistryError or SecretsError for files that cannot be used, OSError for a
    taken port.
    """
    listing = load_listing(catalog)
    identity = load_or_create(data, kind="provider", subscriber_id=listing.subscriber_id)
    known = Registry(registry, sources=sources, identity=identity, data=data, now=clock.now)
    membership = Membership(sources, identity, clock=clock)
    async with contextlib.AsyncExitStack() as stack:
        # The port is part of the address that answers carry, so it is taken before all else.
        listener = stack.enter_context(_listener(host, port))
        url = (public_url or _url(host, listener.getsockname()[1])).rstrip("/")
        store = Store(data / DATABASE, ledger_key(data, identity.subscriber_id))
        store.step(lambda: store.shelves.restock(listing))
        sender = Sender(identity, known)
        stack.push_async_callback(sender.close)
        counter = Counter(listing, store, url + v2.BASE)
        desk = Desk(
            store,
            counter,
            sender,
            known,
            bpp_id=identity.subscriber_id,
            bpp_uri=url,
            progress=progress,
            say=say,
            clock=clock,
        )
        stack.callback(desk.close)
        app = web.Application(client_max_size=BIGGEST_BODY)
        receiver = Receiver(identity, known)
        app.add_routes(_Routes(receiver, known, desk, identity.subscriber_id).all())
        door = Door(load_or_make_token(data / "desk-token"))
        app.add_routes(Mirror(desk, store.ledger, store.households, receiver).all())
        app.add_routes(Pages(door, desk, counter.books, url).all())
        base = wire_of(version).base
        app.add_routes(membership.routes(base))
        stack.push_async_callback(known.close)
        stack.push_async_callback(membership.close)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, listener).start()
        entry = Entry(
            subscriber_id=identity.subscriber_id,
            uri=url + base,
            role="BPP",
            signing_public_key=identity.public_key,
            unique_key_id=identity.unique_key_id,
            domains=(listing.domain,),
            version=version,
        )
        if registry is not None:
            upsert(registry, entry)
        keeping = asyncio.create_task(membership.keep(lambda: entry))
        stack.callback(keeping.cancel)
        if registry is None and not sources:
            say("no registry was given: every buyer is a stranger and will be refused")
        say(f"{listing.shop.name} ({identity.subscriber_id}) sells at {url}")
        say(f"its orders are at {url}/desk; from elsewhere, with the token in {data}/desk-token")
        if ready is not None:
            ready(url)
        try:
            await desk.run()
        except BaseExceptionGroup as failures:
            first: BaseException = failures
            while isinstance(first, BaseExceptionGroup):
                first = first.exceptions[0]
            raise first from None


def run_provider(
    catalog: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    data: Path,
    registry: Path | None = None,
    sources: Sequence[Source] = (),
    public_url: str | None = None,
    version: Version = "2.0.0",
    progress: float | None = None,
    say: Callable[[str], None] = print,
    ready: Callable[[str], None] | None = None,
    clock: Clock = SYSTEM,
) -> None:
    """Run ``serve_provider`` (same parameters and errors) until SIGINT or SIGTERM."""

    async def until_told() -> None:
        serving = asyncio.current_task()
        assert serving is not None
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, serving.cancel)
        await serve_provider(
            catalog,
            host=host,
            port=port,
            data=data,
            registry=registry,
            sources=sources,
            public_url=public_url,
            version=version,
            progress=progress,
            say=say,
            ready=ready,
            clock=clock,
        )

    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(until_told())


class _Routes:
    """What the provider's server answers."""

    def __init__(self, receiver: Receiver, known: Registry, desk: Desk, bpp_id: str) -> None:
        self._receiver = receiver
        self._known = known
        self._desk = desk
        self._bpp_id = bpp_id

    def all(self) -> list[web.RouteDef]:
        return [
            *(web.post(path, self._action) for wire in WIRES for path in requests(wire)),
            web.get("/healthz", self._healthz),
        ]

    async def _action(self, http: web.Request) -> web.Response:
        now, wire = self._desk.clock.now(), wire_at(http.path)
        body, message_id = b"", ""
        try:
            sender, body, document = await self._receiver.receive(http, now)
            message_id = message_id_of(document)
            asked = self._read(http.path, sender, document, now)
        except SignatureError as error:
            log.warning("%s refused: %s", http.path, error)
            return self._receiver.unauthorized(error, now, wire)
        except BecknError as error:
            log.warning("%s refused: %s", http.path, error)
            return self._receiver.nack(error, body, message_id, now, wire)
        try:
            await self._desk.take_in(asked, body, now)
        except Exception:
            log.exception("%s of %s could not be stored", http.path, sender)
            busy = BecknError("it could not be stored; send it again", status=503)
            return self._receiver.nack(busy, body, message_id, now, wire)
        return self._receiver.ack(body, message_id, now, wire)

    def _read(self, path: str, sender: str, document: Node, now: datetime) -> Asked:
        if self._known.find(sender, role="BAP") is None:
            raise BecknError(f"{sender} is not registered as a buyer (BAP)")
        wire = wire_at(path)
        asked = wire.read_request(document)
        context = asked.context
        if context.bap_id != sender:
            raise BecknError(f"{wire.field('bap_id')}: expected {sender}, whose key signed this")
        # A search of version 1 may be for everybody (then a gateway passes it on).
        anybody = path.endswith("/search") and not context.bpp_id
        if context.bpp_id != self._bpp_id and not anybody:
            raise BecknError(f"{wire.field('bpp_id')}: expected {self._bpp_id}")
        if not path.endswith(f"/{context.action}"):
            raise BecknError(f"context.action: expected the action of {path}")
        if context.expired(now, timedelta(seconds=SKEW)):
            raise BecknError("context.ttl: the request is no longer valid")
        return asked

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "subscriber_id": self._bpp_id})


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def _url(host: str, port: int) -> str:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (asked for)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"
