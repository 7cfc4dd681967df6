"""The keys that are in force, and those that the log knows of, over one connection."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, delete, insert, select

from hub.domain.keyring import HeldKey
from hub.store import tables
from hub.store.sums import summed

_RING = tables.core(tables.KeyringRow)


def present(connection: Connection) -> list[HeldKey]:
    """Return the keys that are in force now."""
    passkey, login = tables.core(tables.PasskeyRow), tables.core(tables.DeviceLogin)
    token = tables.core(tables.ApiToken)
    passkeys = select(passkey.c.public_key, passkey.c.member, passkey.c.name).order_by(passkey.c.id)
    logins = select(login.c.hash, login.c.name, login.c.kind).order_by(login.c.name)
    tokens = select(token.c.hash, token.c.name, token.c.scopes).order_by(token.c.name)
    do = connection.execute
    return [
        *(HeldKey("passkey", _print(key), member, name) for key, member, name in do(passkeys)),
        *(HeldKey("login", _print(key.encode()), "", name, kind) for key, name, kind in do(logins)),
        *(HeldKey("token", _print(key.encode()), "", name, may) for key, name, may in do(tokens)),
    ]


def noted(connection: Connection) -> dict[str, tuple[HeldKey, int]]:
    """Return the keys that the log knows to be in force, each with the entry it came by."""
    return {
        row.print: (HeldKey(row.kind, row.print, row.member, row.name, row.may), row.entry)
        for row in connection.execute(select(_RING).order_by(_RING.c.entry))
    }


def note(connection: Connection, key: HeldKey, entry: int) -> None:
    """Keep that a key came, by which entry."""
    row = summed(
        _RING,
        print=key.print,
        kind=key.kind,
        member=key.member,
        name=key.name,
        may=key.may,
        entry=entry,
    )
    connection.execute(insert(_RING).values(**row))


def forget(connection: Connection, print_: str) -> None:
    """Forget a key that went."""
    connection.execute(delete(_RING).where(_RING.c.print == print_))


def _print(kept: bytes) -> str:
    return hashlib.sha256(kept).hexdigest()
