"""The participant's own key pair and identity, made at first start and kept."""

from __future__ import annotations

import base64
import json
import os
import uuid
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from integrations.beckn.errors import RegistryError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_FILE = "beckn-key.json"


@dataclass(frozen=True)
class Identity:
    """Who a participant is: its id in the registry and the Ed25519 key that proves it.

    ``unique_key_id`` names the key among the subscriber's keys; ``seed`` is the private key's 32
    bytes and never leaves the process. ``known_public_key`` spares computing the public one, and
    a hub that orders nothing the memory of the library that would.
    """

    subscriber_id: str
    unique_key_id: str
    seed: bytes = field(repr=False)
    known_public_key: str = field(default="", compare=False)

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def public_key(self) -> str:
        """Return the public key as registries write it: base64 of its 32 bytes."""
        if self.known_public_key:
            return self.known_public_key
        return base64.b64encode(self._private.public_key().public_bytes_raw()).decode()

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature of ``message``."""
        return self._private.sign(message)


def load_or_create(folder: Path, *, kind: str, subscriber_id: str | None = None) -> Identity:
    """Return the identity kept in ``folder``, making it (file mode 0600) at first start.

    ``subscriber_id`` overrides the one that was made, ``<kind>-<8 hex>.commonhearth.local``.
    Raises RegistryError when the file is damaged or others may read it.
    """
    path = folder / KEY_FILE
    if not path.exists():
        _create(path, kind)
    if path.stat().st_mode & 0o077:
        raise RegistryError(f"{path}: others may read this private key; run: chmod 600 {path}")
    try:
        kept = json.loads(path.read_text())
        seed = base64.b64decode(kept["signing_private_key"], validate=True)
        known_as, key_id = kept["subscriber_id"], kept["unique_key_id"]
        public_key = kept["signing_public_key"]
    except (ValueError, KeyError, TypeError) as error:
        raise RegistryError(
            f"{path}: expected the key file that was made at first start: {error}"
        ) from error
    if len(seed) != 32 or not all(isinstance(one, str) for one in (known_as, key_id, public_key)):
        raise RegistryError(f"{path}: expected an Ed25519 key of 32 bytes, and its names as text")
    return Identity(subscriber_id or known_as, key_id, seed, public_key)


def _create(path: Path, kind: str) -> None:
    seed = os.urandom(32)
    public_key = Identity("", "", seed).public_key
    name = blake2b(public_key.encode(), digest_size=4).hexdigest()
    kept = {
        "subscriber_id": f"{kind}-{name}.commonhearth.local",
        "unique_key_id": str(uuid.uuid4()),
        "signing_public_key": public_key,
        "signing_private_key": base64.b64encode(seed).decode(),
    }
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(f".{os.getpid()}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(kept, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        # Somebody else was quicker: theirs is the identity, or two would be known by one name.
        return
    finally:
        draft.unlink()
