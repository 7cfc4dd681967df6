"""Reach a member's browsers by Web Push: encrypted for each, sent to the service it named.

RFC 8030 (delivery), RFC 8291 (encryption), RFC 8292 (who sends).
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import ssl
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hub.domain.effects import Notification
from hub.domain.push import PushSubscription
from hub.ports import DeliveryError, PushSubscriptions
from integrations.webpush.keys import KeyFileError, VapidKey
from integrations.webpush.message import message_of, topic_of

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

log = logging.getLogger(__name__)

TIMEOUT = 15.0
"""Seconds for one push in all."""

LONGEST = timedelta(days=28)
"""How long a push service is asked to hold a message at most; they hold no longer."""

WITHOUT_DEADLINE = timedelta(days=1)
"""How long what has no deadline is worth showing."""

_GONE = (404, 410)
_LATER = (408, 425, 429)
_REMEMBERED = 32
_BIGGEST_ANSWER = 1024
_LONGEST_WAIT = 3600.0


class PushError(DeliveryError):
    """A push that failed; ``retry_after`` is how many seconds the service asks to wait."""

    def __init__(
        self,
        message: str,
        *,
        retry: bool = True,
        unknown: bool = False,
        retry_after: float | None = None,
    ) -> None:
        """Say what failed, and when to try again where the service said so."""
        super().__init__(message, retry=retry, unknown=unknown)
        self.retry_after = retry_after


class WebPushNotifier:
    """The port ``Notifier`` over every browser a member has subscribed.

    A browser whose subscription is gone is forgotten. When some browsers could not be told, the
    next try is for those only. The HTTP session is made at first use; ``close()`` ends it.
    """

    def __init__(
        self,
        member: str,
        subscriptions: PushSubscriptions,
        key: VapidKey,
        *,
        contact: str,
        now: Callable[[], datetime],
    ) -> None:
        """``contact`` is told to push services (``mailto:…`` or ``https://…``)."""
        self._member = member
        self._subscriptions = subscriptions
        self._key = key
        self._contact = contact
        self._now = now
        self._session: ClientSession | None = None
        self._told: OrderedDict[bytes, set[str]] = OrderedDict()

    async def notify(self, notification: Notification) -> None:
        """Push it to each browser; one with the same tag takes its place. Raises PushError."""
        now = self._now()
        until = notification.expires or now + WITHOUT_DEADLINE
        if until <= now:
            return
        message = message_of(notification)
        digest = hashlib.blake2b(message, digest_size=16).digest()
        told = self._told.pop(digest, set())
        headers = {
            "TTL": str(int(min(LONGEST, until - now).total_seconds())),
            "Urgency": _urgency(notification),
            "Topic": topic_of(notification.tag),
        }
        wanted = [s for s in self._subscriptions.of(self._member) if s.id not in told]
        outcomes = await asyncio.gather(
            *(self._push(one, message, headers, now) for one in wanted), return_exceptions=True
        )
        failures: list[PushError] = []
        for one, outcome in zip(wanted, outcomes, strict=True):
            if isinstance(outcome, PushError):
                failures.append(outcome)
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                told.add(one.id)
        if failures:
            self._told[digest] = told
            while len(self._told) > _REMEMBERED:
                self._told.popitem(last=False)
            raise max(failures, key=lambda error: (error.retry, error.retry_after or 0.0))

    async def close(self) -> None:
        """End the HTTP session; a later ``notify`` would open another."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _push(
        self, to: PushSubscription, message: bytes, headers: dict[str, str], now: datetime
    ) -> None:
        import aiohttp

        try:
            body = encrypted(message, to)
        except ValueError as error:
            log.warning("a browser of %s is forgotten: %s", to.member, error)
            self._subscriptions.drop(to.id)
            return
        try:
            authorization = self._key.authorization(to.endpoint, self._contact, now)
        except (KeyFileError, OSError) as error:
            raise PushError(f"web push: {error}", retry=False) from error
        try:
            async with self._opened().post(
                to.endpoint,
                data=body,
                headers={
                    **headers,
                    "Authorization": authorization,
                    "Content-Encoding": "aes128gcm",
                    "Content-Type": "application/octet-stream",
                },
                allow_redirects=False,
            ) as response:
                if response.status in _GONE:
                    self._subscriptions.drop(to.id)
                elif not 200 <= response.status < 300:
                    raise await _refusal(response)
        except aiohttp.ClientConnectorError as error:
            host = error.host
            raise PushError(f"the push service {host} cannot be reached: {error}") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            name = type(error).__name__
            raise PushError(f"the push service did not answer: {name}", unknown=True) from error

    def _opened(self) -> ClientSession:
        if self._session is None:
            from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

            self._session = ClientSession(
                timeout=ClientTimeout(total=TIMEOUT),
                connector=TCPConnector(ssl=ssl.create_default_context(), limit=8),
                cookie_jar=DummyCookieJar(),
            )
        return self._session


def encrypted(message: bytes, to: PushSubscription) -> bytes:
    """Return a message only that browser can read (RFC 8291). Raises ValueError for a bad key."""
    import http_ece
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        made: bytes = http_ece.encrypt(
            message,
            private_key=ec.generate_private_key(ec.SECP256R1()),
            dh=to.p256dh,
            auth_secret=to.auth,
            version="aes128gcm",
        )
    except (http_ece.ECEException, ValueError) as error:
        raise ValueError(f"its key cannot be used: {error}") from error
    return made


def _urgency(notification: Notification) -> str:
    """RFC 8030, 5.3: a question wakes the phone, a remark waits for it."""
    if notification.withdraw or notification.priority <= 2:
        return "low"
    return "high" if notification.priority >= 4 else "normal"


async def _refusal(response: ClientResponse) -> PushError:
    raw = await response.content.read(_BIGGEST_ANSWER)
    said = " ".join(raw.decode("utf-8", "replace").split())[:200] or response.reason or ""
    wait = response.headers.get("Retry-After", "")
    return PushError(
        f"the push service {response.url.host} answered {response.status}: {said}",
        retry=response.status in _LATER or response.status >= 500,
        retry_after=min(_LONGEST_WAIT, float(wait)) if wait.isdigit() else None,
    )
