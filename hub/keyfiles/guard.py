"""The look at every private file before any key is read: whose it is, and who else may read it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from hub.keyfiles.files import LOCK, SecretsError, exposed

SECRETS = "secrets"
_ELSEWHERE = (
    "relay.json",
    "broker/credentials.json",
    "broker/passwords",
    "provider/beckn-key.json",
    "provider/beckn-key.next.json",
    "provider/beckn-key.old.json",
    "provider/desk-token",
)
_SHARED = ("broker/credentials.json", "broker/passwords", "provider/desk-token")
_PUBLIC = (".crt", ".pub")


def private_files(data: Path) -> Iterator[Path]:
    """Return the files of a data folder that hold keys or passwords, those that are there.

    Certificates and public keys are for everybody; an empty file (a lock) tells nothing.
    """
    folder = data / SECRETS
    inside = sorted(folder.iterdir()) if folder.is_dir() else []
    for file in (*inside, *(data / name for name in _ELSEWHERE)):
        if file.suffix not in _PUBLIC and file.is_file() and file.stat().st_size:
            yield file


def lockable_files(data: Path) -> Iterator[Path]:
    """Return the private files that can be locked: those that no other program nor person reads."""
    shared = {data / name for name in _SHARED}
    for file in private_files(data):
        if file not in shared and file.name != LOCK and not file.name.startswith("."):
            yield file


def faults(data: Path, user: int) -> Iterator[str]:
    """Return a line for each private file of ``data`` that is not ``user``'s alone (a uid).

    The line names the file, what was found and the command that mends it.
    """
    folder = data / SECRETS
    if folder.is_dir() and (mode := folder.stat().st_mode) & 0o022:
        yield (
            f"{folder}: mode {stat.S_IMODE(mode):04o} lets others put keys of theirs here; "
            f"run: chmod 700 {folder}"
        )
    for file in private_files(data):
        found = file.stat()
        if found.st_uid != user:
            yield (
                f"{file}: belongs to user {found.st_uid}, the hub is user {user}; "
                f"run: chown {user} {file}"
            )
        elif found.st_mode & 0o077:
            yield exposed(file, found.st_mode)


def refuse(data: Path) -> None:
    """Return when every private file is this process's user's alone; SecretsError names the first.

    Called before any key is read: a key that others could read is not to be used once more.
    """
    for line in faults(data, os.geteuid()):
        raise SecretsError(line)


def owner(data: Path) -> int:
    """Return whose hub it is, for a look by somebody else (root): the data folder's owner."""
    return data.stat().st_uid
