"""What the privacy page asks of the hub; ``hub.app`` provides it, tests may fake it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from hub.domain.consent import Disclosed, Grant
from hub.domain.decisions import DecisionResult


class Privacy(Protocol):
    """Consents, and what left the home under them."""

    def grants(self) -> Sequence[Grant]:
        """Return the consents in force, the newest first."""
        ...

    def given(self, ids: Collection[str]) -> Mapping[str, Grant]:
        """Return consents by their ids, also those that are over; others are left out."""
        ...

    def disclosed(
        self, *, recipient: str | None = None, before: datetime | None = None, limit: int = 500
    ) -> Sequence[Disclosed]:
        """Return what left, the newest first: to everybody or to one."""
        ...

    async def revoke(self, grant_id: str, member: str) -> DecisionResult:
        """Take a consent back; returns after it is committed."""
        ...

    async def erase(self, recipient: str, member: str) -> DecisionResult:
        """Ask a provider or a contact to erase what it was told; returns after it is committed."""
        ...
