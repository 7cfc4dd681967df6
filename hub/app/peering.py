"""Friends' hubs joined to the household: keys, transport and steps."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiohttp import web
from sqlalchemy import Engine

from hub.domain.activities import ActivityError
from hub.domain.contacts import Contact, Sight
from hub.domain.effects import SendPeerMessage
from hub.domain.peers import (
    INVITATION_LASTS,
    Card,
    Invitation,
    Peer,
    PeerError,
    PeerMessage,
    Receipt,
    Refusal,
    Via,
    read_link,
    token_hash,
)
from hub.flow import befriend, witness
from hub.flow.activities.signed import sent
from hub.flow.activities.write import ITIP
from hub.flow.greet import hello
from hub.flow.home import Home
from hub.flow.peerout import PeerHooks, acknowledged, carried, drop_expired
from hub.flow.peers import receive, standing
from hub.ports import Clock, DeliveryError, PeerTransport
from hub.store.peers import Outgoing, PeerStore, Wish
from hub.store.talk import Signed
from hub.store.tx import Entry, Tx
from hub.worker.pump import Doers
from hub.worker.writer import Writer
from integrations.peers.endpoint import PeerEndpoint, own_card
from integrations.peers.envelope import receipt_body, signed_as
from integrations.peers.keys import KeyFileError, PeerKeys
from integrations.peers.transport import HttpPeers

log = logging.getLogger(__name__)
_MOST_TRIES = 2
"""How often one message is sent at one go: once, and once more with another number."""
_CONTROL_LASTS = timedelta(days=2)
_OUTCOMES_KEPT = timedelta(hours=1)


class Peering:
    """The household among its friends. Every change is a step of the writer."""

    def __init__(
        self,
        home: Home,
        writer: Writer,
        engine: Engine,
        clock: Clock,
        *,
        secrets_dir: Path,
        reach: Callable[[], tuple[str, Via]],
        addresses: Callable[[], tuple[str, ...]] = tuple,
        hooks: PeerHooks | None = None,
        transport: PeerTransport | None = None,
        others: Mapping[str, Callable[[Wish], Awaitable[dict[str, Any]]]] | None = None,
    ) -> None:
        """``reach`` returns how other hubs reach this one; ``addresses`` for which calendar
        addresses the household speaks; ``hooks`` take messages in (``hub.flow.peerout``);
        ``others`` do what the command line asks for besides, by the first word of its verb."""
        self._home = home
        self._writer = writer
        self._engine = engine
        self._clock = clock
        self._reach = reach
        self._addresses = addresses
        self.hooks = hooks or PeerHooks()
        self.keys = PeerKeys(secrets_dir)
        self._http = HttpPeers(self.keys, clock)
        self._transport: PeerTransport = transport or self._http
        self._others = others or {}
        self._any = False
        self._looking = asyncio.Lock()
        self._endpoint = PeerEndpoint(
            self.keys,
            self._peer,
            self._sink,
            clock,
            on_refused=self._park,
            active=self._active,
        )

    def doing(self, doers: Doers) -> Doers:
        """Return the pump's doers with those for messages to other hubs."""
        return replace(doers, peer=self.deliver, peer_gave_up=self.gave_up)

    def routes(self) -> list[web.RouteDef]:
        """Return the route by which other hubs come, for the hub's web application."""
        return self._endpoint.routes()

    async def take(self, path: str, body: bytes, received_at: datetime) -> None:
        """Take in what a relay kept for us (``Relayed``); raises when it could not be stored."""
        await self._endpoint.take(path, body, received_at)

    async def start(self) -> None:
        """Do what was asked for while the hub was off; tell contacts a changed card."""
        await self.look()
        try:
            if self._active():
                await self.announce()
        except (PeerError, KeyFileError) as error:
            log.error("contacts cannot be told how this hub is reached: %s", error)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def announce(self) -> None:
        """Tell contacts our card where they know another (our address or key has changed)."""
        card = self.card()
        await self._writer.run(lambda tx: befriend.announce(tx, card))

    # -- what members do ------------------------------------------------------------------------

    def card(self) -> Card:
        """Return what other hubs are told of this one. PeerError, KeyFileError."""
        url, via = self._reach()
        addresses = self._addresses() or (befriend.default_address(self.keys.id),)
        return own_card(self.keys, self._home.settings.home.name, url, via, addresses)

    async def invite(self) -> Invitation:
        """Return an invitation for one household (``.link()``), good once. PeerError."""
        card, now = self.card(), self._clock.now()
        made = Invitation(card, secrets.token_urlsafe(16), now + INVITATION_LASTS)
        await self._writer.run(lambda tx: befriend.invite(tx, token_hash(made.token), made.expires))
        return made

    async def accept(self, link: str) -> Contact:
        """Accept an invitation; the other household then confirms. PeerError."""
        invitation, own = read_link(link), self.keys.id
        return await self._writer.run(lambda tx: befriend.accept(tx, invitation, own))

    async def confirm(self, contact_id: str) -> Contact:
        """Confirm a household that came with our invitation. PeerError."""
        card = self.card()
        return await self._writer.run(lambda tx: befriend.confirm(tx, contact_id, card))

    async def add_by_mail(self, name: str, email: str) -> Contact:
        """Make a contact of a friend who is invited by mail. PeerError, ActivityError."""
        return await self._writer.run(lambda tx: befriend.add_by_mail(tx, name, email))

    async def mute(self, contact_id: str, muted: bool = True) -> Contact:
        """Have nobody asked about what a contact sends, or again. PeerError."""
        return await self._writer.run(lambda tx: befriend.mute(tx, contact_id, muted))

    async def limit(self, contact_id: str, sees: Sight) -> Contact:
        """Say what a contact may see. PeerError."""
        return await self._writer.run(lambda tx: befriend.limit(tx, contact_id, sees))

    async def place(self, contact_id: str, circles: Sequence[str]) -> Contact:
        """Put a contact into these circles and no others. PeerError, ActivityError."""
        return await self._writer.run(lambda tx: befriend.place(tx, contact_id, circles))

    async def witness(self, contact_id: str, on: bool = True, *, anew: bool = False) -> Contact:
        """Agree to countersign each other's logs, or no longer. PeerError."""
        return await self._writer.run(lambda tx: witness.agree(tx, contact_id, on, anew=anew))

    async def remove(self, contact_id: str) -> Contact:
        """End an acquaintance. PeerError."""
        return await self._writer.run(lambda tx: befriend.remove(tx, contact_id))

    async def rotate(self) -> None:
        """Put a new key in the place of ours, and tell every contact."""
        key = await asyncio.to_thread(self.keys.rotate, self._clock.now())
        entry = Entry("key_rotated", self.keys.id, {"key": key.kid})
        await self._writer.run(lambda tx: tx.append(entry))
        await self.announce()

    def contacts(self) -> list[tuple[Contact, Peer | None]]:
        """Return the contacts, each with its hub."""
        with self._engine.connect() as connection:
            store = PeerStore(connection)
            return [(one, store.peer(one.peer) if one.peer else None) for one in store.contacts()]

    # -- what the command line asked for ---------------------------------------------------------

    async def look(self) -> None:
        """Do what the command line asked for."""
        async with self._looking:
            with self._engine.connect() as connection:
                wishes = PeerStore(connection).wishes()
            for wish in wishes:
                await self._writer.run(partial(_fulfil, wish, await self._outcome(wish)))

    async def _outcome(self, wish: Wish) -> dict[str, Any]:
        other = self._others.get(wish.verb.partition(" ")[0])
        try:
            return await (self._grant if other is None else other)(wish)
        except (PeerError, ActivityError, KeyFileError) as error:
            return {"error": str(error)}
        except Exception as error:
            log.exception("%s could not be done", wish.verb)
            return {"error": repr(error)}

    async def _grant(self, wish: Wish) -> dict[str, Any]:
        words = wish.body
        if wish.verb == "invite":
            made = await self.invite()
            return {"link": made.link(), "expires": made.expires.isoformat()}
        if wish.verb == "rotate":
            await self.rotate()
            return {"key": self.keys.current.public.kid}
        if wish.verb == "accept":
            contact = await self.accept(str(words["link"]))
        elif wish.verb == "confirm":
            contact = await self.confirm(words["id"])
        elif wish.verb == "add":
            contact = await self.add_by_mail(str(words["name"]), str(words["email"]))
        elif wish.verb == "mute":
            contact = await self.mute(words["id"], bool(words["muted"]))
        elif wish.verb == "limit":
            contact = await self.limit(words["id"], words["sees"])
        elif wish.verb == "place":
            contact = await self.place(words["id"], list(map(str, words["circles"])))
        elif wish.verb == "witness":
            on, anew = bool(words["on"]), bool(words["anew"])
            contact = await self.witness(words["id"], on, anew=anew)
        elif wish.verb == "remove":
            contact = await self.remove(words["id"])
        else:
            raise PeerError(f"this hub does not know {wish.verb!r}; is it older than the command?")
        return {"id": contact.id, "name": contact.name, "state": contact.state}

    # -- sending ----------------------------------------------------------------------------------

    async def deliver(self, effect: SendPeerMessage) -> None:
        """Do an effect: send what waits for a hub. Raises DeliveryError."""
        peer = self._peer(effect.peer)
        if peer is None:
            return
        if effect.kind == "hello":
            await self._introduce(peer)
        elif effect.kind == "receipt":
            await self._send_receipt(peer, effect)
        else:
            await self._send_messages(peer)

    def gave_up(self, tx: Tx, effect: SendPeerMessage, reason: str) -> None:
        """Take a step when an introduction was refused."""
        befriend.gave_up(tx, self._home, effect, reason)

    async def _introduce(self, peer: Peer) -> None:
        if peer.awaiting == "them" and peer.token:
            hello = self._control(peer, "hello", {"token": peer.token})
            await self._transport.send(peer, replace(hello, card=self.card()))

    async def _send_receipt(self, peer: Peer, effect: SendPeerMessage) -> None:
        with self._engine.connect() as connection:
            stands = standing(PeerStore(connection), peer)
        told = replace(stands, re=effect.re, refused=effect.refused, used=effect.used)
        await self._transport.send(peer, self._control(peer, "receipt", receipt_body(told)))

    def _control(self, peer: Peer, type_: str, body: dict[str, object]) -> PeerMessage:
        now = self._clock.now()
        until = now + _CONTROL_LASTS
        return PeerMessage(self.keys.id, type_, str(uuid4()), peer.channel, 0, body, now, until)

    async def _send_messages(self, peer: Peer) -> None:
        await self._writer.run(
            partial(drop_expired, home=self._home, hooks=self.hooks, peer_id=peer.id)
        )
        tries: Counter[str] = Counter()
        while (found := self._next(peer.id)) is not None:
            peer, row, base = found
            tries[row.id] += 1
            if tries[row.id] > _MOST_TRIES:
                raise DeliveryError(f"{peer.url} asks for the same message again and again")
            message = PeerMessage(
                self.keys.id,
                row.type,
                row.id,
                peer.channel,
                row.seq,
                row.body,
                self._clock.now(),
                row.expires,
                base,
            )
            signed = self._signed(peer, message)
            receipt = await self._transport.send(peer, message)
            await self._writer.run(partial(self._taken, peer, row, signed, receipt))

    def _signed(self, peer: Peer, message: PeerMessage) -> Signed | None:
        """Return what both sides may have to show one day, as it leaves."""
        if message.type != ITIP:
            return None
        key = self.keys.current.public.sign
        return Signed(signed_as(self.keys, peer.id, message), key)

    def _taken(
        self, peer: Peer, row: Outgoing, signed: Signed | None, receipt: Receipt | None, tx: Tx
    ) -> None:
        """Note what became of a message, and keep it as it was signed where it was not refused."""
        if signed is not None and not (receipt and receipt.refused and receipt.re == row.id):
            sent(tx, self._home, row.body, row.id, signed)
        if receipt is None:
            carried(tx, peer.id, row.seq)
        else:
            channel = peer.channel
            acknowledged(tx, self._home, self.hooks, peer.id, channel, receipt, sending=True)

    def _next(self, peer_id: str) -> tuple[Peer, Outgoing, int] | None:
        with self._engine.connect() as connection:
            store = PeerStore(connection)
            peer, found = store.peer(peer_id), store.next_unsent(peer_id)
        return None if peer is None or found is None else (peer, *found)

    # -- receiving ---------------------------------------------------------------------------------

    async def _sink(self, message: PeerMessage, relayed: bool) -> Receipt | Refusal:
        if message.type == "hello":
            return await self._writer.run(lambda tx: hello(tx, self._home, message))
        return await self._writer.run(
            lambda tx: receive(tx, self._home, self.hooks, message, relayed=relayed)
        )

    def _peer(self, peer_id: str) -> Peer | None:
        with self._engine.connect() as connection:
            return PeerStore(connection).peer(peer_id)

    def _active(self) -> bool:
        if not self._any:
            with self._engine.connect() as connection:
                self._any = PeerStore(connection).any()
        return self._any

    def _park(self, topic: str, kept: bytes, reason: str) -> None:
        self._writer.post(lambda tx: tx.park(topic, kept, reason))


def _fulfil(wish: Wish, outcome: dict[str, Any], tx: Tx) -> None:
    store = PeerStore(tx.connection)
    store.fulfil(wish.id, outcome)
    store.forget_wishes(tx.now - _OUTCOMES_KEPT)
