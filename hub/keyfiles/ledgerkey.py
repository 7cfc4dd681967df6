"""The key that signs the log's checkpoints: made at first start, kept as C2SP signers keep theirs.

The file's first line is ``PRIVATE+KEY+<name>+<id>+<base64>``, as the note tools of the Go project
write it. The library that signs is loaded with the first checkpoint: it costs 8 MiB of memory.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from hub.keyfiles.files import SecretsError, read, write

if TYPE_CHECKING:
    from hub.ledger.checkpoint import SignedCheckpoint
    from hub.ledger.note import SigningKey

LEDGER_KEY = "ledger.key"
_HEAD = "PRIVATE+KEY+"
_NO_NAME = re.compile(r"[^A-Za-z0-9._:/-]+")
_ED25519 = b"\x01"


class LedgerKey:
    """The log's name and private key. ``sign`` makes checkpoints (``hub.store.log.Sign``)."""

    def __init__(self, name: str, seed: bytes) -> None:
        """``name`` is also the log's origin; ``seed`` the 32 bytes of the private key."""
        self.name = name
        self._seed = seed

    @cached_property
    def key(self) -> SigningKey:
        """The key by which notes are signed."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        from hub.ledger.note import SigningKey

        return SigningKey(self.name, Ed25519PrivateKey.from_private_bytes(self._seed))

    @cached_property
    def _witness(self) -> SigningKey:
        """The key that countersigns others' logs: another one, so that neither can be taken for
        the other; made from this one, so that a backup of one file holds both."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        from hub.ledger.note import Kind, SigningKey

        seed = hmac.digest(self._seed, b"commonhearth/witness/v1", "sha256")
        name = self.name.removesuffix("/ledger") + "/witness"
        return SigningKey(name, Ed25519PrivateKey.from_private_bytes(seed), Kind.COSIGNATURE)

    @property
    def verifier(self) -> str:
        """The public key of the log."""
        return str(self.key.verifier)

    @property
    def witness(self) -> str:
        """The public key by which others' logs are countersigned."""
        return str(self._witness.verifier)

    def cosign(self, opened: SignedCheckpoint, at: int) -> str:
        """Return the signature line over another log's checkpoint at ``at``, Unix seconds."""
        from hub.ledger.checkpoint import cosign

        return str(cosign(opened, self._witness, at).signatures[-1])

    def line(self) -> str:
        """Return the private key as the note tools write it."""
        material = base64.b64encode(_ED25519 + self._seed).decode()
        return f"{_HEAD}{self.name}+{self.key.verifier.key_id.hex()}+{material}"

    def sign(self, size: int, root: bytes) -> str:
        """Return the signed checkpoint of a log of this size and root."""
        from hub.ledger.checkpoint import Checkpoint, sign_checkpoint

        return str(sign_checkpoint(Checkpoint(self.name, size, root), self.key))


def ledger_key(folder: Path, subscriber_id: str) -> LedgerKey:
    """Return the key kept in ``folder``, made at first start (file mode 0600).

    It is named after the household as its network knows it, and keeps that name: a log has one
    name for good. Raises SecretsError when the file is damaged or others may read it.
    """
    file = folder / LEDGER_KEY
    if not file.exists():
        made = LedgerKey(_NO_NAME.sub("-", subscriber_id)[:200] + "/ledger", os.urandom(32))
        write(file, _written(made.line()) + "\n")
    return read_ledger_key(file)


def read_ledger_key(file: Path) -> LedgerKey:
    """Read a key file. Raises SecretsError when it is not one, or others may read it."""
    try:
        text = read(file).decode("ascii").strip()
        line = text.split("\n")[0]
        name, _, encoded = line.removeprefix(_HEAD).split("+", 2)
        material = base64.b64decode(encoded, validate=True)
    except ValueError:
        text, name, line, material = "", "", "", b""
    except OSError as error:
        raise SecretsError(f"{file}: {error.strerror}") from None
    seed = material[1:]
    if material[:1] != _ED25519 or len(seed) != 32 or text != _written(line):
        raise SecretsError(
            f"{file}: expected the two lines that were written at first start; put it back from a "
            "backup (a new key would begin another log)"
        )
    return LedgerKey(name, seed)


def _written(line: str) -> str:
    # Damage is to be noticed at each start, without loading the library that would know the key.
    return f"{line}\n# sha256 of the line above: {hashlib.sha256(line.encode()).hexdigest()}"
