"""The words of a registry: a participant, a registry to ask, and a key that follows another."""

from __future__ import annotations

import base64
import binascii
from dataclasses import field
from datetime import datetime, timedelta
from typing import Literal, get_args
from urllib.parse import urlsplit

from hub.domain.orders import Subscriber
from hub.domain.values import dataclass
from integrations.beckn.errors import RegistryError

Role = Literal["BAP", "BPP"]
Version = Literal["2.0.0", "1.1.1"]
VERSIONS: tuple[str, ...] = get_args(Version)
_SKEW = timedelta(seconds=60)
LONGEST_CHAIN = 16
"""Rotations that are followed from a pinned key to the present one."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """One key of a participant following another: the old one signed for the new one.

    ``signature`` is by the old key, ``own_signature`` by the new one (both base64, over
    ``statement``), so that nobody can take over a key that is not theirs.
    """

    subscriber_id: str
    old_key_id: str
    new_key_id: str
    new_public_key: str
    signature: str
    own_signature: str

    def statement(self) -> bytes:
        """Return the bytes that are signed."""
        words = (self.subscriber_id, self.old_key_id, self.new_key_id, self.new_public_key)
        return "\n".join(("commonhearth key rotation", *words)).encode()

    def proves(self, old_public_key: bytes) -> bool:
        """Tell whether the holder of ``old_public_key`` named the new key, whose holder agreed."""
        return signed(old_public_key, self.signature, self.statement()) and signed(
            key_bytes(self.new_public_key), self.own_signature, self.statement()
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One participant: a BAP buys, a BPP sells. ``uri`` is what actions are appended to.

    ``signing_public_key`` is the base64 of an Ed25519 public key, known as ``unique_key_id`` and
    good from ``valid_from`` to ``valid_until`` (None: not limited). ``encr_public_key`` is the
    base64 of its X25519 key, '' where there is none. ``rotations`` lead to this key, oldest first.
    """

    subscriber_id: str
    uri: str
    role: Role
    signing_public_key: str
    unique_key_id: str
    version: Version = "2.0.0"
    domains: tuple[str, ...] = ("grocery",)
    encr_public_key: str = ""
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    rotations: tuple[Rotation, ...] = field(default=(), compare=False, repr=False)

    @property
    def public_key(self) -> bytes:
        """Return the 32 bytes of the public key."""
        return base64.b64decode(self.signing_public_key)

    @property
    def subscriber(self) -> Subscriber:
        """Return the participant as the hub's orders name it."""
        return Subscriber(self.subscriber_id, self.uri, self.version)

    def good(self, now: datetime) -> bool:
        """Tell whether its key may be believed at ``now``; clocks differ when it has just begun."""
        return (self.valid_from is None or self.valid_from <= now + _SKEW) and (
            self.valid_until is None or now < self.valid_until
        )


@dataclass(frozen=True, slots=True)
class Source:
    """A registry on the network to ask.

    ``url`` is what ``/lookup`` is appended to. ``form``: ``beckn`` is POST /lookup and /subscribe
    (Beckn v1.1.1's registry API, and ONDC's), ``dedi`` is GET …/lookup/<id>/<name>/<key>, by which
    Beckn v2 finds participants (a ``url`` there ends in ``/dedi``). ``name`` is a DeDi registry's
    name; ``network`` (``namespace/registry``) lists all who take part. ``subscriber_id``,
    ``unique_key_id`` and the two keys are the registry's own, and prove its challenge.
    """

    url: str
    form: Literal["beckn", "dedi"] = "beckn"
    name: str = "subscribers.beckn.one"
    network: str = ""
    subscriber_id: str = ""
    unique_key_id: str = ""
    signing_public_key: str = ""
    encr_public_key: str = ""


def key_bytes(text: str) -> bytes:
    """Return the 32 bytes of an Ed25519 public key in base64; b'' for anything else."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return key if len(key) == 32 else b""


def signed(public_key: bytes, signature: str, message: bytes) -> bool:
    """Tell whether ``signature`` (base64) is that key's over ``message``."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        value = base64.b64decode(signature, validate=True)
        Ed25519PublicKey.from_public_bytes(public_key).verify(value, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def check_name(value: object, where: str) -> str:
    """Return a name that can stand in a signature; RegistryError says ``where`` it is not one."""
    if (
        not isinstance(value, str)
        or not 0 < len(value) <= 255
        or any(c in '"|' or c.isspace() or not c.isprintable() for c in value)
    ):
        raise RegistryError(f"{where}: expected text without spaces, quotes or '|'")
    return value


def check_key(value: object, where: str) -> str:
    """Return a signing key in base64; RegistryError says ``where`` it is none."""
    if not isinstance(value, str) or not key_bytes(value):
        raise RegistryError(f"{where}: expected the base64 of an Ed25519 public key (32 bytes)")
    return value


def check_uri(value: object, where: str) -> str:
    """Return an address that actions can be appended to; RegistryError otherwise."""
    uri = value if isinstance(value, str) and len(value) <= 500 else ""
    try:
        parts = urlsplit(uri)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or parts.username:
        raise RegistryError(f"{where}: expected http(s)://host[:port]/path")
    return uri
