"""Take the pictures under ``docs/screenshots`` anew, of the household in memory that tests use."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from aiohttp import web
from playwright.async_api import Browser, async_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from hub.web.app import make_app  # noqa: E402
from tests.support.browser import chromium  # noqa: E402
from tests.web.fake_backend import SECRET, FakeBackend  # noqa: E402

FOLDER = ROOT / "docs" / "screenshots"
SIZES = {"phone": (390, 844), "desk": (1280, 900)}
PAGES = {
    "activities": "/activities",
    "activities-fishing": "/activities/act-1",
    "day": "/day",
    "devices": "/devices",
    "devices-logins": "/devices/logins",
    "devices-sensor.milk": "/devices/sensor.milk",
    "friends": "/friends",
    "inbox": "/",
    "ledger": "/ledger",
    "notices": "/notices",
    "orders": "/orders",
    "orders-ord-3": "/orders/ord-3",
    "pantry": "/pantry",
    "pantry-milk": "/pantry/milk",
    "privacy": "/privacy",
    "rules": "/rules",
    "rules-files-groceries.yaml": "/rules/files/groceries.yaml",
    "rules-fridge_too_warm": "/rules/fridge_too_warm",
    "settings": "/settings",
    "settings-files-pantry.yaml": "/settings/files/pantry.yaml",
    "sign-in": "/sign-in",
    "welcome-asking": "/welcome/asking",
    "welcome-broker": "/welcome/broker",
    "welcome-home": "/welcome/home",
    "welcome-rules": "/welcome/rules",
    "you": "/you",
    "you-asking": "/you/asking",
}
CHINESE = ("privacy", "settings", "welcome-broker", "welcome-home", "you", "you-asking")


async def picture(
    browser: Browser, base: str, cookie: str, name: str, size: str, language: str
) -> None:
    """Take one page in one size and language."""
    width, height = SIZES[size]
    context = await browser.new_context(
        viewport={"width": width, "height": height}, locale="zh-CN" if language else "en-GB"
    )
    if name != "sign-in":
        await context.add_cookies(
            [{"name": "commonhearth", "value": cookie, "url": base, "httpOnly": True}]
        )
    page = await context.new_page()
    answer = await page.goto(base + PAGES[name])
    if answer is None or not answer.ok:
        raise SystemExit(f"{PAGES[name]}: {answer and answer.status}")
    await page.wait_for_timeout(300)
    await page.screenshot(path=FOLDER / f"{name}-{size}{language}.png", full_page=True)
    await context.close()


async def main() -> None:
    """Serve the household in memory and take its pages."""
    with tempfile.TemporaryDirectory() as folder:
        backend = FakeBackend(Path(folder) / "config")
        cookie, _ = backend.create_session("ada")
        runner = web.AppRunner(make_app(backend, secret=SECRET), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"]
            )
            for name in PAGES:
                for size in SIZES:
                    for language in ("", "-zh") if name in CHINESE else ("",):
                        await picture(browser, base, cookie, name, size, language)
            await browser.close()
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
