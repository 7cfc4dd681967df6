"""The connection to the broker: kept up, listened to, and acknowledged after the commit.

One thread owns paho's client; everybody else leaves what they want in queues and wakes it. It
runs paho's interface for external loops (``loop_read``, ``loop_write``, ``loop_misc``).
"""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from hub.ports import InMessage, MessageSink
from hub.settings import MqttSettings
from integrations.mqtt.buffered import BufferedClient, BufferedSocket
from integrations.mqtt.flood import FloodGate, device_of
from integrations.mqtt.patience import Backoff, Repeats
from integrations.mqtt.session import (
    MOST_OUTGOING,
    absence_text,
    loss_text,
    make_client,
    refusal_text,
    refuses_version,
    tls_context,
)
from integrations.mqtt.topics import filter_fault, topic_fault

log = logging.getLogger(__name__)
CUT_TO = 1024
READ_AT_ONCE = 256
FILTERS_AT_ONCE = 100
CONNACK_SECONDS = 10.0
IDLE_SECONDS = 5.0
MOST_UNSENT = 1024 * 1024
STOP_SECONDS = 10.0
_NAMES = {MQTTProtocolVersion.MQTTv5: "5", MQTTProtocolVersion.MQTTv311: "3.1.1"}


class MqttLink:
    """An MQTT connection that outlives the broker (``hub.ports.MessageSource``)."""

    def __init__(
        self,
        settings: MqttSettings,
        sink: MessageSink,
        *,
        host: str,
        port: int,
        username: str | None = None,
        password: str | None = None,
        tls: bool = False,
        on_status: Callable[[str], None] = log.info,
        on_refused: Callable[[InMessage, str], None] | None = None,
    ) -> None:
        """Prepare it; ``start`` connects. Raises MqttSetupError when a TLS file is unusable.

        ``on_status`` gets one line when the connection changes; ``on_refused`` gets the first
        message of a flood and the reason. Both are called in the network thread.
        """
        self._settings = settings
        self._sink = sink
        self._put = sink.put
        self._host, self._port = host, port
        self._where = f"{host}:{port}"
        self._username, self._password = username, password
        self._tls = tls_context(settings) if tls else None
        self._say = on_status
        self._on_refused = on_refused
        self._gate = FloodGate(settings.flood_rate) if settings.flood_rate > 0 else None
        self._max_payload = settings.max_payload

        self._lock = threading.Lock()
        self._filters: dict[str, None] = {}
        self._acks: deque[Sequence[InMessage]] = deque()
        self._changes: deque[tuple[bool, list[str]]] = deque()
        self._outgoing: deque[tuple[str, bytes, int, bool]] = deque(maxlen=MOST_OUTGOING)

        self._thread: threading.Thread | None = None
        self._stopping = False
        self._asleep = False
        self._wake_reader, self._wake_writer = -1, -1

        self._client: BufferedClient | None = None
        self._protocol = MQTTProtocolVersion.MQTTv5
        self._refused_five = settings.protocol == "3.1.1"
        self._silent_closes = 0
        self._subscriptions: dict[int, list[str]] = {}
        self._connected = False
        self._connection = 0
        self._since = 0.0
        self._backoff = Backoff()
        self._repeats = Repeats()
        self._trouble = ""

    # -- what others call, from any thread -----------------------------------------------------

    @property
    def connected(self) -> bool:
        """Tell whether the broker has accepted us and the connection stands."""
        return self._connected

    @property
    def protocol(self) -> str:
        """Return the MQTT version spoken: ``5`` or ``3.1.1``."""
        return _NAMES[self._protocol]

    def start(self) -> None:
        """Connect in a thread of its own, now or as soon as there is a broker."""
        if self._thread is not None:
            return
        self._stopping = False
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Send what is acknowledged and queued so far, and disconnect; the session stays."""
        thread = self._thread
        if thread is None:
            return
        self._stopping = True
        self._wake()
        thread.join(STOP_SECONDS)
        self._thread = None

    def ack(self, messages: Sequence[InMessage]) -> None:
        """Acknowledge messages whose transaction is committed.

        Those of an earlier connection are passed over: the broker sends them again.
        """
        if self._connected:
            self._acks.append(messages)
            self._wake()

    def subscribe(self, filters: Sequence[str]) -> None:
        """Add topic filters at QoS 1, now and after each reconnection.

        A malformed filter is logged and left out.
        """
        wanted: list[str] = []
        for text in filters:
            fault = filter_fault(text)
            if fault is None:
                wanted.append(text)
            else:
                log.warning("topic filter %.200r is not used: %s", text, fault)
        with self._lock:
            new = [text for text in dict.fromkeys(wanted) if text not in self._filters]
            self._filters.update(dict.fromkeys(new))
            if new:
                self._changes.append((True, new))
        self._wake()

    def unsubscribe(self, filters: Sequence[str]) -> None:
        """Drop topic filters; those not subscribed to are passed over."""
        with self._lock:
            gone = [text for text in dict.fromkeys(filters) if text in self._filters]
            for text in gone:
                del self._filters[text]
            if gone:
                self._changes.append((False, gone))
        self._wake()

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Queue a message; it leaves once there is a connection.

        At most ``MOST_OUTGOING`` wait; then the oldest gives way. Raises ValueError when the topic
        or ``qos`` (0 to 2) is not one that can be published.
        """
        fault = topic_fault(topic)
        if fault is not None:
            raise ValueError(f"cannot publish on topic {topic[:200]!r}: {fault}")
        if qos not in (0, 1, 2):
            raise ValueError(f"cannot publish at QoS {qos!r}: expected 0, 1 or 2")
        if len(self._outgoing) == MOST_OUTGOING:
            log.warning("%d messages wait for the broker: the oldest is dropped", MOST_OUTGOING)
        self._outgoing.append((topic, payload, qos, retain))
        self._wake()

    def _wake(self) -> None:
        if self._asleep:
            self._asleep = False
            try:
                os.write(self._wake_writer, b"\0")
            except OSError:
                # The pipe is full (it wakes anyway) or the thread has just ended.
                return

    # -- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._stopping:
                try:
                    self._open()
                    while not self._stopping and self._turn():
                        pass
                except Exception:
                    log.exception("the MQTT connection failed; connecting anew")
                    self._trouble = f"lost the MQTT broker at {self._where}; trying again"
                if not self._stopping:
                    self._after_loss()
            self._farewell()
        finally:
            self._connected = False
            os.close(self._wake_reader)
            os.close(self._wake_writer)

    def _open(self) -> None:
        """Make one attempt; what became of it shows in the turns that follow."""
        five = not self._refused_five and (self._silent_closes // 2) % 2 == 0
        protocol = MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311
        if self._client is None or protocol != self._protocol:
            self._protocol = protocol
            self._client = make_client(
                self._settings,
                protocol,
                host=self._host,
                port=self._port,
                username=self._username,
                password=self._password,
                tls=self._tls,
            )
            self._client.on_connect = self._on_connect
            self._client.on_disconnect = self._on_disconnect
            self._client.on_subscribe = self._on_subscribe
            self._client.on_message = self._on_message
            # Set, so that paho leaves writing to this loop; it has nothing to add.
            self._client.on_socket_register_write = lambda *_: None
        self._trouble = ""
        self._since = time.monotonic()
        try:
            self._client.reconnect()
        except (OSError, ValueError) as error:
            self._trouble = absence_text(error, self._where)

    def _turn(self) -> bool:
        """Write what waits, read what came, sleep when there is neither; False once cut off."""
        client = self._client
        sock = client.socket() if client is not None else None
        if client is None or not isinstance(sock, BufferedSocket):
            return False
        self._drain(client, sock)
        client.loop_write()
        sock.flush()
        if not sock.pending():
            self._sleep(sock)
        for _ in range(READ_AT_ONCE):
            client.loop_read()
            if client.socket() is None or not sock.pending():
                break
        client.loop_misc()
        if not self._connected and time.monotonic() - self._since > CONNACK_SECONDS:
            self._trouble = f"what listens at {self._where} does not answer like an MQTT broker"
            return False
        return client.socket() is not None

    def _sleep(self, sock: BufferedSocket) -> None:
        poll = select.poll()
        poll.register(sock.fileno(), select.POLLIN | (select.POLLOUT if sock.unsent else 0))
        poll.register(self._wake_reader, select.POLLIN)
        self._asleep = True
        idle = not (self._acks or self._changes or self._stopping or self._can_publish(sock))
        seconds = (IDLE_SECONDS if self._connected else 1.0) if idle else 0.0
        poll.poll(seconds * 1000)
        self._awake()

    def _awake(self) -> None:
        self._asleep = False
        try:
            os.read(self._wake_reader, 4096)
        except BlockingIOError:
            return

    def _can_publish(self, sock: BufferedSocket) -> bool:
        return self._connected and bool(self._outgoing) and sock.unsent < MOST_UNSENT

    def _drain(self, client: Client, sock: BufferedSocket) -> None:
        if not self._connected:
            return
        connection = self._connection
        ack = client.ack
        while self._acks:
            for message in self._acks.popleft():
                if message.qos and message.connection == connection:
                    ack(message.mid, message.qos)
        while self._changes:
            add, filters = self._changes.popleft()
            if add:
                self._send_subscribe(client, filters)
            else:
                client.unsubscribe(filters)
        while self._can_publish(sock):
            topic, payload, qos, retain = entry = self._outgoing.popleft()
            if client.publish(topic, payload, qos, retain).rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
                self._outgoing.appendleft(entry)
                break
            client.loop_write()

    def _send_subscribe(self, client: Client, filters: Sequence[str]) -> None:
        for start in range(0, len(filters), FILTERS_AT_ONCE):
            part = list(filters[start : start + FILTERS_AT_ONCE])
            _, mid = client.subscribe([(text, 1) for text in part])
            if mid is not None:
                self._subscriptions[mid] = part

    def _after_loss(self) -> None:
        """Say what is the matter, once, and wait before the next attempt."""
        now = time.monotonic()
        if self._connected:
            self._connected = False
            self._backoff.lasted(now - self._since)
        if self._client is not None:
            sock = self._client.socket()
            if sock is not None:
                sock.close()
        self._acks.clear()
        self._subscriptions.clear()
        if self._trouble and self._repeats.worth_saying(self._trouble, now):
            self._say(self._trouble)
        poll = select.poll()
        poll.register(self._wake_reader, select.POLLIN)
        until = now + self._backoff.next()
        while not self._stopping and (left := until - time.monotonic()) > 0:
            self._asleep = True
            poll.poll(0 if self._stopping else left * 1000)
            self._awake()

    def _farewell(self) -> None:
        client = self._client
        sock = client.socket() if client is not None else None
        if client is None or not isinstance(sock, BufferedSocket):
            return
        try:
            self._drain(client, sock)
            client.loop_write()
            until = time.monotonic() + 2.0
            while not sock.flush() and time.monotonic() < until:
                select.select([], [sock.fileno()], [], 0.2)
            if self._connected:
                client.disconnect()
                client.loop_write()
        finally:
            sock.close()

    # -- what paho calls, in the thread ----------------------------------------------------------

    def _on_connect(
        self,
        client: Client,
        _data: object,
        flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            if refuses_version(reason) and not self._refused_five:
                self._refused_five = True
                self._say(f"the MQTT broker at {self._where} does not speak MQTT 5: using 3.1.1")
            else:
                self._trouble = refusal_text(reason, self._where, self._username)
            return
        if self._protocol == MQTTProtocolVersion.MQTTv5:
            self._silent_closes = 0
        self._connection += 1
        self._since = time.monotonic()
        self._sink.connected(self._connection, flags.session_present)
        with self._lock:
            filters = list(self._filters)
            self._changes.clear()
        # Asked for even when the broker kept the session: retained states heal what was missed.
        self._send_subscribe(client, filters)
        self._connected = True
        self._repeats.settled()
        self._say(f"connected to the MQTT broker at {self._where} (MQTT {self.protocol})")

    def _on_disconnect(
        self,
        _client: Client,
        _data: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if self._stopping or self._trouble:
            return
        if self._connected:
            self._trouble = loss_text(reason, self._where, self._settings.client_id)
        elif not self._refused_five:
            # Some brokers hang up on a version they do not know, without a word.
            self._silent_closes += 1
            if self._silent_closes > 2:
                self._trouble = f"the MQTT broker at {self._where} hangs up at once; trying again"

    def _on_subscribe(
        self,
        _client: Client,
        _data: object,
        mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        filters = self._subscriptions.pop(mid, [])
        for text, reason in zip(filters, reasons, strict=False):
            if reason.is_failure:
                self._say(f"the MQTT broker at {self._where} refused the topic {text!r}: {reason}")

    def _on_message(self, client: Client, _data: object, received: MQTTMessage) -> None:
        try:
            topic = received.topic
        except UnicodeDecodeError:
            log.warning("a message was dropped: its topic is not UTF-8")
            client.ack(received.mid, received.qos)
            return
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
            self._connection,
            datetime.now(UTC),
            None,
            size,
        )
        gate = self._gate
        if gate is not None and not gate.allow(device := device_of(topic), time.monotonic()):
            client.ack(received.mid, received.qos)
            if gate.just_closed(device):
                self._refuse(message, device)
            return
        self._put(message)

    def _refuse(self, message: InMessage, device: str) -> None:
        reason = (
            f"{device} sends more than {self._settings.flood_rate:g} messages/s "
            "(mqtt.flood_rate): what is above it is dropped"
        )
        log.warning("%s", reason)
        if self._on_refused is not None:
            self._on_refused(message, reason)
