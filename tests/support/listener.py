"""Hears what is said on a topic, from the beginning."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.support.mqtt import Address


class Listener:
    """``heard`` holds (topic, payload, retained), in order."""

    def __init__(self, broker: Address, *filters: str) -> None:
        self.heard: list[tuple[str, bytes, bool]] = []
        self._broker = broker
        self._filters = filters
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_connect = self._connected
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._message

    def _connected(self, client: Client, *_: Any) -> None:
        client.subscribe([(one, 1) for one in self._filters])

    def _message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.heard.append((message.topic, bytes(message.payload), message.retain))

    def __enter__(self) -> Listener:
        self._client.connect(self._broker.host, self._broker.port)
        self._client.loop_start()
        assert self._ready.wait(20), "the broker did not answer"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()
