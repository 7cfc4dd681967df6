"""What opens the hub for who is no member any more goes: their id may be another's tomorrow."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, delete

from hub.store import tables

_OPENS = tuple(
    tables.core(model)
    for model in (
        tables.WebSession,
        tables.PasskeyRow,
        tables.CalendarFeed,
        tables.SignInCode,
        tables.PushRow,
    )
)


def forget_strangers(connection: Connection, members: Collection[str]) -> int:
    """Forget sessions, passkeys, addresses, codes and browsers of all but these; return how many.

    Ids are made of names: a new Ben would else be signed in wherever the old one was.
    """
    return sum(
        connection.execute(delete(table).where(table.c.member.not_in(members))).rowcount
        for table in _OPENS
    )
