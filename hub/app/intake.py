"""From MQTT messages to the steps that take them in: decoded in a batch, templates rendered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from devices.homeassistant.birth import ONLINE, Birth
from devices.types import Decoded
from hub.domain.observations import Rejected
from hub.flow.home import Home
from hub.flow.observe import receive
from hub.ports import InMessage, TemplateRenderer
from hub.store.tx import Tx
from hub.worker.writer import Step

log = logging.getLogger(__name__)


class Intake:
    """Decodes in the writer thread, outside any transaction (``hub.worker.writer.Intake``)."""

    def __init__(
        self,
        home: Home,
        renderer: TemplateRenderer,
        birth: Birth,
        *,
        own: Mapping[str, Callable[[InMessage], Step]] | None = None,
        online: Callable[[], None] | None = None,
    ) -> None:
        """``renderer`` is asked once a batch that has templates; ``birth`` hears its topic.

        ``own`` are the topics that are for the hub itself, and the step each message takes;
        ``online`` is called when a Home Assistant says that it has started.
        """
        self._home = home
        self._renderer = renderer
        self._birth = birth
        self._own: Mapping[str, Callable[[InMessage], Step]] = {} if own is None else own
        self._online = online

    def __call__(self, messages: Sequence[InMessage]) -> list[Step]:
        """Return one step for each message, in order. Never raises."""
        decoded = [self._decode(message) for message in messages]
        try:
            decoded = self._home.book.resolve(decoded, self._renderer)
        except Exception:
            # Messages with a template unread are parked by their step; the others go on.
            log.exception("templates could not be rendered")
        return [
            self._own[message.topic](message)
            if message.topic in self._own
            else _step(self._home, message, one)
            for message, one in zip(messages, decoded, strict=True)
        ]

    def _decode(self, message: InMessage) -> Decoded:
        if message.size:
            most = self._home.settings.mqtt.max_payload
            return Decoded(
                (Rejected(f"expected at most {most} bytes (mqtt.max_payload), got {message.size}"),)
            )
        if message.topic == self._birth.topic:
            self._birth.heard(message.payload, message.received_at)
            if message.payload == ONLINE and self._online is not None:
                self._online()
        return self._home.book.decode(
            message.topic, message.payload, message.received_at, message.retain
        )


def _step(home: Home, message: InMessage, decoded: Decoded) -> Step:
    def step(tx: Tx) -> None:
        receive(tx, home, message, decoded)

    return step


def replay(home: Home, announcements: dict[str, bytes], now: datetime) -> None:
    """Read devices' own descriptions again, so that the book is whole after a restart."""
    for source, payload in announcements.items():
        home.book.decode(source, payload, now)
