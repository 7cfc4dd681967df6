"""Waiting for a page: asked from outside, as its strict policy lets nothing be evaluated inside."""

from __future__ import annotations

import asyncio
import shutil

from playwright.async_api import Error, Page

PATIENCE = 30.0


def chromium() -> str:
    """Return where the browser is."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    assert found, "the browser tests need chromium (script/test installs it)"
    return found


async def until_page(page: Page, expression: str, argument: object = None) -> None:
    """Return once ``expression`` is true in the page; fails after ``PATIENCE`` seconds.

    Playwright's own ``wait_for_function`` polls by ``eval`` within the page, which the pages'
    Content-Security-Policy forbids unless it is true at the first look.
    """
    async with asyncio.timeout(PATIENCE):
        while True:
            if await _true(page, expression, argument):
                return
            await asyncio.sleep(0.02)


async def _true(page: Page, expression: str, argument: object) -> bool:
    try:
        return bool(await page.evaluate(expression, argument))
    except Error as error:
        # The page is being left for another one, which is asked next.
        if "context was destroyed" in str(error):
            return False
        raise
