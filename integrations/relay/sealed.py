"""What lies in the broker: encrypted to the hub, so that the broker's owner reads no orders.

JWE (RFC 7516) with ECDH-ES over X25519 (RFC 8037) and A256GCM. Within is the relay's Ed25519
signature, a line of JSON, and the body's bytes as they came.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from integrations.relay.words import BIGGEST_BODY, Gate, Relayed, RelayError

if TYPE_CHECKING:
    from joserfc.jwe import JWERegistry

_PURPOSE = b"commonhearth relay 1\n"
_SIGNATURE = 64
_BIGGEST_HEAD = 64 * 1024
BIGGEST = (BIGGEST_BODY + _BIGGEST_HEAD) * 4 // 3 + 4096
"""Bytes of an encrypted message."""

_HEADER = {"alg": "ECDH-ES", "enc": "A256GCM"}


def seal(relayed: Relayed, *, to: str, encryption_public_key: str, gate: Gate) -> bytes:
    """Encrypt a message to the hub ``to``. Raises RelayError when its key is none."""
    from joserfc.jwe import encrypt_compact

    head = {
        "to": to,
        "path": relayed.path,
        "headers": dict(relayed.headers),
        "received_at": relayed.received_at.isoformat(),
        "token": relayed.token,
    }
    frame = json.dumps(head, separators=(",", ":")).encode() + b"\n" + relayed.body
    key = _public(encryption_public_key)
    plain = gate.sign(_PURPOSE + frame) + frame
    return encrypt_compact(_HEADER, plain, key, registry=_registry()).encode()  # type: ignore[arg-type]


def unseal(payload: bytes, *, me: str, encryption_key: bytes, relay_public_key: str) -> Relayed:
    """Return what the relay sealed for ``me``; RelayError for anything else."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from joserfc.errors import JoseError
    from joserfc.jwe import decrypt_compact

    if len(payload) > BIGGEST:
        raise RelayError(f"a message of {len(payload)} bytes: too big")
    try:
        opened = decrypt_compact(payload, _private(encryption_key), registry=_registry())  # type: ignore[arg-type]
        plain = opened.plaintext or b""
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise RelayError(f"a message that is not encrypted to this hub: {error}") from None
    signature, frame = plain[:_SIGNATURE], plain[_SIGNATURE:]
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(relay_public_key))
        key.verify(signature, _PURPOSE + frame)
    except (InvalidSignature, ValueError):
        raise RelayError("a message that the relay did not sign") from None
    head, _, body = frame.partition(b"\n")
    try:
        said = json.loads(head)
        relayed = Relayed(
            path=str(said["path"]),
            headers={str(name): str(value) for name, value in said["headers"].items()},
            body=body,
            received_at=datetime.fromisoformat(said["received_at"]).astimezone(UTC),
            token=str(said["token"]),
        )
        to = said["to"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RelayError(f"a message of another form than this hub knows: {error}") from None
    if to != me:
        raise RelayError(f"a message for {to}")
    return relayed


def public_half(encryption_key: bytes) -> str:
    """Return the public key of an X25519 private key, base64 of its 32 bytes."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    key = X25519PrivateKey.from_private_bytes(encryption_key).public_key()
    return base64.b64encode(key.public_bytes_raw()).decode()


def is_key(text: object) -> bool:
    """Tell whether ``text`` is the base64 of 32 bytes."""
    if not isinstance(text, str):
        return False
    try:
        return len(base64.b64decode(text, validate=True)) == 32
    except ValueError:
        return False


def _public(key: str) -> object:
    from joserfc.jwk import OKPKey

    raw = base64.b64decode(key)
    return OKPKey.import_key({"kty": "OKP", "crv": "X25519", "x": _url(raw)})


def _private(key: bytes) -> object:
    from joserfc.jwk import OKPKey

    public = base64.b64decode(public_half(key))
    return OKPKey.import_key({"kty": "OKP", "crv": "X25519", "x": _url(public), "d": _url(key)})


def _registry() -> JWERegistry:
    from joserfc.jwe import JWERegistry

    registry = JWERegistry(algorithms=list(_HEADER.values()))
    registry.max_ciphertext_length = BIGGEST
    return registry


def _url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
