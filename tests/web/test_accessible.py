"""WCAG 2.2 AA as far as axe-core can tell: every page, light and dark, phone and desk."""

from importlib.resources import files

import pytest
from playwright.async_api import Browser

from tests.web.fake_backend import FakeBackend
from tests.web.test_browser import PATHS, SIZES, Visitor, browser, visit

__all__ = ["browser"]

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
RUN = """async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const found = await axe.run(document, {
    runOnly: tags, resultTypes: ["violations"], elementRef: false,
  });
  return found.violations
    .filter((each) => ["serious", "critical"].includes(each.impact))
    .map((each) => `${each.id}: ${each.nodes.map((n) => n.html.slice(0, 160)).join(" | ")}`);
}"""


async def _findings(visitor: Visitor, path: str) -> list[str]:
    page = visitor.page
    await visitor.go(path)
    await page.evaluate(
        "() => document.querySelectorAll('details').forEach((each) => { each.open = true; })"
    )
    await page.evaluate(AXE)
    found: list[str] = []
    for size in ("phone", "desk"):
        width, height = SIZES[size]
        await page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found += [f"{path} {size} {scheme} {line}" for line in await page.evaluate(RUN)]
    return found


@pytest.mark.parametrize("part", range(3))
async def test_nothing_serious_is_found(
    browser: Browser, base: str, backend: FakeBackend, part: int
) -> None:
    visitor = await visit(browser, base, "phone", reduced_motion="reduce")
    await visitor.sign_in(backend)
    found: list[str] = []
    for path in PATHS[part::3]:
        found += await _findings(visitor, path)
    assert found == []


async def test_nothing_serious_is_found_before_signing_in(
    browser: Browser, base: str, backend: FakeBackend
) -> None:
    visitor = await visit(browser, base, "phone", reduced_motion="reduce", locale="zh-CN")
    found = await _findings(visitor, "/sign-in")
    found += await _findings(visitor, "/offline")
    assert found == []


async def test_nothing_serious_is_found_where_passkeys_are_offered(
    browser: Browser, base: str, backend: FakeBackend
) -> None:
    local = base.replace("127.0.0.1", "localhost")
    visitor = await visit(browser, local, "phone", reduced_motion="reduce")
    found = await _findings(visitor, "/sign-in")
    assert await visitor.page.get_by_role("button", name="Sign in with a passkey").is_visible()
    await visitor.sign_in(backend)
    found += await _findings(visitor, "/you")
    assert await visitor.page.get_by_role("button", name="Add a passkey").is_visible()
    assert found == []


async def test_nothing_serious_is_found_in_the_wizard(
    browser: Browser, base: str, backend: FakeBackend
) -> None:
    (backend.folder / "hub.yaml").write_text("# nothing yet\n")
    visitor = await visit(browser, base, "phone", reduced_motion="reduce")
    await visitor.sign_in(backend)
    assert await _findings(visitor, "/welcome") == []


async def test_a_fault_would_be_found(browser: Browser, base: str, backend: FakeBackend) -> None:
    visitor = await visit(browser, base, "phone")
    await visitor.go("/sign-in")
    await visitor.page.evaluate("() => document.querySelector('label').remove()")
    await visitor.page.evaluate(AXE)
    assert any(line.startswith("label") for line in await visitor.page.evaluate(RUN))
