"""What MQTT tests share: a sink that remembers, a link that ends, a device that publishes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import paho.mqtt.publish
from paho.mqtt.enums import MQTTProtocolVersion

from hub.ports import InMessage
from hub.settings import MqttSettings
from integrations.mqtt import MqttLink

PATIENCE = 20.0
ROOT = Path(__file__).parents[2]


class Address(Protocol):
    host: str
    port: int
    username: str | None
    password: str | None


def until(true: Callable[[], object], what: Callable[[], str] = lambda: "") -> None:
    """Return once ``true()`` is; fails with the words of ``what()`` when that takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"waited in vain: {what()}"
        time.sleep(0.005)


class Sink:
    """A MessageSink that remembers; with ``acknowledging`` set, it acknowledges at once."""

    def __init__(self) -> None:
        self.acknowledging: MqttLink | None = None
        self.messages: list[InMessage] = []
        self.connections: list[tuple[int, bool]] = []
        self.refused: list[tuple[InMessage, str]] = []
        self.said: list[str] = []

    def put(self, message: InMessage) -> None:
        self.messages.append(message)
        if self.acknowledging is not None:
            self.acknowledging.ack([message])

    def connected(self, connection: int, session_present: bool) -> None:
        self.connections.append((connection, session_present))

    @property
    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.messages]

    def wait(self, payload: bytes) -> list[InMessage]:
        """Return all messages once one with ``payload`` has come."""
        until(
            lambda: payload in self.payloads,
            lambda: f"message {payload!r}; came: {self.payloads[-20:]}",
        )
        return list(self.messages)

    def wait_said(self, words: str) -> str:
        """Return the line with ``words`` once it was said."""
        until(
            lambda: any(words in line for line in self.said),
            lambda: f"{words!r}; said: {self.said}",
        )
        return next(line for line in self.said if words in line)


def make_link(broker: Address, sink: Sink, *, tls: bool = False, **settings: Any) -> MqttLink:
    """Return a link that is not started."""
    return MqttLink(
        MqttSettings(**settings),
        sink,
        host=broker.host,
        port=broker.port,
        username=broker.username,
        password=broker.password,
        tls=tls,
        on_status=sink.said.append,
        on_refused=lambda message, reason: sink.refused.append((message, reason)),
    )


@contextmanager
def linked(
    broker: Address,
    sink: Sink,
    *filters: str,
    tls: bool = False,
    acknowledge: bool = False,
    **settings: Any,
) -> Iterator[MqttLink]:
    """Give a link that is connected and subscribed to ``filters``; it is stopped in the end."""
    link = make_link(broker, sink, tls=tls, **settings)
    sink.acknowledging = link if acknowledge else None
    link.subscribe(filters)
    link.start()
    try:
        until(lambda: link.connected, lambda: f"a connection; said: {sink.said}")
        yield link
    finally:
        link.stop()


def publish(
    broker: Address, topic: str, *payloads: bytes | str, qos: int = 1, retain: bool = False
) -> None:
    """Publish as a device does; returns when the broker has acknowledged all."""
    login = {"username": broker.username, "password": broker.password}
    paho.mqtt.publish.multiple(
        [
            {"topic": topic, "payload": payload, "qos": qos, "retain": retain}
            for payload in payloads
        ],
        hostname=broker.host,
        port=broker.port,
        auth=login if broker.username else None,
        protocol=MQTTProtocolVersion.MQTTv311,
    )
