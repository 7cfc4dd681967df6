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

from hub.cli.authorities import authorities_later
from hub.cli.telling import Refused, readable, say, shown

if TYPE_CHECKING:
    from hub.app.config import ConfigError
    from hub.app.hub import Hub

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
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
    from hub.app.firsthome import begin
    from hub.app.firstkeys import make_aside
    from hub.clock import clock_from_environment
    from hub.keyfiles import guard
    from hub.keyfiles.files import LOCK, SecretsError
    from hub.web.files import CannotWrite

    try:
        for line in begin(shown(config), data):
            say(line)
    except CannotWrite as error:
        raise Refused(str(error)) from None
    try:
        found = read_config(shown(config))
        settings = found.checked()
    except ConfigError as error:
        raise _refused(error) from None
    logs.set_up(settings.log.level)
    try:
        guard.refuse(data)
        if (data / guard.SECRETS / LOCK).exists():
            from hub.keyfiles.convert import settle

            settle(data)
    except SecretsError as error:
        raise Refused(str(error), 2) from None
    with make_aside(data / "secrets", settings.beckn.subscriber_id), authorities_later():
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


def _login() -> str:
    """Return how this computer is likely reached over SSH, e.g. ``pi@raspberrypi.local``."""
    import getpass
    import socket

    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "user"
    name = socket.gethostname()
    return f"{user}@{name if '.' in name else f'{name}.local'}"


def _welcome(hub: Hub) -> None:
    """Tell how to come in, on standard output: it is for a person, not for the log."""
    say(f"Commonhearth is at {hub.url}")
    http = hub.settings.http
    if http.host in _LOOPBACK and http.public_url is None and hub.backend.beginning.step():
        # A Pi mostly has no screen, and nobody has said yet that the home may open the pages.
        port = hub.url.rpartition(":")[2]
        say("Only this computer can open that; the first start asks whether phones may, too.")
        say(f"From another until then: ssh -L {port}:127.0.0.1:{port} {_login()}")
    for member in hub.settings.members:
        if member.role == "adult":
            code = hub.access.create_code(member.id, hub.clock.now())
            say(f"{member.name} signs in with the code {code} (once, within a day)")
    for member in hub.settings.members:
        if member.ntfy is not None:
            server = member.ntfy.url.rstrip("/")
            say(f"{member.name}'s ntfy topic: {server}/{hub.topics.of(member)} (keep it secret)")
    sys.stdout.flush()
