"""Members' passkeys: public keys, how often each has signed, and when a copy was seen.

Short writes of their own, as in ``hub.store.access``.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from hub.domain.values import dataclass
from hub.store import tables
from hub.store.codec import instant, micros
from hub.store.sums import sum_anew, summed
from hub.store.views import secret_hash

MOST_PASSKEYS = 20


class PasskeyError(Exception):
    """A passkey cannot be kept; one line says why."""


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey of a member. ``id`` names it in lists and opens nothing."""

    id: str
    member: str
    name: str
    rp_id: str
    credential: bytes
    public_key: bytes
    sign_count: int
    created_at: datetime
    used_at: datetime | None = None
    copied_at: datetime | None = None
    """When a copy of it was seen; it signs nobody in since."""


class PasskeyStore:
    """Reads and writes of its own connection; safe to call from any thread or process."""

    def __init__(self, engine: Engine) -> None:
        """Use the hub's database."""
        self._engine = engine

    def add(self, passkey: Passkey) -> None:
        """Keep a passkey. Raises PasskeyError for one that is known, or one too many."""
        table = tables.core(tables.PasskeyRow)
        with self._writing() as connection:
            if connection.execute(select(table.c.id).where(table.c.id == passkey.id)).first():
                raise PasskeyError("this passkey is known already")
            count = select(func.count()).where(table.c.member == passkey.member)
            if connection.execute(count).scalar_one() >= MOST_PASSKEYS:
                raise PasskeyError(f"expected at most {MOST_PASSKEYS} passkeys a member")
            connection.execute(
                insert(table).values(
                    summed(
                        table,
                        id=passkey.id,
                        member=passkey.member,
                        name=passkey.name,
                        rp_id=passkey.rp_id,
                        credential=passkey.credential,
                        public_key=passkey.public_key,
                        sign_count=passkey.sign_count,
                        created_at=micros(passkey.created_at),
                        used_at=0,
                        copied_at=0,
                    )
                )
            )
            connection.commit()

    def of(self, member: str) -> list[Passkey]:
        """Return a member's passkeys, oldest first."""
        table = tables.core(tables.PasskeyRow)
        statement = select(table).where(table.c.member == member)
        with self._engine.connect() as connection:
            rows = connection.execute(statement.order_by(table.c.created_at, table.c.id))
            return [_passkey(row) for row in rows]

    def get(self, passkey_id: str) -> Passkey | None:
        """Return a passkey, None when there is none (any more)."""
        table = tables.core(tables.PasskeyRow)
        with self._engine.connect() as connection:
            row = connection.execute(select(table).where(table.c.id == passkey_id)).first()
        return None if row is None else _passkey(row)

    def used(self, passkey_id: str, sign_count: int, now: datetime) -> bool:
        """Note a use. False, and noted, where the count tells of a copy (WebAuthn 7.2 step 21).

        A count that was above 0 must grow. Read and write are one transaction, so that of two uses
        of the same count one alone is let in.
        """
        table = tables.core(tables.PasskeyRow)
        own = table.c.id == passkey_id
        with self._writing() as connection:
            row = connection.execute(select(table).where(own)).first()
            if row is None or row.copied_at:
                return False
            counts = sign_count > 0 or row.sign_count > 0
            fine = not counts or sign_count > row.sign_count
            values = (
                {"sign_count": sign_count, "used_at": micros(now)}
                if fine
                else {"copied_at": micros(now)}
            )
            connection.execute(update(table).where(own).values(**values))
            sum_anew(connection, table, own)
            connection.commit()
        return fine

    def opened(self, passkey_id: str, secret: str) -> None:
        """Note which passkey made the session of a cookie's ``secret``."""
        table, sessions = tables.core(tables.PasskeySession), tables.core(tables.WebSession)
        row = summed(table, session=secret_hash(secret), passkey=passkey_id)
        with self._writing() as connection:
            known = select(sessions.c.hash)
            connection.execute(delete(table).where(table.c.session.not_in(known)))
            connection.execute(insert(table).values(**row))
            connection.commit()

    def remove(self, member: str, passkey_id: str) -> bool:
        """Forget a passkey of a member, and the sessions it made; False: there is no such one."""
        table, made = tables.core(tables.PasskeyRow), tables.core(tables.PasskeySession)
        sessions = tables.core(tables.WebSession)
        with self._writing() as connection:
            done = connection.execute(
                delete(table).where(table.c.member == member, table.c.id == passkey_id)
            )
            if done.rowcount:
                by_it = select(made.c.session).where(made.c.passkey == passkey_id)
                connection.execute(delete(sessions).where(sessions.c.hash.in_(by_it)))
                connection.execute(delete(made).where(made.c.passkey == passkey_id))
            connection.commit()
        return bool(done.rowcount)

    def _writing(self) -> Connection:
        return self._engine.connect().execution_options(immediate=True)


def id_of(credential: bytes) -> str:
    """Return the name that a credential goes by in lists and addresses."""
    return hashlib.sha256(credential).hexdigest()[:32]


def _passkey(row: Row[Any]) -> Passkey:
    return Passkey(
        row.id,
        row.member,
        row.name,
        row.rp_id,
        row.credential,
        row.public_key,
        row.sign_count,
        instant(row.created_at),
        instant(row.used_at) if row.used_at else None,
        instant(row.copied_at) if row.copied_at else None,
    )
