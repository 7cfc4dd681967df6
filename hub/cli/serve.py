"""The hub as a process: started, served, stopped. It is idle most of the time, and small then."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hub.cli.telling import Refused, readable, say, shown

if TYPE_CHECKING:
    from hub.app.config import ConfigError
    from hub.app.hub import Hub

_AT_START = 10_000
"""Objects after which the young are looked through while the hub starts; 700 later."""


def serve(config: Path, data: Path) -> None:
    """Run the hub on a config and a data folder until it is told to stop (SIGINT, SIGTERM).

    Ends the process. Raises Refused, and what ``Hub`` raises, when it cannot be.
    """
    # A start makes a hundred thousand objects that stay: looking through them time and again
    # meanwhile would be a tenth of it.
    usual = gc.get_threshold()
    gc.set_threshold(_AT_START, *usual[1:])
    try:
        hub = _made(config, data)
        asyncio.run(_run(hub, lambda: gc.set_threshold(*usual)))
    finally:
        gc.set_threshold(*usual)
    # The interpreter's own ending would wait for threads of libraries that may hang in a network.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _made(config: Path, data: Path) -> Hub:
    from hub.app import logs
    from hub.app.config import ConfigError, read_config
    from hub.app.firstkeys import make_aside
    from hub.clock import clock_from_environment

    try:
        found = read_config(shown(config))
        settings = found.checked()
    except ConfigError as error:
        raise _refused(error) from None
    logs.set_up(settings.log.level)
    with make_aside(data / "secrets", settings.beckn.subscriber_id):
        from hub.app.hub import Hub
    with readable(data):
        return Hub(found, data, clock_from_environment())


def _refused(error: ConfigError) -> Refused:
    return Refused(str(error.problems[0]) if error.problems else str(error), 2)


async def _run(hub: Hub, steady: Callable[[], None]) -> None:
    from hub.app.hub import run_until_told

    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)

    def started() -> None:
        _welcome(hub)
        # What is there now stays: no later collection need go through it while somebody waits.
        gc.collect()
        gc.freeze()
        steady()

    await run_until_told(hub, told, started)


def _welcome(hub: Hub) -> None:
    """Tell how to come in, on standard output: it is for a person, not for the log."""
    say(f"Commonhearth is at {hub.url}")
    for member in hub.settings.members:
        if member.role == "adult":
            code = hub.access.create_code(member.id, hub.clock.now())
            say(f"{member.name} signs in with the code {code} (once, within a day)")
    for member in hub.settings.members:
        if member.ntfy is not None:
            server = member.ntfy.url.rstrip("/")
            say(f"{member.name}'s ntfy topic: {server}/{hub.topics.of(member)} (keep it secret)")
    sys.stdout.flush()
