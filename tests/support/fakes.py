"""Stand-ins for ports, for unit tests. Each passes the contract test of the real adapter."""

from __future__ import annotations

from hub.domain.effects import Notification
from hub.ports import DeliveryError


class FakeNotifier:
    """A phone in memory (``hub.ports.Notifier``); ``fails`` is raised instead of delivering."""

    def __init__(self) -> None:
        self.delivered: list[Notification] = []
        self.fails: DeliveryError | None = None

    async def notify(self, notification: Notification) -> None:
        if self.fails is not None:
            raise self.fails
        self.delivered.append(notification)

    async def close(self) -> None:
        """Nothing is open."""
