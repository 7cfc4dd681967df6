"""Consents and disclosures for pages (``hub.web.privacy``), by the running parts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Engine

from hub.domain.consent import Disclosed, Grant
from hub.domain.decisions import DecisionResult
from hub.flow.consent import ask_to_erase, revoke
from hub.flow.home import Home
from hub.store.consents import disclosures, grants_of
from hub.store.house import House
from hub.worker.writer import Writer


class HubPrivacy:
    """Reads from memory and WAL snapshots; changes go through the writer thread."""

    def __init__(self, home: Home, house: House, writer: Writer, engine: Engine) -> None:
        self._home = home
        self._house = house
        self._writer = writer
        self._engine = engine

    def grants(self) -> Sequence[Grant]:
        """Return the consents in force, the newest first."""
        found = list(self._house.grants.values())
        return sorted(found, key=lambda grant: (grant.given_at, grant.id), reverse=True)

    def given(self, ids: Collection[str]) -> Mapping[str, Grant]:
        """Return consents by their ids, also those that are over; others are left out."""
        with self._engine.connect() as connection:
            return {grant.id: grant for grant in grants_of(connection, ids)}

    def disclosed(
        self, *, recipient: str | None = None, before: datetime | None = None, limit: int = 500
    ) -> Sequence[Disclosed]:
        """Return what left, the newest first: to everybody or to one."""
        with self._engine.connect() as connection:
            return disclosures(connection, recipient=recipient, before=before, limit=limit)

    async def revoke(self, grant_id: str, member: str) -> DecisionResult:
        """Take a consent back; returns after it is committed."""
        return await self._writer.run(lambda tx: revoke(tx, self._home, grant_id, member))

    async def erase(self, recipient: str, member: str) -> DecisionResult:
        """Ask a provider to erase what it was told; returns after it is committed."""
        return await self._writer.run(lambda tx: ask_to_erase(tx, self._home, recipient, member))
