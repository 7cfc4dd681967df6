"""What the pages ask of the hub about friends' households; ``hub.app`` provides it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from hub.domain.contacts import Sight
from hub.domain.values import dataclass

Standing = Literal["known", "awaits_us", "awaits_them"]


@dataclass(frozen=True, slots=True)
class FriendView:
    """A contact as members see it.

    ``standing``: both have agreed, or one side has still to. ``addresses`` are those it may speak
    for in a calendar. ``url`` is where its hub is reached, "" without one; ``waiting`` how many
    messages have not arrived there, ``heard_at`` when it last said something.
    """

    id: str
    name: str
    standing: Standing
    addresses: tuple[str, ...]
    url: str = ""
    email: str = ""
    sees: Sight = "nothing"
    muted: bool = False
    circles: tuple[str, ...] = ()
    since: datetime | None = None
    heard_at: datetime | None = None
    waiting: int = 0
    witness: bool = False


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation that was just made: its link is good once, until it expires."""

    link: str
    expires: datetime


class Friends(Protocol):
    """Friends' households. PeerError and ActivityError say in one line why something cannot be."""

    def listed(self) -> Sequence[FriendView]:
        """Return the contacts by name, those who wait for us among them."""
        ...

    async def invite(self) -> Invited:
        """Make an invitation for one household."""
        ...

    async def accept(self, link: str) -> str:
        """Accept another household's invitation; return its name."""
        ...

    async def add_by_mail(self, name: str, email: str) -> str:
        """Make a contact of a friend without a hub, who is invited by e-mail; return its id.

        Where somebody has this address already, it is that contact.
        """
        ...

    async def confirm(self, friend: str) -> None:
        """Agree to a household that used an invitation of ours."""
        ...

    async def mute(self, friend: str, muted: bool) -> None:
        """Ask nobody about what a contact sends, or again."""
        ...

    async def limit(self, friend: str, sees: Sight) -> None:
        """Say what a contact may see."""
        ...

    async def witness(self, friend: str, on: bool, anew: bool) -> None:
        """Agree to countersign each other's logs, or no longer; ``anew``: as theirs is now."""
        ...

    async def place(self, friend: str, circles: Sequence[str]) -> None:
        """Put a contact into these circles and no others."""
        ...

    async def remove(self, friend: str) -> None:
        """End it; becoming friends again takes a new invitation."""
        ...
