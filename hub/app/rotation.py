"""A new key towards providers: made, vouched for by the old one, shown by registries, then used.

It is begun by a wish of the command line and ended by the hub, however often it is interrupted: as
long as the key that is to follow lies beside the present one, the rotation is under way.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from hub.app.network import Network
from hub.store.peers import Wish
from hub.store.tx import Entry, Tx
from integrations.beckn.buyer import BecknBuyer
from integrations.beckn.errors import RegistryError
from integrations.beckn.keys import NEXT_FILE, Identity, adopt, successor

log = logging.getLogger(__name__)
VERB = "key"
ANSWER_AFTER = 10.0
"""Seconds after which who asked is told that it is still under way."""
PATIENCE = timedelta(minutes=1)
"""How long one try waits for a registry to show the new key."""
_WAITS = (2.0, 10.0, 60.0, 300.0, 1800.0)


class ProviderKey:
    """Puts a new key in the place of the one that providers know."""

    def __init__(
        self,
        folder: Path,
        buyer: BecknBuyer,
        network: Network,
        do: Callable[[Callable[[Tx], None]], Awaitable[None]],
    ) -> None:
        """Keep keys in ``folder``; ``do`` takes a step in the writer (``Writer.run``)."""
        self._folder = folder
        self._buyer = buyer
        self._network = network
        self._do = do
        self._task: asyncio.Task[None] | None = None
        self._hindered: list[str] = []

    def start(self) -> None:
        """Go on with what was interrupted. Call in the event loop, once registries reach us."""
        if (self._folder / NEXT_FILE).exists():
            self._begin()

    async def close(self) -> None:
        """Stop; the next start goes on."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def wished(self, wish: Wish) -> dict[str, Any]:
        """Do what ``identity rotate providers`` asked for; return what came of it so far.

        The same wish again, after a crash, makes no second key. Raises RegistryError for a damaged
        key file.
        """
        # The key is named after the wish: by its name it is known whether it was adopted.
        name = str(uuid.uuid5(uuid.NAMESPACE_OID, f"commonhearth key {wish.id}"))
        if self._buyer.identity.unique_key_id != name:
            await asyncio.to_thread(successor, self._folder, self._buyer.identity, name)
            task = self._begin()
            await asyncio.wait([task], timeout=ANSWER_AFTER)
        if (self._folder / NEXT_FILE).exists():
            return {"waits": list(self._hindered) or ["a registry has not answered yet"]}
        mine = self._buyer.identity
        return {"key_id": mine.unique_key_id, "key": mine.public_key}

    def _begin(self) -> asyncio.Task[None]:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._go_on())
        return self._task

    async def _go_on(self) -> None:
        waits, pause = iter(_WAITS), 0.0
        while not await self._tried():
            pause = next(waits, pause)
            log.warning("the new key towards providers waits: %s", "; ".join(self._hindered))
            await asyncio.sleep(pause)

    async def _tried(self) -> bool:
        try:
            following = await asyncio.to_thread(successor, self._folder, self._buyer.identity)
            self._hindered = await self._network.show(following, PATIENCE)
            if self._hindered:
                return False
            await self._do(lambda tx: _note(tx, following))
            await asyncio.to_thread(adopt, self._folder)
        except (RegistryError, OSError) as error:
            self._hindered = [str(error)]
            return False
        except Exception as error:
            log.exception("the new key towards providers could not be put in place")
            self._hindered = [repr(error)]
            return False
        await self._network.follow(following)
        log.info("providers know the household by the new key %s", following.unique_key_id)
        return True


def _note(tx: Tx, following: Identity) -> None:
    # Killed before the file was put in place, it is done again: the log tells it once.
    if tx.first_time(f"provider key {following.unique_key_id}"):
        facts = {"key": following.unique_key_id, "public_key": following.public_key}
        tx.append(Entry("key_rotated", following.subscriber_id, facts))
