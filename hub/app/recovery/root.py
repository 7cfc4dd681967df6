"""The secret that recovery words stand for, and what is derived of it.

It is made at first start, before any key: the household's keys towards providers and friends come
of it, and so does the key that opens backups. Words that were written down bring all of them back.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import uuid
from dataclasses import field, replace
from datetime import datetime
from pathlib import Path

from hub.domain.values import dataclass
from hub.keyfiles.ageid import age_identity
from hub.keyfiles.files import SecretsError, read, write

ROOT_FILE = "recovery.json"
ROOT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Root:
    """The secret; ``printed`` is when its words were last printed, None when they never were."""

    secret: bytes = field(repr=False)
    printed: datetime | None = None

    def derive(self, purpose: str) -> bytes:
        """Return the 32 bytes for a purpose (HKDF-SHA256, RFC 5869, one block)."""
        key = hmac.digest(b"commonhearth recovery 1", self.secret, "sha256")
        return hmac.digest(key, purpose.encode() + b"\x01", "sha256")

    @property
    def peer_seed(self) -> bytes:
        """Return the secret of the first key towards friends."""
        return self.derive("peer")

    @property
    def beckn_seed(self) -> bytes:
        """Return the secret of the first key towards providers."""
        return self.derive("beckn")

    @property
    def beckn_key_id(self) -> str:
        """Return the name of that key in registries."""
        return str(uuid.UUID(bytes=self.derive("beckn key id")[:16], version=4))

    @property
    def age_identity(self) -> str:
        """Return what opens backups, as age writes it: ``AGE-SECRET-KEY-1…``."""
        return age_identity(self.derive("backup"))

    @property
    def age_recipient(self) -> str:
        """Return whom backups are for: ``age1…``."""
        import pyrage

        return str(pyrage.x25519.Identity.from_str(self.age_identity).to_public())


def root_of(folder: Path) -> Root:
    """Return the secret kept in ``folder``, made where there is none (file mode 0600).

    Raises SecretsError when the file is damaged or others may read it.
    """
    if not (folder / ROOT_FILE).exists():
        keep_root(folder, Root(os.urandom(ROOT_BYTES)))
    return read_root(folder)


def read_root(folder: Path) -> Root:
    """Return the secret kept in ``folder``. SecretsError when there is none, or it is damaged."""
    file = folder / ROOT_FILE
    try:
        kept = json.loads(read(file).decode("ascii"))
        secret = bytes.fromhex(kept["root"])
        printed = kept["printed"] and datetime.fromisoformat(kept["printed"])
        if len(secret) != ROOT_BYTES or hashlib.sha256(secret).hexdigest() != kept["sha256"]:
            raise ValueError
    except OSError as error:
        raise SecretsError(f"{file}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise SecretsError(
            f"{file}: expected what was written at first start; put it back from a backup"
        ) from None
    return Root(secret, printed or None)


def keep_root(folder: Path, root: Root) -> None:
    """Write the secret, in the place of the one that was there."""
    kept = {
        "root": root.secret.hex(),
        "sha256": hashlib.sha256(root.secret).hexdigest(),
        "printed": root.printed.isoformat() if root.printed else None,
    }
    write(folder / ROOT_FILE, json.dumps(kept) + "\n")


def note_printed(folder: Path, now: datetime) -> None:
    """Note that the words were printed: from then on backups may be for them alone."""
    keep_root(folder, replace(read_root(folder), printed=now))


def printed_recipient(folder: Path) -> str:
    """Return whom backups are for that the words open, "" where they were never printed.

    What nobody wrote down must not be what alone opens a backup. SecretsError.
    """
    if not (folder / ROOT_FILE).exists():
        return ""
    root = read_root(folder)
    return root.age_recipient if root.printed is not None else ""
