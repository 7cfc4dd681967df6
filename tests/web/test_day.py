"""The page of a day: what is on and where it stands, what clashes, and what is suggested."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, expect

from hub.domain.agenda import Block
from hub.domain.offers import Window
from hub.web.dayviews import asked_day, day_page, link_of
from hub.web.words import Words
from tests.web.conftest import Client
from tests.web.fake_backend import NOW, FakeBackend, option_of
from tests.web.test_browser import SIZES, browser, visit

__all__ = ["browser"]

BERLIN = ZoneInfo("Europe/Berlin")
WORDS = Words(BERLIN, NOW)
TODAY = date(2026, 11, 24)
HOUR = timedelta(hours=1)


def block(number: int, start: float, length: float, **more: object) -> Block:
    begin = datetime(2026, 11, 23, 23, tzinfo=UTC) + HOUR * start
    window = Window(begin, begin + HOUR * length)
    return Block(f"activity:{number}@x", "activity", window, f"No. {number}", **more)  # type: ignore[arg-type]


def page_of(*blocks: Block, on: date = TODAY, words: Words = WORDS):
    return day_page(on, blocks, (), (), {"ada": "Ada"}, words)


def test_each_block_stands_at_its_time_and_short_ones_can_be_hit() -> None:
    page = page_of(block(1, 9.5, 1.5, members=("ada",)), block(2, 18, 0.1))
    (morning,), (evening,) = page.before, page.after
    assert (morning.place, morning.when, morning.who) == (
        "h9 m30 lh1 lm30 a0 w1",
        "09:30–11:00",
        "Ada",
    )
    assert evening.place == "h18 m0 lh0 lm30 a0 w1 short"
    assert (page.now.text, page.now.place) == ("17:20", "h17 m20")
    assert page.frame == "f7 u15 w1"


def test_what_crosses_midnight_is_in_both_days() -> None:
    night = block(1, 22.5, 9)
    (today,) = page_of(night).after
    assert (today.place, today.when) == ("h22 m30 lh1 lm30 a0 w1", "from 22:30")
    tomorrow = page_of(night, on=date(2026, 11, 25))
    assert tomorrow.before[0].when == "until 07:30"
    assert tomorrow.frame == "f0 u22 w1"
    assert tomorrow.now is None


def test_what_lasts_all_day_takes_nobodys_room() -> None:
    page = page_of(block(1, -5, 48), block(2, 10, 1), block(3, 0, 24), block(4, -1, 24 * 9000))
    whens = {one.title: one.when for one in page.all_day}
    assert whens == {
        "No. 1": "until tomorrow 19:00", "No. 3": "all day", "No. 4": "until further notice",
    }  # fmt: skip
    assert "a0 w1" in page.before[0].place


def test_a_day_when_the_clock_changes_has_its_hours() -> None:
    short = page_of(block(1, 24 * 124, 2), on=date(2027, 3, 28))
    assert [mark.text for mark in short.marks][:4] == ["00:00", "01:00", "03:00", "04:00"]


def test_crowds_are_bounded_and_told() -> None:
    page = page_of(*(block(n, 10, 1) for n in range(230)))
    assert (len(page.before), page.more) == (200, 30)
    assert all(" w40 " in one.place for one in page.before)


@pytest.mark.parametrize(
    "text", ["", "2026-13-01", "20261128", "tomorrow", "0001-01-01", "9999-12-31"]
)
def test_a_day_nobody_can_look_at(text: str) -> None:
    assert asked_day(text, TODAY, timedelta(days=400)) is None


def test_where_blocks_lead() -> None:
    assert link_of("activity:a/b#20261128T090000Z@mill.example@20261128T090000Z") == (
        "/activities/a%2Fb%2320261128T090000Z%40mill.example"
    )
    assert link_of("ride:o1") == "/orders/o1"
    assert link_of("cooking:c") == ""
    assert link_of("activity:calendar/0a1b@20261128T090000Z") == "", "it is kept elsewhere"


async def test_the_page_says_it_all(member: Client) -> None:
    text = await (await member.get("/day")).text()
    plain = " ".join(re.sub(r"<[^>]+>", " ", text).split())
    for words in (
        "Soup is planned while the gas is off: today 17:45–18:45.",
        "Nobody is at home for Green Corner: the house is empty today 20:00–22:00.",
        "Ada is at home", "Ben is away", "activity: Yoga", "Now: 17:20", "18:00–20:00 · suggested",
    ):  # fmt: skip
        assert words in plain, words
    assert 'href="/suggestions/sug-5"' in text
    assert "Dinner with &lt;b&gt;Birch&lt;/b&gt;" in text
    assert "style=" not in text
    for path, status in (("/day/2026-11-25", 200), ("/day/2026-02-30", 404), ("/day/x", 404)):
        assert (await member.get(path)).status == status
    assert "Nothing is planned" in await (await member.get("/day/2026-12-20")).text()


async def test_a_second_window_hears_of_a_change(
    browser: Browser, base: str, backend: FakeBackend
) -> None:
    visitor = await visit(browser, base, "phone", locale="zh-CN")
    await visitor.sign_in(backend)
    await visitor.go("/day")
    await visitor.listening()
    page = visitor.page
    await expect(page.get_by_role("heading", level=1)).to_contain_text("今天")
    script = "<script>document.title='x'</script>"
    begin = NOW + HOUR
    backend.activities.blocks.append(
        Block("activity:new@x", "activity", Window(begin, begin + HOUR), script)
    )
    option = option_of(backend.all_orders["ord-2"], "opt-9")
    backend.put(replace(backend.all_suggestions["sug-5"], id="sug-9", key="k9", options=(option,)))
    await expect(page.get_by_role("link", name=script)).to_be_visible()
    await expect(page.locator(".aside .recent a")).to_have_count(3)
    assert visitor.complaints == []


@pytest.mark.parametrize("size", SIZES)
async def test_a_crowded_day_fits(
    browser: Browser, base: str, backend: FakeBackend, size: str
) -> None:
    backend.activities.blocks += [
        replace(block(n, 8 + n % 5, 2), title="Verschönerungsverein " * 4) for n in range(30)
    ]
    visitor = await visit(browser, base, size)
    await visitor.sign_in(backend)
    await visitor.go("/day")
    page = visitor.page
    assert await page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    over = await page.evaluate(
        """() => [...document.querySelectorAll(".blocks > .block")].filter((one) => {
            const [own, all] = [one, one.parentElement].map((e) => e.getBoundingClientRect());
            return own.width < 60 || own.left < all.left - 1 || own.right > all.right + 1 ||
                own.top < all.top - 1 || own.bottom > all.bottom + 1;
        }).map((one) => one.outerHTML)"""
    )
    assert over == []
    assert visitor.complaints == []
