"""The household's place among others: entered in registries, reached directly or over a relay."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from hub.keyfiles.guard import SECRETS
from hub.ports import Clock
from hub.settings import Settings
from hub.worker.faults import machine_fault
from hub.worker.writer import Stopping
from integrations.beckn.buyer import BecknBuyer
from integrations.beckn.errors import RegistryError
from integrations.beckn.keys import Identity, predecessor
from integrations.beckn.registry import upsert
from integrations.beckn.wire import wire_of
from integrations.peers.keys import KeyFileError

if TYPE_CHECKING:
    from integrations.beckn.membership import Membership
    from integrations.relay import Member, RelayClient, Relayed

log = logging.getLogger(__name__)

TakePeer = Callable[[str, bytes, datetime], Awaitable[None]]
"""Takes what a friend's hub sent over the relay: path, body, when the relay took it."""
Park = Callable[[str, bytes, str], None]
"""Keeps what nothing could be made of: topic, the message, why."""
PEERS = "/peers/"
_LATER = (OSError, KeyFileError, RegistryError, Stopping)
"""Faults of the machine and of the household's own files: they pass."""


class Network:
    """Registries and a relay, each only where it is configured."""

    def __init__(
        self,
        settings: Settings,
        buyer: BecknBuyer,
        data: Path,
        *,
        take_peer: TakePeer,
        park: Park,
        clock: Clock,
    ) -> None:
        """Enter ``buyer``'s identity; ``data`` is where an enrolment is kept.

        ``file`` is the registry file in use, which another may take the place of.
        """
        self._take_peer = take_peer
        self._park = park
        self._clock = clock
        self._settings = settings
        self._buyer = buyer
        self._data = data
        self.file = settings.beckn.registry
        self._relay: RelayClient | None = None
        self._task: asyncio.Task[None] | None = None
        self._membership: Membership | None = None
        if settings.beckn.registries:
            from integrations.beckn.membership import Membership as Joined

            self._membership = Joined(buyer.sources, buyer.identity, clock=clock)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes at which registries challenge us."""
        base = wire_of(self._settings.beckn.version).base
        return self._membership.routes(base) if self._membership is not None else []

    async def reach(self, put: Callable[[str], None]) -> None:
        """Enrol at the relay, where one is set, and ``put`` the address that it gives us.

        A relay that is away at the very first start leaves the hub reachable as it is, and said.
        """
        if self._settings.relay.url is None:
            return
        from integrations.relay import RelayError

        self._relay = self._client(self._settings.relay.url)
        try:
            put(await self._relay.start())
        except RelayError as error:
            log.error("relay.url: %s", error)

    def _client(self, url: str) -> RelayClient:
        from integrations.relay import Broker
        from integrations.relay import RelayClient as Client

        relay = self._settings.relay
        broker = None
        if relay.mqtt_url is not None:
            broker = Broker(relay.mqtt_url, relay.username, relay.password, relay.ca_file)
        return Client(
            url,
            self._member(),
            self._relayed,
            data=self._data,
            broker=broker,
            code=relay.code,
            now=self._clock.now,
        )

    def _member(self) -> Member:
        from integrations.beckn.signature import sign
        from integrations.relay import Member

        me, before = self._buyer.identity, predecessor(self._data / SECRETS)
        return Member(
            me.subscriber_id,
            me.unique_key_id,
            me.public_key,
            me.encryption_seed,
            lambda body, when: sign(body, me, when),
            (before.encryption_seed,) if before is not None else (),
        )

    async def _relayed(self, message: Relayed) -> None:
        """Take a message in; raise where that can be done later.

        One that the hub fails on is parked: the others, which come in order, must not wait for it.
        """
        try:
            await self._take(message)
        except Exception as error:
            if machine_fault(error) or isinstance(error, _LATER):
                raise
            log.exception("a relayed message to %s failed", message.path)
            self._park("relay", message.body, f"the hub failed on it: {error!r}")

    async def _take(self, message: Relayed) -> None:
        if message.path.startswith(PEERS):
            await self._take_peer(message.path, message.body, message.received_at)
            return
        header = message.headers.get("authorization", "")
        if message.path.endswith("/on_subscribe") and self._membership is not None:
            await self._membership.take(header, message.body, message.received_at)
        else:
            await self._buyer.take(message.path, header, message.body, message.received_at)

    def enter(self) -> None:
        """Enter the household in its registry file, so that providers believe its key."""
        path = self.file
        if path is None:
            return
        try:
            upsert(path, self._buyer.entry())
        except (RegistryError, OSError) as error:
            log.warning("the household is not entered in the registry: %s", error)

    async def show(self, following: Identity, patience: timedelta) -> list[str]:
        """Have every registry on the network show the key that is to follow ours.

        Return what hinders it, a line a registry; nothing: the key may be ours from now on.
        """
        if self._membership is None:
            return []
        return await self._membership.follow(following, self._buyer.entry(), patience)

    async def follow(self, identity: Identity) -> None:
        """Be known by this key to all with whom we speak: registries showed it before."""
        self._buyer.follow(identity)
        if self._membership is not None:
            self._membership.adopted(identity)
        await asyncio.to_thread(self.enter)
        if self._relay is not None:
            from integrations.relay import RelayError

            try:
                await self._relay.follow(self._member())
            except RelayError as error:
                log.warning("relay.url: %s; it is told again within the hour", error)

    def join(self) -> None:
        """Begin to see to our entries in network registries. Call in the event loop."""
        if self._membership is not None:
            self._task = asyncio.create_task(self._membership.keep(self._buyer.entry))

    async def close(self) -> None:
        """Stop; what the relay keeps meanwhile comes after the next start."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._membership is not None:
            await self._membership.close()
        if self._relay is not None:
            await self._relay.stop()
