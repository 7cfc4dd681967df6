"""The connection to the broker: kept up, listened to, and acknowledged after the commit.

One thread owns paho's client; everybody else leaves what they want in queues and wakes it. It
runs paho's interface for external loops (``loop_read``, ``loop_write``, ``loop_misc``).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from hub.clock import SYSTEM
from hub.ports import InMessage, MessageSink
from hub.settings import MqttSettings
from integrations.mqtt.buffered import BufferedClient, BufferedSocket
from integrations.mqtt.outgoing import Outgoing
from integrations.mqtt.patience import Backoff, Repeats
from integrations.mqtt.receiver import Receiver
from integrations.mqtt.session import (
    absence_text,
    hangup_text,
    loss_text,
    make_client,
    refusal_text,
    refuses_version,
    tls_context,
)
from integrations.mqtt.subscriptions import Subscriptions
from integrations.mqtt.version import Version, Versions
from integrations.mqtt.waker import Waker

log = logging.getLogger(__name__)
READ_AT_ONCE = 256
CONNACK_SECONDS = 10.0
IDLE_SECONDS = 5.0
MOST_UNSENT = 1024 * 1024
STOP_SECONDS = 10.0
FAREWELL_SECONDS = 2.0
LONGEST_FAREWELL_SECONDS = STOP_SECONDS - 2 * FAREWELL_SECONDS
_PROTOCOLS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}


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
        now: Callable[[], datetime] = SYSTEM.now,
        will: tuple[str, bytes] | None = None,
        on_connected: Callable[[], None] | None = None,
        after: int = 0,
    ) -> None:
        """Prepare it; ``start`` connects. Raises MqttSetupError when a TLS file is unusable.

        ``will``: topic and payload that the broker publishes, retained, when it loses us.
        ``on_connected`` is called in the network thread at each connection. ``after``: how many
        connections the link before this one had made, whose messages are never acknowledged here.

        ``on_status`` gets one line when the connection changes. ``on_refused`` gets the first
        message of a flood, or one whose topic is not UTF-8, and the reason. Both are called in the
        network thread. ``now`` says when a message was received.
        """
        self._settings = settings
        self._sink = sink
        self._host, self._port = host, port
        self._where = f"{host}:{port}"
        self._username, self._password = username, password
        self._tls = tls_context(settings) if tls else None
        self._say = on_status
        self._receiver = Receiver(settings, sink, on_refused, now)
        self._will = will
        self._on_connected = on_connected

        self._acks: deque[Sequence[InMessage]] = deque()
        self._subscriptions = Subscriptions()
        self._outgoing = Outgoing()

        self._thread: threading.Thread | None = None
        self._stopping = False
        self._waker: Waker | None = None

        self._client: BufferedClient | None = None
        self._versions = Versions(settings.protocol)
        self._version: Version = settings.protocol
        self._connected = False
        self._connection = after
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
    def connections(self) -> int:
        """Return how many connections were made, those of links before this one included."""
        return self._connection

    @property
    def protocol(self) -> str:
        """Return the MQTT version spoken: ``5`` or ``3.1.1``."""
        return self._version

    def start(self) -> None:
        """Connect in a thread of its own, now or as soon as there is a broker."""
        if self._thread is not None:
            return
        self._stopping = False
        self._waker = Waker()
        self._thread = threading.Thread(
            target=self._run, args=(self._waker,), name="mqtt", daemon=True
        )
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
        self._subscriptions.add(filters)
        self._wake()

    def unsubscribe(self, filters: Sequence[str]) -> None:
        """Drop topic filters; those not subscribed to are passed over."""
        self._subscriptions.drop(filters)
        self._wake()

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Queue a message; it leaves once there is a connection.

        At most ``outgoing.MOST_WAITING`` wait; then the oldest gives way. Raises ValueError when
        the topic or ``qos`` (0 to 2) is not one that can be published.
        """
        self._outgoing.put(topic, payload, qos, retain)
        self._wake()

    def _wake(self) -> None:
        waker = self._waker
        if waker is not None:
            waker.wake()

    # -- the thread ----------------------------------------------------------------------------

    def _run(self, waker: Waker) -> None:
        try:
            while not self._stopping:
                try:
                    self._open()
                    while not self._stopping and self._turn(waker):
                        pass
                except Exception:
                    log.exception("the MQTT connection failed; connecting anew")
                    self._trouble = f"lost the MQTT broker at {self._where}; trying again"
                if not self._stopping:
                    self._after_loss(waker)
            self._farewell(waker)
        finally:
            self._connected = False
            waker.close()

    def _open(self) -> None:
        """Make one attempt; what became of it shows in the turns that follow."""
        version = self._versions.next()
        if self._client is None or version != self._version:
            self._version = version
            self._client = client = make_client(
                self._settings,
                _PROTOCOLS[version],
                host=self._host,
                port=self._port,
                username=self._username,
                password=self._password,
                tls=self._tls,
                will=self._will,
            )
            client.on_connect = self._on_connect
            client.on_disconnect = self._on_disconnect
            client.on_subscribe = self._on_subscribe
            client.on_unsubscribe = self._on_unsubscribe
            client.on_publish = self._on_publish
            # Set, so that paho leaves writing to this loop; it has nothing to add.
            client.on_socket_register_write = lambda *_: None
            self._outgoing.take_back()
        self._client.on_message = self._receiver.on_message
        self._trouble = ""
        self._since = time.monotonic()
        try:
            self._client.reconnect()
        except (OSError, ValueError) as error:
            self._trouble = absence_text(error, self._where)

    def _turn(self, waker: Waker) -> bool:
        """Write what waits, read what came, sleep when there is neither; False once cut off."""
        client = self._client
        sock = client.socket() if client is not None else None
        if client is None or not isinstance(sock, BufferedSocket):
            return False
        self._drain(client, sock)
        client.loop_write()
        sock.flush()
        if not sock.pending():
            waker.arm()
            seconds = 0.0 if self._has_work(sock) else self._patience()
            waker.sleep(seconds, sock.fileno(), writable=sock.unsent > 0)
        for _ in range(READ_AT_ONCE):
            client.loop_read()
            if client.socket() is None or not sock.pending():
                break
        client.loop_misc()
        if not self._connected and time.monotonic() - self._since > CONNACK_SECONDS:
            self._trouble = f"what listens at {self._where} does not answer like an MQTT broker"
            return False
        return client.socket() is not None

    def _patience(self) -> float:
        if self._stopping:
            return 0.1
        return IDLE_SECONDS if self._connected else 1.0

    def _has_work(self, sock: BufferedSocket) -> bool:
        return self._connected and (
            bool(self._acks)
            or self._subscriptions.pending
            or (self._outgoing.sendable and sock.unsent < MOST_UNSENT)
        )

    def _drain(self, client: Client, sock: BufferedSocket) -> None:
        if not self._connected:
            return
        connection = self._connection
        ack = client.ack
        while self._acks:
            for message in self._acks.popleft():
                if message.qos and message.connection == connection:
                    ack(message.mid, message.qos)
        if self._subscriptions.pending:
            self._subscriptions.send(client)
        if self._outgoing.sendable:
            self._outgoing.send(client, lambda: sock.unsent < MOST_UNSENT)

    def _after_loss(self, waker: Waker) -> None:
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
        self._subscriptions.lost()
        if self._trouble and self._repeats.worth_saying(self._trouble, now):
            self._say(self._trouble)
        until = now + self._backoff.next()
        while (left := until - time.monotonic()) > 0:
            waker.arm()
            if self._stopping:
                break
            waker.sleep(left)

    def _farewell(self, waker: Waker) -> None:
        """Send what is owed, for as long as the broker takes it, and leave; the session stays.

        It gives up on a broker that takes nothing for ``FAREWELL_SECONDS``, and on a slow one
        after ``LONGEST_FAREWELL_SECONDS``, so that ``stop`` does not wait in vain.
        """
        client = self._client
        if client is None:
            return
        # What comes now is not taken, so not acknowledged, so sent again next time.
        client.on_message = None
        began = moved = time.monotonic()
        owed = self._owed(client)
        try:
            while self._connected and owed:
                if not self._turn(waker):
                    return
                before, owed, now = owed, self._owed(client), time.monotonic()
                moved = now if owed != before else moved
                if now > moved + FAREWELL_SECONDS or now > began + LONGEST_FAREWELL_SECONDS:
                    break
            sock = client.socket()
            if self._connected and isinstance(sock, BufferedSocket):
                sock.linger = FAREWELL_SECONDS
                client.disconnect()
                client.loop_write()
        finally:
            sock = client.socket()
            if sock is not None:
                sock.close()

    def _owed(self, client: Client) -> int:
        sock = client.socket()
        unsent = sock.unsent if isinstance(sock, BufferedSocket) else 0
        return len(self._acks) + self._subscriptions.pending + self._outgoing.owed + unsent

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
            if refuses_version(reason) and self._versions.refused_five():
                self._say(f"the MQTT broker at {self._where} does not speak MQTT 5: using 3.1.1")
            else:
                self._trouble = refusal_text(reason, self._where, self._username)
            return
        self._versions.accepted(self._version)
        self._connection += 1
        self._receiver.connection = self._connection
        self._since = time.monotonic()
        self._sink.connected(self._connection, flags.session_present)
        self._subscriptions.begin(client)
        self._connected = True
        self._repeats.settled()
        self._say(f"connected to the MQTT broker at {self._where} (MQTT {self.protocol})")
        if self._on_connected is not None:
            self._on_connected()

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
            name, short = self._settings.client_id, self._backoff.short_lives
            self._trouble = loss_text(reason, self._where, name, short_lives=short)
            return
        fault = self._client.fault if self._client is not None else None
        if fault is not None:
            # With TLS 1.3 a broker refuses our certificate only after the handshake.
            self._trouble = absence_text(fault, self._where)
            return
        if self._versions.hung_up():
            self._trouble = hangup_text(self._where, self._username, tls=self._tls is not None)

    def _on_subscribe(
        self,
        _client: Client,
        _data: object,
        mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        for text in self._subscriptions.added(mid, reasons):
            self._say(f"the MQTT broker at {self._where} {text}")

    def _on_unsubscribe(
        self,
        _client: Client,
        _data: object,
        mid: int,
        _reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self._subscriptions.dropped(mid)

    def _on_publish(
        self,
        _client: Client,
        _data: object,
        mid: int,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        text = self._outgoing.confirmed(mid, reason)
        if text is not None:
            log.warning("the MQTT broker at %s %s", self._where, text)
