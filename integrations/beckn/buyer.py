"""The household's side of the network (BAP): asks providers, and takes their callbacks in."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import get_args

from aiohttp import web

from hub.domain.orders import Domain, OrderAnswer, OrderRequest, Signed, Subscriber
from hub.ports import AnswerSink, Clock, DeliveryError
from hub.settings import BecknSettings, RegistrySettings
from integrations.beckn.errors import BecknError, SignatureError
from integrations.beckn.exchange import Receiver, Sender, message_id_of
from integrations.beckn.keys import Identity, load_or_create
from integrations.beckn.reading import Node
from integrations.beckn.registry import Entry, Registry, Source
from integrations.beckn.registry.keep import KeyChange
from integrations.beckn.signature import SKEW, read, sign
from integrations.beckn.v1.codes import NETWORK_CODES
from integrations.beckn.wire import WIRES, Wire, callbacks, wire_at, wire_of

log = logging.getLogger(__name__)

OLDEST = timedelta(days=7)
"""How old a callback may be: providers repeat them, and relays keep them, while a hub is off."""


class BecknBuyer:
    """Both versions of Beckn for the hub: a ``hub.ports.Provider``, and its callbacks' routes.

    Each provider is spoken to in the version it is registered with.
    """

    def __init__(
        self,
        settings: BecknSettings,
        *,
        secrets_dir: Path,
        public_url_of: Callable[[], str],
        sink: AnswerSink,
        clock: Clock,
        on_change: Callable[[KeyChange], None] | None = None,
    ) -> None:
        """Make or load the household's identity in ``secrets_dir``.

        ``public_url_of`` returns how providers reach the hub (``http://host:port``), ``sink``
        stores an answer before it is acknowledged, ``on_change`` is told of a pinned participant's
        key that is refused. Raises RegistryError for a damaged key file.
        """
        self.identity: Identity = load_or_create(
            secrets_dir, kind="hub", subscriber_id=settings.subscriber_id
        )
        self.sources = [source_of(one) for one in settings.registries]
        self.registry = Registry(
            settings.registry,
            sources=self.sources,
            identity=self.identity,
            data=secrets_dir.parent,
            now=clock.now,
            on_change=on_change,
        )
        self._settings = settings
        self._public_url_of = public_url_of
        self._sink = sink
        self._clock = clock
        self._receiver = Receiver(self.identity, self.registry)
        self._sender = Sender(self.identity, self.registry)

    @property
    def uri(self) -> str:
        """Return the URI that we are registered with: providers append ``/on_…`` to it."""
        return self.uri_of(wire_of(self._settings.version))

    def uri_of(self, wire: Wire) -> str:
        """Return the URI for callbacks of a version."""
        return self._public_url_of().rstrip("/") + wire.base

    def entry(self) -> Entry:
        """Return the household's own line for a registry file."""
        return Entry(
            subscriber_id=self.identity.subscriber_id,
            uri=self.uri,
            role="BAP",
            signing_public_key=self.identity.public_key,
            unique_key_id=self.identity.unique_key_id,
            version=self._settings.version,
        )

    def follow(self, identity: Identity) -> None:
        """Be known by another key from now on; what was signed by the one before stays signed."""
        self.identity = identity
        for part in (self.registry, self._receiver, self._sender):
            part.follow(identity)

    def vouch(self, body: bytes, now: datetime) -> str:
        """Return the header by which a provider knows that ``body`` is ours (Beckn's signing)."""
        return sign(body, self.identity, now)

    async def find(self, domain: str) -> Sequence[Subscriber]:
        """Return the registered providers of ``domain``, by whichever code they list it."""
        named = next((one for one in get_args(Domain) if one == domain), None)
        if named is not None:
            await asyncio.gather(*map(self.registry.discover, NETWORK_CODES[named]))
        return [
            entry.subscriber
            for entry in self.registry.entries()
            if entry.role == "BPP" and _code_for(entry, domain) is not None
        ]

    async def send(self, request: OrderRequest) -> Signed:
        """Return when the provider has acknowledged; raise DeliveryError as the port says.

        The address is the registry's, whatever the request says.
        """
        name = request.to.subscriber_id
        await self.registry.refresh(name)
        entry = self.registry.find(
            name, role="BPP", version=request.to.version
        ) or self.registry.find(name, role="BPP")
        if entry is None:
            raise DeliveryError(f"{name} is not a provider in the registry", retry=False)
        now = self._clock.now()
        wire = wire_of(entry.version)
        try:
            document = wire.build_request(
                request,
                bap_id=self.identity.subscriber_id,
                bap_uri=self.uri_of(wire),
                now=now,
                domain=_code_for(entry, request.domain) or request.domain,
                country=self._settings.country,
                city=self._settings.city,
            )
        except BecknError as error:
            raise DeliveryError(str(error), retry=False) from error
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        word = wire.word(request.action)
        return await self._sender.post(entry, word, body, request.message_id, now)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the callbacks, to be added to the hub's web application."""
        return [web.post(path, self._callback) for wire in WIRES for path in callbacks(wire)]

    async def take(self, path: str, authorization: str, body: bytes, received_at: datetime) -> None:
        """Return once a callback that a relay kept for us is stored.

        Its signature is checked as of when the relay took it. One that is refused is said and
        done with; raises what the sink raises when it could not be stored.
        """
        now = self._clock.now()
        try:
            if path not in callbacks(wire_at(path)):
                raise BecknError("no callback is taken there")
            _check_time(received_at, now)
            sender, document = await self._receiver.check(authorization, body, received_at)
            answer = self._read(path, sender, body, document, now)
            answer = self._signed(answer, authorization, body)
        except (SignatureError, BecknError) as error:
            log.warning("%s over the relay refused: %s", path, error)
            return
        await self._sink(answer)

    async def close(self) -> None:
        """Close the connections to providers and registries."""
        await self._sender.close()
        await self.registry.close()

    async def _callback(self, http: web.Request) -> web.Response:
        now, wire = self._clock.now(), wire_at(http.path)
        body, message_id = b"", ""
        try:
            sender, body, document = await self._receiver.receive(http, now)
            message_id = message_id_of(document)
            answer = self._read(http.path, sender, body, document, now)
            answer = self._signed(answer, http.headers.get("Authorization", ""), body)
        except SignatureError as error:
            log.warning("%s refused: %s", http.path, error)
            return self._receiver.unauthorized(error, now, wire)
        except BecknError as error:
            log.warning("%s refused: %s", http.path, error)
            return self._receiver.nack(error, body, message_id, now, wire)
        try:
            await self._sink(answer)
        except Exception:
            log.exception("%s of %s could not be stored", http.path, sender)
            busy = BecknError("it could not be stored; send it again", status=503)
            return self._receiver.nack(busy, body, answer.message_id, now, wire)
        return self._receiver.ack(body, answer.message_id, now, wire)

    def _signed(self, answer: OrderAnswer, authorization: str, body: bytes) -> OrderAnswer:
        """Return an answer with its proof: what was verified a moment ago, by whose key."""
        claimed = read(authorization)
        key = self.registry.public_key_of(claimed.subscriber_id, claimed.unique_key_id)
        return replace(answer, signed=Signed(body, authorization, key or b""))

    def _read(
        self, path: str, sender: str, body: bytes, document: Node, now: datetime
    ) -> OrderAnswer:
        wire = wire_at(path)
        entry = self.registry.find(sender, role="BPP", version=wire.version)
        entry = entry or self.registry.find(sender, role="BPP")
        if entry is None:
            raise BecknError(f"{sender} is not registered as a provider (BPP)")
        context = wire.read_context(document)
        if context.bpp_id != sender:
            raise BecknError(f"{wire.field('bpp_id')}: expected {sender}, whose key signed this")
        if context.bap_id != self.identity.subscriber_id:
            raise BecknError(f"{wire.field('bap_id')}: expected {self.identity.subscriber_id}")
        if not path.endswith(f"/{context.action}"):
            raise BecknError(f"context.action: expected the action of {path}")
        _check_time(context.timestamp, now)
        return wire.read_answer(document, entry.subscriber, sha256(body).hexdigest())


def source_of(settings: RegistrySettings) -> Source:
    """Return a registry of the settings as the client knows it."""
    return Source(
        settings.url.rstrip("/"),
        form=settings.form,
        network=settings.network,
        subscriber_id=settings.subscriber_id,
        unique_key_id=settings.unique_key_id,
        signing_public_key=settings.signing_public_key,
        encr_public_key=settings.encr_public_key,
    )


def _code_for(entry: Entry, domain: str) -> str | None:
    """Return by which code a provider lists ``domain``, None where it does not."""
    named = next((one for one in get_args(Domain) if one == domain), None)
    return None if named is None else wire_of(entry.version).code_for(named, entry.domains)


def _check_time(told_at: datetime, now: datetime) -> None:
    """Refuse what cannot have been said at that time.

    A callback's ``ttl`` does not make it void: a confirmation counts, however late it comes, and
    an offer says itself until when it binds.
    """
    if told_at > now + timedelta(seconds=SKEW):
        raise BecknError("context.timestamp: it is in the future: compare the clocks")
    if told_at < now - OLDEST:
        raise BecknError(f"context.timestamp: expected one of the last {OLDEST.days} days")
