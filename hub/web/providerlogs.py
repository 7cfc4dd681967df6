"""What pages ask of the hub about providers' logs; ``hub.app`` provides it, tests may fake it."""

from __future__ import annotations

from typing import Protocol

from hub.domain.decisions import DecisionResult


class ProviderLogs(Protocol):
    """What members do about a provider's log."""

    async def begin_anew(self, provider: str, member: str) -> DecisionResult:
        """Take its log as it is from now on, whatever was found wrong; returns after commit."""
        ...
