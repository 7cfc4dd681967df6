"""What a unit of work keeps of consent: what members granted, and what left under it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from hub.domain.consent import Disclosed, Grant
from hub.domain.orders import Signed
from hub.store import tables
from hub.store.codec import dump, load, micros
from hub.store.house import GIVEN
from hub.store.logbook import Entry, LogBook

_REVOKED, _OVER = "revoked", "over"
MOST_SHOWN = 500


class Consents(LogBook):
    """Grants are kept in memory while they may hold; what was disclosed is in the database only."""

    def save_grant(self, grant: Grant, *entries: Entry) -> list[int]:
        """Keep a grant as it is now, and tell the ledger; return the entries' indexes."""
        if grant.revoked_at is None:
            self._set(self.house.grants, grant.id, grant)
        else:
            self._drop(self.house.grants, grant.id)
        self._put(grant, GIVEN if grant.revoked_at is None else _REVOKED)
        self.page_changed = True
        return [self.append(entry) for entry in entries]

    def _put(self, grant: Grant, state: str) -> None:
        self._upsert(
            tables.GrantRow,
            grant.id,
            id=grant.id,
            recipient=grant.recipient,
            state=state,
            body=dump(grant),
        )

    def consents_over(self, about: str) -> None:
        """Let go of what was granted for one order, which is over, and of what will not be sent."""
        for told in [one for one in self.house.leaving.values() if one.about == about]:
            self._drop(self.house.leaving, told.id)
        for grant in [one for one in self.house.grants.values() if one.about == about]:
            self._drop(self.house.grants, grant.id)
            self._put(grant, _OVER)

    def save_disclosed(self, disclosed: Disclosed) -> None:
        """Keep what left with one message, or is about to."""
        if disclosed.digest:
            self._drop(self.house.leaving, disclosed.id)
        else:
            self._set(self.house.leaving, disclosed.id, disclosed)
        self._upsert(
            tables.DisclosedRow,
            disclosed.id,
            id=disclosed.id,
            at=micros(disclosed.at),
            recipient=disclosed.recipient,
            about=disclosed.about,
            body=dump(disclosed),
        )

    def keep_signed(
        self, order_id: str, direction: str, action: str, signer: str, name: str, signed: Signed
    ) -> None:
        """Keep a signed message of an order; ``name`` is its message id."""
        identity = f"{direction}:{action}:{name}"
        self._upsert(
            tables.SignedRow,
            identity,
            id=identity,
            order_id=order_id,
            at=micros(self.now),
            direction=direction,
            action=action,
            signer=signer,
            authorization=signed.authorization,
            key=signed.key,
            message=signed.body,
            ack=signed.ack,
        )

    def disclosed(self, message_id: str) -> Disclosed | None:
        """Return what left with a message, None where nothing of the schema did."""
        leaving = self.house.leaving.get(message_id)
        if leaving is not None:
            return leaving
        table = tables.core(tables.DisclosedRow)
        pending = self._upserts.get(table, {}).get(message_id)
        body = str(pending["body"]) if pending else None
        if body is None:
            body = self.connection.execute(
                select(table.c.body).where(table.c.id == message_id)
            ).scalar()
        return None if body is None else load(Disclosed, body)


def grants_given(connection: Connection) -> list[Grant]:
    """Return every grant that was ever given, the newest last."""
    table = tables.core(tables.GrantRow)
    found = (load(Grant, row.body) for row in connection.execute(select(table)))
    return sorted(found, key=lambda grant: (grant.given_at, grant.id))


def disclosures(
    connection: Connection,
    *,
    recipient: str | None = None,
    before: datetime | None = None,
    limit: int = MOST_SHOWN,
) -> list[Disclosed]:
    """Return what left, the newest first: all of it, or to one recipient, or before an instant."""
    table = tables.core(tables.DisclosedRow)
    statement = select(table.c.body).order_by(table.c.at.desc(), table.c.id).limit(limit)
    if recipient is not None:
        statement = statement.where(table.c.recipient == recipient)
    if before is not None:
        statement = statement.where(table.c.at < micros(before))
    return [load(Disclosed, body) for body in connection.execute(statement).scalars()]
