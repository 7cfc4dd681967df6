"""Reach a member over ntfy: one JSON publication, with buttons that answer by POST.

Sources: ntfy's documentation, "Publish as JSON", "Action buttons", "Updating + deleting
notifications" (``sequence_id``, server 2.16 and later; an older one ignores it) and
"Limitations". Whoever can read a topic can use its buttons, so a topic is unguessable and a
server may ask for an access token.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from hub.domain.effects import Notification
from hub.ports import DeliveryError
from hub.settings import NtfySettings

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

MOST_ACTIONS = 3
"""Buttons ntfy shows."""

MOST_BYTES = 4096
"""Bytes of a message or title; a longer message would become an attachment."""

BIGGEST_BODY = 32 * 1024
"""Bytes of a JSON publication the server reads."""

TIMEOUT = 15.0
"""Seconds for one publication in all."""

_NAME = re.compile(r"[-_A-Za-z0-9]{1,64}")
_BIGGEST_ANSWER = 4096
_LONGEST_WAIT = 3600.0


class NtfyError(DeliveryError):
    """A publication that failed; ``retry_after`` is how many seconds the server asks to wait."""

    def __init__(
        self,
        message: str,
        *,
        retry: bool = True,
        unknown: bool = False,
        retry_after: float | None = None,
    ) -> None:
        """Say what failed, and when to try again where the server said so."""
        super().__init__(message, retry=retry, unknown=unknown)
        self.retry_after = retry_after


def make_topic(member_id: str) -> str:
    """Return a new topic for a member that nobody can guess: 160 random bits, a valid name."""
    readable = re.sub(r"[^a-z0-9]", "", member_id.lower())[:12]
    return f"hearth-{readable}-{secrets.token_hex(20)}"


class NtfyNotifier:
    """The port ``Notifier`` over one ntfy topic.

    ``base_url`` says, at the time of sending, where a phone reaches the hub. The HTTP session is
    made at first use and kept; ``close()`` ends it. Raises ValueError for a topic ntfy would
    refuse.
    """

    def __init__(
        self,
        settings: NtfySettings,
        *,
        topic: str,
        base_url: Callable[[], str],
        reply_url: str | None = None,
    ) -> None:
        """Publish to ``topic`` at ``settings.url``; buttons answer at ``reply_url`` if given."""
        if not _NAME.fullmatch(topic):
            raise ValueError("ntfy.topic: expected 1 to 64 letters, digits, - and _")
        self._settings = settings
        self._topic = topic
        self._base_url = base_url
        self._reply_url = reply_url
        self._session: ClientSession | None = None

    async def notify(self, notification: Notification) -> None:
        """Publish it; one with the same tag takes its place. Raises NtfyError (a DeliveryError).

        Publishing twice replaces, so an unanswered publication may be sent again: ``retry`` holds
        with ``unknown``.
        """
        import aiohttp

        session = self._opened()
        headers = {"Content-Type": "application/json"}
        if self._settings.token:
            headers["Authorization"] = f"Bearer {self._settings.token}"
        try:
            async with session.post(
                self._settings.url.rstrip("/") + "/",
                data=self.body(notification),
                headers=headers,
                allow_redirects=False,
            ) as response:
                if response.status != 200:
                    raise await _refusal(response)
                await response.content.read(_BIGGEST_ANSWER)
        except aiohttp.InvalidURL as error:
            message = "ntfy.url: expected http://… or https://…"
            raise NtfyError(message, retry=False) from error
        except aiohttp.ClientConnectorError as error:
            raise NtfyError(f"the ntfy server cannot be reached: {error.os_error}") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            name = type(error).__name__
            raise NtfyError(f"the ntfy server did not answer: {name}", unknown=True) from error

    def body(self, notification: Notification) -> bytes:
        """Return the JSON to publish, within ntfy's limits."""
        base = self._base_url().rstrip("/")
        published: dict[str, object] = {
            "topic": self._topic,
            "title": capped(notification.title, 250),
            "message": capped(notification.body or notification.title, MOST_BYTES),
            "tags": ["house"],
            "priority": min(5, max(1, notification.priority)),
            "sequence_id": _sequence(notification.tag),
        }
        if notification.link:
            published["click"] = notification.link
        actions = [
            {
                "action": "http",
                "label": capped(action.label, 60),
                "method": "POST",
                "clear": True,
                **self._answer(base, action.token),
            }
            for action in notification.actions[:MOST_ACTIONS]
        ]
        if actions:
            published["actions"] = actions
        return json.dumps(published, ensure_ascii=False).encode()

    def _answer(self, base: str, token: str) -> dict[str, str]:
        if self._reply_url is None:
            return {"url": f"{base}/a/{token}"}
        return {"url": self._reply_url, "body": token}

    async def close(self) -> None:
        """End the HTTP session; a later ``notify`` would open another."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> ClientSession:
        if self._session is None:
            from aiohttp import ClientSession, ClientTimeout, DummyCookieJar

            self._session = ClientSession(
                timeout=ClientTimeout(total=TIMEOUT), cookie_jar=DummyCookieJar()
            )
        return self._session


def capped(text: str, most: int) -> str:
    """Return ``text`` in at most ``most`` bytes of UTF-8, cut between characters with an …"""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= most:
        return raw.decode()
    return raw[: most - 3].decode("utf-8", "ignore").rstrip() + "…"


def _sequence(tag: str) -> str:
    """Return a tag as ntfy's sequence id; one it would refuse is hashed."""
    if _NAME.fullmatch(tag):
        return tag
    return hashlib.blake2b(tag.encode("utf-8", "replace"), digest_size=16).hexdigest()


async def _refusal(response: ClientResponse) -> NtfyError:
    """Say why the server would not, in its own words where it gives some."""
    raw = await response.content.read(_BIGGEST_ANSWER)
    try:
        said = json.loads(raw)["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        said = response.reason or ""
    words = " ".join(str(said).split())[:200]
    hint = {401: "; check ntfy.token", 403: "; check ntfy.token"}.get(response.status, "")
    if response.status == 413 or 300 <= response.status < 400:
        hint = "; check ntfy.url"
    return NtfyError(
        f"ntfy answered {response.status}: {words}{hint}",
        retry=response.status in (408, 425, 429) or response.status >= 500,
        retry_after=_wait(response.headers.get("Retry-After")),
    )


def _wait(header: str | None) -> float | None:
    """Read Retry-After, seconds or an HTTP date (RFC 9110, 10.2.3); at most an hour."""
    if not header:
        return None
    try:
        seconds = float(header) if header.strip().isdigit() else _until(header)
    except (ValueError, TypeError, OverflowError):
        return None
    return min(_LONGEST_WAIT, max(0.0, seconds))


def _until(date: str) -> float:
    moment = parsedate_to_datetime(date)
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
