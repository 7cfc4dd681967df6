"""What the hub writes about its running: lines for people on a terminal, JSON elsewhere."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog


def set_up(level: str, stream: TextIO | None = None) -> None:
    """Have every logger of the process write to ``stream`` (default: standard error).

    ``level`` is the least severe line written. On a terminal a line is for reading, elsewhere a
    JSON object with ``timestamp``, ``level``, ``logger`` and ``event``.
    """
    out = stream or sys.stderr
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=not out.isatty()),
    ]
    last: list[structlog.typing.Processor]
    if out.isatty():
        last = [structlog.dev.ConsoleRenderer(pad_event_to=0)]
    else:
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # What these say at INFO is about themselves, not about the household.
    for name in ("apscheduler", "aiohttp.access", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
