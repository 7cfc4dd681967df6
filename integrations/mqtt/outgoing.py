"""What the hub publishes, until the broker has confirmed it."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from integrations.mqtt.topics import topic_fault

log = logging.getLogger(__name__)
MOST_WAITING = 5_000
# paho looks through all it holds at each confirmation: few are handed to it at a time.
MOST_UNCONFIRMED = 200

_Entry = tuple[str, bytes, int, bool]


class Outgoing:
    """A bounded queue in front of paho; ``put`` from any thread, the rest in the network thread."""

    def __init__(self) -> None:
        """Begin empty."""
        self._lock = threading.Lock()
        self._waiting: deque[_Entry] = deque()
        self._unconfirmed: dict[int, _Entry] = {}
        self._dropping = False

    def put(self, topic: str, payload: bytes, qos: int, retain: bool) -> None:
        """Queue a message; when ``MOST_WAITING`` wait, the oldest gives way.

        Raises ValueError when the topic or ``qos`` (0 to 2) is not one that can be published.
        """
        fault = topic_fault(topic)
        if fault is not None:
            raise ValueError(f"cannot publish on topic {topic[:200]!r}: {fault}")
        if qos not in (0, 1, 2):
            raise ValueError(f"cannot publish at QoS {qos!r}: expected 0, 1 or 2")
        with self._lock:
            full = len(self._waiting) >= MOST_WAITING
            if full:
                self._waiting.popleft()
            news, self._dropping = full and not self._dropping, full or self._dropping
            self._waiting.append((topic, payload, qos, retain))
        if news:
            log.warning("%d messages wait for the broker: the oldest are dropped", MOST_WAITING)

    @property
    def sendable(self) -> bool:
        """Tell whether something waits that may be handed over now."""
        return bool(self._waiting) and len(self._unconfirmed) < MOST_UNCONFIRMED

    @property
    def owed(self) -> int:
        """Return how many were not sent yet or, above QoS 0, not confirmed."""
        return len(self._waiting) + len(self._unconfirmed)

    def send(self, client: Client, room: Callable[[], bool]) -> None:
        """Hand messages to ``client`` while ``room()`` says that there is room for their bytes."""
        while self.sendable and room():
            with self._lock:
                entry = self._waiting.popleft()
                self._dropping = False
            topic, payload, qos, retain = entry
            info = client.publish(topic, payload, qos, retain)
            while info.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
                # An old message still has this packet id: the next one is another.
                info = client.publish(topic, payload, qos, retain)
            if qos:
                self._unconfirmed[info.mid] = entry
            client.loop_write()

    def confirmed(self, mid: int, reason: ReasonCode) -> str | None:
        """Forget the message of a packet id; return what to say if the broker refused it."""
        entry = self._unconfirmed.pop(mid, None)
        if entry is None or not reason.is_failure:
            return None
        return f"refused a message on {entry[0]!r}: {str(reason).lower()}"

    def take_back(self) -> None:
        """Queue again, first, what a client that is given up was handed."""
        with self._lock:
            self._waiting.extendleft(reversed(self._unconfirmed.values()))
        self._unconfirmed.clear()
