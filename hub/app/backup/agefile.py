"""Encrypted files in the age format (age-encryption.org/v1), by passphrase or for a recipient."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hub.app.backup.errors import BackupError
from hub.domain.values import dataclass

if TYPE_CHECKING:
    import pyrage

_MOST_IN_MEMORY = 256 * 1024 * 1024
_LONGEST_SECRET = 16 * 1024


@dataclass(frozen=True, slots=True)
class Lock:
    """Whom a backup is for: a passphrase, or the public key of whoever may open it (``age1…``)."""

    passphrase: str = ""
    recipient: str = ""


@dataclass(frozen=True, slots=True)
class Opener:
    """What opens a backup: its passphrase, or age identities (``AGE-SECRET-KEY-1…``)."""

    passphrase: str = ""
    identities: tuple[pyrage.x25519.Identity, ...] = ()


def read_passphrase(file: Path) -> str:
    """Return a file's first line. BackupError when there is none, or it is too short to hold."""
    line = _first(file).split("\n")[0].rstrip("\r")
    if len(line) < 8:
        raise BackupError(
            f"{file}: expected a passphrase of 8 characters or more in its first line"
        )
    return line


def read_line(file: Path) -> str:
    """Return a file's first line. BackupError when it cannot be read, or is empty."""
    line = _first(file).split("\n")[0].rstrip("\r")
    if not line:
        raise BackupError(f"{file}: expected a secret in its first line")
    return line


def read_identities(file: Path) -> tuple[pyrage.x25519.Identity, ...]:
    """Return the identities of a file as ``age-keygen`` writes it. BackupError without any."""
    import pyrage

    found = []
    for number, line in enumerate(_first(file).splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            try:
                found.append(pyrage.x25519.Identity.from_str(line.strip()))
            except pyrage.IdentityError:
                raise BackupError(f"{file}:{number}: expected AGE-SECRET-KEY-1…") from None
    if not found:
        raise BackupError(f"{file}: expected a line AGE-SECRET-KEY-1…")
    return tuple(found)


def opener_of(identity: str) -> Opener:
    """Return what opens backups for one identity (``AGE-SECRET-KEY-1…``)."""
    import pyrage

    return Opener(identities=(pyrage.x25519.Identity.from_str(identity),))


def _first(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return stream.read(_LONGEST_SECRET).decode()
    except UnicodeDecodeError:
        raise BackupError(f"{file}: expected text in UTF-8") from None
    except OSError as error:
        raise BackupError(f"{file}: {error.strerror}") from None


def encrypt(plain: Path, target: Path, lock: Lock) -> Opener:
    """Encrypt a file; return what opens the result, so that it can be read again and compared.

    For a recipient only they can open it later: a second key that opens it too is made for the
    comparison, and is forgotten with it. BackupError when the recipient is none, or the file is too
    large for a passphrase (256 MiB: that mode works in memory).
    """
    import pyrage

    if lock.passphrase:
        if plain.stat().st_size > _MOST_IN_MEMORY:
            raise BackupError(
                "the household has more than 256 MiB, too much for a passphrase; use a recipient"
            )
        target.write_bytes(pyrage.passphrase.encrypt(plain.read_bytes(), lock.passphrase))
        return Opener(passphrase=lock.passphrase)
    try:
        recipient = pyrage.x25519.Recipient.from_str(lock.recipient)
    except pyrage.RecipientError:
        raise BackupError(f"{lock.recipient[:80]!r} is no recipient; expected age1…") from None
    check = pyrage.x25519.Identity.generate()
    with plain.open("rb") as source, target.open("wb") as sink:
        pyrage.encrypt_io(source, sink, [recipient, check.to_public()])
    return Opener(identities=(check,))


def decrypt(source: Path, target: Path, opener: Opener) -> None:
    """Decrypt a file. BackupError, and nothing left behind, when it is another's or damaged."""
    import pyrage

    try:
        if opener.passphrase:
            if source.stat().st_size > 2 * _MOST_IN_MEMORY:
                raise BackupError(f"{source}: too large for a passphrase; it is for a recipient")
            target.write_bytes(pyrage.passphrase.decrypt(source.read_bytes(), opener.passphrase))
        else:
            with source.open("rb") as stream, target.open("wb") as sink:
                pyrage.decrypt_io(stream, sink, opener.identities)
    except (pyrage.DecryptError, OSError, ValueError) as error:
        with suppress(OSError):
            target.unlink()
        if isinstance(error, OSError) and error.strerror:
            raise BackupError(f"{error.filename or source}: {error.strerror}") from None
        raise BackupError(
            f"{source}: it cannot be opened: it is damaged, or not a backup, or for another "
            "passphrase or key"
        ) from None
