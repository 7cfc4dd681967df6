"""Receiving and sending signed messages over HTTP: what both sides of a network do alike."""

from __future__ import annotations

import asyncio
import base64
import logging
from datetime import datetime
from time import monotonic

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web
from aiohttp.client_exceptions import ClientConnectorError, ClientError, ConnectionTimeoutError

from hub.domain.orders import Signed
from hub.domain.rate import Rate
from hub.ports import DeliveryError
from integrations.beckn.acks import TAKEN, read_ack
from integrations.beckn.errors import BecknError, SignatureError
from integrations.beckn.keys import Identity
from integrations.beckn.reading import BIGGEST_BODY, Node, parse
from integrations.beckn.registry import Entry, Registry
from integrations.beckn.signature import SIGNED, read, sign, verify, verify_countersigned
from integrations.beckn.wire import V2, Wire

log = logging.getLogger(__name__)

_BIGGEST_ANSWER = 64 * 1024
_NOTHING_DONE = (429, 501, 503)
"""Answers that say so (RFC 9110, 15.6, and RFC 6585, 4); behind another one a message may have been
taken: a proxy that lost patience answers 504."""
PATIENCE = 15.0
"""Seconds an acknowledgement is awaited, and a message's body."""

RATE = 20
BURST = 100
"""Messages a second that one sender may send for long, and at once."""


class Receiver:
    """Turns an HTTP request into a verified message, and answers it as Beckn does."""

    def __init__(self, identity: Identity, registry: Registry) -> None:
        """Answer as ``identity``; believe whom ``registry`` knows."""
        self._identity = identity
        self._registry = registry
        self._rate = Rate(RATE, BURST)

    def follow(self, identity: Identity) -> None:
        """Answer by another key of ours from now on."""
        self._identity = identity

    async def receive(self, request: web.Request, now: datetime) -> tuple[str, bytes, Node]:
        """Return who sent a message, its bytes and its JSON.

        Raises SignatureError before anything of the body is believed, and BecknError for a body
        that is too big or no JSON, for a sender that floods, and for one whom nobody can be asked
        about now.
        """
        header = request.headers.get("Authorization", "")
        claimed = read(header)
        await self._registry.refresh(claimed.subscriber_id, claimed.unique_key_id)
        if self._registry.public_key_of(claimed.subscriber_id, claimed.unique_key_id) is None:
            # A stranger is turned away before a byte of the body is read.
            if self._registry.unsure(claimed.subscriber_id):
                raise BecknError("the registry cannot be asked now: send it again", status=503)
            raise SignatureError(f"{claimed.subscriber_id} is not in the registry with that key")
        body = await _bounded(request)
        sender = verify(header, body, self._registry.public_key_of, now)
        if not self._rate.allow(sender, monotonic()):
            raise BecknError(f"more than {RATE} messages a second: send it again", status=429)
        return sender, body, parse(body)

    async def check(self, header: str, body: bytes, received_at: datetime) -> tuple[str, Node]:
        """Return who sent ``body``, which came over a relay at ``received_at``, and its JSON.

        Raises SignatureError and BecknError as ``receive`` does.
        """
        claimed = read(header)
        await self._registry.refresh(claimed.subscriber_id, claimed.unique_key_id)
        return verify(header, body, self._registry.public_key_of, received_at), parse(body)

    def ack(self, body: bytes, message_id: str, now: datetime, wire: Wire = V2) -> web.Response:
        """Answer that the message is kept, in its version's form: only after it is."""
        return self._answer(None, body, message_id, now, wire)

    def nack(
        self, error: BecknError, body: bytes, message_id: str, now: datetime, wire: Wire = V2
    ) -> web.Response:
        """Answer why the message is not taken."""
        return self._answer(error, body, message_id, now, wire)

    def unauthorized(self, error: SignatureError, now: datetime, wire: Wire = V2) -> web.Response:
        """Answer that the sender did not prove who they are."""
        response = self.nack(BecknError(str(error), status=401), b"", "", now, wire)
        response.headers["WWW-Authenticate"] = (
            f'Signature realm="{self._identity.subscriber_id}",headers="{SIGNED}"'
        )
        return response

    def _answer(
        self, error: BecknError | None, body: bytes, message_id: str, now: datetime, wire: Wire
    ) -> web.Response:
        receipt = wire.receipt(error, body, message_id, self._identity, now)
        return web.json_response(receipt, status=error.status if error else 200)


class Sender:
    """Sends signed messages to registered participants, and to nobody else."""

    def __init__(
        self, identity: Identity, registry: Registry, *, patience: float = PATIENCE
    ) -> None:
        """Sign as ``identity``; wait ``patience`` seconds for an acknowledgement."""
        self._timeout = ClientTimeout(total=patience, sock_connect=min(patience, 5.0))
        self._identity = identity
        self._registry = registry
        self._session: ClientSession | None = None

    def follow(self, identity: Identity) -> None:
        """Sign by another key of ours from now on."""
        self._identity = identity

    async def post(
        self,
        to: Entry,
        action: str,
        body: bytes,
        message_id: str,
        now: datetime,
        *,
        uri: str | None = None,
    ) -> Signed:
        """Return what was sent when ``to`` has acknowledged it; raise DeliveryError otherwise.

        ``action`` is the word of the version that is spoken. ``uri`` is where it goes, if not to
        the registry's address (``wire.reply_uri``). Nothing sent, or an answer of 5xx: ``retry``.
        Refused: not. Silence, a broken connection after sending, an answer that is neither ACK
        nor NACK, or one of 5xx that does not say that nothing was done: ``unknown``.
        """
        address = (uri or to.uri).rstrip("/")
        where = f"{to.subscriber_id} ({address})"
        url = f"{address}/{action}"
        headers = {
            "Authorization": sign(body, self._identity, now),
            "Content-Type": "application/json",
        }
        try:
            async with self._client().post(
                url, data=body, headers=headers, allow_redirects=False
            ) as response:
                status = response.status
                answer = await response.content.read(_BIGGEST_ANSWER)
                while (more := await response.content.read(_BIGGEST_ANSWER)) and (
                    len(answer) + len(more) <= _BIGGEST_ANSWER
                ):
                    answer += more
        except (ClientConnectorError, ConnectionTimeoutError) as error:
            raise DeliveryError(f"{where} cannot be reached: {error}", retry=True) from error
        except (ClientError, TimeoutError, OSError) as error:
            reason = str(error) or "no answer in time"
            raise DeliveryError(
                f"{where} did not answer {action}: {reason}", retry=False, unknown=True
            ) from error
        self._judge(where, action, status, answer, (body, message_id, now))
        own = base64.b64decode(self._identity.public_key)
        return Signed(body, headers["Authorization"], own, answer)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _client(self) -> ClientSession:
        if self._session is None:
            # Kept-alive connections that the other side just closed look like silence after
            # sending; a fresh one each tells apart what was sent from what was not.
            self._session = ClientSession(
                connector=TCPConnector(force_close=True, limit=20), timeout=self._timeout
            )
        return self._session

    def _judge(
        self,
        where: str,
        action: str,
        status: int,
        answer: bytes,
        sent: tuple[bytes, str, datetime],
    ) -> None:
        if status >= 500 or status == 429:
            raise DeliveryError(
                f"{where} answered {action} with {status}",
                retry=True,
                unknown=status not in _NOTHING_DONE,
            )
        try:
            document = parse(answer)
            ack = read_ack(document)
            if status in TAKEN and ack.word not in ("ACK", "NACK"):
                raise BecknError(f"status: expected ACK or NACK, got {ack.word[:20]!r}")
        except BecknError as problem:
            if status in TAKEN:
                raise DeliveryError(
                    f"{where} answered {action} with something else than ACK: {problem}",
                    retry=False,
                    unknown=True,
                ) from problem
            raise DeliveryError(f"{where} answered {action} with {status}", retry=False) from None
        if status not in TAKEN or ack.word != "ACK":
            told = f": {ack.why}" if ack.why else ""
            raise DeliveryError(f"{where} refused {action} ({status}){told}", retry=False)
        if not document.has("signature"):
            # Version 1 gives no receipt, and not every implementation of version 2 does.
            return
        body, message_id, now = sent
        try:
            verify_countersigned(
                document.value, body, message_id, self._registry.public_key_of, now
            )
        except SignatureError as problem:
            # The callback proves itself; a receipt that does not is no reason to order again.
            log.info("%s: the receipt of %s proves nothing: %s", where, action, problem)


async def _bounded(request: web.Request) -> bytes:
    if (request.content_length or 0) > BIGGEST_BODY:
        raise BecknError(f"a message must be smaller than {BIGGEST_BODY} bytes")
    body = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for chunk in request.content.iter_chunked(64 * 1024):
                body += chunk
                if len(body) > BIGGEST_BODY:
                    raise BecknError(f"a message must be smaller than {BIGGEST_BODY} bytes")
    except TimeoutError as error:
        raise BecknError(f"the message took longer than {PATIENCE:g} s") from error
    return bytes(body)


def message_id_of(document: Node) -> str:
    """Return the message id of a document that may be faulty, '' where it has none."""
    try:
        context = document.maybe("context")
        return context.maybe_text("messageId") or context.maybe_text("message_id") or ""
    except BecknError:
        return ""
