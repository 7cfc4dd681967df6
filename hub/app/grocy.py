"""A Grocy in the home: its shopping lists, looked at modestly and kept."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from hub.app.mail import read_password
from hub.domain.shopping import ListItem
from hub.flow.home import Home
from hub.flow.shopping import list_failed, list_read
from hub.ports import Clock, DeliveryError
from hub.worker.writer import Writer

if TYPE_CHECKING:
    from integrations.grocy.lists import GrocyLists

log = logging.getLogger(__name__)
LOOK_SECONDS = 20.0
SELDOM = timedelta(hours=1)
"""The longest time between two looks at a Grocy that does not answer."""


class Grocy:
    """Reads the lists when Grocy's data changed. Without ``grocy.url`` it does nothing.

    Settings count at once. What was read is kept in the database while Grocy is away.
    """

    def __init__(self, home: Home, writer: Writer, clock: Clock) -> None:
        """Nothing is asked before ``look``."""
        self._home = home
        self._writer = writer
        self._clock = clock
        self._due: datetime | None = None
        self._fails = 0
        self._seen: tuple[object, str] | None = None

    async def look(self) -> None:
        """Ask whether anything changed, when that is due, and read the lists if so."""
        there = self._home.settings.grocy
        now = self._clock.now()
        if there.url is None or (self._due is not None and self._due > now):
            return
        every = timedelta(minutes=there.every)
        names = there.lists
        try:
            lists = self._lists()
            seen = (there, await lists.changed_at())
            if seen != self._seen or not seen[1]:
                for name in names:
                    await self._keep(name, await lists.read(name))
        except DeliveryError as error:
            self._fails += 1
            self._seen = None
            self._due = now + min(every * 2 ** min(self._fails - 1, 10), max(SELDOM, every))
            log.warning("%s", error)
            for name in names:
                step = partial(
                    list_failed,
                    home=self._home,
                    todo=name,
                    problem=str(error),
                    lasting=not error.retry,
                )
                await self._writer.run(step)
            return
        self._fails, self._seen, self._due = 0, seen, now + every

    async def read(self, todo: str) -> Sequence[ListItem]:
        """Return what stands on a list (``hub.ports.ShoppingLists``). Raises DeliveryError."""
        return await self._lists().read(todo)

    async def complete(self, todo: str, text: str, uid: str) -> None:
        """Tick an item off (``hub.ports.ShoppingLists``). Raises DeliveryError."""
        await self._lists().complete(todo, text, uid)

    async def _keep(self, name: str, items: Sequence[ListItem]) -> None:
        if await self._writer.run(lambda tx: list_read(tx, name, items)):
            log.info("%s: %d open", name, len(items))

    def _lists(self) -> GrocyLists:
        from integrations.grocy.lists import GrocyLists

        there = self._home.settings.grocy
        if there.url is None:
            raise DeliveryError("no Grocy is set (grocy.url)", retry=False)
        key = read_password("grocy.key_file", there.key_file)
        if not key:
            raise DeliveryError("grocy.key_file: expected an API key in its first line")
        return GrocyLists(there.url, key.strip())
