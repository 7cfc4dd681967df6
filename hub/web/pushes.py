"""What the pages ask of the hub about Web Push; ``hub.app`` provides it, tests may fake it."""

from __future__ import annotations

from typing import Protocol

from hub.domain.push import PushSubscription


class Pushes(Protocol):
    """The browsers that may notify their member."""

    @property
    def key(self) -> str:
        """Return the ``applicationServerKey`` browsers subscribe for, in base64url.

        Raises PushUnavailable when the hub has none it could use.
        """
        ...

    def count(self, member: str) -> int:
        """Return how many browsers notify a member."""
        ...

    async def put(self, subscription: PushSubscription, session_id: str) -> None:
        """Keep a subscription as long as the session it was made in."""
        ...

    async def forget(self, member: str, endpoint: str) -> bool:
        """Forget a member's browser; False when there is none with that endpoint."""
        ...


class PushUnavailable(Exception):
    """Web Push cannot be used; the text says why and what to do."""
