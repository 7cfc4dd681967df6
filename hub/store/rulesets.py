"""Rows of rule sets, over one connection. They are few, and read when they are needed."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from hub.domain.rulesets import AdoptedSet
from hub.store import ruletables, tables
from hub.store.codec import dump, load
from hub.store.sums import summed

_SET = tables.core(ruletables.AdoptedSetRow)


class RuleSetStore:
    """Reads and writes of one connection; who opened it commits."""

    def __init__(self, connection: Connection) -> None:
        self._do = connection.execute

    def adopted(self) -> list[AdoptedSet]:
        """Return the adopted sets by their ids."""
        statement = select(_SET.c.body).order_by(_SET.c.id)
        return [load(AdoptedSet, body) for body in self._do(statement).scalars()]

    def one(self, set_id: str) -> AdoptedSet | None:
        """Return an adopted set."""
        body = self._do(select(_SET.c.body).where(_SET.c.id == set_id)).scalar()
        return None if body is None else load(AdoptedSet, body)

    def keep(self, adopted: AdoptedSet) -> None:
        """Keep a set as it is now."""
        row = summed(_SET, id=adopted.id, body=dump(adopted))
        self._do(insert(_SET).values(row).on_conflict_do_update(index_elements=["id"], set_=row))

    def forget(self, set_id: str) -> None:
        """Forget a set, and its publisher's key with it."""
        self._do(delete(_SET).where(_SET.c.id == set_id))
