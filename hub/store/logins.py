"""Devices' logins and the pairing that is open. Only hashes are kept.

Short writes of their own, as in ``hub.store.access``: the command line makes logins while the hub
runs. The broker's files are written from here, so that after a crash they agree again.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

import orjson
from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from hub.domain.logins import Login, checked
from hub.store import tables
from hub.store.codec import instant, micros
from hub.store.sums import sum_anew, summed
from hub.store.views import secret_hash

PAIRING_LASTS = timedelta(minutes=5)
GUESSES = 5
"""Wrong codes after which a pairing is closed: of 10^8 codes an attacker may try five."""
CODE_DIGITS = 8
_PAIRING = 1
Paired = Literal["paired", "wrong", "closed"]


class Logins:
    """Reads and writes of its own connection; safe to call from any thread or process."""

    def __init__(
        self, engine: Engine, *, prefix: str = "homeassistant", taken: Sequence[str] = ()
    ) -> None:
        """Use the hub's database; ``prefix`` is discovery's, ``taken`` are users named already."""
        self._engine = engine
        self._prefix = prefix
        self._taken = taken

    def all(self) -> tuple[Login, ...]:
        """Return every login, by name."""
        with self._engine.connect() as connection:
            return _all(connection)

    def add(self, login: Login, now: datetime) -> Login:
        """Keep a login. Raises LoginError where it cannot stand beside the others."""
        with self._writing() as connection:
            made = self._add(connection, login, now)
            connection.commit()
        return made

    def revoke(self, name: str) -> bool:
        """Forget a login; False when there is none of that name."""
        table = tables.core(tables.DeviceLogin)
        with self._writing() as connection:
            done = connection.execute(delete(table).where(table.c.name == name))
            connection.commit()
        return bool(done.rowcount)

    # -- pairing ------------------------------------------------------------------------------

    def open_pairing(self, now: datetime) -> tuple[str, datetime]:
        """Let one device in by a code: eight digits, and until when. An older code is void."""
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        until = now + PAIRING_LASTS
        table = tables.core(tables.PairingRow)
        with self._writing() as connection:
            connection.execute(delete(table))
            row = summed(
                table,
                id=_PAIRING,
                hash=secret_hash(code),
                expires_at=micros(until),
                guesses=GUESSES,
            )
            connection.execute(insert(table).values(**row))
            connection.commit()
        return code, until

    def close_pairing(self) -> None:
        """Let nobody in any more."""
        with self._writing() as connection:
            connection.execute(delete(tables.core(tables.PairingRow)))
            connection.commit()

    def pairing(self, now: datetime) -> datetime | None:
        """Return until when pairing is open, None when it is not."""
        with self._engine.connect() as connection:
            row = _pairing(connection, now)
        return None if row is None else instant(row.expires_at)

    def pair(self, code: str, login: Login, now: datetime) -> Paired:
        """Use a code up for a login, in one transaction.

        A wrong code costs a guess; the last one closes the pairing. Raises LoginError where the
        login cannot be: the code is good for another try then.
        """
        table = tables.core(tables.PairingRow)
        with self._writing() as connection:
            row = _pairing(connection, now)
            if row is None:
                return "closed"
            if not hmac.compare_digest(row.hash, secret_hash(code)):
                left = row.guesses - 1
                changed = update(table).values(guesses=left) if left > 0 else delete(table)
                connection.execute(changed)
                sum_anew(connection, table)
                connection.commit()
                return "wrong" if left > 0 else "closed"
            self._add(connection, login, now)
            connection.execute(delete(table))
            connection.commit()
        return "paired"

    def _add(self, connection: Connection, login: Login, now: datetime) -> Login:
        others = _all(connection)
        fits = checked(login, others, prefix=self._prefix, taken=self._taken)
        made = replace(fits, created_at=now)
        table = tables.core(tables.DeviceLogin)
        row = summed(
            table,
            name=made.name,
            kind=made.kind,
            hash=made.hash,
            write=orjson.dumps(made.write).decode(),
            read=orjson.dumps(made.read).decode(),
            created_at=micros(now),
        )
        connection.execute(insert(table).values(**row))
        return made

    def _writing(self) -> Connection:
        return self._engine.connect().execution_options(immediate=True)


def _all(connection: Connection) -> tuple[Login, ...]:
    table = tables.core(tables.DeviceLogin)
    return tuple(
        Login(
            row.name,
            row.kind,
            row.hash,
            tuple(orjson.loads(row.write)),
            tuple(orjson.loads(row.read)),
            instant(row.created_at),
        )
        for row in connection.execute(select(table).order_by(table.c.name))
    )


def _pairing(connection: Connection, now: datetime) -> Row[Any] | None:
    table = tables.core(tables.PairingRow)
    return connection.execute(select(table).where(table.c.expires_at > micros(now))).first()
