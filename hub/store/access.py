"""Who may come in: sessions, one-time codes and API tokens. Only hashes of secrets are kept.

Short writes of their own, not steps of the writer: they change nothing that rules or pages show,
and the command line makes codes and tokens while the hub runs.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select

from hub.domain.values import dataclass
from hub.store import tables
from hub.store.codec import instant, micros
from hub.store.sums import summed
from hub.store.views import secret_hash

SESSION_LASTS = timedelta(days=90)
CODE_LASTS = timedelta(days=1)
MOST_SESSIONS = 200
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""No 0, O, 1, I: a code is read off a screen and typed on a phone."""
_CODE_LENGTH = 8
_SESSION_ID = 16


class NameTaken(Exception):
    """There is an API token of that name already."""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A signed-in browser, as kept. ``id`` names it and opens nothing."""

    member: str
    csrf: str
    created_at: datetime
    expires_at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class TokenRow:
    """An API token, as kept."""

    name: str
    scopes: frozenset[str]
    created_at: datetime


class Access:
    """Reads and writes of its own connection; safe to call from any thread or process."""

    def __init__(self, engine: Engine) -> None:
        """Use the hub's database."""
        self._engine = engine

    # -- sessions -----------------------------------------------------------------------------

    def create_session(self, member: str, now: datetime) -> tuple[str, SessionRow]:
        """Make a session; return the cookie's secret, shown this once, and the session."""
        secret = secrets.token_urlsafe(24)
        row = SessionRow(
            member, secrets.token_urlsafe(18), now, now + SESSION_LASTS, _session_id(secret)
        )
        table = tables.core(tables.WebSession)
        with self._writing() as connection:
            connection.execute(delete(table).where(table.c.expires_at <= micros(now)))
            kept = connection.execute(
                select(table.c.hash).order_by(table.c.created_at.desc()).offset(MOST_SESSIONS - 1)
            ).scalars()
            oldest = list(kept)
            if oldest:
                connection.execute(delete(table).where(table.c.hash.in_(oldest)))
            connection.execute(
                insert(table).values(
                    summed(
                        table,
                        hash=secret_hash(secret),
                        member=member,
                        csrf=row.csrf,
                        created_at=micros(now),
                        expires_at=micros(row.expires_at),
                    )
                )
            )
            connection.commit()
        return secret, row

    def session(self, secret: str, now: datetime) -> SessionRow | None:
        """Return the session of a cookie's secret while it is valid."""
        table = tables.core(tables.WebSession)
        with self._engine.connect() as connection:
            row = connection.execute(
                select(table).where(
                    table.c.hash == secret_hash(secret), table.c.expires_at > micros(now)
                )
            ).first()
        if row is None:
            return None
        return _session(row)

    def sessions(self, member: str, now: datetime) -> list[SessionRow]:
        """Return a member's valid sessions, newest first."""
        table = tables.core(tables.WebSession)
        statement = select(table).where(table.c.member == member, table.c.expires_at > micros(now))
        with self._engine.connect() as connection:
            return [
                _session(row)
                for row in connection.execute(statement.order_by(table.c.created_at.desc()))
            ]

    def end_session(self, secret: str) -> None:
        """Forget a session."""
        table = tables.core(tables.WebSession)
        with self._writing() as connection:
            connection.execute(delete(table).where(table.c.hash == secret_hash(secret)))
            connection.commit()

    def revoke_session(self, member: str, session_id: str) -> bool:
        """Forget a session of a member by its id; False when there is none."""
        if len(session_id) != _SESSION_ID:
            return False
        table = tables.core(tables.WebSession)
        condition = func.substr(table.c.hash, 1, _SESSION_ID) == session_id
        with self._writing() as connection:
            done = connection.execute(delete(table).where(table.c.member == member, condition))
            connection.commit()
        return bool(done.rowcount)

    # -- one-time codes -----------------------------------------------------------------------

    def create_code(self, member: str, now: datetime, lasts: timedelta = CODE_LASTS) -> str:
        """Make a code that signs ``member`` in once, e.g. ``K7MX-4TQP`` (40 random bits)."""
        letters = "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LENGTH))
        table = tables.core(tables.SignInCode)
        with self._writing() as connection:
            connection.execute(delete(table).where(table.c.expires_at <= micros(now)))
            connection.execute(
                insert(table).values(
                    summed(
                        table,
                        hash=secret_hash(letters),
                        member=member,
                        expires_at=micros(now + lasts),
                    )
                )
            )
            connection.commit()
        half = _CODE_LENGTH // 2
        return f"{letters[:half]}-{letters[half:]}"

    def take_code(self, code: str, now: datetime) -> str | None:
        """Use a code up; return whom it signs in, None when it is not one (any more)."""
        plain = code.upper().replace("-", "").replace(" ", "")
        table = tables.core(tables.SignInCode)
        with self._writing() as connection:
            row = connection.execute(
                select(table).where(table.c.hash == secret_hash(plain))
            ).first()
            if row is not None:
                connection.execute(delete(table).where(table.c.hash == row.hash))
            connection.commit()
        return row.member if row is not None and row.expires_at > micros(now) else None

    # -- calendar feeds -----------------------------------------------------------------------

    def create_feed(self, member: str, now: datetime) -> str:
        """Make the secret of a member's calendar address, shown this once; an older one is void."""
        secret = secrets.token_urlsafe(32)
        table = tables.core(tables.CalendarFeed)
        with self._writing() as connection:
            connection.execute(delete(table).where(table.c.member == member))
            row = summed(table, member=member, hash=secret_hash(secret), created_at=micros(now))
            connection.execute(insert(table).values(**row))
            connection.commit()
        return secret

    def feed(self, secret: str) -> str | None:
        """Return whose calendar address has this secret, None when there is none (any more)."""
        table = tables.core(tables.CalendarFeed)
        with self._engine.connect() as connection:
            return connection.execute(
                select(table.c.member).where(table.c.hash == secret_hash(secret))
            ).scalar()

    def feed_made(self, member: str) -> datetime | None:
        """Return when a member's calendar address was made, None without one."""
        table = tables.core(tables.CalendarFeed)
        with self._engine.connect() as connection:
            made = connection.execute(
                select(table.c.created_at).where(table.c.member == member)
            ).scalar()
        return None if made is None else instant(made)

    def end_feed(self, member: str) -> bool:
        """Forget a member's calendar address; False when there is none."""
        table = tables.core(tables.CalendarFeed)
        with self._writing() as connection:
            done = connection.execute(delete(table).where(table.c.member == member))
            connection.commit()
        return bool(done.rowcount)

    # -- API tokens ---------------------------------------------------------------------------

    def create_token(self, name: str, scopes: frozenset[str], now: datetime) -> str:
        """Make an API token; return it, shown this once. Raises NameTaken."""
        secret = f"hearth_{secrets.token_urlsafe(24)}"
        table = tables.core(tables.ApiToken)
        with self._writing() as connection:
            if connection.execute(select(table.c.name).where(table.c.name == name)).first():
                raise NameTaken(f"there is a token called {name!r} already; revoke it first")
            connection.execute(
                insert(table).values(
                    summed(
                        table,
                        hash=secret_hash(secret),
                        name=name,
                        scopes=" ".join(sorted(scopes)),
                        created_at=micros(now),
                    )
                )
            )
            connection.commit()
        return secret

    def tokens(self) -> list[TokenRow]:
        """Return every API token, by name."""
        table = tables.core(tables.ApiToken)
        with self._engine.connect() as connection:
            return [
                TokenRow(row.name, frozenset(row.scopes.split()), instant(row.created_at))
                for row in connection.execute(select(table).order_by(table.c.name))
            ]

    def revoke_token(self, name: str) -> bool:
        """Forget an API token; False when there is none of that name."""
        table = tables.core(tables.ApiToken)
        with self._writing() as connection:
            done = connection.execute(delete(table).where(table.c.name == name))
            connection.commit()
        return bool(done.rowcount)

    def token_scopes(self, secret: str) -> frozenset[str] | None:
        """Return what an API token allows, None when there is no such token."""
        table = tables.core(tables.ApiToken)
        with self._engine.connect() as connection:
            scopes = connection.execute(
                select(table.c.scopes).where(table.c.hash == secret_hash(secret))
            ).scalar()
        return None if scopes is None else frozenset(scopes.split())

    def _writing(self) -> Connection:
        return self._engine.connect().execution_options(immediate=True)


def _session_id(secret: str) -> str:
    return secret_hash(secret)[:_SESSION_ID]


def _session(row: Row[Any]) -> SessionRow:
    return SessionRow(
        row.member,
        row.csrf,
        instant(row.created_at),
        instant(row.expires_at),
        row.hash[:_SESSION_ID],
    )
