"""Beckn's HTTP signatures: Ed25519 over the BLAKE2b-512 digest of the body.

Follows the schemas ``Signature`` and ``CounterSignature`` of Beckn v2.0.0 LTS (BECKN-006, after
draft-cavage-http-signatures-12).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import blake2b

from hub.domain.values import dataclass
from integrations.beckn.errors import SignatureError
from integrations.beckn.keys import Identity

SKEW = 30
"""Seconds by which two participants' clocks may differ."""

LIFE = 60
"""Seconds a signature of ours is good for."""

LONGEST_LIFE = 3600
"""Seconds: a signature that claims to be good for longer is refused, or it could be replayed."""

SIGNED = "(created) (expires) digest"
COUNTERSIGNED = f"{SIGNED} (request-digest) (message-id)"

LABELS = ("BLAKE-512", "BLAKE2b-512")
"""What the digest is called in the string that is signed: the specification's word, which is the
one we write, and the one some implementations use. Both mean BLAKE2b-512."""

PublicKeyOf = Callable[[str, str], bytes | None]
"""(subscriber_id, unique_key_id) -> the 32 bytes of its public key, None when not registered."""

_PART = re.compile(r'\s*([A-Za-z]+)\s*=\s*(?:"([^"]*)"|(\d+))\s*')
_LONGEST_HEADER = 2048


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature header, read but not yet verified; ``created`` and ``expires`` are Unix times."""

    subscriber_id: str
    unique_key_id: str
    created: int
    expires: int
    headers: str
    value: bytes


def digest(body: bytes) -> str:
    """Return ``BLAKE-512=`` and the base64 of the body's BLAKE2b-512 hash."""
    return f"{LABELS[0]}={base64.b64encode(blake2b(body, digest_size=64).digest()).decode()}"


def sign(body: bytes, identity: Identity, now: datetime, *, life: int = LIFE) -> str:
    """Return the ``Authorization`` header for ``body``, good for ``life`` seconds from ``now``."""
    created = int(now.timestamp())
    return _header(identity, created, created + life, SIGNED, {"digest": digest(body)})


def read(header: str) -> Signature:
    """Read a signature header; SignatureError names the part that is missing or wrong."""
    if len(header) > _LONGEST_HEADER:
        raise SignatureError(f"the signature is longer than {_LONGEST_HEADER} characters")
    scheme, _, rest = header.strip().partition(" ")
    if scheme.casefold() != "signature":
        raise SignatureError("expected an Authorization header that begins with 'Signature'")
    parts: dict[str, str] = {}
    position = 0
    while position < len(rest):
        part = _PART.match(rest, position)
        if part is None or part[1] in parts:
            raise SignatureError(f"cannot read the signature at character {position}")
        parts[part[1]] = part[2] if part[2] is not None else part[3]
        position = part.end()
        if position < len(rest) and rest[position] != ",":
            raise SignatureError(f"expected a comma at character {position} of the signature")
        position += 1
    return _checked(parts)


def verify(header: str, body: bytes, public_key_of: PublicKeyOf, now: datetime) -> str:
    """Return the subscriber id of who signed ``body``: the bytes as they came, never a copy.

    The digest's label is not sent, so both of ``LABELS`` are tried. Raises SignatureError when the
    sender is not registered, the body was changed, or the signature is not good at ``now`` (give
    or take SKEW seconds).
    """
    signature = read(header)
    if signature.headers != SIGNED:
        raise SignatureError(f'expected headers="{SIGNED}"')
    _check(signature, {"digest": digest(body)}, public_key_of, now)
    return signature.subscriber_id


def countersign(
    answer: Mapping[str, object], request: bytes, message_id: str, identity: Identity, now: datetime
) -> dict[str, object]:
    """Return ``answer`` with its ``signature``: proof that ``request`` was received.

    The digest covers the answer without its signature, as compact JSON in the order it has.
    """
    created = int(now.timestamp())
    covered = _covered(answer, request, message_id)
    return {
        **answer,
        "signature": _header(identity, created, created + LIFE, COUNTERSIGNED, covered),
    }


def verify_countersigned(
    answer: Mapping[str, object],
    request: bytes,
    message_id: str,
    public_key_of: PublicKeyOf,
    now: datetime,
) -> str:
    """Return who countersigned ``answer``; SignatureError when it proves nothing."""
    signature = read(str(answer.get("signature", "")))
    if signature.headers != COUNTERSIGNED:
        raise SignatureError(f'expected headers="{COUNTERSIGNED}"')
    bare = {name: value for name, value in answer.items() if name != "signature"}
    _check(signature, _covered(bare, request, message_id), public_key_of, now)
    return signature.subscriber_id


def _covered(answer: Mapping[str, object], request: bytes, message_id: str) -> dict[str, str]:
    body = json.dumps(answer, separators=(",", ":"), ensure_ascii=False, default=str).encode()
    return {
        "digest": digest(body),
        "(request-digest)": digest(request),
        "(message-id)": message_id,
    }


def _header(
    identity: Identity, created: int, expires: int, headers: str, covered: Mapping[str, str]
) -> str:
    value = identity.sign(_signing_string(created, expires, covered))
    key_id = f"{identity.subscriber_id}|{identity.unique_key_id}|ed25519"
    return (
        f'Signature keyId="{key_id}",algorithm="ed25519",created="{created}",'
        f'expires="{expires}",headers="{headers}",signature="{base64.b64encode(value).decode()}"'
    )


def _signing_string(created: int, expires: int, covered: Mapping[str, str]) -> bytes:
    lines = [f"(created): {created}", f"(expires): {expires}"]
    lines += [f"{name}: {value}" for name, value in covered.items()]
    return "\n".join(lines).encode()


def _checked(parts: Mapping[str, str]) -> Signature:
    for name in ("keyId", "algorithm", "created", "expires", "headers", "signature"):
        if name not in parts:
            raise SignatureError(f"the signature has no {name}")
    names = parts["keyId"].split("|")
    if len(names) != 3 or not all(names):
        raise SignatureError('expected keyId="subscriber_id|unique_key_id|ed25519"')
    if names[2] != "ed25519" or parts["algorithm"] != "ed25519":
        raise SignatureError("the only algorithm is ed25519")
    times = (parts["created"], parts["expires"])
    if not all(time.isascii() and time.isdigit() and len(time) <= 12 for time in times):
        raise SignatureError("expected created and expires as Unix times in seconds")
    try:
        value = base64.b64decode(parts["signature"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureError("expected the signature in base64") from error
    return Signature(
        names[0], names[1], int(parts["created"]), int(parts["expires"]), parts["headers"], value
    )


def _check(
    signature: Signature, covered: Mapping[str, str], public_key_of: PublicKeyOf, now: datetime
) -> None:
    present = now.timestamp()
    if signature.created > present + SKEW:
        raise SignatureError("the signature was made in the future: compare the clocks")
    if signature.expires < present - SKEW:
        raise SignatureError("the signature has expired")
    if not 0 < signature.expires - signature.created <= LONGEST_LIFE:
        raise SignatureError(f"a signature must be good for 1 to {LONGEST_LIFE} s")
    public_key = public_key_of(signature.subscriber_id, signature.unique_key_id)
    if public_key is None:
        raise SignatureError(
            f"{signature.subscriber_id} with key {signature.unique_key_id} is not in the registry"
        )
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = Ed25519PublicKey.from_public_bytes(public_key)
    for label in LABELS:
        named = {name: value.replace(LABELS[0], label, 1) for name, value in covered.items()}
        message = _signing_string(signature.created, signature.expires, named)
        try:
            return key.verify(signature.value, message)
        except InvalidSignature:
            continue
    raise SignatureError("the signature does not fit the message")
