"""When the hub may say ``online`` on ``<prefix>/status`` itself.

Devices announce themselves again when they read ``online`` there (Home Assistant's MQTT
integration, "birth and last will messages"). A Home Assistant that shares the broker says it; the
hub must not say it in its place, so it listens first.
"""

from __future__ import annotations

from datetime import datetime, timedelta

ONLINE = b"online"


class Birth:
    """Decides whether the hub asks devices to announce themselves.

    Feed it every message on ``topic`` with ``heard`` and ask ``due`` from time to time; when
    ``due`` says yes, publish ``ONLINE`` on ``topic``, not retained, once.
    """

    def __init__(
        self, started: datetime, *, prefix: str = "homeassistant", listen_seconds: float = 5.0
    ) -> None:
        """Begin to listen at ``started`` (aware); ``listen_seconds`` is how long."""
        self.topic = f"{prefix}/status"
        self._speak_at = started + timedelta(seconds=listen_seconds)
        self._spoken = False
        self.shared = False

    def heard(self, payload: bytes, now: datetime) -> None:
        """Note a message on the topic: any but an empty one or our own means a Home Assistant.

        The broker sends our own message back to us; ``offline`` also counts, for a Home Assistant
        that is away comes back and says ``online`` itself.
        """
        if not payload.strip() or (self._spoken and not self.shared and payload == ONLINE):
            return
        self.shared = True

    def due(self, now: datetime) -> bool:
        """Tell, once, that the hub should publish ``online`` now."""
        if self._spoken or self.shared or now < self._speak_at:
            return False
        self._spoken = True
        return True
