"""What the hub says itself is said in the household's language."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from hub.domain.money import Money
from hub.domain.offers import Window
from hub.domain.tongue import capital, date_text, long_date, near_text, phrase, speak, weekday_text
from hub.domain.wording import listed, time_text, window_text
from hub.web.i18n import say_in

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
DAY = date(2026, 11, 28)


@pytest.fixture
def chinese() -> Iterator[None]:
    say_in("zh")
    yield
    speak("en")


def window(day: int) -> Window:
    return Window(datetime(2026, 11, day, 17, tzinfo=UTC), datetime(2026, 11, day, 19, tzinfo=UTC))


def test_english_is_what_the_code_says() -> None:
    assert phrase("{name} agreed.", name="Ana {x}") == "Ana {x} agreed."
    assert phrase("no {such} text") == "no {such} text"
    assert (weekday_text(DAY), long_date(DAY)) == ("Saturday", "Saturday 28 November")
    assert (near_text(DAY, DAY), near_text(DAY, date(2026, 11, 27))) == ("today", "tomorrow")
    assert near_text(DAY, date(2026, 11, 29)) == date_text(DAY) == "Sat 28 Nov"
    assert (capital("it comes"), capital("")) == ("It comes", "")


def test_chinese(chinese: None) -> None:
    assert listed(["牛奶", "鸡蛋", "黄油"]) == "牛奶、鸡蛋和黄油"
    assert window_text(window(27), ZONE, NOW) == "今天 18:00-20:00"
    assert window_text(window(30), ZONE, NOW) == "11月30日周一 18:00-20:00"
    assert time_text(window(28), ZONE, NOW) == "明天 18:00-20:00"
    assert (weekday_text(DAY), long_date(DAY)) == ("周六", "11月28日周六")
    ordered = phrase(
        "Ordered at {provider_name} for {total}{when}.",
        provider_name="绿谷",
        total=Money(Decimal("12.40"), "EUR"),
        when="",
    )
    assert ordered == "已在绿谷下单，12.40 EUR。"


def test_what_nobody_translated_is_said_in_english(chinese: None) -> None:
    assert phrase("quite unheard of: {what}", what="x") == "quite unheard of: x"
    assert phrase("") == ""
