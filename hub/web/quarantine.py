"""What pages ask about devices that wait for an adult; ``hub.app`` provides it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hub.domain.decisions import DecisionResult
from hub.domain.quarantine import KnownDevice


class Quarantine(Protocol):
    """Devices that wait, and those that were refused."""

    def devices(self) -> Sequence[KnownDevice]:
        """Return those that wait and those that were refused, the newest first."""
        ...

    async def answer(self, owner: str, member: str, *, accept: bool) -> DecisionResult:
        """Accept a device or refuse it; returns after it is committed."""
        ...
