"""Web Push as the pages see it: subscriptions kept, and the flow told who can be reached so."""

from __future__ import annotations

import asyncio

from hub.domain.push import PushSubscription
from hub.flow.home import Home
from hub.store.push import PushStore
from hub.store.tx import Tx
from hub.web.pushes import PushUnavailable
from hub.worker.writer import Writer
from integrations.webpush.keys import KeyFileError, VapidKey


class HubPushes:
    """The pages' ``Pushes`` over the hub's database."""

    def __init__(self, store: PushStore, key: VapidKey, home: Home, writer: Writer) -> None:
        """Keep ``home.pushed`` in step with what is stored."""
        self._store = store
        self._key = key
        self._home = home
        self._writer = writer

    @property
    def key(self) -> str:
        """Return the ``applicationServerKey``. Raises PushUnavailable for a damaged key file."""
        try:
            return self._key.public
        except (KeyFileError, OSError) as error:
            raise PushUnavailable(str(error)) from error

    def count(self, member: str) -> int:
        """Return how many browsers notify a member."""
        return len(self._store.of(member))

    async def put(self, subscription: PushSubscription, session_id: str) -> None:
        """Keep a subscription as long as the session it was made in."""
        await asyncio.to_thread(self._store.put, subscription, session_id)
        await self.noted()

    async def forget(self, member: str, endpoint: str) -> bool:
        """Forget a member's browser; False when there is none with that endpoint."""
        found = await asyncio.to_thread(self._store.forget, member, endpoint)
        await self.noted()
        return found

    async def noted(self) -> None:
        """Let the flow know whom a browser may notify."""
        members = await asyncio.to_thread(self._store.members)

        def put(tx: Tx) -> None:
            self._home.pushed = members

        await self._writer.run(put)
