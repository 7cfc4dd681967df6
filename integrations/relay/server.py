"""``run_hub.py relay``: the relay's HTTP server and its running."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

from aiohttp import web

from hub.clock import SYSTEM
from hub.ports import Clock
from integrations.relay.counter import Counter, Limits
from integrations.relay.link import Broker, Link
from integrations.relay.routes import Routes
from integrations.relay.store import Store
from integrations.relay.words import BIGGEST_BODY, TOPICS, Gate

DATABASE = "relay.sqlite"

_TIDY_SECONDS = 3600.0


async def serve_relay(
    gate: Gate,
    broker: Broker,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    data: Path,
    public_url: str | None = None,
    public_broker: str | None = None,
    code: str = "",
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    say: Callable[[str], None] = print,
    ready: Callable[[str], None] | None = None,
    clock: Clock = SYSTEM,
) -> None:
    """Run a relay until cancelled.

    ``gate`` tells true senders from false; ``data`` is the folder of the database. ``public_url``
    is how senders reach it (default http://host:port), ``public_broker`` how hubs reach the
    broker (default: as the relay does). With ``code``, only hubs that name it are enrolled. ``say``
    gets one line for each thing that happened; ``ready`` is called once with the base URL;
    ``clock`` says what time it is. Raises RelayError for a broker URL that is none, OSError for a
    taken port.
    """
    async with contextlib.AsyncExitStack() as stack:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = stack.enter_context(socket.create_server((host, port), family=family))
        shown = f"[{host}]" if ":" in host else host
        local = f"http://{shown}:{listener.getsockname()[1]}"
        url = (public_url or local).rstrip("/")
        store = Store(data / DATABASE)
        stack.callback(store.close)
        counter = Counter(store, gate, limits, now=clock.now)
        stack.push_async_callback(counter.close)
        link = Link(
            broker,
            client_id=f"relay-{gate.subscriber_id}",
            topics=[f"{TOPICS}/+/done"],
            on_message=lambda message, connection: counter.receipt(link, message, connection),
            on_ready=lambda _: counter.connected(),
            on_status=say,
        )
        counter.link = link
        link.start()
        stack.push_async_callback(link.stop)
        routes = Routes(counter, gate, url, public_broker or broker.url, code, say, clock.now)
        app = web.Application(client_max_size=BIGGEST_BODY)
        app.add_routes(routes.all())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, listener).start()
        say(f"the relay {gate.subscriber_id} takes messages at {url}")
        if ready is not None:
            ready(local)
        while True:
            await counter.step(partial(store.tidy, clock.now()))
            await asyncio.sleep(_TIDY_SECONDS)


def run_relay(
    gate: Gate,
    broker: Broker,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    data: Path,
    public_url: str | None = None,
    public_broker: str | None = None,
    code: str = "",
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    say: Callable[[str], None] = print,
    ready: Callable[[str], None] | None = None,
    clock: Clock = SYSTEM,
) -> None:
    """Run ``serve_relay`` (same parameters and errors) until SIGINT or SIGTERM; close the gate."""

    async def until_told() -> None:
        serving = asyncio.current_task()
        assert serving is not None
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, serving.cancel)
        try:
            await serve_relay(
                gate,
                broker,
                host=host,
                port=port,
                data=data,
                public_url=public_url,
                public_broker=public_broker,
                code=code,
                limits=limits,
                say=say,
                ready=ready,
                clock=clock,
            )
        finally:
            await gate.close()

    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(until_told())
