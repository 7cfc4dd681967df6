"""The participant's own key pair and identity, made at first start and kept."""

from __future__ import annotations

import base64
import json
import os
import uuid
from dataclasses import field, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from hub.domain.values import dataclass
from hub.keyfiles.files import SecretsError, draft, flush, read, write
from integrations.beckn.errors import RegistryError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

KEY_FILE = "beckn-key.json"
NEXT_FILE = "beckn-key.next.json"
OLD_FILE = "beckn-key.old.json"

X25519_DER = bytes.fromhex("302a300506032b656e032100")
"""What stands before the 32 bytes of an X25519 public key in its DER form (RFC 8410)."""


def read_encryption_key(text: str) -> bytes:
    """Return the 32 bytes of an X25519 public key in base64, DER or bare.

    Raises RegistryError for anything else.
    """
    try:
        key = base64.b64decode(text, validate=True).removeprefix(X25519_DER)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise RegistryError("expected the base64 of an X25519 public key, in DER form or bare")
    return key


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

    @cached_property
    def encryption_seed(self) -> bytes:
        """Return the 32 bytes of the X25519 private key, by which others encrypt to us.

        It is derived from ``seed``: one secret to keep, and a key file made before there was
        encryption still does.
        """
        return blake2b(self.seed, digest_size=32, person=b"commonhearth-enc").digest()

    @cached_property
    def _encryption(self) -> X25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

        return X25519PrivateKey.from_private_bytes(self.encryption_seed)

    @property
    def encryption_public_key(self) -> str:
        """Return the X25519 public key as registries write it: base64 of its ASN.1 DER form."""
        raw = self._encryption.public_key().public_bytes_raw()
        return base64.b64encode(X25519_DER + raw).decode()

    def shared_secret(self, their_public_key: str) -> bytes:
        """Return the 32 bytes that X25519 gives with another's public key (DER or bare, base64).

        Raises RegistryError when that is no such key.
        """
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

        try:
            return self._encryption.exchange(
                X25519PublicKey.from_public_bytes(read_encryption_key(their_public_key))
            )
        except ValueError as error:
            raise RegistryError(f"not a usable X25519 public key: {error}") from error


def load_or_create(
    folder: Path,
    *,
    kind: str,
    subscriber_id: str | None = None,
    made_of: tuple[bytes, str] | None = None,
) -> Identity:
    """Return the identity kept in ``folder``, making it (file mode 0600) at first start.

    ``made_of`` are the seed and the name of a key that is made, else chance.

    ``subscriber_id`` overrides the one that was made, ``<kind>-<8 hex>.commonhearth.local``.
    Raises RegistryError when the file is damaged or others may read it.
    """
    path = folder / KEY_FILE
    if not path.exists():
        _create(path, kind, *(made_of or (os.urandom(32), str(uuid.uuid4()))))
    kept = _read(path)
    return replace(kept, subscriber_id=subscriber_id) if subscriber_id else kept


def successor(folder: Path, identity: Identity, key_id: str = "") -> Identity:
    """Return the key that is to follow ``identity``'s, making it at the first call.

    It is kept beside the present one until ``adopt``: a registry must never know a key that a
    crash took from its owner. One that is made is called ``key_id``, else by chance.
    """
    path = folder / NEXT_FILE
    if not path.exists():
        made = Identity(identity.subscriber_id, key_id or str(uuid.uuid4()), os.urandom(32))
        write(path, _kept(made))
    return replace(_read(path), subscriber_id=identity.subscriber_id)


def adopt(folder: Path) -> None:
    """Put the successor in the place of the present key, which stays as ``beckn-key.old.json``."""
    path, old = folder / KEY_FILE, folder / OLD_FILE
    old.unlink(missing_ok=True)
    os.link(path, old)
    (folder / NEXT_FILE).replace(path)
    flush(folder)


def predecessor(folder: Path) -> Identity | None:
    """Return the key before the present one: what was encrypted to it may still be on its way.

    Raises RegistryError when the file is damaged or others may read it.
    """
    path = folder / OLD_FILE
    return _read(path) if path.exists() else None


def _create(path: Path, kind: str, seed: bytes, key_id: str) -> None:
    name = blake2b(Identity("", "", seed).public_key.encode(), digest_size=4).hexdigest()
    made = Identity(f"{kind}-{name}.commonhearth.local", key_id, seed)
    new = draft(path, _kept(made))
    try:
        os.link(new, path)
    except FileExistsError:
        # Somebody else was quicker: theirs is the identity, or two would be known by one name.
        return
    finally:
        new.unlink()


def _kept(identity: Identity) -> str:
    kept = {
        "subscriber_id": identity.subscriber_id,
        "unique_key_id": identity.unique_key_id,
        "signing_public_key": identity.public_key,
        "signing_private_key": base64.b64encode(identity.seed).decode(),
    }
    return json.dumps(kept)


def _read(path: Path) -> Identity:
    try:
        kept = json.loads(read(path))
        seed = base64.b64decode(kept["signing_private_key"], validate=True)
        known_as, key_id = kept["subscriber_id"], kept["unique_key_id"]
        public_key = kept["signing_public_key"]
    except SecretsError as error:
        raise RegistryError(str(error)) from None
    except (ValueError, KeyError, TypeError) as error:
        raise RegistryError(
            f"{path}: expected the key file that was made at first start: {error}"
        ) from error
    if len(seed) != 32 or not all(isinstance(one, str) for one in (known_as, key_id, public_key)):
        raise RegistryError(f"{path}: expected an Ed25519 key of 32 bytes, and its names as text")
    return Identity(known_as, key_id, seed, public_key)
