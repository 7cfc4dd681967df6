"""Locking and unlocking all private files of a household, one whole file at a time.

Each file is in one form or the other at any instant, and can be read in both. Whoever was killed
half-way has it done by the next start, or by asking once more.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hub.keyfiles.files import LOCK, SEALED, SecretsError, draft, flush, read_raw
from hub.keyfiles.guard import SECRETS, lockable_files
from hub.keyfiles.lock import (
    Lock,
    make_lock,
    opened,
    read_lock,
    remember,
    sealed_to,
    unseal,
    with_passphrase,
    write_lock,
)


def lock_path(data: Path) -> Path:
    """Return where a household's lock is, if there is one."""
    return data / SECRETS / LOCK


def lock_all(data: Path, passphrase: str, words_for: str) -> int:
    """Lock every private file that is not; return how many were. The hub must not run.

    Where a lock is there already its key is opened first and it stays as it is; ``passphrase`` and
    ``words_for`` (whom the recovery words open for, or "") are for a new one. SecretsError.
    """
    path = lock_path(data)
    for left in path.parent.glob(".*"):
        # What a crash left of a file that was being written, in clear.
        if left.is_file() and not left.name.endswith(".lock"):
            left.unlink()
    if path.exists():
        lock = read_lock(path)
        opened(path, lock)
        if lock.opening:
            lock = replace(lock, opening=False)
            write_lock(path, lock)
    else:
        lock, identity = make_lock(passphrase, words_for)
        write_lock(path, lock)
        remember(lock, identity)
    return _seal_rest(data, lock)


def unlock_all(data: Path) -> int:
    """Unlock every private file, and take the lock away; return how many were locked.

    The lock is opened as ``hub.keyfiles.lock.opened`` does it. SecretsError: it cannot be.
    """
    path = lock_path(data)
    lock = read_lock(path)
    opened(path, lock)
    if not lock.opening:
        write_lock(path, replace(lock, opening=True))
    count = 0
    for file in lockable_files(data):
        raw = read_raw(file)
        if raw.startswith(SEALED):
            _put(file, unseal(file, raw))
            count += 1
    path.unlink()
    flush(path.parent)
    return count


def change_passphrase(data: Path, passphrase: str) -> None:
    """Have another passphrase open the keys from now on. SecretsError: nothing opens them now."""
    path = lock_path(data)
    lock = read_lock(path)
    write_lock(path, with_passphrase(lock, opened(path, lock), passphrase))


def settle(data: Path) -> None:
    """Open the lock of a household that has one, and finish what was begun. At each start.

    Raises LockedError when nothing opens it, SecretsError when it is damaged.
    """
    path = lock_path(data)
    if not path.exists():
        return
    lock = read_lock(path)
    opened(path, lock)
    if lock.opening:
        unlock_all(data)
    else:
        _seal_rest(data, lock)


def _seal_rest(data: Path, lock: Lock) -> int:
    count = 0
    for file in lockable_files(data):
        raw = read_raw(file)
        if not raw.startswith(SEALED):
            sealed = sealed_to(lock, raw)
            if unseal(file, sealed) != raw:
                raise SecretsError(f"{file}: what was locked does not open again; left as it is")
            _put(file, sealed)
            count += 1
    return count


def _put(file: Path, raw: bytes) -> None:
    draft(file, raw, shared=True).replace(file)
    flush(file.parent)
