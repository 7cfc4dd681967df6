"""One way of speaking for each version of the protocol, so that nobody else has to know which.

``wire_of`` is for whom we write to, ``wire_at`` for what came in under a path, ``detect`` for a
document of which nothing else is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, Protocol
from urllib.parse import urlsplit

from hub.domain.orders import ACTIONS, Action, Domain, OrderAnswer, OrderRequest, Subscriber
from integrations.beckn import acks, envelope, v2
from integrations.beckn.envelope import Context
from integrations.beckn.errors import BecknError
from integrations.beckn.grocery import Json
from integrations.beckn.keys import Identity
from integrations.beckn.reading import Node
from integrations.beckn.signature import countersign
from integrations.beckn.v1 import codes, messages
from integrations.beckn.v1.envelope import read_context as read_context_v1
from integrations.beckn.v2 import Asked as Asked

Version = Literal["2.0.0", "1.1.1"]


class Wire(Protocol):
    """A version of the protocol over the neutral model, both sides of it.

    Reading raises BecknError, whose text names the field that is wrong.
    """

    @property
    def version(self) -> Version:
        """Return the version as registries write it."""
        ...

    @property
    def base(self) -> str:
        """Return the path beneath which actions are, here and in the URIs we register."""
        ...

    def word(self, action: Action) -> str:
        """Return what an action is called, in paths and in the context."""
        ...

    def field(self, name: str) -> str:
        """Return the path of a field of the context, by its snake_case name."""
        ...

    def code_for(self, domain: Domain, offered: Iterable[str]) -> str | None:
        """Return by which of its ``offered`` codes a subscriber knows ``domain``, or None."""
        ...

    def read_context(self, document: Node) -> Context:
        """Read the envelope of a message, ``action`` as written."""
        ...

    def build_request(
        self,
        request: OrderRequest,
        *,
        bap_id: str,
        bap_uri: str,
        now: datetime,
        domain: str = "",
        country: str = "",
        city: str = "",
    ) -> Json:
        """Return a request; ``domain`` is the network's code for it, the others say where."""
        ...

    def read_answer(self, document: Node, sender: Subscriber, body_hash: str = "") -> OrderAnswer:
        """Read a callback that ``sender`` signed."""
        ...

    def read_request(self, document: Node) -> Asked:
        """Read a request, as the provider does."""
        ...

    def build_answer(
        self, context: Context, answer: OrderAnswer, *, request_digest: str | None, now: datetime
    ) -> Json:
        """Return the callback that ``answer`` is to the request of ``context``."""
        ...

    def receipt(
        self,
        error: BecknError | None,
        request: bytes,
        message_id: str,
        identity: Identity,
        now: datetime,
    ) -> Json:
        """Return the body of the synchronous answer: ACK, or NACK with ``error``."""
        ...


class _V2:
    version: Version = "2.0.0"
    base = v2.BASE

    def word(self, action: Action) -> str:
        return action

    def field(self, name: str) -> str:
        first, *rest = name.split("_")
        return "context." + first + "".join(part.capitalize() for part in rest)

    def code_for(self, domain: Domain, offered: Iterable[str]) -> str | None:
        return domain if domain in offered else None

    def read_context(self, document: Node) -> Context:
        return envelope.read_context(document)

    def build_request(
        self,
        request: OrderRequest,
        *,
        bap_id: str,
        bap_uri: str,
        now: datetime,
        domain: str = "",
        country: str = "",
        city: str = "",
    ) -> Json:
        return v2.build_request(request, bap_id=bap_id, bap_uri=bap_uri, now=now)

    def read_answer(self, document: Node, sender: Subscriber, body_hash: str = "") -> OrderAnswer:
        return v2.read_answer(document, sender, body_hash)

    def read_request(self, document: Node) -> Asked:
        return v2.read_request(document)

    def build_answer(
        self, context: Context, answer: OrderAnswer, *, request_digest: str | None, now: datetime
    ) -> Json:
        return v2.build_answer(context, answer, request_digest=request_digest, now=now)

    def receipt(
        self,
        error: BecknError | None,
        request: bytes,
        message_id: str,
        identity: Identity,
        now: datetime,
    ) -> Json:
        return countersign(acks.write_v2(error), request, message_id, identity, now)


class _V1:
    version: Version = codes.VERSION
    base = messages.BASE

    def word(self, action: Action) -> str:
        return codes.WORDS[action]

    def field(self, name: str) -> str:
        return f"context.{name}"

    def code_for(self, domain: Domain, offered: Iterable[str]) -> str | None:
        return codes.code_for(domain, offered)

    def read_context(self, document: Node) -> Context:
        return read_context_v1(document)

    def build_request(
        self,
        request: OrderRequest,
        *,
        bap_id: str,
        bap_uri: str,
        now: datetime,
        domain: str = "",
        country: str = "",
        city: str = "",
    ) -> Json:
        return messages.build_request(
            request,
            bap_id=bap_id,
            bap_uri=bap_uri,
            now=now,
            domain=domain,
            country=country,
            city=city,
        )

    def read_answer(self, document: Node, sender: Subscriber, body_hash: str = "") -> OrderAnswer:
        return messages.read_answer(document, sender, body_hash)

    def read_request(self, document: Node) -> Asked:
        return messages.read_request(document)

    def build_answer(
        self, context: Context, answer: OrderAnswer, *, request_digest: str | None, now: datetime
    ) -> Json:
        return messages.build_answer(context, answer, request_digest=request_digest, now=now)

    def receipt(
        self,
        error: BecknError | None,
        request: bytes,
        message_id: str,
        identity: Identity,
        now: datetime,
    ) -> Json:
        return acks.write_v1(error)


V2: Wire = _V2()
V1: Wire = _V1()
WIRES: tuple[Wire, ...] = (V2, V1)


def wire_of(version: str) -> Wire:
    """Return how a subscriber of that version is spoken to; BecknError for an unknown one."""
    for wire in WIRES:
        if wire.version == version:
            return wire
    raise BecknError(f"Beckn {version[:20]} is not spoken here: 2.0.0 and 1.1.1 are")


def wire_at(path: str) -> Wire:
    """Return the version that is spoken beneath a path of ours, version 2 where it is neither."""
    return V1 if path.startswith(f"{V1.base}/") else V2


def detect(document: Node) -> Wire:
    """Return the version of a message by how its context names things (bapId or bap_id)."""
    context = document.node("context")
    if any(context.has(name) for name in ("bapId", "messageId", "transactionId")):
        return V2
    if any(context.has(name) for name in ("bap_id", "message_id", "transaction_id")):
        return V1
    raise BecknError("context: expected bapId, messageId, … (2.0.0) or bap_id, … (1.1.1)")


def callbacks(wire: Wire) -> tuple[str, ...]:
    """Return the paths at which a buyer takes callbacks of a version."""
    return tuple(f"{wire.base}/on_{wire.word(action)}" for action in ACTIONS)


def requests(wire: Wire) -> tuple[str, ...]:
    """Return the paths at which a provider takes requests of a version."""
    return tuple(f"{wire.base}/{wire.word(action)}" for action in ACTIONS)


def reply_uri(registered: str, registered_version: str, wire: Wire, claimed: str) -> str:
    """Return where an answer in ``wire``'s version goes.

    The registry's address counts. Only where the receiver is registered with the other version,
    the path (and no other host) that its own signed message named is taken.
    """
    if registered_version != wire.version and _origin(claimed) == _origin(registered):
        return claimed
    return registered


def _origin(uri: str) -> tuple[str, str | None, int | None] | None:
    try:
        parts = urlsplit(uri)
        return parts.scheme, parts.hostname, parts.port
    except ValueError:
        return None
