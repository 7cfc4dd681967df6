"""Changing the household in a real browser: rules as text and by form, language, the wizard."""

from playwright.async_api import Browser, expect

from tests.web.fake_backend import FakeBackend
from tests.web.test_browser import browser, visit

__all__ = ["browser"]


async def test_mistakes_are_told_while_typing(
    browser: Browser, base: str, backend: FakeBackend
) -> None:
    visitor = await visit(browser, base, "desk")
    page = visitor.page
    await visitor.sign_in(backend)
    await visitor.go("/rules/files/groceries.yaml")
    source = page.get_by_label("The file is the text")
    before = await source.input_value()
    await source.fill(before.replace("item: any", "item: mlik"))
    place = page.get_by_role("link", name="Line")
    await expect(place).to_have_count(1)
    await expect(page.get_by_text("did you mean milk?")).to_be_visible()
    await place.click()
    picked = "(s => s.value.substr(s.selectionStart, 4))(document.getElementById('source'))"
    assert await page.evaluate(picked) == "mlik"
    await source.fill(before.replace("cooldown: 4h", "cooldown: 5h"))
    await expect(page.get_by_text("No mistakes.")).to_be_visible()
    await page.get_by_role("button", name="Save in the file").click()
    await expect(page.get_by_role("status").first).to_have_text("The file is saved.")
    assert "cooldown: 5h" in (backend.folder / "rules/groceries.yaml").read_text()
    assert visitor.complaints == []


async def test_a_rule_is_changed_by_form(browser: Browser, base: str, backend: FakeBackend) -> None:
    visitor = await visit(browser, base, "phone")
    page = visitor.page
    await visitor.sign_in(backend)
    await visitor.go("/rules")
    await page.get_by_role("link", name="The fridge is open").click()
    await page.get_by_label("For this long").fill("10m")
    await page.get_by_label("Switched on").select_option("no")
    await page.get_by_role("button", name="Save in the file").click()
    await expect(page.get_by_role("status").first).to_have_text("The rule is changed.")
    await expect(page.get_by_text("is on, without a break for 10 min").first).to_be_visible()
    assert "for: 10m" in (backend.folder / "rules/fridge.yaml").read_text()
    assert visitor.complaints == []


async def test_the_language_is_chosen_and_kept(
    browser: Browser, base: str, backend: FakeBackend
) -> None:
    visitor = await visit(browser, base, "phone")
    page = visitor.page
    await visitor.go("/sign-in")
    await page.get_by_role("button", name="简体中文").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("登录")
    await visitor.sign_in(backend)
    await visitor.go("/pantry")
    await expect(page.get_by_role("heading", level=1)).to_have_text("食品柜")
    assert await page.evaluate("document.documentElement.lang") == "zh-Hans"
    assert visitor.complaints == []
