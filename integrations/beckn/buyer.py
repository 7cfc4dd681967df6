"""The household's side of the network (BAP): asks providers, and takes their callbacks in."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from aiohttp import web

from hub.domain.orders import OrderAnswer, OrderRequest, Subscriber
from hub.ports import AnswerSink, Clock, DeliveryError
from hub.settings import BecknSettings
from integrations.beckn import v2
from integrations.beckn.envelope import VERSION, read_context
from integrations.beckn.errors import BecknError, SignatureError
from integrations.beckn.exchange import Receiver, Sender, message_id_of
from integrations.beckn.keys import Identity, load_or_create
from integrations.beckn.reading import Node
from integrations.beckn.registry import Entry, Registry

log = logging.getLogger(__name__)


class BecknBuyer:
    """Beckn v2.0.0 for the hub: a ``hub.ports.Provider``, and the routes of its callbacks."""

    def __init__(
        self,
        settings: BecknSettings,
        *,
        secrets_dir: Path,
        public_url_of: Callable[[], str],
        sink: AnswerSink,
        clock: Clock,
    ) -> None:
        """Make or load the household's identity in ``secrets_dir``.

        ``public_url_of`` returns how providers reach the hub (``http://host:port``), ``sink``
        stores an answer before it is acknowledged. Raises RegistryError for a damaged key file.
        """
        self.identity: Identity = load_or_create(
            secrets_dir, kind="hub", subscriber_id=settings.subscriber_id
        )
        self.registry = Registry(settings.registry)
        self._public_url_of = public_url_of
        self._sink = sink
        self._clock = clock
        self._receiver = Receiver(self.identity, self.registry)
        self._sender = Sender(self.identity, self.registry)

    @property
    def uri(self) -> str:
        """Return the URI that providers append ``/on_…`` to."""
        return self._public_url_of().rstrip("/") + v2.BASE

    def entry(self) -> Entry:
        """Return the household's own line for a registry file."""
        return Entry(
            subscriber_id=self.identity.subscriber_id,
            uri=self.uri,
            role="BAP",
            signing_public_key=self.identity.public_key,
            unique_key_id=self.identity.unique_key_id,
        )

    async def find(self, domain: str) -> Sequence[Subscriber]:
        """Return the registered providers of ``domain`` that speak v2.0.0."""
        return [
            entry.subscriber
            for entry in self.registry.entries()
            if entry.role == "BPP" and domain in entry.domains and entry.version == VERSION
        ]

    async def send(self, request: OrderRequest) -> None:
        """Return when the provider has acknowledged; raise DeliveryError as the port says.

        The address is the registry's, whatever the request says.
        """
        name = request.to.subscriber_id
        entry = self.registry.find(name, role="BPP")
        if entry is None:
            raise DeliveryError(f"{name} is not a provider in the registry", retry=False)
        now = self._clock.now()
        try:
            document = v2.build_request(
                request, bap_id=self.identity.subscriber_id, bap_uri=self.uri, now=now
            )
        except BecknError as error:
            raise DeliveryError(str(error), retry=False) from error
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        await self._sender.post(entry, request.action, body, request.message_id, now)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the callbacks, to be added to the hub's web application."""
        return [web.post(f"{v2.BASE}/on_{action}", self._callback) for action in v2.SPOKEN]

    async def close(self) -> None:
        """Close the connections to providers."""
        await self._sender.close()

    async def _callback(self, http: web.Request) -> web.Response:
        now = self._clock.now()
        body, message_id = b"", ""
        try:
            sender, body, document = await self._receiver.receive(http, now)
            message_id = message_id_of(document)
            answer = self._read(http.path, sender, body, document)
        except SignatureError as error:
            log.warning("%s refused: %s", http.path, error)
            return self._receiver.unauthorized(error, now)
        except BecknError as error:
            log.warning("%s refused: %s", http.path, error)
            return self._receiver.nack(error, body, message_id, now)
        return await self._keep(http.path, answer, body, now)

    def _read(self, path: str, sender: str, body: bytes, document: Node) -> OrderAnswer:
        entry = self.registry.find(sender, role="BPP")
        if entry is None:
            raise BecknError(f"{sender} is not registered as a provider (BPP)")
        context = read_context(document)
        if context.bpp_id != sender:
            raise BecknError(f"context.bppId: expected {sender}, whose key signed this")
        if context.bap_id != self.identity.subscriber_id:
            raise BecknError(f"context.bapId: expected {self.identity.subscriber_id}")
        if not path.endswith(f"/{context.action}"):
            raise BecknError(f"context.action: expected the action of {path}")
        return v2.read_answer(document, entry.subscriber, sha256(body).hexdigest())

    async def _keep(
        self, path: str, answer: OrderAnswer, body: bytes, now: datetime
    ) -> web.Response:
        try:
            await self._sink(answer)
        except Exception:
            log.exception("%s of %s could not be stored", path, answer.sender.subscriber_id)
            busy = BecknError("it could not be stored; send it again", status=503)
            return self._receiver.nack(busy, body, answer.message_id, now)
        return self._receiver.ack(body, answer.message_id, now)
