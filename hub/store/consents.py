"""What a unit of work keeps of consent: what members granted, and what left under it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select

from hub.domain.consent import Disclosed, Grant
from hub.domain.orders import Signed
from hub.store import tables
from hub.store.codec import dump, instant, load, micros
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
        """Let go of what was granted for one order, which is over."""
        for grant in [one for one in self.house.grants.values() if one.about == about]:
            self._drop(self.house.grants, grant.id)
            self._put(grant, _OVER)

    def save_disclosed(self, disclosed: Disclosed) -> None:
        """Keep what left with one message, or is about to."""
        sent_at, told = disclosed.sent_at, disclosed
        if sent_at is not None:
            self.save_sent(disclosed.id, disclosed.digest, sent_at)
            told = replace(disclosed, digest="", sent_at=None)
        self._upsert(
            tables.DisclosedRow,
            disclosed.id,
            id=disclosed.id,
            at=micros(disclosed.at),
            recipient=disclosed.recipient,
            about=disclosed.about,
            body=dump(told),
        )

    def save_sent(self, message_id: str, digest: str, at: datetime) -> None:
        """Keep the SHA-256 (hex) of a message's bytes, which left."""
        self._upsert(tables.SentRow, message_id, id=message_id, at=micros(at), digest=digest)

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
            at=self.at,
            direction=direction,
            action=action,
            signer=signer,
            authorization=signed.authorization,
            key=signed.key,
            message=signed.body,
            ack=signed.ack,
        )


def grants_given(connection: Connection) -> list[Grant]:
    """Return every grant that was ever given, the newest last."""
    table = tables.core(tables.GrantRow)
    found = (load(Grant, row.body) for row in connection.execute(select(table)))
    return sorted(found, key=lambda grant: (grant.given_at, grant.id))


def grants_of(connection: Connection, ids: Collection[str]) -> list[Grant]:
    """Return grants by their ids, also those that are over."""
    table = tables.core(tables.GrantRow)
    found = connection.execute(select(table.c.body).where(table.c.id.in_(ids)))
    return [load(Grant, body) for body in found.scalars()]


def disclosures(
    connection: Connection,
    *,
    recipient: str | None = None,
    before: datetime | None = None,
    limit: int = MOST_SHOWN,
) -> list[Disclosed]:
    """Return what left, the newest first: all of it, or to one recipient, or before an instant."""
    table, sent = tables.core(tables.DisclosedRow), tables.core(tables.SentRow)
    statement = (
        select(table.c.body, sent.c.digest, sent.c.at)
        .join_from(table, sent, sent.c.id == table.c.id, isouter=True)
        .order_by(table.c.at.desc(), table.c.id)
        .limit(limit)
    )
    if recipient is not None:
        statement = statement.where(table.c.recipient == recipient)
    if before is not None:
        statement = statement.where(table.c.at < micros(before))
    return [_disclosed(*row) for row in connection.execute(statement)]


def _disclosed(body: str, digest: str | None, sent_at: int | None) -> Disclosed:
    told = load(Disclosed, body)
    if digest is None or sent_at is None:
        return told
    return replace(told, digest=digest, sent_at=instant(sent_at))
