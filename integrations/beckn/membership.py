"""A participant's place in the registries it joined: entered, renewed, challenges answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from aiohttp import web

from hub.clock import SYSTEM
from hub.ports import Clock
from integrations.beckn.errors import BecknError, RegistryError, SignatureError
from integrations.beckn.keys import Identity
from integrations.beckn.registry.entry import Entry, Source
from integrations.beckn.registry.remote import RemoteRegistry
from integrations.beckn.registry.subscription import Subscription

log = logging.getLogger(__name__)
_LOOK_AGAIN = 3600.0
_FIRST_WAIT = 2.0
_LONGEST_WAIT = 300.0
_BIGGEST_CHALLENGE = 16 * 1024


class Membership:
    """One participant in several registries. All of them challenge at one address."""

    def __init__(
        self,
        sources: Sequence[Source],
        identity: Identity,
        *,
        clock: Clock = SYSTEM,
    ) -> None:
        """Join the ``sources`` that take subscriptions (form ``beckn``)."""
        joined = (source for source in sources if source.form == "beckn")
        self._subscriptions = [Subscription(source, identity, now=clock.now) for source in joined]
        self._by_hand = [
            RemoteRegistry(source, identity, now=clock.now)
            for source in sources
            if source.form != "beckn"
        ]
        self._identity = identity
        self._clock = clock
        self._shown = asyncio.Event()

    def routes(self, base: str) -> list[web.RouteDef]:
        """Return the route of challenges below our address; none where nothing was joined."""
        if not self._subscriptions:
            return []
        return [web.post(f"{base}/on_subscribe", self._challenged)]

    async def keep(self, entry: Callable[[], Entry]) -> None:
        """See to it that each registry shows our entry, until cancelled."""
        await asyncio.gather(*(self._keep(one, entry) for one in self._subscriptions))

    async def shown(self) -> None:
        """Return once at least one registry shows our entry."""
        await self._shown.wait()

    async def _keep(self, subscription: Subscription, entry: Callable[[], Entry]) -> None:
        wait = _FIRST_WAIT
        while True:
            try:
                await subscription.ensure(entry())
            except RegistryError as error:
                log.warning("%s; trying again in %g s", error, wait)
                await asyncio.sleep(wait)
                wait = min(wait * 2, _LONGEST_WAIT)
            else:
                self._shown.set()
                wait = _FIRST_WAIT
                await asyncio.sleep(_LOOK_AGAIN)

    async def follow(self, following: Identity, entry: Entry, patience: timedelta) -> list[str]:
        """Have every registry show the key that is to follow ours; return what hinders it.

        Where people enter members by hand, it is waited for that they did. Once nothing hinders,
        the new key may take the old one's place; until then, call it again.
        """
        told = await asyncio.gather(
            *(self._follow(one, following, entry, patience) for one in self._subscriptions),
            *(self._entered(one, following) for one in self._by_hand),
        )
        return [line for line in told if line]

    def adopted(self, identity: Identity) -> None:
        """Be known by the key that followed."""
        self._identity = identity
        for remote in self._by_hand:
            remote.follow(identity)

    @staticmethod
    async def _follow(
        one: Subscription, following: Identity, entry: Entry, patience: timedelta
    ) -> str:
        try:
            await one.follow(following, [entry], patience=patience)
        except RegistryError as error:
            return str(error)
        return ""

    async def _entered(self, remote: RemoteRegistry, following: Identity) -> str:
        url, mine = remote.source.url, self._identity
        try:
            for key in (following, mine):
                found = await remote.lookup(key.subscriber_id, key.unique_key_id)
                if any(one.signing_public_key == key.public_key for one in found):
                    break
            else:
                # We are not in it: it is only asked.
                return ""
        except RegistryError as error:
            return str(error)
        if key is following:
            return ""
        return (
            f"{url}: enter the key {following.unique_key_id} there: {following.public_key},"
            f" to encrypt {following.encryption_public_key}"
        )

    async def take(self, authorization: str, body: bytes, received_at: datetime) -> None:
        """Answer a challenge that a relay kept for us; one that is none is said and dropped."""
        for subscription in self._subscriptions:
            try:
                answer = await subscription.on_subscribe(authorization, body, received_at)
                await subscription.answer(answer)
            except (RegistryError, SignatureError, BecknError) as error:
                log.info("not a challenge of %s: %s", subscription.source.url, error)
            else:
                return
        log.warning("a challenge over the relay was answered to nobody")

    async def close(self) -> None:
        """Close the connections."""
        for subscription in self._subscriptions:
            await subscription.close()
        for remote in self._by_hand:
            await remote.close()

    async def _challenged(self, http: web.Request) -> web.Response:
        if (http.content_length or 0) > _BIGGEST_CHALLENGE:
            raise web.HTTPRequestEntityTooLarge(_BIGGEST_CHALLENGE, http.content_length or 0)
        body = await http.read()
        header = http.headers.get("Authorization", "")
        refusal = "no subscription was asked for"
        for subscription in self._subscriptions:
            try:
                answer = await subscription.on_subscribe(header, body, self._clock.now())
            except (SignatureError, BecknError, RegistryError) as error:
                refusal = str(error)
            else:
                return web.json_response({"answer": answer})
        log.warning("a challenge at %s is not answered: %s", http.path, refusal)
        return web.json_response({"error": {"message": refusal}}, status=401)
