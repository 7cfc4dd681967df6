"""Letting a relay carry messages between friends: who holds a key may send, at a bounded rate."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime
from typing import Protocol

from hub.domain.peers import PeerError
from integrations.peers.transport import PATH, posted_by

SCHEME = "Peer "


class Inner(Protocol):
    """Whoever tells true senders of the network's own messages (``integrations.relay``, Gate)."""

    @property
    def subscriber_id(self) -> str:
        """Return the relay's name."""
        ...

    @property
    def public_key(self) -> str:
        """Return the relay's key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Sign for the relay."""
        ...

    def sender(self, authorization: str, body: bytes, now: datetime) -> Awaitable[str]:
        """Return who signed a body."""
        ...

    def member(
        self, authorization: str, body: bytes, claimed: tuple[str, str, str], now: datetime
    ) -> Awaitable[bool]:
        """Check who asks to be enrolled."""
        ...

    def answer(
        self, path: str, body: bytes, refusal: str, status: int, now: datetime
    ) -> dict[str, object]:
        """Acknowledge a body."""
        ...

    def close(self) -> Awaitable[None]:
        """Close what it asks others with."""
        ...


class PeerGate:
    """A relay's gate that also lets hubs of friends through; the rest is ``inner``'s.

    The relay cannot know who is whose friend: the receiving hub does, and refuses strangers. Here
    a sender only proves that it holds a key, so that its rate can be limited.
    """

    def __init__(self, inner: Inner) -> None:
        self._inner = inner

    @property
    def subscriber_id(self) -> str:
        """Return the relay's own name."""
        return self._inner.subscriber_id

    @property
    def public_key(self) -> str:
        """Return the relay's own key."""
        return self._inner.public_key

    def sign(self, message: bytes) -> bytes:
        """Return the relay's signature."""
        return self._inner.sign(message)

    async def sender(self, authorization: str, body: bytes, now: datetime) -> str:
        """Return the name of the key that sends; PermissionError when none is proven."""
        if not authorization.startswith(SCHEME):
            return await self._inner.sender(authorization, body, now)
        try:
            return f"peer {posted_by(authorization.removeprefix(SCHEME), body, now)}"
        except PeerError as error:
            raise PermissionError(str(error)) from None

    async def member(
        self, authorization: str, body: bytes, claimed: tuple[str, str, str], now: datetime
    ) -> bool:
        """Check who asks to be enrolled; see ``inner``."""
        return await self._inner.member(authorization, body, claimed, now)

    def answer(
        self, path: str, body: bytes, refusal: str, status: int, now: datetime
    ) -> dict[str, object]:
        """Acknowledge: "kept for the hub", not more."""
        if path != PATH:
            return self._inner.answer(path, body, refusal, status, now)
        return {"error": {"message": refusal}} if refusal else {"kept": True}

    async def close(self) -> None:
        """Close what ``inner`` asks others with."""
        await self._inner.close()
