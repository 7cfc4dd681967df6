"""Action tokens: what a button on a phone carries. Signed, single-use, bound and expiring.

A token binds one suggestion, its version, one verb, one option and one member; it is spent by the
flow in the same transaction as the decision it makes, so a second tap meets the first's outcome.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from datetime import UTC, datetime

from hub.domain.suggestions import VERBS, Verb
from hub.domain.values import dataclass

_MAC_BYTES = 16
_MAX_LENGTH = 512


class BadToken(Exception):
    """The token was not made by this hub, was altered, or has expired (``expired``)."""

    def __init__(self, message: str, *, expired: bool = False) -> None:
        super().__init__(message)
        self.expired = expired


@dataclass(frozen=True, slots=True)
class ActionToken:
    """What a token says; ``expires`` is an aware instant, kept to the second."""

    suggestion_id: str
    version: int
    verb: Verb
    member: str
    expires: datetime
    option: str | None = None

    @property
    def id(self) -> str:
        """Name it, for noting that it was spent; equal tokens are the same token."""
        return hashlib.blake2b(_body(self), digest_size=16).hexdigest()


def _body(token: ActionToken) -> bytes:
    return json.dumps(
        [
            token.suggestion_id,
            token.version,
            token.verb,
            token.member,
            int(token.expires.timestamp()),
            token.option,
        ],
        separators=(",", ":"),
    ).encode()


def _mac(secret: bytes, body: bytes) -> bytes:
    return hmac.new(secret, b"commonhearth action token\0" + body, hashlib.sha256).digest()[
        :_MAC_BYTES
    ]


def sign(token: ActionToken, secret: bytes) -> str:
    """Return the token as URL-safe text; ``secret`` is the household's, at least 32 bytes."""
    body = _body(token)
    return urlsafe_b64encode(_mac(secret, body) + body).rstrip(b"=").decode()


def verify(text: str, secret: bytes, now: datetime) -> ActionToken:
    """Return what the token says. Raises BadToken when it is forged, malformed or expired."""
    if len(text) > _MAX_LENGTH:
        raise BadToken("this is not an action link of this hub")
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (Base64Error, ValueError) as error:
        raise BadToken("this is not an action link of this hub") from error
    mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(secret, body)):
        raise BadToken("this is not an action link of this hub")
    suggestion_id, version, verb, member, expires, option = json.loads(body)
    if verb not in VERBS:
        raise BadToken(f"unknown action {verb!r}")
    token = ActionToken(
        suggestion_id, version, verb, member, datetime.fromtimestamp(expires, UTC), option
    )
    if now >= token.expires:
        raise BadToken("this action link has expired", expired=True)
    return token
