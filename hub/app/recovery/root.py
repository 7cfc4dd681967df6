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

from hub.app.secrets import SecretsError, write_private
from hub.domain.values import dataclass

ROOT_FILE = "recovery.json"
ROOT_BYTES = 32
_HRP = "age-secret-key-"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


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
        return bech32(_HRP, self.derive("backup")).upper()

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
        if file.stat().st_mode & 0o077:
            raise SecretsError(f"{file}: others may read this secret; run: chmod 600 {file}")
        kept = json.loads(file.read_text(encoding="ascii"))
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
    write_private(folder / ROOT_FILE, json.dumps(kept))


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


def bech32(hrp: str, data: bytes) -> str:
    """Return bytes in Bech32 (BIP 173), without its bound of 90 characters, as age has them."""
    bits = int.from_bytes(data, "big") << (-len(data) * 8 % 5)
    count = -(-len(data) * 8 // 5)
    words = [(bits >> 5 * at) & 31 for at in reversed(range(count))]
    spread = [ord(char) >> 5 for char in hrp] + [0] + [ord(char) & 31 for char in hrp]
    sum_ = _polymod([*spread, *words, 0, 0, 0, 0, 0, 0]) ^ 1
    check = [(sum_ >> 5 * at) & 31 for at in reversed(range(6))]
    return f"{hrp}1" + "".join(_BECH32[word] for word in words + check)


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for at, part in enumerate(_GENERATOR):
            check ^= part if (top >> at) & 1 else 0
    return check
