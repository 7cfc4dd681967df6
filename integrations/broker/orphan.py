"""The broker an earlier hub left behind: known by its pid file, and ended before a new start."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from integrations.broker.brokers import BrokerError

_DYING_SECONDS = 1.0
_POLITE_SECONDS = 10.0
_RUDE_SECONDS = 5.0


def note(pid_file: Path, broker: int) -> None:
    """Write which process is the broker, and that this one is its hub."""
    pid_file.write_text(f"{broker} {os.getpid()}\n")


def end_orphan(pid_file: Path, config: Path) -> bool:
    """End the broker named in ``pid_file`` if it still runs with ``config``; True when it did.

    Process ids are used again, so only a process whose command line has ``config`` is ended.
    Raises BrokerError when its hub still runs: two hubs cannot share a data folder.
    """
    try:
        broker, hub = (int(word) for word in pid_file.read_text().split())
    except (OSError, ValueError):
        return False
    if not _runs(broker, config):
        return False
    # A hub that was killed this moment still counts as alive until the kernel is done with it.
    until = time.monotonic() + _DYING_SECONDS
    while _parent(broker) == hub and time.monotonic() < until:
        time.sleep(0.02)
    if _parent(broker) == hub:
        raise BrokerError(
            f"another hub (process {hub}) uses the data folder {config.parent.parent}: "
            "stop it, or give this one another --data"
        )
    for signum, seconds in ((signal.SIGTERM, _POLITE_SECONDS), (signal.SIGKILL, _RUDE_SECONDS)):
        try:
            os.kill(broker, signum)
        except ProcessLookupError:
            return True
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not _runs(broker, config):
                return True
            time.sleep(0.02)
    raise BrokerError(f"the MQTT broker of an earlier run (process {broker}) cannot be ended")


def _runs(pid: int, config: Path) -> bool:
    """Tell whether ``pid`` is a process with ``config`` in its command line (a zombie has none)."""
    try:
        return os.fsencode(config) in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _parent(pid: int) -> int:
    try:
        # The name, in brackets, may hold anything: the fields are counted from its end.
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0
