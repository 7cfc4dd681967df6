"""Rule sets kept by the running hub: fetched, looked at, adopted, looked after, dropped."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from hub.domain.rulesets import AdoptedSet, Offered, SetError
from hub.flow.home import Home
from hub.ports import Clock
from hub.store.peers import Wish
from hub.store.rulesets import RuleSetStore
from hub.web.files import CannotWrite
from hub.web.rulesets import Preview, SetView, Wanted
from hub.worker.writer import Writer

log = logging.getLogger(__name__)
LOOK_SECONDS = 600.0
_MOST_OFFERED = 8
"""Sets that are held to be looked at; they are gone with a restart."""
EACH = timedelta(days=1)
"""How often a newer version is looked for."""


class HubRuleSets:
    """One change at a time. What is heavy is imported when the first set is looked at."""

    def __init__(
        self,
        config: Path,
        home: Home,
        writer: Writer,
        engine: Engine,
        clock: Clock,
        look: Callable[[], Awaitable[None]],
    ) -> None:
        """``look`` takes up the files that were written."""
        self._config = config
        self._home = home
        self._writer = writer
        self._engine = engine
        self._clock = clock
        self._take_up = look
        self._changing = asyncio.Lock()
        self._offers: OrderedDict[str, Offered] = OrderedDict()

    def adopted(self) -> Sequence[AdoptedSet]:
        """Return the adopted sets."""
        with self._engine.connect() as connection:
            return RuleSetStore(connection).adopted()

    async def settle(self) -> None:
        """Bring the files to what was decided before the hub was killed, or stopped."""
        async with self._changing:
            for one in self.adopted():
                if one.writing or one.dropped:
                    try:
                        await self._write(one)
                    except CannotWrite as error:
                        log.error("rule set %s: %s", one.id, error)

    # -- what pages ask ---------------------------------------------------------------------------

    def sets(self) -> list[SetView]:
        """Return the adopted sets as pages show them."""
        found = [one for one in self.adopted() if not one.dropped]
        if not found:
            return []
        from integrations.rulesets.seal import fingerprint

        return [
            SetView(
                one.id,
                one.version,
                fingerprint(one.key),
                one.url,
                one.at,
                one.newer.version if one.newer else "",
                one.trouble,
            )
            for one in found
        ]

    async def fetch(self, url: str) -> str:
        """Fetch a set to be looked at; return its digest. SetError."""
        from hub.app.rulesets.offers import fetched

        return self._offered(await fetched(url, self._clock.now()))

    async def newer(self, set_id: str) -> str:
        """Fetch what is at a set's own address; return its digest. SetError."""
        from hub.app.rulesets.offers import fetched

        before = self._one(set_id)
        if before is None or not before.url:
            raise SetError("that set has no address to look at")
        found = await fetched(before.url, self._clock.now(), local=before.local)
        if found.id != set_id:
            raise SetError(f"at its address there is {found.id} now")
        return self._offered(found)

    def take(self, document: bytes) -> str:
        """Keep a set that was handed over, to be looked at; return its digest. SetError."""
        from hub.app.rulesets.offers import offer_of

        return self._offered(offer_of(document, "", False, self._clock.now()))

    async def preview(self, digest: str, wanted: Wanted) -> Preview:
        """Return what adopting a set would change. KeyError, SetError, CannotWrite."""
        from hub.app.rulesets.plan import plan

        offered = self._offers[digest]
        found, _ = await asyncio.to_thread(
            plan, self._config, self._home, self._one(offered.id), offered, wanted
        )
        return found

    async def agree_to(
        self, digest: str, wanted: Wanted, stamp: str, *, member: str, via: str
    ) -> None:
        """Adopt a set as it was looked at. KeyError, SetError, CannotWrite."""
        await self.agree(self._offers[digest], wanted, stamp, member=member, via=via)
        self._offers.pop(digest, None)

    def _offered(self, offered: Offered) -> str:
        self._offers[offered.digest] = offered
        self._offers.move_to_end(offered.digest)
        while len(self._offers) > _MOST_OFFERED:
            self._offers.popitem(last=False)
        return offered.digest

    # -- deciding ---------------------------------------------------------------------------------

    async def agree(
        self, offered: Offered, wanted: Wanted, stamp: str, *, member: str, via: str
    ) -> AdoptedSet:
        """Adopt a set as it was looked at, by its preview's ``stamp``. SetError, CannotWrite."""
        from hub.app.rulesets.plan import plan
        from hub.flow.rulesets import adopt

        async with self._changing:
            found, writing = await asyncio.to_thread(
                plan, self._config, self._home, self._one(offered.id), offered, wanted
            )
            if found.refused:
                raise SetError(found.refused)
            if not stamp or found.stamp != stamp:
                raise SetError("what would change is not what was looked at; look again")
            values = {one.name: one.value for one in found.parameters}
            after = await self._writer.run(
                lambda tx: adopt(tx, offered, values, writing, member=member, via=via)
            )
            await self._write(after)
        return after

    async def drop(self, set_id: str, *, member: str, via: str) -> tuple[str, ...]:
        """Take a set out of force; return the files that stay beside, as ``.kept``. SetError."""
        from hub.app.rulesets.disk import without
        from hub.app.rulesets.plan import opened
        from hub.domain.published import filled
        from hub.flow.rulesets import drop

        async with self._changing:
            before = self._one(set_id)
            if before is None:
                raise SetError(f"no set of rules is called {set_id[:60]}")
            published = filled(opened(before.document), before.values)
            writing = await asyncio.to_thread(without, self._config, set_id, published)
            after = await self._writer.run(
                lambda tx: drop(tx, set_id, writing, member=member, via=via)
            )
            await self._write(after)
        return tuple(one.name for one in writing if one.text is not None)

    async def look(self) -> None:
        """Look for newer versions of what came from an address, once a day each."""
        now = self._clock.now()
        for one in self.adopted():
            due = one.looked_at is None or one.looked_at + EACH <= now
            if one.url and not one.dropped and due:
                await self._look_for(one)

    async def _look_for(self, adopted: AdoptedSet) -> None:
        from hub.app.rulesets.offers import fetched
        from hub.flow.rulesets import found_newer, looked, may_follow

        set_id = adopted.id
        try:
            offered = await fetched(adopted.url, self._clock.now(), local=adopted.local)
        except SetError as error:
            log.warning("rule set %s: %s", set_id, error)
            await self._writer.run(
                partial(looked, home=self._home, set_id=set_id, trouble=str(error))
            )
            return
        refused = ""
        try:
            if offered.id != set_id:
                raise SetError(f"at its address there is {offered.id} now")
            may_follow(adopted, offered.key, offered.version, offered.digest)
        except SetError as error:
            refused = str(error)
        if refused or offered.digest == adopted.digest:
            await self._writer.run(
                partial(
                    looked,
                    home=self._home,
                    set_id=set_id,
                    trouble=refused,
                    refused=bool(refused),
                )
            )
            return
        await self._writer.run(lambda tx: found_newer(tx, self._home, offered))

    async def wished(self, wish: Wish) -> dict[str, Any]:
        """Do what the command line asked for; what is refused comes back as its ``error``."""
        try:
            return await self._do(wish.verb, wish.body)
        except (SetError, CannotWrite) as error:
            return {"error": str(error)}

    async def _do(self, verb: str, words: Mapping[str, Any]) -> dict[str, Any]:
        if verb == "rules drop":
            kept = await self.drop(str(words["id"]), member="", via="command line")
            return {"id": words["id"], "kept": list(kept)}
        from hub.app.rulesets.offers import offer_of

        offered = offer_of(
            str(words["document"]).encode(),
            str(words["url"]),
            bool(words["local"]),
            self._clock.now(),
        )
        wanted = Wanted(dict(words["values"]), dict(words["choices"]))
        after = await self.agree(
            offered, wanted, str(words["stamp"]), member="", via="command line"
        )
        return {"id": after.id, "version": after.version}

    async def _write(self, after: AdoptedSet) -> None:
        """Write what was decided, note that, and have the rules taken up. CannotWrite."""
        from hub.app.rulesets.disk import write
        from hub.flow.rulesets import written

        left = await asyncio.to_thread(write, self._config, after.id, after.writing)
        await self._writer.run(partial(written, set_id=after.id, left=left))
        await self._take_up()

    def _one(self, set_id: str) -> AdoptedSet | None:
        with self._engine.connect() as connection:
            return RuleSetStore(connection).one(set_id)
