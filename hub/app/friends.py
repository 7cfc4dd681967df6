"""Friends' households for the pages (``hub.web.friends``), by the running parts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine

from hub.app.peering import Peering
from hub.domain.contacts import Contact, Sight
from hub.domain.peers import Peer, PeerError
from hub.store.peers import PeerStore
from hub.web.friends import FriendView, Invited, Standing
from integrations.peers.keys import KeyFileError


class HubFriends:
    """Reads what is stored; changes go through ``Peering`` and so through the writer thread."""

    def __init__(self, peering: Peering, engine: Engine) -> None:
        self._peering = peering
        self._engine = engine

    def listed(self) -> Sequence[FriendView]:
        """Return the contacts by name, those who wait for us among them."""
        return listed(self._engine)

    async def invite(self) -> Invited:
        """Make an invitation for one household. PeerError."""
        try:
            made = await self._peering.invite()
        except KeyFileError as error:
            raise PeerError(str(error)) from error
        return Invited(made.link(), made.expires)

    async def accept(self, link: str) -> str:
        """Accept another household's invitation; return its name. PeerError."""
        return (await self._peering.accept(link)).name

    async def add_by_mail(self, name: str, email: str) -> str:
        """Make a contact of a friend without a hub; return its id. PeerError, ActivityError."""
        return (await self._peering.add_by_mail(name, email)).id

    async def confirm(self, friend: str) -> None:
        """Agree to a household that used an invitation of ours. PeerError."""
        try:
            await self._peering.confirm(friend)
        except KeyFileError as error:
            raise PeerError(str(error)) from error

    async def mute(self, friend: str, muted: bool) -> None:
        """Ask nobody about what a contact sends, or again. PeerError."""
        await self._peering.mute(friend, muted)

    async def limit(self, friend: str, sees: Sight) -> None:
        """Say what a contact may see. PeerError."""
        await self._peering.limit(friend, sees)

    async def witness(self, friend: str, on: bool, anew: bool) -> None:
        """Agree to countersign each other's logs, or no longer. PeerError."""
        await self._peering.witness(friend, on, anew=anew)

    async def place(self, friend: str, circles: Sequence[str]) -> None:
        """Put a contact into these circles and no others. PeerError, ActivityError."""
        await self._peering.place(friend, circles)

    async def remove(self, friend: str) -> None:
        """End it. PeerError."""
        await self._peering.remove(friend)


def listed(engine: Engine) -> Sequence[FriendView]:
    """Return the contacts by name, those who wait for us among them."""
    with engine.connect() as connection:
        store = PeerStore(connection)
        return [
            _view(one, store.peer(one.peer) if one.peer else None, store.out_count(one.peer))
            for one in store.contacts()
        ]


def _view(contact: Contact, peer: Peer | None, waiting: int) -> FriendView:
    standing: Standing = "known"
    if contact.state == "offered":
        standing = "awaits_us" if peer is not None and peer.awaiting == "us" else "awaits_them"
    return FriendView(
        id=contact.id,
        name=contact.name,
        standing=standing,
        addresses=contact.addresses,
        url=peer.url if peer else "",
        email=contact.email,
        sees=contact.sees,
        muted=contact.muted,
        circles=contact.circles,
        since=contact.since,
        heard_at=peer.heard_at if peer else None,
        waiting=waiting,
        witness=contact.witness,
    )
