"""Which topics the hub listens to, and what the broker has yet to be told of it."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence

from paho.mqtt.client import Client
from paho.mqtt.reasoncodes import ReasonCode

from integrations.mqtt.topics import filter_fault

log = logging.getLogger(__name__)
FILTERS_AT_ONCE = 100


class Subscriptions:
    """The topic filters; ``add`` and ``drop`` from any thread, the rest in the network thread."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._filters: dict[str, None] = {}
        self._changes: deque[tuple[bool, list[str]]] = deque()
        self._adding: dict[int, list[str]] = {}
        self._dropping: dict[int, list[str]] = {}

    @property
    def pending(self) -> bool:
        """Tell whether the broker has yet to be told something."""
        return bool(self._changes)

    def add(self, filters: Sequence[str]) -> None:
        """Add filters; a malformed one is logged and left out."""
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

    def drop(self, filters: Sequence[str]) -> None:
        """Drop filters; those not subscribed to are passed over."""
        with self._lock:
            gone = [text for text in dict.fromkeys(filters) if text in self._filters]
            for text in gone:
                del self._filters[text]
            if gone:
                self._changes.append((False, gone))

    def begin(self, client: Client) -> None:
        """Tell a broker just connected to everything.

        All is asked for even when it kept the session: retained states heal what was missed. What
        was dropped meanwhile must be dropped there too, as the session would go on with it.
        """
        with self._lock:
            wanted = list(self._filters)
            gone = [text for add, texts in self._changes if not add for text in texts]
            self._changes.clear()
        self._unsubscribe(client, [text for text in dict.fromkeys(gone) if text not in wanted])
        self._subscribe(client, wanted)

    def send(self, client: Client) -> None:
        """Tell what changed since."""
        while self._changes:
            add, filters = self._changes.popleft()
            if add:
                self._subscribe(client, filters)
            else:
                self._unsubscribe(client, filters)

    def lost(self) -> None:
        """Take back what no broker confirmed: the connection is gone."""
        self._adding.clear()
        with self._lock:
            self._changes.extend((False, texts) for texts in self._dropping.values())
        self._dropping.clear()

    def added(self, mid: int, reasons: Sequence[ReasonCode]) -> list[str]:
        """Take a SUBACK; return what to say of each filter the broker refused."""
        filters = self._adding.pop(mid, [])
        return [
            f"refused the topic {text!r}: {str(reason).lower()}"
            for text, reason in zip(filters, reasons, strict=False)
            if reason.is_failure
        ]

    def dropped(self, mid: int) -> None:
        """Take an UNSUBACK."""
        self._dropping.pop(mid, None)

    def _subscribe(self, client: Client, filters: list[str]) -> None:
        for start in range(0, len(filters), FILTERS_AT_ONCE):
            part = filters[start : start + FILTERS_AT_ONCE]
            _, mid = client.subscribe([(text, 1) for text in part])
            if mid is not None:
                self._adding[mid] = part

    def _unsubscribe(self, client: Client, filters: list[str]) -> None:
        for start in range(0, len(filters), FILTERS_AT_ONCE):
            part = filters[start : start + FILTERS_AT_ONCE]
            _, mid = client.unsubscribe(part)
            if mid is not None:
                self._dropping[mid] = part
