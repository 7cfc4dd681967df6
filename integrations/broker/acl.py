"""Mosquitto's password file and access list, from devices' logins (mosquitto.conf(5), 2.0)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence

from hub.domain.logins import Login, rights

ROUNDS = 1000
"""PBKDF2's; passwords that the hub makes have 144 random bits and need none. The broker counts them
while nobody else is served."""
_SALT = 12


def password_hash(password: str, salt: bytes | None = None) -> str:
    """Return a password as Mosquitto 2 keeps it: ``$7$rounds$salt$hash`` (PBKDF2, SHA-512)."""
    salt = secrets.token_bytes(_SALT) if salt is None else salt
    made = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS)
    coded = (base64.b64encode(part).decode() for part in (salt, made))
    return "$7${}${}${}".format(ROUNDS, *coded)


def password_file(logins: Iterable[Login], shared: Mapping[str, str] | None = None) -> str:
    """Return the password file: a line a user. ``shared`` are users whose password is known."""
    lines = [f"{user}:{password_hash(word)}" for user, word in (shared or {}).items()]
    lines += [f"{login.name}:{login.hash}" for login in logins]
    return "".join(f"{line}\n" for line in lines)


def access_list(
    logins: Sequence[Login],
    *,
    all_rights: Sequence[str] = (),
    anonymous: bool = False,
    prefix: str = "homeassistant",
) -> str:
    """Return the access list. Users in ``all_rights`` may all; so may who is ``anonymous``."""
    everything = ["topic readwrite #", "topic read $SYS/#"]
    lines = ["# Written by the hub; it is written anew when a device's login changes."]
    if anonymous:
        lines += everything
    for user in all_rights:
        lines += ["", f"user {user}", *everything]
    for login in logins:
        lines += ["", f"user {login.name}"]
        lines += [f"topic {what} {topic}" for what, topic in rights(login, logins, prefix)]
    return "\n".join([*lines, ""])
