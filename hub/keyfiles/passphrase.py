"""Where the passphrase of locked keys comes from: a file, a systemd credential, or a person."""

from __future__ import annotations

import os
import sys
import unicodedata
from pathlib import Path

from hub.keyfiles.files import SecretsError, exposed

FILE_VARIABLE = "COMMONHEARTH_PASSPHRASE_FILE"
CREDENTIAL = "commonhearth.passphrase"
SHORTEST = 12
_LONGEST = 1024


def given() -> str | None:
    """Return the passphrase that the environment gives, None where it gives none.

    Raises SecretsError when it names a file that is none.
    """
    if file := os.environ.get(FILE_VARIABLE):
        return from_file(Path(file))
    if folder := os.environ.get("CREDENTIALS_DIRECTORY"):
        credential = Path(folder) / CREDENTIAL
        if credential.exists():
            # systemd hands it to this user alone; its mode shows an access list as a group's.
            return _first_line(credential)
    return None


def from_file(file: Path) -> str:
    """Return the first line of a file. SecretsError when others may read it or it is empty."""
    try:
        if (mode := file.stat().st_mode) & 0o077:
            raise SecretsError(exposed(file, mode))
    except OSError as error:
        raise SecretsError(f"{file}: {error.strerror}") from None
    return _first_line(file)


def ask(what: str) -> str | None:
    """Ask the person at the terminal; None where nobody is."""
    if not sys.stdin.isatty():
        return None
    import getpass

    return _plain(getpass.getpass(f"{what}: "))


def check_new(passphrase: str) -> str:
    """Return a passphrase that is to be used from now on; SecretsError when it is too short.

    Whoever has the card can try as many as they like.
    """
    if len(passphrase) < SHORTEST:
        raise SecretsError(f"expected a passphrase of {SHORTEST} characters or more")
    return passphrase


def _first_line(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            line = stream.readline(_LONGEST + 2).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise SecretsError(f"{file}: expected a passphrase as text in UTF-8") from None
    except OSError as error:
        raise SecretsError(f"{file}: {error.strerror}") from None
    if not line or len(line) > _LONGEST:
        raise SecretsError(
            f"{file}: expected a passphrase in its first line, of at most {_LONGEST} characters"
        )
    return _plain(line)


def _plain(text: str) -> str:
    # Keyboards write an accent in one character or in two.
    return unicodedata.normalize("NFC", text)
