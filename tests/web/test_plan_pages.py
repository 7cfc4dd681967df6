"""Forms of a day and of a meal: who is away, what is cooked, eating together, the bill."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from playwright.async_api import Browser, expect

from hub.domain.mealplan import MealRequest
from hub.domain.offers import Window
from tests.web.conftest import Client
from tests.web.fake_backend import FakeBackend
from tests.web.test_browser import browser, visit

__all__ = ["browser"]

TIMES = {"day": "2026-11-28", "start": "16:00", "end": "18:30", "shown": "2026-11-28"}
AWAY = {"kind": "absence", "member:ada": "1", **TIMES}


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 28, hour, minute, tzinfo=UTC)


async def told(client: Client, path: str = "/day/2026-11-28") -> str:
    return await (await client.get(path)).text()


async def test_somebody_is_away(member: Client, backend: FakeBackend) -> None:
    sent = await member.form("/plans", **AWAY, **{"member:ben": "1", "uses:gas": "1"}, title="Sea")
    assert sent.headers["Location"] == "/day/2026-11-28"
    made = backend.plans.kept[-1]
    assert (made.kind, made.members, made.title) == ("absence", ("ada", "ben"), "Sea")
    assert (made.window, made.uses) == (Window(at(15), at(17, 30)), ())
    text = await told(member)
    assert "Noted when you are away." in text
    assert "Forget Sea" in text


async def test_what_is_cooked_and_what_it_needs(member: Client, backend: FakeBackend) -> None:
    form = {**AWAY, "kind": "cooking", "uses:gas": "1", "uses:water": "1", "uses:magic": "1"}
    await member.form("/plans", **form)
    made = backend.plans.kept[-1]
    assert (made.kind, made.title, made.uses) == ("cooking", "Cooking", ("gas", "water"))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"member:ada": ""}, "members: expected at least one"),
        ({"start": "soon"}, "start: expected a time"),
        ({"day": "2020-01-01"}, "end: expected a time to come"),
        ({"kind": "cooking", "until": "2026-12-24"}, "at most 1 days"),
        ({"title": "x" * 121}, "title: expected printable text"),
    ],
)
async def test_what_cannot_be_is_told(member: Client, changes: dict[str, str], says: str) -> None:
    before = list(member.backend.plans.kept)
    await member.form("/plans", **{**AWAY, **changes})
    assert says in await told(member)
    assert member.backend.plans.kept == before


async def test_plans_are_forgotten(member: Client) -> None:
    for _ in range(2):
        sent = await member.form("/plans/remove", kind="absence", plan="away-1", shown="<script>")
    assert sent.status == 404
    assert [one.id for one in member.backend.plans.kept] == ["soup-1"]
    assert (await member.form("/plans", kind="party")).status == 400


async def test_a_child_says_so_of_itself_alone(client: Client, backend: FakeBackend) -> None:
    client.enter("kim")
    own = {key: value for key, value in AWAY.items() if key != "member:ada"}
    assert (await client.form("/plans", **own, **{"member:kim": "1"})).status == 303
    mine = backend.plans.kept[-1]
    assert mine.members == ("kim",)
    for form in (AWAY, {**own, "kind": "cooking", "member:kim": "1"}):
        assert (await client.form("/plans", **form)).status == 403
    for kind, plan in (("absence", "away-1"), ("cooking", "soup-1")):
        assert (await client.form("/plans/remove", kind=kind, plan=plan)).status == 403
    assert (await client.form("/meals", day="2026-11-28", start="19:00")).status == 403
    assert "We cook" not in await told(client)
    assert (await client.form("/plans/remove", kind="absence", plan=mine.id)).status == 303
    assert mine not in backend.plans.kept


async def test_eating_together_is_proposed(member: Client, backend: FakeBackend) -> None:
    backend.meals.kept[0] = replace(backend.meals.kept[0], suggestion_id="sug-5")
    sent = await member.form(
        "/meals", day="2026-11-28", start="19:00", where="out", circle="chess",
        **{"guest:ben": "1"}, shown="2026-11-28",
    )  # fmt: skip
    assert sent.headers["Location"] == "/suggestions/sug-5"
    (asked,) = backend.meals.asked
    assert asked == MealRequest("ada", ("ben",), "chess", at=at(18), where="out")
    sent = await member.form("/meals", day="2026-11-28", start="19:00", activity="choir/7#x@birch")
    assert backend.meals.asked[-1].activity == "choir/7#x@birch"


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"day": "2026-11-28", "start": "noon"}, "day: expected a time"),
        ({"day": "2026-11-28", "start": "19:00", "where": "moon"}, "where: expected out"),
        ({"day": "2026-11-28", "start": "19:00", "guest:nobody": "1"}, "guests: nobody is not"),
    ],
)
async def test_a_meal_that_cannot_be_is_told(
    member: Client, form: dict[str, str], says: str
) -> None:
    sent = await member.form("/meals", **form, shown="2026-11-28")
    assert sent.headers["Location"] == "/day/2026-11-28"
    assert says in await told(member)


async def test_a_meal_on_the_page_of_its_activity(member: Client, backend: FakeBackend) -> None:
    backend.meals.kept[0] = replace(backend.meals.kept[0], uid="act-1", place="<b>Sole</b>")
    text = await told(member, "/activities/act-1")
    for words in ("&lt;b&gt;Sole&lt;/b&gt;", "For how many", "Split it", "Call it off…"):
        assert words in text
    assert "Cancel it…" not in text
    for total, says in (("84,50", "Noted; everybody reads"), ("-3", "total: expected an amount"),
                        ("1e999", "total"), ("NaN", "total"), ("", "total")):  # fmt: skip
        sent = await member.form("/meals/dinner-1", do="bill", total=total)
        assert sent.headers["Location"] == "/activities/act-1"
        assert says in await told(member, "/activities/act-1"), total
    await member.form("/meals/dinner-1", do="off")
    assert "Called off" in await told(member, "/activities/act-1")
    assert (await member.form("/meals/none", do="off")).status == 404
    assert (await member.form("/meals/dinner-1", do="eat")).status == 400


async def test_a_form_that_is_being_filled_in_survives_news(
    browser: Browser, base: str, backend: FakeBackend
) -> None:
    visitor = await visit(browser, base, "phone")
    await visitor.sign_in(backend)
    await visitor.go("/day/2026-11-28")
    await visitor.listening()
    page = visitor.page
    await page.get_by_text("Somebody is away").click()
    form = page.locator("#away form")
    await form.get_by_label("Why").fill("<b>Sea</b>")
    await form.get_by_label("Kim").check()
    await form.get_by_label("Ada").uncheck()
    await form.get_by_label("Begins").fill("09:30")
    backend.put(replace(backend.all_suggestions["sug-1"], id="sug-9", key="k", title="News"))
    backend.activities.blocks.append(
        replace(backend.activities.blocks[1], id="x", title="Tea", window=Window(at(8), at(9)))
    )
    backend.changed()
    await expect(page.get_by_text("Tea", exact=True)).to_be_visible()
    await form.get_by_role("button", name="Note it").click()
    await expect(page.get_by_role("status")).to_have_text("Noted when you are away.")
    made = backend.plans.kept[-1]
    assert (made.title, made.members, made.window.start) == ("<b>Sea</b>", ("kim",), at(8, 30))
    await expect(page.get_by_role("button", name="Forget <b>Sea</b>")).to_be_visible()
    assert visitor.complaints == []
