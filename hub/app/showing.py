"""The hub shown in Home Assistant by MQTT discovery, and its buttons there."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from hub.app.shown import Snapshot
from hub.domain.tokens import BadToken, verify
from hub.domain.tongue import phrase
from hub.flow.home import Home
from hub.flow.press import VIA, press
from hub.ports import InMessage
from hub.store.tx import Tx
from hub.store.views import LedgerEntry, Views
from hub.worker.writer import Step, Writer
from integrations.homeassistant.entities import EVENTS, OFFLINE, ONLINE, Entities

log = logging.getLogger(__name__)
PAUSE = 1.0
"""Seconds between two looks at what changed."""
_SHOWN = "homeassistant-shown"
_TOLD = "homeassistant-events"
_AT_ONCE = 200
_KINDS = {
    "asked": "proposed",
    "put_off": "later",
    "answer_refused": "refused",
    **{one: one for one in EVENTS if one not in ("proposed", "later", "refused")},
}
"""What the ledger calls what the event entity says."""


class Broker(Protocol):
    """The MQTT connection, as far as this needs it."""

    @property
    def connected(self) -> bool:
        """Tell whether the broker is there."""
        ...

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Queue a message for sending."""
        ...


class Showing:
    """Publishes what changed, takes back what is shown no longer, and takes presses in."""

    def __init__(
        self,
        home: Home,
        writer: Writer,
        views: Views,
        *,
        snapshot: Snapshot,
        secret: bytes,
        identity: str,
    ) -> None:
        """``identity`` tells this hub from others at the broker; ``secret`` signs what is sent."""
        self._home = home
        self._writer = writer
        self._views = views
        self._snapshot = snapshot
        self._secret = secret
        there = home.settings.homeassistant
        self.on = there.publish
        short = hashlib.blake2b(identity.encode(), digest_size=5).hexdigest()
        self._entities = Entities(short, prefix=home.settings.mqtt.discovery_prefix)
        self._presses = self.on and there.press.member is not None
        self._said: dict[str, bytes] = {}
        self._known: frozenset[str] = frozenset()
        self._told = -1
        self._strange = 0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.broker: Broker | None = None

    # -- what the MQTT connection is made with ------------------------------------------------

    @property
    def will(self) -> tuple[str, bytes] | None:
        """Return what the broker is to say when it loses the hub."""
        return (self._entities.status, OFFLINE) if self.on else None

    def topics(self) -> frozenset[str]:
        """Return what has to be subscribed to."""
        return frozenset({self._entities.press}) if self._presses else frozenset()

    def own(self) -> dict[str, Callable[[InMessage], Step]]:
        """Return the topics whose messages are the hub's own, and the step each takes."""
        return {self._entities.press: self._pressed} if self._presses else {}

    # -- starting and stopping ----------------------------------------------------------------

    async def start(self, broker: Broker) -> None:
        """Begin to publish, if anything is or was to be shown."""
        self.broker, self._loop = broker, asyncio.get_running_loop()

        def left(tx: Tx) -> tuple[str, str]:
            return tx.cursor(_SHOWN), tx.cursor(_TOLD)

        shown, told = await self._writer.run(left)
        self._known = frozenset(json.loads(shown)) if shown else frozenset()
        if not self.on and not self._known:
            return
        if told:
            self._told = int(told)
        else:
            newest = await asyncio.to_thread(
                lambda: self._views.newest(before=None, limit=1, subject=None)
            )
            self._told = newest[0].index if newest else -1
        self._task = asyncio.create_task(self._run(), name="showing")
        self._wake.set()

    async def close(self) -> None:
        """Say that the hub is off; what is retained stays for its next start."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self.on and self.broker is not None:
            self.broker.publish(self._entities.status, OFFLINE, retain=True)

    def mark(self) -> None:
        """Something changed; call in the loop."""
        self._wake.set()

    def again(self) -> None:
        """Publish everything anew: the broker or Home Assistant has just started. Any thread."""

        def forget() -> None:
            self._said.clear()
            self._wake.set()

        if self._loop is not None:
            self._loop.call_soon_threadsafe(forget)

    # -- publishing ---------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._show()
            except Exception:
                log.exception("what Home Assistant is shown could not be published")
            await asyncio.sleep(PAUSE)

    async def _show(self) -> None:
        broker = self.broker
        if broker is None or not broker.connected:
            # Told again once there is a connection.
            return
        wanted = self._entities.retained(self._snapshot()) if self.on else {}
        if self.on:
            wanted[self._entities.status] = ONLINE
        gone = self._known - wanted.keys()
        if wanted.keys() - self._known:
            # Noted first: what is published and not known of could never be taken back.
            await self._note(self._known | wanted.keys())
        for topic, payload in wanted.items():
            if self._said.get(topic) != payload:
                broker.publish(topic, payload, retain=True)
                self._said[topic] = payload
        for topic in gone:
            broker.publish(topic, b"", retain=True)
            self._said.pop(topic, None)
        if gone:
            await self._note(frozenset(wanted))
        if self.on:
            await self._tell(broker)

    async def _note(self, topics: frozenset[str]) -> None:
        text = json.dumps(sorted(topics)) if topics else ""
        await self._writer.run(lambda tx: tx.set_cursor(_SHOWN, text))
        self._known = topics

    async def _tell(self, broker: Broker) -> None:
        """Say on the event entity what became of suggestions since it last spoke."""
        entries, said = await asyncio.to_thread(self._news)
        if not entries:
            return
        for kind, facts in said:
            broker.publish(self._entities.events, self._entities.event(kind, facts))
        told = self._told = entries[-1].index
        await self._writer.run(lambda tx: tx.set_cursor(_TOLD, str(told)))
        if len(entries) == _AT_ONCE:
            self._wake.set()

    def _news(self) -> tuple[Sequence[LedgerEntry], list[tuple[str, dict[str, object]]]]:
        """Read on in the ledger: what there is, and what of it is said."""
        entries = self._views.ledger(after=self._told, limit=_AT_ONCE)
        said: list[tuple[str, dict[str, object]]] = []
        for entry in entries:
            kind = _KINDS.get(entry.kind)
            suggestion = self._views.suggestion(entry.subject) if kind is not None else None
            if kind is None or suggestion is None:
                continue
            facts = json.loads(entry.body).get("facts", {})
            told: dict[str, object] = {
                "suggestion": suggestion.id,
                "kind": suggestion.kind,
                "title": suggestion.title,
                "message": str(facts.get("reason") or facts.get("outcome") or suggestion.body),
                "via": str(facts.get("via", "")),
            }
            said.append((kind, told))
        return entries, said

    # -- presses ------------------------------------------------------------------------------

    def _pressed(self, message: InMessage) -> Step:
        def step(tx: Tx) -> None:
            if message.qos and tx.seen_mqtt(message):
                return
            if message.retain:
                # Somebody kept it at the broker; it was pressed once, whenever that was.
                return
            try:
                token = verify(message.payload.decode("ascii"), self._secret, tx.now)
            except (BadToken, UnicodeDecodeError) as error:
                self._refused(str(error))
                return
            result = press(tx, self._home, token)
            if result.result == "unknown":
                self._refused(result.message)

        return step

    def _refused(self, reason: str) -> None:
        self._strange += 1
        # Whoever may write to the broker could fill the log with it.
        if self._strange.bit_count() == 1:
            log.warning("a button in Home Assistant: %s (%d so far)", reason, self._strange)
        if self.broker is not None:
            words = phrase("Nothing was done: {reason}.", reason=reason)
            said = {"title": "", "message": words, "via": VIA}
            self.broker.publish(self._entities.events, self._entities.event("refused", said))
