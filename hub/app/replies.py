"""Answers over ntfy's reply topics: one listener a server, and the step each answer takes."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable

from hub.domain.decisions import Decision
from hub.domain.tokens import BadToken, verify
from hub.flow.home import Home
from hub.flow.reply import take_reply
from hub.ports import Clock
from hub.settings import MemberSettings, NtfySettings
from hub.store.tx import Tx
from hub.worker.writer import Writer
from integrations.ntfy.replies import Reply, ReplyListener, Take, reply_url, wanted

log = logging.getLogger(__name__)


class Replies:
    """Listens wherever a member's buttons publish their answers."""

    def __init__(
        self,
        home: Home,
        writer: Writer,
        clock: Clock,
        *,
        secret: bytes,
        topic_of: Callable[[str], str],
    ) -> None:
        """``topic_of`` is the reply topic at a server; ``secret`` signs tokens."""
        self._home = home
        self._writer = writer
        self._clock = clock
        self._secret = secret
        self._topic_of = topic_of
        self._listening: dict[tuple[str, str | None], ReplyListener] = {}
        self._strange = 0

    def url_of(self, member: MemberSettings) -> str | None:
        """Return where a member's buttons publish, None where they reach the hub directly."""
        ntfy = member.ntfy
        if ntfy is None or not wanted(ntfy, self._home.settings.http.public_url):
            return None
        return reply_url(ntfy, self._topic_of(ntfy.url))

    async def look(self) -> None:
        """Listen where the settings say, and no longer where they said before."""
        servers: dict[tuple[str, str | None], NtfySettings] = {}
        for member in self._home.settings.members:
            if member.ntfy is not None and self.url_of(member) is not None:
                servers[member.ntfy.url, member.ntfy.token] = member.ntfy
        for key in [key for key in self._listening if key not in servers]:
            await self._listening.pop(key).stop()
        for key, settings in servers.items():
            if key not in self._listening:
                topic = self._topic_of(settings.url)
                since = await self._left_at(topic)
                listener = ReplyListener(settings, topic, self._taker(topic), since=since)
                self._listening[key] = listener
                listener.start()

    async def close(self) -> None:
        """Stop listening."""
        for listener in self._listening.values():
            await listener.stop()
        self._listening.clear()

    async def _left_at(self, topic: str) -> str:
        return await self._writer.run(lambda tx: tx.cursor(_cursor(topic)))

    def _taker(self, topic: str) -> Take:
        async def take(reply: Reply) -> None:
            try:
                token = verify(reply.text, self._secret, self._clock.now())
            except BadToken as error:
                self._strange += 1
                # Whoever found the topic could fill the log with it.
                if self._strange.bit_count() == 1:
                    log.warning("answers over ntfy: %s (%d so far)", error, self._strange)
                return

            def step(tx: Tx) -> None:
                take_reply(tx, self._home, Decision.of(token, "ntfy"))
                tx.set_cursor(_cursor(topic), reply.id)

            await self._writer.run(step)

        return take


def _cursor(topic: str) -> str:
    return "ntfy:" + hashlib.blake2b(topic.encode(), digest_size=16).hexdigest()
