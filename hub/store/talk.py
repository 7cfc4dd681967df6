"""Rows of what was signed about activities, over one connection."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from hub.domain.values import dataclass
from hub.store import peertables, tables
from hub.store.codec import micros
from hub.store.sums import summed

_TALK = tables.core(peertables.SignedTalk)


@dataclass(frozen=True, slots=True)
class Signed:
    """A message as it was signed, and the public key (base64url) that signed it."""

    jws: str
    key: str


def keep_signed(connection: Connection, name: str, uid: str, at: datetime, signed: Signed) -> None:
    """Keep a signed message about an activity; the same message once."""
    row = summed(_TALK, id=name, uid=uid, at=micros(at), key=signed.key, jws=signed.jws)
    connection.execute(insert(_TALK).values(**row).on_conflict_do_nothing())


def signed_about(connection: Connection, uid: str, most: int) -> list[Signed]:
    """Return what was signed about an activity, in its order."""
    statement = select(_TALK).where(_TALK.c.uid == uid).order_by(_TALK.c.at, _TALK.c.id)
    return [Signed(row.jws, row.key) for row in connection.execute(statement.limit(most))]
