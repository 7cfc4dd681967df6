"""Reach a member over the Home Assistant app: a notification with buttons, answered by an event.

Sources: the Home Assistant Companion documentation, "Actionable notifications", "Advanced
notifications" (``tag``, ``clear_notification``, ``timeout``) and "Critical notifications".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from hub.domain.effects import Notification, NotificationAction
from hub.domain.homeassistant import ServiceCall, action_id
from hub.ports import DeliveryError, HomeControl

MOST_ACTIONS = 3
"""Buttons that Android shows."""
CLEAR = "clear_notification"
_URGENT = 4


class AppNotifier:
    """The port ``Notifier`` over a member's apps, each a ``notify`` service of Home Assistant."""

    def __init__(
        self, services: Sequence[str], control: HomeControl, now: Callable[[], datetime]
    ) -> None:
        """``services`` are as in the settings, e.g. ``notify.mobile_app_adas_phone``."""
        self._services = tuple(services)
        self._control = control
        self._now = now

    async def notify(self, notification: Notification) -> None:
        """Show it on each of the member's devices; one of the same tag gives way to it.

        Raises DeliveryError when a device did not get it; showing it again there does no harm.
        """
        said = self.data(notification)
        failed: list[DeliveryError] = []
        for service in self._services:
            try:
                await self._control.call(ServiceCall(service, (), said))
            except DeliveryError as error:
                failed.append(error)
        if failed:
            message = "; ".join(dict.fromkeys(str(error) for error in failed))
            # A phone's service is there some time after Home Assistant is.
            raise DeliveryError(message, unknown=any(error.unknown for error in failed))

    async def close(self) -> None:
        """Do nothing: the connection is another's."""

    def data(self, notification: Notification) -> dict[str, object]:
        """Return what the service is called with."""
        if notification.withdraw:
            return {"message": CLEAR, "data": {"tag": notification.tag}}
        more: dict[str, object] = {"tag": notification.tag, "group": "commonhearth"}
        if notification.link:
            # Android's name for it, and that of iOS.
            more["clickAction"] = more["url"] = notification.link
        if notification.actions:
            more["actions"] = [_action(one) for one in notification.actions[:MOST_ACTIONS]]
        if notification.priority >= _URGENT:
            more |= {"ttl": 0, "priority": "high"}
        if notification.expires is not None:
            left = int((notification.expires - self._now()).total_seconds())
            more["timeout"] = max(1, left)
        return {
            "title": notification.title,
            "message": notification.body or notification.title,
            "data": more,
        }


def _action(action: NotificationAction) -> dict[str, object]:
    shown: dict[str, object] = {"action": action_id(action.token), "title": action.label}
    if action.spends:
        shown["authenticationRequired"] = True
    if action.verb == "decline":
        shown["destructive"] = True
    return shown
