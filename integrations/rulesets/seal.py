"""The signature over a published set: a JWS with detached payload (RFC 7515, appendix F).

The file's first line is the compact JWS without its payload, ``header..signature``; all that
follows the line break is the payload, byte by byte. Its header names Ed25519 (RFC 9864) and holds
the publisher's public key as a JWK (RFC 8037); whether that key is believed is the household's.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from binascii import Error as Base64Error
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.domain.rulesets import BIGGEST, SetError
from hub.domain.values import dataclass

if TYPE_CHECKING:
    from joserfc.jws import JWSRegistry

_ALG = "Ed25519"
_TYPE = "commonhearth-rules"
_LONGEST_LINE = 1024
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Opened:
    """A set whose signature is right: ``key`` signed ``payload`` (Ed25519, base64url)."""

    key: str
    payload: bytes
    digest: str


def seal(payload: str, secret: bytes) -> str:
    """Return a set's text under a signature by the 32 bytes of an Ed25519 key."""
    from joserfc.jws import serialize_compact

    key = _jwk(public_of(secret), secret)
    header = {"alg": _ALG, "typ": _TYPE, "jwk": _public(public_of(secret))}
    whole = serialize_compact(header, payload.encode(), key, registry=_registry())
    head, _, signature = whole.split(".")
    return f"{head}..{signature}\n{payload}"


def open_set(document: bytes) -> Opened:
    """Return what a signed set says and whose key signed it. SetError for anything else."""
    from joserfc.errors import JoseError
    from joserfc.jws import deserialize_compact

    if len(document) > BIGGEST:
        raise SetError(f"a set of rules has at most {BIGGEST // 1024} KiB")
    line, newline, payload = document.partition(b"\n")
    head, dots, signature = line.partition(b"..")
    if not newline or not dots or len(line) > _LONGEST_LINE or b"." in signature:
        raise SetError("this is no signed set of rules: its first line is not a signature")
    key = _key_in(head)
    body = base64.urlsafe_b64encode(payload).rstrip(b"=")
    try:
        deserialize_compact(b".".join((head, body, signature)), _jwk(key), registry=_registry())
    except (JoseError, ValueError, TypeError, KeyError):
        raise SetError("its signature is not right: it was changed after it was signed") from None
    try:
        payload.decode()
    except UnicodeDecodeError:
        raise SetError("expected text in UTF-8") from None
    return Opened(key, payload, hashlib.sha256(document).hexdigest())


def _key_in(head: bytes) -> str:
    """Return the public key that a header holds; SetError unless it is made as ``seal`` does."""
    try:
        header = json.loads(_unb64(head))
        jwk = header.pop("jwk")
        key = jwk.pop("x")
        right = header == {"alg": _ALG, "typ": _TYPE} and jwk == {"kty": "OKP", "crv": "Ed25519"}
        raw = _unb64(key.encode()) if right else b""
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, Base64Error):
        raise SetError("this is no signed set of rules: its header cannot be read") from None
    if len(raw) != _KEY_BYTES or _b64(raw) != key:
        raise SetError(f"it is not signed with {_ALG} as a set of rules")
    return str(key)


def fingerprint(key: str) -> str:
    """Return a key's fingerprint as people compare it: SHA-256 of the key in groups of four."""
    said = hashlib.sha256(_unb64(key.encode())).hexdigest()[:40]
    return " ".join(said[at : at + 4] for at in range(0, len(said), 4))


def publisher_key(file: Path) -> bytes:
    """Return the 32 bytes of a publisher's private key; it is made (mode 0600) where none is.

    The file is a JWK. SetError where it is another, or readable by others.
    """
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            secret = os.urandom(_KEY_BYTES)
            json.dump({**_public(public_of(secret)), "d": _b64(secret)}, out)
            out.flush()
            os.fsync(out.fileno())
            return secret
    except FileExistsError:
        pass
    except OSError as error:
        raise SetError(f"{file} cannot be written: {error.strerror}") from None
    try:
        if file.stat().st_mode & 0o077:
            raise SetError(f"{file} can be read by others; `chmod 600` it")
        kept = json.loads(file.read_bytes()[:4096])
        secret = _unb64(kept["d"].encode())
    except OSError as error:
        raise SetError(f"{file} cannot be read: {error.strerror}") from None
    except (KeyError, TypeError, AttributeError, RecursionError, UnicodeError):
        raise SetError(f"{file} is no private Ed25519 key (JWK)") from None
    except ValueError as error:
        if isinstance(error, SetError):
            raise
        raise SetError(f"{file} is no private Ed25519 key (JWK)") from None
    if len(secret) != _KEY_BYTES or kept.get("x") != public_of(secret):
        raise SetError(f"{file} is no private Ed25519 key (JWK)")
    return secret


def public_of(secret: bytes) -> str:
    """Return the public key of a private one, in base64url."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return _b64(Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw())


def _public(key: str) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": key}


def _jwk(key: str, secret: bytes | None = None) -> Any:
    from joserfc.jwk import OKPKey

    found: dict[str, str | list[str]] = dict(_public(key))
    return OKPKey.import_key({**found, "d": _b64(secret)} if secret else found)


def _registry() -> JWSRegistry:
    from joserfc.jws import JWSRegistry

    registry = JWSRegistry(algorithms=[_ALG])
    registry.max_payload_length = 2 * BIGGEST
    return registry


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unb64(text: bytes) -> bytes:
    return base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
