"""The pages as an app: manifest, worker, and reading while the hub is away."""

import io
import json
import re
import struct
from pathlib import Path

from playwright.async_api import Browser, expect

from tests.support.browser import until_page
from tests.web.conftest import Client
from tests.web.fake_backend import FakeBackend
from tests.web.test_browser import Visitor, browser, visit

__all__ = ["browser"]


async def test_the_manifest_names_icons_that_are_there(client: Client) -> None:
    response = await client.get("/manifest.webmanifest")
    assert response.content_type == "application/manifest+json"
    manifest = json.loads(await response.text())
    assert (manifest["start_url"], manifest["display"]) == ("/", "standalone")
    purposes = set()
    for icon in manifest["icons"]:
        found = await client.get(icon["src"])
        assert (found.status, found.content_type) == (200, icon["type"])
        assert "charset" not in found.headers["Content-Type"] or icon["type"] == "image/svg+xml"
        body = await found.read()
        if icon["type"] == "image/png":
            size = "{}x{}".format(*struct.unpack(">II", io.BytesIO(body).getvalue()[16:24]))
            assert size == icon["sizes"]
        purposes.add(icon["purpose"])
    assert purposes == {"any", "maskable"}
    assert "Lindenhof" not in await response.text()


async def test_the_first_page_is_small(member: Client) -> None:
    """Below 100 KB in all: the page with everything it loads."""
    page = await (await member.get("/")).text()
    total = len(page)
    for path in set(re.findall(r'(?:src|href)="(/static/[^"]+|/manifest[^"]*)"', page)):
        total += len(await (await member.get(path)).read())
    assert total < 100_000


async def _ready(browser: Browser, base: str, backend: FakeBackend) -> Visitor:
    visitor = await visit(browser, base, "phone")
    await visitor.sign_in(backend)
    await visitor.go("/")
    # Not `ready`, which never comes when the worker is at fault: this one says why.
    registered = "navigator.serviceWorker.register('/worker.js').then(() => true)"
    assert await visitor.page.evaluate(registered)
    await until_page(visitor.page, "navigator.serviceWorker.controller !== null")
    return visitor


async def test_what_was_seen_can_be_read_while_the_hub_is_away(
    browser: Browser, base: str, backend: FakeBackend
) -> None:
    visitor = await _ready(browser, base, backend)
    page = visitor.page
    for path in ("/pantry", "/you", "/"):
        await visitor.go(path)
    await until_page(
        page, "caches.open('pages-1').then((c) => c.keys()).then((k) => k.length === 2)"
    )
    await visitor.context.set_offline(True)
    await visitor.go("/pantry")
    await expect(page.get_by_role("heading", name="Oat milk")).to_be_visible()
    await expect(page.get_by_role("status")).to_contain_text("when it was last loaded")
    await expect(page.get_by_role("button", name="Set").first).to_be_disabled()
    for path in ("/you", "/orders"):
        await visitor.go(path)
        await expect(page.get_by_role("heading", level=1)).to_have_text("The hub cannot be reached")
    assert backend.decisions == []


async def test_signing_out_forgets_what_was_kept(
    browser: Browser, base: str, backend: FakeBackend
) -> None:
    visitor = await _ready(browser, base, backend)
    page = visitor.page
    await visitor.go("/pantry")
    await until_page(page, "caches.has('pages-1')")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    await until_page(page, "caches.has('pages-1').then((there) => !there)")
    await visitor.context.set_offline(True)
    await visitor.go("/pantry")
    await expect(page.get_by_role("heading", level=1)).to_have_text("The hub cannot be reached")


async def test_a_new_version_of_the_parts_is_loaded(
    browser: Browser, base: str, backend: FakeBackend
) -> None:
    visitor = await _ready(browser, base, backend)
    await visitor.go("/pantry")
    kept = await visitor.page.evaluate(
        "caches.open('parts-1').then((c) => c.keys()).then((k) => k.map((r) => r.url))"
    )
    assert any("/static/app.css?v=" in url for url in kept)
    await visitor.page.evaluate("fetch('/static/app.css?v=newer').then((r) => r.text())")
    await until_page(
        visitor.page,
        """caches.open('parts-1').then((c) => c.keys()).then(
            (k) => k.filter((r) => r.url.includes('app.css')).length === 1
                && k.some((r) => r.url.endsWith('app.css?v=newer')))""",
    )


def test_no_file_is_left_without_use() -> None:
    static = Path(__file__).parents[2] / "hub/web/static"
    templates = "".join(p.read_text() for p in (static.parent / "templates").glob("*.html"))
    templates += (static / "worker.js").read_text()
    code = "".join(p.read_text() for p in static.parent.glob("*.py"))
    for file in static.iterdir():
        assert file.name in templates or file.name in code, file.name
