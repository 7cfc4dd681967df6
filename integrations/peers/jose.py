"""Signing and encrypting with JOSE, by joserfc, which is loaded at the first message.

Ed25519 (RFC 9864, the plain name of what RFC 8037 calls EdDSA) inside ECDH-ES+A256KW with A256GCM.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hub.domain.peers import PeerError, PeerKey

if TYPE_CHECKING:
    from joserfc.jwe import JWERegistry
    from joserfc.jws import JWSRegistry

BIGGEST = 512 * 1024
"""Bytes of an encrypted message: a body of BIGGEST_BODY, twice in base64."""
_SIGNED = "Ed25519"
_SEALED = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM"}


def sign(payload: bytes, seed: bytes, key: PeerKey, kind: str) -> str:
    """Return a compact JWS of ``payload`` by the key of ``seed``; ``kind`` is its ``typ``."""
    from joserfc.jws import serialize_compact

    header = {"alg": _SIGNED, "kid": key.kid, "typ": kind}
    return serialize_compact(header, payload, _ed(key.sign, seed), registry=_jws())


def look_into(token: str | bytes, kind: str) -> tuple[str, bytes]:
    """Return the ``kid`` and the payload of a compact JWS, which is **not** verified by that.

    PeerError when it is none of ``kind``.
    """
    from joserfc.errors import JoseError
    from joserfc.jws import extract_compact

    raw = token.encode() if isinstance(token, str) else token
    try:
        found = extract_compact(raw, registry=_jws())
        header: Mapping[str, Any] = found.headers()
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise PeerError(f"it is not a signed message: {error}") from None
    if header.get("alg") != _SIGNED or header.get("typ") != kind:
        raise PeerError(f"it is not signed with {_SIGNED} as {kind}")
    return str(header.get("kid", "")), found.payload


def verify(token: str | bytes, key: PeerKey) -> None:
    """Return when ``key`` signed a compact JWS; PeerError otherwise."""
    from joserfc.errors import JoseError
    from joserfc.jws import deserialize_compact

    try:
        deserialize_compact(token, _ed(key.sign), registry=_jws())
    except (JoseError, ValueError, TypeError, KeyError):
        raise PeerError("its signature is not by the key it names") from None


def encrypt(plain: str, to: PeerKey, kind: str) -> bytes:
    """Return a compact JWE of a signed message that only ``to`` can open."""
    from joserfc.jwe import encrypt_compact

    header = {**_SEALED, "kid": to.kid, "cty": kind}
    return encrypt_compact(header, plain, _x(to.seal), registry=_jwe()).encode()


def sealed_to(raw: bytes) -> str:
    """Return the name of the key that a compact JWE is encrypted to; PeerError when it is none."""
    import json

    head, _, rest = raw.partition(b".")
    if rest.count(b".") != 3 or len(head) > 2048:
        raise PeerError("it is not an encrypted message (JWE)")
    try:
        header = json.loads(base64.urlsafe_b64decode(head + b"=" * (-len(head) % 4)))
        kid = header["kid"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise PeerError("it is not an encrypted message (JWE)") from None
    return str(kid)


def decrypt(raw: bytes, key: PeerKey, seal_seed: bytes) -> bytes:
    """Return what was encrypted to ``key``; PeerError for anything else."""
    from joserfc.errors import JoseError
    from joserfc.jwe import decrypt_compact

    try:
        found = decrypt_compact(raw, _x(key.seal, seal_seed), registry=_jwe())
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise PeerError(f"it is not encrypted to this hub: {error or 'no such key'}") from None
    return found.plaintext or b""


def _jws() -> JWSRegistry:
    from joserfc.jws import JWSRegistry

    registry = JWSRegistry(algorithms=[_SIGNED])
    registry.max_payload_length = BIGGEST
    return registry


def _jwe() -> JWERegistry:
    from joserfc.jwe import JWERegistry

    registry = JWERegistry(algorithms=list(_SEALED.values()))
    registry.max_ciphertext_length = BIGGEST
    return registry


def _ed(public: str, seed: bytes | None = None) -> Any:
    return _okp("Ed25519", public, seed)


def _x(public: str, seed: bytes | None = None) -> Any:
    return _okp("X25519", public, seed)


def _okp(curve: str, public: str, secret: bytes | None) -> Any:
    from joserfc.jwk import OKPKey

    key: dict[str, str | list[str]] = {"kty": "OKP", "crv": curve, "x": public}
    return OKPKey.import_key({**key, "d": b64(secret)} if secret else key)


def b64(raw: bytes) -> str:
    """Return bytes in base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """Return the bytes of ``b64``. ValueError for anything else."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
