"""Browsers that want Web Push, by member. A subscription lives as long as its sign-in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from hub.domain.push import PushSubscription, endpoint_id
from hub.store import tables
from hub.store.codec import micros
from hub.store.sums import summed

MOST_OF_A_MEMBER = 10
"""Browsers one member may have told; the oldest gives way."""

_SESSION_ID = 16


class PushStore:
    """Reads and writes of its own connection, like ``hub.store.access``; safe from any thread."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        """Use the hub's database; ``now`` tells which sign-ins are still valid."""
        self._engine = engine
        self._now = now
        self._table = tables.core(tables.PushRow)

    def of(self, member: str) -> list[PushSubscription]:
        """Return a member's browsers that are still signed in, oldest first."""
        table = self._table
        statement = select(table).where(table.c.member == member, self._signed_in())
        with self._engine.connect() as connection:
            return [
                PushSubscription(row.member, row.endpoint, row.p256dh, row.auth)
                for row in connection.execute(statement.order_by(table.c.created_at, table.c.id))
            ]

    def members(self) -> frozenset[str]:
        """Return those who have a browser to be told."""
        with self._engine.connect() as connection:
            found = connection.execute(
                select(self._table.c.member).distinct().where(self._signed_in())
            )
            return frozenset(found.scalars())

    def put(self, subscription: PushSubscription, session_id: str) -> None:
        """Keep a browser's subscription; one with the same endpoint is replaced."""
        table = self._table
        row = summed(
            table,
            id=subscription.id,
            member=subscription.member,
            endpoint=subscription.endpoint,
            p256dh=subscription.p256dh,
            auth=subscription.auth,
            session=session_id,
            created_at=micros(self._now()),
        )
        with self._writing() as connection:
            connection.execute(
                insert(table).values(**row).on_conflict_do_update(index_elements=["id"], set_=row)
            )
            newest = (
                select(table.c.id)
                .where(table.c.member == subscription.member)
                .order_by(table.c.created_at.desc(), table.c.id)
            )
            kept = list(connection.execute(newest.limit(MOST_OF_A_MEMBER)).scalars())
            connection.execute(
                delete(table).where(table.c.member == subscription.member, table.c.id.not_in(kept))
            )
            connection.commit()

    def drop(self, subscription_id: str) -> None:
        """Forget a subscription that the push service says is gone."""
        with self._writing() as connection:
            connection.execute(delete(self._table).where(self._table.c.id == subscription_id))
            connection.commit()

    def forget(self, member: str, endpoint: str) -> bool:
        """Forget a browser of a member by its endpoint; False when there is none."""
        table = self._table
        with self._writing() as connection:
            done = connection.execute(
                delete(table).where(table.c.id == endpoint_id(endpoint), table.c.member == member)
            )
            connection.commit()
        return bool(done.rowcount)

    def _signed_in(self) -> ColumnElement[bool]:
        sessions = tables.core(tables.WebSession)
        return (
            select(sessions.c.hash)
            .where(
                func.substr(sessions.c.hash, 1, _SESSION_ID) == self._table.c.session,
                sessions.c.member == self._table.c.member,
                sessions.c.expires_at > micros(self._now()),
            )
            .exists()
        )

    def _writing(self) -> Connection:
        return self._engine.connect().execution_options(immediate=True)
