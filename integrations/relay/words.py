"""The words of a relay: what is relayed, who a hub is, and who tells true senders from false."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from datetime import datetime
from typing import Protocol

from hub.domain.values import dataclass

BIGGEST_BODY = 1024 * 1024
"""Bytes of a message that is relayed."""

TOPICS = "commonhearth/relay/v1"
"""Below it, each hub has a mailbox: ``<mailbox>/in`` for messages, ``<mailbox>/done`` for their
receipts. A hub's MQTT client id is its mailbox, so that a broker's access list can tell them apart.
"""

MOST_RECEIPTS = 64
"""Receipts in one message."""

HELLO = "hello"
"""What a hub says among its receipts when the broker kept no session for it: what the relay still
has is to be handed over again."""

PASSED_ON = (
    "authorization",
    "content-type",
    "digest",
    "signature",
    "x-gateway-authorization",
)
"""Headers that are handed on with a message."""


class RelayError(Exception):
    """A relay that cannot be used, or a message that is none; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Relayed:
    """A message as it came to the relay: ``path`` begins after the hub's own address.

    The bytes of ``body`` are the sender's, so that the hub can check the signature again. That was
    made for ``received_at`` (the relay's clock, signed by the relay), which may be long ago.
    ``token`` is the receipt by which the relay forgets the message.
    """

    path: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    token: str


@dataclass(frozen=True)
class Member:
    """A hub as a relay sees it, and what only the hub itself can do.

    Keys are base64 of 32 bytes: Ed25519 to sign, X25519 to encrypt. ``encryption_key`` is the
    private half. ``sign`` returns the ``Authorization`` header for a body at an instant.
    ``older_keys`` open what was sealed before the keys were changed.
    """

    subscriber_id: str
    key_id: str
    signing_public_key: str
    encryption_key: bytes = field(repr=False)
    sign: Callable[[bytes, datetime], str]
    older_keys: tuple[bytes, ...] = field(default=(), repr=False)


class Gate(Protocol):
    """Who may use a relay, in the words of the network it serves.

    Refusals are PermissionErrors, whose text says why.
    """

    @property
    def subscriber_id(self) -> str:
        """Return the relay's own name."""
        ...

    @property
    def public_key(self) -> str:
        """Return the relay's own Ed25519 key, base64."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the relay's 64-byte signature."""
        ...

    def sender(self, authorization: str, body: bytes, now: datetime) -> Awaitable[str]:
        """Return the id of who signed ``body``; PermissionError when it is not proven."""
        ...

    def member(
        self,
        authorization: str,
        body: bytes,
        claimed: tuple[str, str, str],
        now: datetime,
    ) -> Awaitable[bool]:
        """Check that the holder of a key asks to be enrolled: (subscriber id, key id, key).

        True when the registry knows that key, False when it does not know the participant (yet).
        PermissionError when the signature is not by that key, or the registry names another.
        """
        ...

    def answer(
        self, path: str, body: bytes, refusal: str, status: int, now: datetime
    ) -> dict[str, object]:
        """Return the network's acknowledgement of ``body``; a refusal says why it is not taken."""
        ...

    def close(self) -> Awaitable[None]:
        """Close what it asks others with."""
        ...
