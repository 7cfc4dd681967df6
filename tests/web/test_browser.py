"""The pages in a real browser, on a phone and on a desk."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from hub.domain.tokens import ActionToken, sign
from tests.support.browser import chromium, until_page
from tests.web.fake_backend import NOW, SECRET, FakeBackend

SIZES = {"small": (360, 740), "phone": (390, 844), "desk": (1280, 900)}
PATHS = (
    "/",
    "/day",
    "/day/2026-11-25",
    "/activities",
    "/activities/new",
    "/activities/act-1",
    "/activities/act-1/edit",
    "/activities/choir%2F7%23x%40birch",
    "/friends",
    "/friends/ben",
    "/friends/mill",
    "/suggestions/sug-1",
    "/suggestions/sug-3",
    "/pantry",
    "/orders",
    "/orders/ord-3",
    "/orders/ord-4",
    "/devices",
    "/devices/logins",
    "/notices",
    "/parked",
    "/you",
    "/you/asking",
    "/more",
    "/pantry/milk",
    "/rules",
    "/rules/sets",
    "/rules/sets/offers/" + "d" * 64,
    "/rules?subject=milk&value=0.2",
    "/rules/fridge_door_open",
    "/rules/files/groceries.yaml",
    "/ledger",
    "/privacy",
    "/settings",
    "/settings/files/pantry.yaml",
    "/devices/sensor.milk",
    "/devices/event.bell",
    "/welcome/members",
    "/welcome/broker",
    "/welcome/pantry",
    "/welcome/rules",
)
STYLE = Path(__file__).parents[2] / "hub/web/static/app.css"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        yield found
        await found.close()


class Visitor:
    """One browser window and whatever it complained about."""

    def __init__(self, context: BrowserContext, page: Page, base: str) -> None:
        self.context = context
        self.page = page
        self.base = base
        self.complaints: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: object) -> None:
        if getattr(message, "type", "") in ("error", "warning"):
            self.complaints.append(getattr(message, "text", ""))

    async def go(self, path: str) -> None:
        await self.page.goto(self.base + path)

    async def sign_in(self, backend: FakeBackend, member: str = "ada") -> None:
        secret, _ = backend.create_session(member)
        await self.context.add_cookies(
            [{"name": "commonhearth", "value": secret, "url": self.base, "httpOnly": True}]
        )

    async def listening(self) -> None:
        """Wait until the page's live updates are open."""
        await until_page(self.page, "document.documentElement.dataset.stream === 'on'")


async def visit(browser: Browser, base: str, size: str, **more: object) -> Visitor:
    width, height = SIZES[size]
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        **more,  # type: ignore[arg-type]
    )
    context.set_default_timeout(10_000)
    return Visitor(context, await context.new_page(), base)


@pytest.mark.parametrize("size", ["phone", "desk"])
async def test_signing_in_and_approving(
    browser: Browser, base: str, backend: FakeBackend, size: str
) -> None:
    visitor = await visit(browser, base, size)
    page = visitor.page
    await visitor.go("/")
    await page.get_by_label("Code").fill("4711-0815")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("3 suggestions wait for you")
    await page.get_by_role("button", name="Approve · 15.51 EUR").click()
    told = "Approved by Ada; ordering at Green Corner for 15.51 EUR."
    await expect(page.get_by_role("status")).to_have_text(told)
    await expect(page.get_by_role("heading", level=1)).to_have_text("2 suggestions wait for you")
    await expect(page).to_have_title("(2) Inbox · Lindenhof 7")
    (decision,) = backend.decisions
    assert (decision.option, dict(decision.counts), decision.slot_id) == ("opt-1", {}, None)
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert visitor.complaints == []


@pytest.mark.parametrize("size", ["phone", "desk"])
async def test_changing_the_order_and_hearing_of_the_new_price(
    browser: Browser, base: str, backend: FakeBackend, size: str
) -> None:
    visitor = await visit(browser, base, size)
    page = visitor.page
    await visitor.sign_in(backend)
    await visitor.go("/")
    await visitor.listening()
    more = page.get_by_role("button", name="One Oat milk barista 1 l more")
    await more.click()
    await more.click()
    await page.get_by_role("button", name="One Free-range eggs, 10 less").first.click()
    await page.get_by_label("Delivery").first.select_option("slot-1-8")
    await page.get_by_role("button", name="Ask for the new price").click()
    await expect(page.get_by_role("status")).to_have_text("The new price is asked for.")
    await expect(page.get_by_text("Waiting for Green Corner")).to_be_visible()
    under_the_bar = "document.querySelector('.told').getBoundingClientRect().top >= 56"
    await until_page(page, under_the_bar)
    (decision,) = backend.decisions
    assert dict(decision.counts) == {"oat-1l": 5, "eggs-10": 0}
    assert decision.slot_id == "slot-1-8"
    backend.reprice("sug-1", "opt-1", {"oat-1l": 5})
    await expect(page.get_by_role("button", name="Approve · 19.09 EUR")).to_be_visible()
    assert visitor.complaints == []


async def test_another_offer_can_be_taken(
    browser: Browser, base: str, backend: FakeBackend
) -> None:
    visitor = await visit(browser, base, "phone")
    page = visitor.page
    await visitor.sign_in(backend)
    await visitor.go("/suggestions/sug-1")
    await page.get_by_text("Market Hall Express", exact=False).first.click()
    await expect(page.get_by_role("button", name="Approve · 15.51 EUR")).to_be_hidden()
    await page.get_by_role("button", name="Approve · 12.04 EUR").click()
    await expect(page.get_by_role("status")).to_contain_text("ordering at Market Hall Express")
    await expect(page).to_have_url(base + "/suggestions/sug-1")
    assert backend.decisions[0].option == "opt-2"
    assert visitor.complaints == []


async def test_live_updates_leave_half_filled_forms_alone(
    browser: Browser, base: str, backend: FakeBackend
) -> None:
    visitor = await visit(browser, base, "phone")
    page = visitor.page
    await visitor.sign_in(backend)
    await visitor.go("/")
    await visitor.listening()
    pieces = page.get_by_label("Pieces of Oat milk barista 1 l")
    await page.get_by_role("button", name="One Oat milk barista 1 l more").click()
    news = replace(
        backend.all_suggestions["sug-5"], id="sug-9", key="k9", title="Close the windows"
    )
    backend.put(news)
    await expect(page.get_by_role("heading", name="Close the windows")).to_be_visible()
    await expect(pieces).to_have_value("4")
    backend.put(replace(backend.all_suggestions["sug-1"], version=7))
    await expect(pieces).to_have_value("3")
    await expect(page.get_by_role("button", name="Approve · 15.51 EUR")).to_be_visible()
    assert visitor.complaints == []


async def test_without_javascript_everything_can_be_answered(
    browser: Browser, base: str, backend: FakeBackend
) -> None:
    visitor = await visit(browser, base, "phone", java_script_enabled=False)
    page = visitor.page
    await visitor.sign_in(backend)
    await visitor.go("/")
    await page.get_by_label("Pieces of Oat milk barista 1 l").fill("4")
    await page.get_by_role("button", name="Approve · 15.51 EUR").click()
    await expect(page.get_by_role("status")).to_have_text("The new price is asked for.")
    assert dict(backend.decisions[0].counts) == {"oat-1l": 4}
    await visitor.go("/pantry")
    await page.get_by_label("Coffee beans in g").fill("400")
    await page.get_by_role("listitem").filter(has_text="Coffee").get_by_text("Set").click()
    await expect(page.get_by_role("status")).to_have_text("Noted: 400 g.")


async def test_an_action_link_asks_before_it_acts(
    browser: Browser, base: str, backend: FakeBackend
) -> None:
    visitor = await visit(browser, base, "phone")
    token = ActionToken("sug-1", 2, "approve", "ada", NOW.replace(hour=18), "opt-1")
    await visitor.go("/a/" + sign(token, SECRET))
    assert backend.decisions == []
    await visitor.page.get_by_role("button", name="Approve · 15.51 EUR").click()
    await expect(visitor.page.get_by_role("heading")).to_have_text("Done")
    assert len(backend.decisions) == 1
    assert visitor.complaints == []


async def test_a_hub_that_is_away_is_told(
    browser: Browser, base: str, backend: FakeBackend
) -> None:
    visitor = await visit(browser, base, "phone")
    await visitor.sign_in(backend)
    await visitor.go("/")
    await visitor.context.set_offline(True)
    decline = visitor.page.get_by_role("button", name="Decline").first
    await decline.click()
    await expect(visitor.page.get_by_role("status")).to_contain_text("Nothing was sent")
    await expect(decline).to_be_enabled()
    assert backend.decisions == []


@pytest.mark.parametrize("size", SIZES)
async def test_every_page_fits_and_can_be_tapped(
    browser: Browser, base: str, backend: FakeBackend, size: str
) -> None:
    visitor = await visit(browser, base, size)
    page, (width, _) = visitor.page, SIZES[size]
    await visitor.go("/sign-in")
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    await visitor.sign_in(backend)
    for path in PATHS:
        await visitor.go(path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
        small = await page.evaluate(
            """() => [...document.querySelectorAll("button, select, summary, nav a, input")]
                .filter((e) => e.type !== "hidden" && e.checkVisibility())
                .map((e) => e.closest("label.choice") || e)
                .map((e) => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
                .filter(([, box]) => box.height < 44 || box.width < 44)
                .map(([html, box]) => `${html} ${box.width} x ${box.height}`)"""
        )
        assert small == [], path
    assert visitor.complaints == []


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_can_be_read(scheme: int) -> None:
    """WCAG 2.2, 1.4.3: text has a contrast of at least 4.5."""
    block = re.findall(r":root \{([^}]*)\}", STYLE.read_text())[scheme]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    on_grounds = [
        (text, ground)
        for ground in ("paper", "surface", "sunken")
        for text in ("ink", "muted", "green", "ember", "red")
        if (text, ground) != ("red", "sunken")
    ]
    softly = [("ink", f"{tone}-soft") for tone in ("green", "ember", "red")]
    toned = [(tone, f"{tone}-soft") for tone in ("green", "ember", "red")]
    for text, ground in [*on_grounds, *softly, *toned, ("on-green", "green")]:
        light, dark = sorted((_luminance(colours[text]), _luminance(colours[ground])))[::-1]
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)
