"""Locked keys: private files as age files, opened by one key that a passphrase or words open.

The lock is ``secrets/lock.json``. It holds the public key that files are sealed to, and the private
one twice: sealed under what scrypt (RFC 7914) makes of the passphrase, and for the household's
recovery words. What was opened stays in memory, so that the passphrase is asked for once.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from hub.domain.values import dataclass
from hub.keyfiles import passphrase as passphrases
from hub.keyfiles.ageid import age_identity
from hub.keyfiles.files import LOCK, SEALED, SecretsError, lock_of, read_raw, write

FORMAT = "commonhearth-lock/1"
COST = (1 << 16, 8, 2)
"""scrypt's N, r and p: 64 MiB and about 1.5 s on a Raspberry Pi 4, each time one is tried."""
_DEAREST = (1 << 17, 8, 4)
_HANDED = "COMMONHEARTH_KEY_FD"

_opened: dict[str, str] = {}
_offered: list[str] = []


class LockedError(SecretsError):
    """Keys are locked, and what was given does not open them."""


@dataclass(frozen=True, slots=True)
class Lock:
    """What ``lock.json`` says. ``key`` is whom files are sealed to (``age1…``).

    ``opening``: somebody began to unlock them all, and new files are not locked any more. ``boxes``
    hold the private key: for the passphrase, for the words ("" without).
    """

    key: str
    salt: bytes
    cost: tuple[int, int, int]
    passphrase_box: bytes = field(repr=False)
    words_box: bytes = field(default=b"", repr=False)
    opening: bool = False


def make_lock(passphrase: str, words_for: str) -> tuple[Lock, str]:
    """Return a new lock and its private key. ``words_for`` is the words' ``age1…``, or ""."""
    import pyrage

    made = pyrage.x25519.Identity.generate()
    identity, key = str(made), str(made.to_public())
    words_box = _to(words_for, identity.encode()) if words_for else b""
    lock = Lock(key, b"", COST, b"", words_box)
    return with_passphrase(lock, identity, passphrase), identity


def with_passphrase(lock: Lock, identity: str, passphrase: str) -> Lock:
    """Return the lock for another passphrase; what it has locked stays as it is."""
    import pyrage

    salt = os.urandom(16)
    opener = pyrage.x25519.Identity.from_str(_stretched(passphrase, salt, COST))
    box = _to(str(opener.to_public()), identity.encode())
    return replace(lock, salt=salt, cost=COST, passphrase_box=box)


def read_lock(file: Path) -> Lock:
    """Read a lock. SecretsError when it is damaged, or asks for more than a Pi has."""
    try:
        found = json.loads(read_raw(file))
        if found["format"] != FORMAT:
            raise ValueError
        passphrase = found["passphrase"]
        cost = (int(passphrase["n"]), int(passphrase["r"]), int(passphrase["p"]))
        if not all(1 <= one <= most for one, most in zip(cost, _DEAREST, strict=True)):
            raise ValueError
        return Lock(
            str(found["key"]),
            bytes.fromhex(passphrase["salt"]),
            cost,
            base64.b64decode(passphrase["box"], validate=True),
            base64.b64decode(found["words"], validate=True),
            bool(found["opening"]),
        )
    except OSError as error:
        raise SecretsError(f"{file}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise SecretsError(
            f"{file}: expected what `identity lock` wrote; put it back from a backup (without it "
            "the keys cannot be opened)"
        ) from None


def write_lock(file: Path, lock: Lock) -> None:
    """Put a lock in place, in one step."""
    n, r, p = lock.cost
    passphrase = {"salt": lock.salt.hex(), "n": n, "r": r, "p": p, "box": _text(lock)}
    words = base64.b64encode(lock.words_box).decode()
    found = {
        "format": FORMAT,
        "key": lock.key,
        "passphrase": passphrase,
        "words": words,
        "opening": lock.opening,
    }
    write(file, json.dumps(found, indent=1) + "\n", shared=True)


def _text(lock: Lock) -> str:
    return base64.b64encode(lock.passphrase_box).decode()


# -- opening -----------------------------------------------------------------------------------


def by_passphrase(file: Path, lock: Lock, passphrase: str) -> str:
    """Return a lock's private key, which stays open from now on. LockedError: it is wrong."""
    try:
        opener = _stretched(passphrase, lock.salt, lock.cost)
        identity = _from(opener, lock.passphrase_box)
    except ValueError:
        raise LockedError(f"{file}: this is not the passphrase of these keys") from None
    return _keep(file, lock, identity)


def by_words(file: Path, lock: Lock, opener: str) -> str:
    """Return a lock's private key by the age identity of recovery words. LockedError."""
    if not lock.words_box:
        raise LockedError(f"{file}: the keys were locked without words")
    try:
        identity = _from(opener, lock.words_box)
    except ValueError:
        raise LockedError(f"{file}: these are the words of another household") from None
    return _keep(file, lock, identity)


def offer(opener: str) -> None:
    """Have locks tried with the age identity of recovery words before anybody is asked."""
    _offered.append(opener)


def opened(file: Path, lock: Lock) -> str:
    """Return a lock's private key, opened with what there is: see ``hub.keyfiles.passphrase``.

    Raises LockedError when there is nothing, or it is wrong.
    """
    if lock.key not in _opened:
        _take_handed()
    if lock.key in _opened:
        return _opened[lock.key]
    for opener in _offered:
        try:
            return by_words(file, lock, opener)
        except LockedError:
            continue
    found = passphrases.given() or passphrases.ask(f"Passphrase of the keys in {file.parent}")
    if found is None:
        raise LockedError(
            f"{file.parent}: the keys are locked; give their passphrase on a terminal, in the file "
            f"that {passphrases.FILE_VARIABLE} names, or as the credential "
            f"{passphrases.CREDENTIAL} of systemd"
        )
    return by_passphrase(file, lock, found)


@contextmanager
def handed(environment: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Give arguments for a child process that may open what this one has opened.

    The keys go by a pipe: an environment can be read by others, and stays.
    """
    if not _opened:
        yield {}
        return
    reader, writer = os.pipe()
    try:
        with os.fdopen(writer, "w") as stream:
            json.dump(_opened, stream)
        yield {"pass_fds": (reader,), "env": {**environment, _HANDED: str(reader)}}
    finally:
        os.close(reader)


def _take_handed() -> None:
    if number := os.environ.pop(_HANDED, ""):
        with os.fdopen(int(number)) as stream:
            _opened.update(json.load(stream))


def _keep(file: Path, lock: Lock, identity: bytes) -> str:
    import pyrage

    try:
        made = pyrage.x25519.Identity.from_str(identity.decode())
        fits = str(made.to_public()) == lock.key
    except (ValueError, pyrage.IdentityError):
        fits = False
    if not fits:
        raise SecretsError(f"{file}: it names another key than it holds; put it back from a backup")
    return remember(lock, identity.decode())


def remember(lock: Lock, identity: str) -> str:
    """Keep a lock's private key at hand until this process ends."""
    _opened[lock.key] = identity
    return identity


# -- files -------------------------------------------------------------------------------------


def seal(file: Path, raw: bytes) -> bytes:
    """Return what is to be written of a private file that is under a lock."""
    path = lock_of(file)
    lock = read_lock(path) if path is not None else None
    if lock is None or lock.opening:
        return raw
    return sealed_to(lock, raw)


def sealed_to(lock: Lock, raw: bytes) -> bytes:
    """Return bytes sealed to a lock; nothing secret is needed for that."""
    return _to(lock.key, raw)


def unseal(file: Path, raw: bytes) -> bytes:
    """Return what a locked file holds. SecretsError when it cannot be opened."""
    path = lock_of(file)
    if path is None:
        raise SecretsError(
            f"{file}: it is locked, and {LOCK} is not there; put that back from a backup"
        )
    identity = opened(path, read_lock(path))
    try:
        return _from(identity, raw)
    except ValueError:
        raise SecretsError(
            f"{file}: damaged, or locked under another {LOCK}; put it back from a backup"
        ) from None


def _stretched(passphrase: str, salt: bytes, cost: tuple[int, int, int]) -> str:
    n, r, p = cost
    most = 128 * r * (n + p + 2) + (1 << 20)
    return age_identity(
        hashlib.scrypt(passphrase.encode(), salt=salt, n=n, r=r, p=p, maxmem=most, dklen=32)
    )


def _to(recipient: str, raw: bytes) -> bytes:
    import pyrage

    try:
        made: bytes = pyrage.encrypt(raw, [pyrage.x25519.Recipient.from_str(recipient)])
    except pyrage.RecipientError:
        raise SecretsError(
            f"{LOCK}: {recipient[:80]!r} is no key; put it back from a backup"
        ) from None
    assert made.startswith(SEALED)
    return made


def _from(identity: str, box: bytes) -> bytes:
    """Return what is in a box. ValueError: it is another's, or damaged."""
    import pyrage

    try:
        found: bytes = pyrage.decrypt(box, [pyrage.x25519.Identity.from_str(identity)])
    except (pyrage.DecryptError, pyrage.IdentityError) as error:
        raise ValueError(str(error)) from None
    return found
