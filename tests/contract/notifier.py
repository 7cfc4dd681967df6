"""What every Notifier promises (``hub.ports``), whoever carries the message.

A test class inherits from NotifierContract and gives the fixture ``channel``: a notifier and the
far end it delivers to, which can be made to refuse or to vanish.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Protocol

import pytest

from hub.domain.effects import Notification, NotificationAction
from hub.ports import DeliveryError, Notifier

ASK = Notification(
    tag="suggestion:1",
    title="Milk is running low",
    body="Corner Shop: 3 × Whole milk, 8.76 EUR\n牛奶 <b>&amp;",
    member="ada",
    priority=4,
    actions=(NotificationAction("approve", "Approve 8.76 EUR", "secret-token"),),
    link="http://hub.local:8480/suggestions/1",
    expires=datetime(2026, 11, 24, 12, tzinfo=UTC),
)
TELL = Notification(tag="suggestion:1", title="Ordered", body="today 18:00-20:00", member="ada")


class Channel(Protocol):
    """A notifier and its far end."""

    notifier: Notifier

    def arrived(self) -> list[tuple[str, str]]:
        """Return title and body of what arrived, in order."""
        ...

    def refuse(self, refuse: bool) -> None:
        """Have the far end refuse everything for now, or take it again."""
        ...

    async def vanish(self) -> None:
        """Have nobody listen there."""
        ...


class NotifierContract:
    async def test_title_and_body_arrive(self, channel: Channel) -> None:
        await channel.notifier.notify(ASK)
        ((title, body),) = channel.arrived()
        assert title == ASK.title
        assert body.startswith(ASK.body)

    async def test_what_has_no_buttons_and_no_link_arrives_as_well(self, channel: Channel) -> None:
        await channel.notifier.notify(TELL)
        assert channel.arrived() == [(TELL.title, TELL.body)]

    async def test_a_later_one_of_the_same_tag_is_delivered_after_it(
        self, channel: Channel
    ) -> None:
        await channel.notifier.notify(ASK)
        await channel.notifier.notify(TELL)
        assert [title for title, _ in channel.arrived()] == [ASK.title, TELL.title]

    async def test_several_at_once_all_arrive(self, channel: Channel) -> None:
        many = [Notification(f"tag {n}", f"title {n}", f"body {n}", "ada") for n in range(20)]
        await asyncio.gather(*(channel.notifier.notify(one) for one in many))
        assert sorted(channel.arrived()) == sorted((one.title, one.body) for one in many)

    async def test_any_text_is_carried(self, channel: Channel) -> None:
        odd = Notification("a b/ü?", "“Quotes” & 牛奶", "x" * 3000 + " ünd\n\nmore", "ada", 99)
        await channel.notifier.notify(odd)
        assert channel.arrived() == [(odd.title, odd.body)]

    async def test_a_refusal_is_a_delivery_error_and_it_may_be_tried_again(
        self, channel: Channel
    ) -> None:
        channel.refuse(True)
        with pytest.raises(DeliveryError) as caught:
            await channel.notifier.notify(ASK)
        assert caught.value.retry
        assert str(caught.value)
        assert str(caught.value).isprintable(), "one line"
        assert "secret" not in str(caught.value)
        channel.refuse(False)
        await channel.notifier.notify(ASK)
        assert [title for title, _ in channel.arrived()] == [ASK.title]

    async def test_where_nobody_is_it_may_be_tried_again(self, channel: Channel) -> None:
        await channel.vanish()
        with pytest.raises(DeliveryError) as caught:
            await channel.notifier.notify(ASK)
        assert caught.value.retry
        assert "secret" not in str(caught.value)

    async def test_once_closed_it_opens_again_when_it_is_needed(self, channel: Channel) -> None:
        await channel.notifier.notify(TELL)
        for _ in range(2):
            await channel.notifier.close()  # type: ignore[attr-defined]
        await channel.notifier.notify(TELL)
        assert len(channel.arrived()) == 2
