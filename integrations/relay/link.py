"""One MQTT 5 connection with a persistent session, for either side of a relay.

paho's own thread runs the network; everything else happens in the asyncio loop.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from dataclasses import field
from pathlib import Path
from urllib.parse import urlsplit

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from hub.domain.values import dataclass
from integrations.relay.words import RelayError

log = logging.getLogger(__name__)

KEEP = 7 * 24 * 3600
"""Seconds the broker keeps a session, and what is undelivered in it."""

_KEEPALIVE = 30
_NOBODY = 0x10
_PORTS = {"mqtt": 1883, "mqtts": 8883}


class NotStored(Exception):
    """The broker did not take a message: nothing of it is kept."""


class NobodyListens(NotStored):
    """The broker has no session that would get the message."""


@dataclass(frozen=True)
class Broker:
    """Where the broker is, mqtt://host:port or mqtts://host:port, and who we are there."""

    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None

    def address(self) -> tuple[str, int, bool]:
        """Return host, port and whether TLS is spoken; RelayError for another kind of URL."""
        try:
            parts = urlsplit(self.url)
            host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme)
            if parts.scheme in _PORTS and host and port and not parts.username:
                return host, port, parts.scheme == "mqtts"
        except ValueError:
            pass
        raise RelayError(
            f"{self.url}: expected mqtt://host:port or mqtts://host:port, without a user"
        )


class Link:
    """Publishes until the broker has acknowledged, and hears what came while it was away."""

    def __init__(
        self,
        broker: Broker,
        *,
        client_id: str,
        topics: Sequence[str],
        on_message: Callable[[MQTTMessage, int], None],
        on_ready: Callable[[bool], None] = lambda _: None,
        on_status: Callable[[str], None] = log.info,
        at_once: int = 20,
    ) -> None:
        """Prepare it; ``start`` connects. Raises RelayError for a URL that is none.

        ``on_message`` gets each message with the number of the connection, in the asyncio loop;
        it is to be given back to ``ack``. At most ``at_once`` come before the first is.
        ``on_ready`` is told in the loop of each connection, and whether the session was kept.
        """
        self._host, self._port, tls = broker.address()
        self.where = f"{self._host}:{self._port}"
        self._topics = list(topics)
        self._on_message = on_message
        self._on_ready = on_ready
        self._say = on_status
        self._at_once = at_once
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._connection = 0
        self._lost = False
        self._session_kept = False
        self.ready = asyncio.Event()
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True,
        )
        self._client.max_queued_messages_set(1000)
        self._client.reconnect_delay_set(1, 30)
        if broker.username is not None:
            self._client.username_pw_set(broker.username, broker.password)
        if tls:
            try:
                context = ssl.create_default_context(cafile=broker.ca_file)
            except (OSError, ssl.SSLError) as error:
                raise RelayError(f"{broker.ca_file}: expected CA certificates: {error}") from None
            self._client.tls_set_context(context)
        self._client.on_connect = self._connected
        self._client.on_subscribe = self._subscribed
        self._client.on_disconnect = self._disconnected
        self._client.on_connect_fail = self._failed
        self._client.on_publish = self._published
        self._client.on_message = self._received

    def start(self) -> None:
        """Connect, now and whenever the connection is lost; ``ready`` is set while it stands."""
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = KEEP
        properties.ReceiveMaximum = self._at_once
        self._client.connect_async(
            self._host, self._port, _KEEPALIVE, clean_start=False, properties=properties
        )
        self._client.loop_start()

    async def stop(self) -> None:
        """Disconnect; the broker keeps the session."""
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(NotStored("the relay is being stopped"))
        self._waiting.clear()

    async def publish(
        self, topic: str, payload: bytes, *, patience: float, reach: bool = True
    ) -> None:
        """Return once the broker has acknowledged a message at QoS 1.

        Raises NotStored when it did not take it, or (with ``reach``) has no session that would
        get it; TimeoutError when it is not known what became of it.
        """
        if not self.ready.is_set():
            raise NotStored(f"the broker at {self.where} is away")
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.MessageExpiryInterval = KEEP
        sent = self._client.publish(topic, payload, qos=1, properties=properties)
        if sent.rc not in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN):
            raise NotStored(f"too much waits for the broker at {self.where}")
        future: asyncio.Future[None] = self._loop.create_future()
        self._waiting[sent.mid] = future
        try:
            async with asyncio.timeout(patience):
                await future
        except NobodyListens:
            if reach:
                raise
        finally:
            self._waiting.pop(sent.mid, None)

    def ack(self, message: MQTTMessage, connection: int) -> None:
        """Acknowledge a message, unless its connection is gone: then it comes again."""
        if connection == self._connection:
            self._client.ack(message.mid, message.qos)

    # -- called in paho's thread ---------------------------------------------------------------

    def _call(self, function: Callable[..., None], *values: object) -> None:
        # A loop that is closed has nobody left to tell.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *values)

    def _connected(
        self,
        client: Client,
        _data: object,
        flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._call(self._tell_lost, f"the broker at {self.where} refused: {reason}")
            return
        self._connection += 1
        self._session_kept = flags.session_present
        client.subscribe([(topic, 1) for topic in self._topics])

    def _subscribed(
        self,
        _client: Client,
        _data: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            self._call(self._tell_lost, f"the broker at {self.where} refused a topic: {refused[0]}")
        else:
            self._call(self._tell_ready)

    def _disconnected(
        self,
        _client: Client,
        _data: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._call(self._tell_lost, f"lost the broker at {self.where}: {reason}")

    def _failed(self, _client: Client, _data: object) -> None:
        self._call(self._tell_lost, f"no broker at {self.where} yet; waiting for it")

    def _published(
        self,
        _client: Client,
        _data: object,
        mid: int,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._call(self._acknowledged, mid, reason)

    def _received(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self._call(self._on_message, message, self._connection)

    # -- called in the loop --------------------------------------------------------------------

    def _tell_ready(self) -> None:
        self.ready.set()
        self._lost = False
        self._say(f"connected to the broker at {self.where}")
        self._on_ready(self._session_kept)

    def _tell_lost(self, line: str) -> None:
        self.ready.clear()
        if not self._lost:
            self._say(line)
        self._lost = True

    def _acknowledged(self, mid: int, reason: ReasonCode) -> None:
        future = self._waiting.get(mid)
        if future is None or future.done():
            return
        if reason.value == _NOBODY:
            future.set_exception(NobodyListens("the hub has no session at the broker yet"))
        elif reason.is_failure:
            future.set_exception(NotStored(f"the broker at {self.where} refused it: {reason}"))
        else:
            future.set_result(None)
