"""Receipts for the pages and the API (``hub.web.receipts``), made beside the loop."""

from __future__ import annotations

import asyncio

from sqlalchemy import Engine, exists, select

from hub.domain.activities import part_of
from hub.keyfiles.ledgerkey import LedgerKey
from hub.store import peertables, tables
from hub.web.receipts import About


class HubReceipts:
    """Reads of WAL snapshots; the log's key signs a checkpoint where there is none yet."""

    def __init__(self, engine: Engine, key: LedgerKey) -> None:
        """Use the hub's database."""
        self._engine = engine
        self._key = key

    def there(self, about: About, name: str) -> bool:
        """Tell whether anything was signed about it."""
        signed, talk = tables.core(tables.SignedRow), tables.core(peertables.SignedTalk)
        part = part_of(name)
        here = (
            signed.c.order_id == name
            if about == "order"
            else talk.c.uid == (name if part is None else part[0])
        )
        with self._engine.connect() as connection:
            return bool(connection.execute(select(exists().where(here))).scalar())

    async def made(self, about: About, name: str) -> bytes | None:
        """Return the receipt; None where nothing was signed."""
        if not self.there(about, name):
            return None
        return await asyncio.to_thread(self._make, about, name)

    def _make(self, about: About, name: str) -> bytes | None:
        # The libraries of signed messages are dear, and wanted on few days.
        from hub.app import activityreceipts, receipts

        make = receipts.make if about == "order" else activityreceipts.make
        try:
            return make(self._engine, self._key, name).encode()
        except receipts.ReceiptError:
            return None
