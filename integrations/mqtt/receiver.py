"""From paho's message to the hub's, within bounds of size and rate."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime

from paho.mqtt.client import Client, MQTTMessage

from hub.ports import InMessage, MessageSink
from hub.settings import MqttSettings
from integrations.mqtt.flood import FloodGate, device_of

log = logging.getLogger(__name__)
CUT_TO = 1024


class Receiver:
    """Hands each message to the sink; what is refused is acknowledged and told to ``on_refused``.

    ``connection`` counts the connections; the link sets it before messages of a new one come.
    """

    def __init__(
        self,
        settings: MqttSettings,
        sink: MessageSink,
        on_refused: Callable[[InMessage, str], None] | None,
        now: Callable[[], datetime],
    ) -> None:
        """Take the bounds from ``settings``; ``now`` says when a message was received."""
        self.connection = 0
        self._put = sink.put
        self._on_refused = on_refused
        self._now = now
        self._max_payload = settings.max_payload
        self._rate = settings.flood_rate
        self._gate = FloodGate(settings.flood_rate) if settings.flood_rate > 0 else None

    # The hot path: what is done here is done for each message of the house.
    def on_message(self, client: Client, _data: object, received: MQTTMessage) -> None:
        """Take one message from paho."""
        readable = True
        try:
            topic = received.topic
        except UnicodeDecodeError as error:
            topic, readable = error.object.decode(errors="backslashreplace"), False
        payload, size = bytes(received.payload), 0
        if len(payload) > self._max_payload:
            payload, size = payload[:CUT_TO], len(payload)
        message = InMessage(
            topic,
            payload,
            received.qos,
            received.mid,
            received.dup,
            received.retain,
            self.connection,
            self._now(),
            None,
            size,
        )
        gate = self._gate
        if gate is not None and not gate.allow(device := device_of(topic), time.monotonic()):
            client.ack(received.mid, received.qos)
            if gate.just_closed(device):
                most = f"{self._rate:g} messages/s (mqtt.flood_rate)"
                self._refuse(
                    message, f"{device} sends more than {most}: what is above it is dropped"
                )
        elif readable:
            self._put(message)
        else:
            client.ack(received.mid, received.qos)
            self._refuse(message, f"the topic {topic[:200]} is not UTF-8")

    def _refuse(self, message: InMessage, reason: str) -> None:
        log.warning("%s", reason)
        if self._on_refused is not None:
            self._on_refused(message, reason)
