"""``run``: the hub, until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

from hub.cli.common import (
    DEFAULT_CONFIG,
    DEFAULT_DATA,
    ConfigFolder,
    DataFolder,
    Refused,
    readable,
    say,
    shown,
)

if TYPE_CHECKING:
    from hub.app.config import ConfigError
    from hub.app.hub import Hub

EXAMPLES = (
    "[bold]run_hub.py run[/bold]: with ./config and ./data of the project\n\n"
    "[bold]run_hub.py run --config /etc/commonhearth --data /var/lib/commonhearth[/bold]"
)


def run(config: ConfigFolder = DEFAULT_CONFIG, data: DataFolder = DEFAULT_DATA) -> None:
    """Run the hub until it is told to stop (Ctrl-C, SIGTERM)."""
    from hub.app import logs
    from hub.app.config import ConfigError, read_config
    from hub.app.hub import Hub
    from hub.clock import clock_from_environment

    try:
        found = read_config(shown(config))
        settings = found.checked()
    except ConfigError as error:
        raise _refused(error) from None
    logs.set_up(settings.log.level)
    with readable(data):
        hub = Hub(found, data, clock_from_environment())
    asyncio.run(_run(hub))
    # The interpreter's own ending would wait for threads of libraries that may hang in a network.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _refused(error: ConfigError) -> Refused:
    return Refused(str(error.problems[0]) if error.problems else str(error), 2)


async def _run(hub: Hub) -> None:
    from hub.app.hub import run_until_told

    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    await run_until_told(hub, told, lambda: _welcome(hub))


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
