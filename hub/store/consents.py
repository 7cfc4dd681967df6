"""What a unit of work keeps of consent: what members granted, and what left under it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select

from hub.domain.consent import Disclosed, Erasure, Field, Grant, Purpose
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
        house = self.house
        same = [one for one in house.granted.get(grant.about, ()) if one.id != grant.id]
        if grant.revoked_at is None:
            self._set(house.grants, grant.id, grant)
            same.append(grant)
        else:
            self._drop(house.grants, grant.id)
        if same:
            self._set(house.granted, grant.about, tuple(same))
        else:
            self._drop(house.granted, grant.about)
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
        for grant in self.house.granted.get(about, ()):
            self._drop(self.house.grants, grant.id)
            self._put(grant, _OVER)
        self._drop(self.house.granted, about)

    def disclose(
        self,
        message_id: str,
        recipient: str,
        called: str,
        purpose: Purpose,
        fields: Sequence[Field],
        under: Sequence[str],
        about: str = "",
    ) -> None:
        """Keep what leaves with one message, ``under`` which grants (``Disclosed``)."""
        body = {
            "id": message_id,
            "at": self.now,
            "recipient": recipient,
            "called": called,
            "purpose": purpose,
            "fields": fields,
            "grants": under,
            "about": about,
        }
        self._put_disclosed(message_id, self.at, recipient, about, body)

    def save_sent(self, message_id: str, digest: str) -> None:
        """Keep the SHA-256 (hex) of a message's bytes, which left."""
        self._upsert(tables.SentRow, message_id, id=message_id, at=self.at, digest=digest)

    def save_erasure(self, told: Disclosed, erasure: Erasure) -> Disclosed:
        """Keep what came of asking to erase what was told; return it so."""
        asked = replace(told, erasure=erasure)
        # Its digest is kept with what was sent.
        body = replace(asked, digest="", sent_at=None)
        self._put_disclosed(told.id, micros(told.at), told.recipient, told.about, body)
        return asked

    def _put_disclosed(
        self, message_id: str, at: int, recipient: str, about: str, body: object
    ) -> None:
        self._upsert(
            tables.DisclosedRow,
            message_id,
            id=message_id,
            at=at,
            recipient=recipient,
            about=about,
            body=dump(body),
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
