"""Who may use a relay on a Beckn network: those in the registry, by their signatures."""

from __future__ import annotations

from datetime import datetime

from integrations.beckn.errors import BecknError, SignatureError
from integrations.beckn.exchange import message_id_of
from integrations.beckn.keys import Identity
from integrations.beckn.reading import Node, parse
from integrations.beckn.registry import Registry
from integrations.beckn.registry.entry import key_bytes
from integrations.beckn.signature import read, verify
from integrations.beckn.wire import wire_at


class BecknGate:
    """Tells a relay (``integrations.relay``, by its protocol ``Gate``) true senders from false.

    ``identity`` is the relay's own; it holds no key of anybody else.
    """

    def __init__(self, identity: Identity, registry: Registry) -> None:
        """Believe whom ``registry`` knows."""
        self._identity = identity
        self._registry = registry

    @property
    def subscriber_id(self) -> str:
        """Return the relay's own name."""
        return self._identity.subscriber_id

    @property
    def public_key(self) -> str:
        """Return the relay's own Ed25519 key, base64."""
        return self._identity.public_key

    def sign(self, message: bytes) -> bytes:
        """Return the relay's 64-byte signature."""
        return self._identity.sign(message)

    async def sender(self, authorization: str, body: bytes, now: datetime) -> str:
        """Return the id of who signed ``body``; PermissionError when it is not proven."""
        try:
            claimed = read(authorization)
            await self._registry.refresh(claimed.subscriber_id, claimed.unique_key_id)
            return verify(authorization, body, self._registry.public_key_of, now)
        except SignatureError as error:
            raise PermissionError(str(error)) from None

    async def member(
        self, authorization: str, body: bytes, claimed: tuple[str, str, str], now: datetime
    ) -> bool:
        """Check that the holder of a key (subscriber id, key id, key) signed ``body``.

        True when the registry knows that key, False when it does not know the participant (yet):
        a hub needs its address before it can be registered. PermissionError otherwise.
        """
        subscriber_id, key_id, key = claimed
        try:
            signer = read(authorization)
            if (signer.subscriber_id, signer.unique_key_id) != (subscriber_id, key_id):
                raise SignatureError("it is not signed by the key that it names")
            verify(authorization, body, lambda who, name: key_bytes(key), now)
        except SignatureError as error:
            raise PermissionError(str(error)) from None
        await self._registry.refresh(subscriber_id, key_id)
        if self._registry.find(subscriber_id) is None:
            return False
        if self._registry.public_key_of(subscriber_id, key_id) != key_bytes(key):
            raise PermissionError(f"the registry knows {subscriber_id} by another key")
        return True

    def answer(
        self, path: str, body: bytes, refusal: str, status: int, now: datetime
    ) -> dict[str, object]:
        """Return the acknowledgement of ``body`` in the version spoken at ``path``.

        The relay signs for itself: "kept for the hub". The hub's own signature is not to be had.
        """
        error = BecknError(refusal, status=status) if refusal else None
        try:
            document = parse(body) if body else Node({}, "")
        except BecknError:
            document = Node({}, "")
        return wire_at(path).receipt(error, body, message_id_of(document), self._identity, now)

    async def close(self) -> None:
        """Close the registry's connections."""
        await self._registry.close()
