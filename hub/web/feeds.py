"""What calendars that subscribe ask of the hub; ``hub.app`` provides it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from hub.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class AgendaText:
    """The household's agenda as ``text/calendar``; ``tag`` changes with what it says."""

    body: bytes
    tag: str


class Feeds(Protocol):
    """The agenda for other calendars: read by a member's secret address."""

    def agenda(self) -> AgendaText:
        """Return the agenda: of the last week, and of the next year and a month."""
        ...

    def create(self, member: str) -> str:
        """Make the secret of a member's address, shown this once; an older one is void."""
        ...

    def member(self, secret: str) -> str | None:
        """Return whose address has this secret; None when there is none (any more)."""
        ...

    def made(self, member: str) -> datetime | None:
        """Return when a member's address was made; None without one."""
        ...

    def end(self, member: str) -> bool:
        """Forget a member's address; False when there is none."""
        ...
