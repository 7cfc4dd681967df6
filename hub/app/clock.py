"""Where *now* comes from in a running hub."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """The machine's clock (``hub.ports.Clock``)."""

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        return datetime.now(UTC)
