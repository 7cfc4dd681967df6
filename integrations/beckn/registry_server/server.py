"""``run_hub.py registry``: the registry's HTTP server, its routes and its running."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from aiohttp import web

from hub.clock import SYSTEM
from hub.domain.rate import Rate
from hub.ports import Clock
from integrations.beckn.keys import Identity, load_or_create
from integrations.beckn.reading import parse
from integrations.beckn.registry_server.answers import BIGGEST_BODY, guarded, refuse
from integrations.beckn.registry_server.caller import Caller
from integrations.beckn.registry_server.challenger import STATES, Challenger
from integrations.beckn.registry_server.desk import Admission, Desk
from integrations.beckn.registry_server.lookups import Lookups
from integrations.beckn.registry_server.store import Store

DATABASE = "registry.sqlite"


async def serve_registry(
    host: str = "127.0.0.1",
    port: int = 0,
    data: Path = Path("registry"),
    *,
    admission: Admission = "open",
    members_only: bool = False,
    match_hosts: bool = True,
    public_addresses_only: bool = False,
    say: Callable[[str], None] = print,
    ready: Callable[[str], None] | None = None,
    clock: Clock = SYSTEM,
) -> None:
    """Run a registry until cancelled.

    ``data`` is the folder of its database and key. With ``admission`` ``ask``, a person admits each
    participant (``admit``). With ``members_only``, look-ups by POST must be signed by a participant
    (v1.1.1 asks for that; DeDi's are public). ``match_hosts`` and ``public_addresses_only`` are for
    registries that the whole internet may reach. ``say`` gets one line for each thing that
    happened; ``ready`` is called once with the base URL; ``clock`` says what time it is. Raises
    RegistryError for a damaged key file, OSError for a taken port.
    """
    identity = load_or_create(data, kind="registry")
    async with contextlib.AsyncExitStack() as stack:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = stack.enter_context(socket.create_server((host, port), family=family))
        store = Store(data / DATABASE)
        stack.callback(store.close)
        caller = Caller(identity, public_addresses_only=public_addresses_only, now=clock.now)
        stack.push_async_callback(caller.close)
        desk = Desk(store, admission=admission, match_hosts=match_hosts)
        challenger = Challenger(store, desk, caller, say, clock)
        stack.callback(challenger.close)
        lookups = Lookups(
            store, challenger, identity.subscriber_id, members_only=members_only, now=clock.now
        )
        app = web.Application(client_max_size=BIGGEST_BODY)
        app.add_routes(_Routes(identity, store, desk, challenger, lookups, clock).all())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, listener).start()
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{listener.getsockname()[1]}"
        say(f"the registry {identity.subscriber_id} answers at {url}")
        if ready is not None:
            ready(url)
        await challenger.run()


def run_registry(
    host: str = "127.0.0.1",
    port: int = 0,
    data: Path = Path("registry"),
    *,
    admission: Admission = "open",
    members_only: bool = False,
    match_hosts: bool = True,
    public_addresses_only: bool = False,
    say: Callable[[str], None] = print,
    ready: Callable[[str], None] | None = None,
    clock: Clock = SYSTEM,
) -> None:
    """Run ``serve_registry`` (same parameters and errors) until SIGINT or SIGTERM."""

    async def until_told() -> None:
        serving = asyncio.current_task()
        assert serving is not None
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, serving.cancel)
        await serve_registry(
            host,
            port,
            data,
            admission=admission,
            members_only=members_only,
            match_hosts=match_hosts,
            public_addresses_only=public_addresses_only,
            say=say,
            ready=ready,
            clock=clock,
        )

    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(until_told())


def admit(data: Path, subscriber_id: str, now: datetime) -> bool:
    """Let a participant into the registry in ``data``, which may be running; False when none of
    that name waits (it is let in when it comes)."""
    store = Store(data / DATABASE)
    try:
        return Desk(store, admission="ask", match_hosts=False).admit(subscriber_id, now)
    finally:
        store.close()


class _Routes:
    """What the registry's server answers."""

    def __init__(
        self,
        identity: Identity,
        store: Store,
        desk: Desk,
        challenger: Challenger,
        lookups: Lookups,
        clock: Clock,
    ) -> None:
        self._identity = identity
        self._store = store
        self._desk = desk
        self._challenger = challenger
        self._lookups = lookups
        self._clock = clock

    def all(self) -> list[web.RouteDef]:
        subscribing = Rate(per_second=10 / 60, burst=20)
        looking = Rate(per_second=50, burst=200)
        lookups = self._lookups
        return [
            web.post("/subscribe", guarded(self._subscribe, subscribing)),
            web.get("/subscribe/{id}", guarded(self._progress, looking)),
            web.post("/on_subscribe/answer", guarded(self._answer, subscribing)),
            web.post("/lookup", guarded(lookups.lookup, looking)),
            web.get("/dedi/lookup/{id}/{name}/{key}", guarded(lookups.record, looking)),
            web.get("/dedi/query/{id}/{name}", guarded(lookups.records, looking)),
            web.get("/identity", self._tell_identity),
            web.get("/healthz", self._healthz),
        ]

    async def _subscribe(self, http: web.Request) -> web.Response:
        body = await http.read()
        header = http.headers.get("Authorization", "")
        request = await self._challenger.step(
            partial(self._desk.take, header, body, self._clock.now())
        )
        self._challenger.wake()
        return web.json_response({"status": STATES[request.state]})

    async def _progress(self, http: web.Request) -> web.Response:
        found = await self._challenger.step(partial(self._store.requests, http.match_info["id"]))
        if not found:
            return refuse(404, "no request of that subscriber_id is known")
        return web.json_response({"status": STATES[found[0].state], "reason": found[0].reason})

    async def _answer(self, http: web.Request) -> web.Response:
        document = parse(await http.read())
        who, text = document.text("subscriber_id"), document.text("answer")
        if await self._challenger.answer(who, text):
            return web.json_response({"status": "SUBSCRIBED"})
        return refuse(409, "answer: no open challenge has this answer")

    async def _tell_identity(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "subscriber_id": self._identity.subscriber_id,
                "key_id": self._identity.unique_key_id,
                "signing_public_key": self._identity.public_key,
                "encr_public_key": self._identity.encryption_public_key,
            }
        )

    async def _healthz(self, _: web.Request) -> web.Response:
        waiting = await self._challenger.step(self._store.waiting)
        return web.json_response({"status": "ok", "waiting": waiting})
