"""Answers from outside without an open port: a topic that buttons publish to and the hub reads.

Sources: ntfy's documentation, "Action buttons" (``http`` with a body) and "Subscribe via API" (JSON
stream, ``since``). What is published is the signed token itself, so who may read the topic learns
nothing they could not press, and who writes nonsense to it is not heard.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from hub.domain.values import dataclass
from hub.settings import NtfySettings

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

log = logging.getLogger(__name__)

SILENCE = 180.0
"""Seconds without a word before a stream counts as dead; servers send a keepalive each 45."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 120.0
"""Seconds between attempts to read on."""

REFUSED_PAUSE = 300.0
"""Seconds before another attempt where the server said that we may not."""

MOST_LINE = 16 * 1024
"""Bytes of one line; a longer one is no answer of ours and is passed over."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A message of the reply topic: the server's id of it, and its text."""

    id: str
    text: str


Take = Callable[[Reply], Awaitable[None]]
"""Called with each message in order; returns once it is settled for good, else raises."""


def wanted(settings: NtfySettings, public_url: str | None) -> bool:
    """Tell whether buttons answer over the reply topic (``members.ntfy.reply``).

    With ``auto`` they do where phones have no address to reach the hub at. A server on this very
    machine is read on this machine, where the hub can be reached.
    """
    if settings.reply != "auto":
        return settings.reply == "on"
    return public_url is None and not _here(urlsplit(settings.url).hostname or "")


def reply_url(settings: NtfySettings, topic: str) -> str:
    """Return where a button publishes its answer."""
    return f"{settings.url.rstrip('/')}/{quote(topic, safe='')}"


class ReplyListener:
    """Reads a topic from where it was left, for ever; an absent server is tried again."""

    def __init__(self, settings: NtfySettings, topic: str, take: Take, *, since: str) -> None:
        """``since`` is the id of the last message that was taken, "" for all that is kept."""
        self._settings = settings
        self._topic = topic
        self._take = take
        self._since = since
        self._pause = FIRST_PAUSE
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._run(), name="ntfy replies")

    async def stop(self) -> None:
        """Stop listening; what was not taken is read at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        from aiohttp import ClientError, ClientSession, ClientTimeout

        timeout = ClientTimeout(total=None, sock_connect=15.0, sock_read=SILENCE)
        async with ClientSession(timeout=timeout) as session:
            while True:
                try:
                    wait = await self._listen(session)
                except (ClientError, TimeoutError, OSError, ValueError) as error:
                    log.info("answers over ntfy: %s: %s", type(error).__name__, error)
                    wait = 0.0
                except Exception:
                    log.exception("an answer over ntfy could not be taken; it is read again")
                    wait = 0.0
                # Hubs of a whole street must not come back in the same second.
                await asyncio.sleep(max(wait, self._pause * random.uniform(0.5, 1.0)))  # noqa: S311
                self._pause = min(self._pause * 2, LONGEST_PAUSE)

    async def _listen(self, session: ClientSession) -> float:
        """Read until the stream ends; return how many seconds to wait at least."""
        headers = {}
        if self._settings.token:
            headers["Authorization"] = f"Bearer {self._settings.token}"
        async with session.get(
            reply_url(self._settings, self._topic) + "/json",
            params={"since": self._since or "all"},
            headers=headers,
            allow_redirects=False,
        ) as response:
            if response.status != 200:
                return _refused(response)
            await self._read(response)
        return 0.0

    async def _read(self, response: ClientResponse) -> None:
        held, too_long = b"", False
        async for chunk in response.content.iter_any():
            *lines, held = (held + chunk).split(b"\n")
            for line in lines:
                if not too_long and len(line) <= MOST_LINE:
                    await self._hear(line)
                too_long = False
            if len(held) > MOST_LINE:
                held, too_long = b"", True

    async def _hear(self, line: bytes) -> None:
        self._pause = FIRST_PAUSE
        try:
            said = json.loads(line)
            event, number, text = said.get("event"), said.get("id"), said.get("message")
        except (ValueError, AttributeError, RecursionError):
            return
        if event != "message" or not isinstance(number, str) or not isinstance(text, str):
            return
        if not 0 < len(number) <= 64:
            return
        await self._take(Reply(number, text.strip()))
        self._since = number


def _refused(response: ClientResponse) -> float:
    log.warning(
        "answers over ntfy: %s answered %s; check ntfy.url and ntfy.token",
        response.url.host,
        response.status,
    )
    wait = response.headers.get("Retry-After", "")
    if wait.isdigit():
        return min(float(wait), 3600.0)
    return REFUSED_PAUSE if 300 <= response.status < 500 and response.status != 429 else 0.0


def _here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
