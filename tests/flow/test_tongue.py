"""A household that speaks Chinese is asked, told and refused in Chinese."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.domain.effects import TellMember
from hub.domain.tongue import speak
from hub.web.i18n import say_in


@pytest.fixture
def chinese() -> Iterator[None]:
    say_in("zh")
    yield
    speak("en")


def test_an_order_from_the_empty_shelf_to_its_end(chinese, house, market):
    house.level("milk", 0.4)
    asked = market.offers()
    assert asked.title == "Milk快用完了"
    assert [one.text for one in asked.because] == ["Milk只剩 0.4 l (低限 1 l)"]
    refused = house.decide("maybe")
    assert refused.message == "只有邀请可以答复“可能”。"
    placed = house.decide("approve", option=asked.options[0].id)
    assert placed.message.startswith("Ana已批准；正在")
    market.serve("init")
    market.serve("confirm")
    done = house.suggestion(asked.id)
    assert done.outcome.startswith("已在")
    assert done.outcome.endswith("。")
    told = [one.effect for one in house.outbox() if isinstance(one.effect, TellMember)]
    assert told[-1].body == done.outcome
