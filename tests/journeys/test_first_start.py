"""From an empty folder to the first suggestion in a browser: nobody edits a file."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
from contextlib import ExitStack, suppress
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from hub.app.config import read_config
from tests.support.hubprocess import ROOT, HubProcess, ProviderProcess, until
from tests.support.mosquitto import Mosquitto, start_mosquitto
from tests.support.mqtt import publish
from tests.web.test_browser import browser

__all__ = ["browser"]
CATALOG = ROOT / "config" / "demo" / "catalogues" / "green-valley.yaml"
SHELF = "homeassistant/sensor/shelf/config"
TOPIC = "fridge/shelf"
USUAL = (1883, 8480)


class _At:
    """Where a device publishes."""

    host = "127.0.0.1"

    def __init__(self, port: int) -> None:
        self.port = port
        self.username = self.password = None


def _announce(broker: object) -> None:
    config = {
        "name": "Upper shelf",
        "unique_id": "shelf",
        "default_entity_id": "sensor.shelf",
        "object_id": "shelf",
        "unit_of_measurement": "L",
        "state_topic": TOPIC,
        "device": {"identifiers": ["fridge"], "name": "Fridge"},
    }
    publish(broker, SHELF, json.dumps(config).encode())
    publish(broker, TOPIC, b"2.0")


async def test_from_an_empty_folder_to_the_first_suggestion(
    tmp_path: Path, browser: Browser
) -> None:
    hub = HubProcess(tmp_path)
    shutil.rmtree(hub.config)
    registry = tmp_path / "registry.yaml"
    shop = ProviderProcess(tmp_path, CATALOG, registry)
    other = start_mosquitto(tmp_path / "other", username="hub", password="secret")
    with ExitStack() as stack:
        for port in USUAL:
            with suppress(OSError):  # whoever has it: it is taken, as beside another broker
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
        try:
            shop.launch()
            await asyncio.to_thread(hub.start)
            assert all(f"port {port} is taken" in hub.said() for port in USUAL)
            await _through(hub, browser, shop, registry, other)
        finally:
            await asyncio.to_thread(hub.stop)
            await asyncio.to_thread(shop.stop)
            other.stop()


async def _through(
    hub: HubProcess, browser: Browser, shop: ProviderProcess, registry: Path, other: Mosquitto
) -> None:
    context = await browser.new_context(
        viewport={"width": 390, "height": 844}, timezone_id="Europe/Berlin"
    )
    page = await context.new_page()
    page.set_default_timeout(15_000)
    onward = page.get_by_role("button", name="Continue")
    heading = page.get_by_role("heading", level=1)

    await page.goto(hub.url)
    await page.get_by_label("Code").fill(hub.code("Me"))
    await page.get_by_role("button", name="Sign in").click()
    await expect(heading).to_have_text("Your home")
    await expect(page.get_by_label("Time zone")).to_have_value("Europe/Berlin")
    await page.get_by_label("Name", exact=True).fill("Lindenhof 7")
    await onward.click()

    await expect(heading).to_have_text("Who lives here")
    await page.get_by_label("You", exact=True).fill("Ada")
    await page.get_by_label("Name", exact=True).first.fill("Ben")
    await page.get_by_label("Role", exact=True).first.select_option("child")
    await onward.click()

    await expect(heading).to_have_text("Where devices speak")
    await page.get_by_label("The one at this address").check()
    await page.get_by_label("Its address").fill(other.url)
    await onward.click()
    await expect(page.get_by_role("alert")).to_contain_text("wants a user")
    await asyncio.to_thread(hub.kill)
    await asyncio.to_thread(hub.start)
    await page.goto(f"{hub.url}/welcome")
    await expect(heading).to_have_text("Where devices speak")
    await page.get_by_label("The hub runs a broker of its own").check()
    told = await page.get_by_text(re.compile(r"^Mosquitto on")).inner_text()
    port = int(re.findall(r"127\.0\.0\.1:(\d+)", told)[0])
    await onward.click()

    await expect(heading).to_have_text("What you keep")
    await asyncio.to_thread(shop.wait_said, r"sells at (\S+)")
    await page.get_by_label("Name", exact=True).first.fill("Milk")
    await page.get_by_label("Counted in").first.fill("l")
    await page.get_by_label("Too little below").first.fill("one")
    await page.get_by_label("Buy up to").first.fill("3")
    await page.get_by_label("A registry").fill(str(registry))
    await onward.click()
    await expect(page.get_by_role("alert")).to_contain_text("par")
    await page.get_by_label("Too little below").first.fill("1")
    await onward.click()

    await expect(heading).to_have_text("What your devices mean")
    await asyncio.to_thread(_announce, _At(port))
    await page.get_by_role("link", name="Correct Upper shelf").click()
    await page.get_by_label("the level of an item").check()
    await page.get_by_label("Item", exact=True).select_option("milk")
    await page.get_by_role("button", name="Write to devices.yaml").click()
    await expect(heading).to_have_text("What your devices mean")
    await asyncio.to_thread(publish, _At(port), TOPIC, b"1.9")
    await asyncio.to_thread(hub.wait_level, "milk", 1.9)
    await onward.click()

    await expect(heading).to_have_text("First rules")
    groceries = page.locator("#ready-groceries")
    await expect(groceries).to_contain_text("it would be silent now")
    await groceries.get_by_role("checkbox").check()
    await onward.click()
    await expect(heading).to_have_text("How you are asked")
    await page.get_by_role("button", name="Skip").click()
    await expect(heading).to_have_text("Your home is set up.")
    await page.get_by_role("link", name="To the inbox").click()
    await _first_suggestion(page, hub, port)

    found = read_config(hub.config)
    assert found.problems == ()
    assert [member.role for member in found.checked().members] == ["adult", "child"]
    assert (hub.config / "hub.yaml").read_text().startswith("# The household.")

    # Another broker is in use at once, without a restart.
    await page.goto(f"{hub.url}/welcome/broker")
    await page.get_by_label("The one at this address").check()
    await page.get_by_label("Its address").fill(other.url)
    await page.get_by_label("User, where it asks for one").fill("hub")
    await page.get_by_label("Password").fill("secret")
    await onward.click()
    await expect(heading).to_have_text("What you keep")
    await asyncio.to_thread(hub.wait_connected)
    await asyncio.to_thread(publish, other, TOPIC, b"2.5")
    await asyncio.to_thread(hub.wait_level, "milk", 2.5)
    await page.goto(f"{hub.url}/settings")
    await expect(page.get_by_role("heading", name="This hub")).to_be_visible()
    await expect(page.get_by_text("hub.yaml has now")).to_have_count(0)
    await context.close()


async def _first_suggestion(page: Page, hub: HubProcess, port: int) -> None:
    """Have the milk run low; the open inbox shows what is suggested, and it is declined."""
    await asyncio.to_thread(publish, _At(port), TOPIC, b"0.4")
    decline = page.get_by_role("button", name="Decline").first
    await expect(decline).to_be_visible(timeout=30_000)
    await expect(page.get_by_role("main")).to_contain_text("Milk")
    await decline.click()

    def declined() -> bool:
        return any(one["kind"] == "declined" for one in hub.get("/ledger?limit=50"))

    await asyncio.to_thread(until, declined, hub.words)
