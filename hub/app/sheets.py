"""Recovery sheets of this household's, made and encrypted to the contacts who are to keep them.

Words that go to several contacts must not lie together in the database until they were sent: each
is encrypted to the key of the hub that keeps it before anything is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from hub.domain.peers import PeerError, PeerKey
from hub.domain.sheets import Given, enough
from hub.domain.values import dataclass
from hub.flow import sheets
from hub.ports import Clock
from hub.store.peers import PeerStore, Wish
from hub.store.sheets import SheetStore
from hub.store.tx import Tx
from integrations.peers.jose import decrypt, encrypt, sealed_to
from integrations.peers.keys import PeerKeys

VERB = "sheets"
_KIND = "commonhearth-sheet"


class HubSheets:
    """What the command line asks about sheets, and what opens those that contacts send."""

    def __init__(
        self,
        data: Path,
        keys: PeerKeys,
        engine: Engine,
        do: Callable[[Callable[[Tx], Any]], Awaitable[Any]],
        clock: Clock,
    ) -> None:
        """``keys`` are ours towards friends; ``do`` takes a step in the writer (``Writer.run``)."""
        self._data = data
        self._keys = keys
        self._engine = engine
        self._do = do
        self._clock = clock

    async def wished(self, wish: Wish) -> dict[str, Any]:
        """Do what was asked: give sheets, show one that is kept, keep it no longer. PeerError."""
        words, what = wish.body, wish.verb.partition(" ")[2]
        if what == "give":
            return await self._give([str(one) for one in words["ids"]], int(words["needed"]))
        if what == "show":
            await self._do(lambda tx: sheets.show(tx, str(words["id"])))
        elif what == "drop":
            await self._do(lambda tx: sheets.stop_keeping(tx, str(words["id"])))
        else:
            raise PeerError(f"this hub does not know {wish.verb!r}; is it older than the command?")
        return {"id": words["id"]}

    async def _give(self, ids: list[str], needed: int) -> dict[str, Any]:
        if needed < 2:
            raise PeerError("--threshold: expected 2 or more: one contact alone must not be enough")
        keys = [self._key_of(one) for one in ids]
        sealed = await asyncio.to_thread(self._made, keys, needed)
        given: list[Given] = await self._do(lambda tx: sheets.give(tx, ids, sealed, needed))
        return {"given": [one.contact for one in given], "needed": needed}

    def _made(self, keys: list[PeerKey], needed: int) -> list[str]:
        from hub.app.recovery.household import household
        from hub.app.recovery.words import WordsError, make_sheets

        found = household(self._data)
        try:
            made = make_sheets(found.root, alone=found.alone, shares=len(keys), threshold=needed)
        except WordsError as error:
            raise PeerError(str(error)) from None
        return [
            encrypt(" ".join(sheet.words), key, _KIND).decode()
            for sheet, key in zip(made, keys, strict=True)
        ]

    def _key_of(self, contact_id: str) -> PeerKey:
        with self._engine.connect() as connection:
            store = PeerStore(connection)
            contact = store.contact(contact_id)
            peer = store.peer(contact.peer) if contact is not None and contact.peer else None
        if contact is None or peer is None:
            raise PeerError(f"{contact.name if contact else contact_id} has no hub to keep a sheet")
        return peer.key

    def opened(self, sealed: str) -> str:
        """Return the words that a contact encrypted to us (``Home.open_sheet``). PeerError."""
        raw = sealed.encode(errors="replace")
        key = self._keys.opening(sealed_to(raw), self._clock.now())
        if key is None:
            raise PeerError("words: they are encrypted to a key this hub does not have (any more)")
        return decrypt(raw, key.public, key.seal_seed).decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Held:
    """How many sheets contacts keep, of how many; ``enough`` of them bring the household back."""

    kept: int
    given: int
    needed: int
    enough: bool
    shown_at: datetime | None


def held(engine: Engine) -> Held:
    """Return how it stands with the sheets that contacts were given."""
    with engine.connect() as connection:
        people = PeerStore(connection)
        given = [
            one
            for one in SheetStore(connection).given()
            if (contact := people.contact(one.contact)) is not None and contact.state == "known"
        ]
    return Held(
        sum(1 for one in given if one.kept_at is not None),
        len(given),
        max((one.needed for one in given), default=0),
        enough(given),
        max((one.shown_at for one in given if one.shown_at), default=None),
    )


def held_recipient(data: Path) -> str:
    """Return whom backups are for that the words open, "" while contacts keep too few of them.

    Raises SecretsError for a damaged secret.
    """
    from hub.app.backup.make import DATABASE
    from hub.app.recovery.root import read_root
    from hub.store.database import open_database

    if not (data / DATABASE).exists():
        return ""
    engine = open_database(data / DATABASE)
    try:
        return read_root(data / "secrets").age_recipient if held(engine).enough else ""
    finally:
        engine.dispose()
