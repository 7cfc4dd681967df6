"""What the Home Assistant app is asked to show."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.domain.effects import Notification, NotificationAction
from hub.domain.homeassistant import ServiceCall
from hub.ports import DeliveryError
from integrations.homeassistant.notifier import AppNotifier

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
ASK = Notification(
    "tag",
    "Milk is running low",
    "3 × Milk, 8.76 EUR",
    "ada",
    4,
    (
        NotificationAction("approve", "Approve 8.76 EUR", "token-a", spends=True),
        NotificationAction("decline", "Decline", "token-d"),
        NotificationAction("later", "Later", "token-l"),
        NotificationAction("more", "More", "token-m"),
    ),
    "http://hub/suggestions/1",
    NOON + timedelta(hours=1),
)


class Control:
    """A Home Assistant that notes what it was asked; ``fails`` by service."""

    def __init__(self) -> None:
        self.calls: list[ServiceCall] = []
        self.fails: dict[str, DeliveryError] = {}

    async def call(self, call: ServiceCall, *, answer: bool = False) -> Mapping[str, object]:
        if call.service in self.fails:
            raise self.fails[call.service]
        self.calls.append(call)
        return {}


async def shown(notification: Notification) -> dict[str, Any]:
    control = Control()
    await AppNotifier(["notify.phone"], control, lambda: NOON).notify(notification)
    (call,) = control.calls
    assert call.service == "notify.phone"
    return dict(call.data)


async def test_a_question_has_three_buttons_that_tell_nothing() -> None:
    data = (await shown(ASK))["data"]
    assert [one["title"] for one in data["actions"]] == ["Approve 8.76 EUR", "Decline", "Later"]
    names = [one["action"] for one in data["actions"]]
    assert len(set(names)) == 3
    assert all(name.startswith("COMMONHEARTH_") and "token" not in name for name in names)
    asked_who = [one.get("authenticationRequired", False) for one in data["actions"]]
    assert asked_who == [True, False, False]
    assert (data["tag"], data["timeout"]) == ("tag", 3600)
    assert data["url"] == data["clickAction"] == ASK.link


async def test_what_was_answered_elsewhere_is_cleared() -> None:
    gone = await shown(Notification("tag", "Declined", "", "ada", withdraw=True))
    assert gone == {"message": "clear_notification", "data": {"tag": "tag"}}


async def test_each_device_is_told_also_where_one_fails() -> None:
    control = Control()
    control.fails["notify.phone"] = DeliveryError("not there", retry=False)
    notifier = AppNotifier(["notify.phone", "notify.tablet"], control, lambda: NOON)
    with pytest.raises(DeliveryError, match="not there") as caught:
        await notifier.notify(ASK)
    assert [one.service for one in control.calls] == ["notify.tablet"]
    assert caught.value.retry
