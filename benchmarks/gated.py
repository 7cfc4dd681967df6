"""The hub with its consent gate under a stop-watch: ``gated.py FILE`` and the hub's own arguments.

Each call from outside into ``hub.flow.gate`` is timed in the thread that makes it, CPU and wall
clock; and so is, at the end of a transaction, the writing of the rows there would not be without
it. At its end FILE tells what these took together, in seconds, and how many calls there were.
"""

import json
import os
import sys
import threading
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).parents[1]))

from hub.cli.entry import main
from hub.flow import gate
from hub.store import unit
from hub.store.prepared import write

NAMES = (
    *("withheld", "lacking", "consent", "release", "still_granted", "ride_told", "left"),
    *("to_contact", "to_guest", "told_fields"),
)
TABLES = ("consent", "disclosure", "sent_message")
spent = {"calls": 0, "cpu": 0.0, "wall": 0.0, "rows": 0.0}
within = threading.local()


def timed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with its time added to ``spent``; what it calls itself counts once."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if getattr(within, "gate", False):
            return function(*args, **kwargs)
        within.gate = True
        cpu, began = thread_time(), perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            # In this order: to ask what CPU it took takes longer than to ask the clock.
            ended = perf_counter()
            spent["cpu"] += thread_time() - cpu
            spent["wall"] += ended - began
            spent["calls"] += 1
            within.gate = False

    return call


def watched(write: Callable[..., Any]) -> Callable[..., Any]:
    """Return what writes a table's rows, with its time for the gate's tables added to ``spent``."""

    def call(connection: Any, make: Any, table: Any, rows: Any) -> Any:
        if table.name not in TABLES:
            return write(connection, make, table, rows)
        began = perf_counter()
        try:
            return write(connection, make, table, rows)
        finally:
            spent["rows"] += perf_counter() - began

    return call


if __name__ == "__main__":
    setattr(unit, "write", watched(write))  # noqa: B010 - it is not the unit's to hand on
    # Before anything else of the hub is imported: it takes these functions by name.
    for name in NAMES:
        setattr(gate, name, timed(getattr(gate, name)))
    file, leave = Path(sys.argv[1]), os._exit

    def tell_and_leave(status: int) -> NoReturn:
        """Write the figures; the hub ends by ``os._exit`` once everything is stopped."""
        file.write_text(json.dumps(spent))
        leave(status)

    os._exit = tell_and_leave
    sys.argv[1:] = sys.argv[2:]
    sys.exit(main())
