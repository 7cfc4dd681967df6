"""A browser that wants to be told: its Web Push subscription (RFC 8030; W3C Push API)."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from urllib.parse import urlsplit

from hub.domain.values import dataclass

MOST_ENDPOINT = 2048
"""Characters of an endpoint's address."""

_POINT = 65
_AUTH = 16


@dataclass(frozen=True, slots=True)
class PushSubscription:
    """Where one browser of one member is reached, and the keys only it can read with.

    ``p256dh`` is its public key, an uncompressed point of P-256 (65 bytes), ``auth`` its secret
    of 16 bytes (RFC 8291, 3.1 and 3.2). ``id`` names the endpoint and reveals nothing of it.
    """

    member: str
    endpoint: str
    p256dh: bytes
    auth: bytes

    @property
    def id(self) -> str:
        """Name the endpoint: whoever knows an endpoint may send to it, its hash may be shown."""
        return endpoint_id(self.endpoint)


def endpoint_id(endpoint: str) -> str:
    """Return the name of an endpoint."""
    return hashlib.blake2b(endpoint.encode("utf-8", "replace"), digest_size=16).hexdigest()


def read_subscription(member: str, endpoint: str, p256dh: str, auth: str) -> PushSubscription:
    """Return what a browser's ``PushSubscription.toJSON()`` says.

    Raises ValueError, in one line, where a field is not what the Push API gives.
    """
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        raise ValueError("endpoint: expected the address of a push service") from None
    plain = endpoint.isascii() and endpoint.isprintable() and " " not in endpoint
    if len(endpoint) > MOST_ENDPOINT or not plain:
        raise ValueError(f"endpoint: expected at most {MOST_ENDPOINT} plain characters")
    if parts.scheme != "https" or not parts.hostname or parts.username is not None or port == 0:
        raise ValueError("endpoint: expected https://… (RFC 8030, 8)")
    point, secret = _bytes("keys.p256dh", p256dh), _bytes("keys.auth", auth)
    if len(point) != _POINT or point[0] != 4:
        raise ValueError("keys.p256dh: expected an uncompressed point of P-256 (RFC 8291, 3.1)")
    if len(secret) != _AUTH:
        raise ValueError(f"keys.auth: expected {_AUTH} bytes (RFC 8291, 3.2)")
    return PushSubscription(member, endpoint, point, secret)


def _bytes(name: str, text: str) -> bytes:
    if len(text) > 256:
        raise ValueError(f"{name}: expected base64url")
    try:
        return urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except (Base64Error, ValueError):
        raise ValueError(f"{name}: expected base64url") from None
