"""From an empty hub to the first rule that fires in a browser: nobody edits a file."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from playwright.async_api import Browser, expect

from hub.app.config import read_config
from tests.support.hubprocess import HubProcess, until
from tests.support.mosquitto import Mosquitto, free_port, start_mosquitto
from tests.support.mqtt import publish
from tests.web.test_browser import browser

__all__ = ["browser"]
DOOR = "homeassistant/binary_sensor/fridge_door/config"
TOPIC = "fridge/door"


class _At:
    """Where a device publishes."""

    host = "127.0.0.1"

    def __init__(self, port: int) -> None:
        self.port = port
        self.username = self.password = None


def _announce(broker: object) -> None:
    config = {
        "name": "Fridge door",
        "unique_id": "fridge_door",
        "default_entity_id": "binary_sensor.fridge_door",
        "object_id": "fridge_door",
        "device_class": "door",
        "state_topic": TOPIC,
        "device": {"identifiers": ["fridge"], "name": "Fridge"},
    }
    publish(broker, DOOR, json.dumps(config).encode())
    publish(broker, TOPIC, b"OFF")


async def test_from_nothing_to_the_first_rule(tmp_path: Path, browser: Browser) -> None:
    hub = HubProcess(tmp_path)
    port = free_port()
    ours = f"# Ours.\nmqtt: {{port: {port}}}  # 1883 is taken\nhttp: {{port: 0}}\n"
    for name, text in (("hub.yaml", ours), ("pantry.yaml", ""), ("devices.yaml", "")):
        (hub.config / name).write_text(text)
    (hub.config / "rules/rules.yaml").unlink()
    hub.data.mkdir()
    (hub.data / "first-start").write_text("home\n")
    other = start_mosquitto(tmp_path / "other", username="hub", password="secret")
    try:
        await asyncio.to_thread(hub.start)
        await _through(hub, browser, port, other)
    finally:
        await asyncio.to_thread(hub.stop)
        other.stop()


async def _through(hub: HubProcess, browser: Browser, port: int, other: Mosquitto) -> None:
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
    await onward.click()

    await expect(heading).to_have_text("What your devices mean")
    await asyncio.to_thread(_announce, _At(port))
    await expect(page.get_by_text("Fridge door")).to_be_visible()
    await onward.click()

    await expect(heading).to_have_text("First rules")
    await page.get_by_label("The fridge is open").check()
    await page.get_by_text("Adjust").first.click()
    await page.locator("[name='value:fridge_door_open:when.state.for']").fill("1s")
    await onward.click()
    await expect(heading).to_have_text("How you are asked")
    await page.get_by_role("button", name="Skip").click()
    await expect(heading).to_have_text("Your home is set up.")
    await page.get_by_role("link", name="To the inbox").click()
    await asyncio.to_thread(publish, _At(port), TOPIC, b"ON")

    def fired() -> bool:
        return any(one["kind"] == "told" for one in hub.get("/ledger?limit=50"))

    await asyncio.to_thread(until, fired, hub.words)
    await page.goto(f"{hub.url}/rules")
    await expect(page.get_by_text("last fired")).to_be_visible()

    found = read_config(hub.config)
    assert found.problems == ()
    assert [member.role for member in found.checked().members] == ["adult", "child"]
    text = (hub.config / "hub.yaml").read_text()
    assert text.startswith(f"# Ours.\nmqtt: {{port: {port}}}  # 1883 is taken\n")

    # Another broker is in use at once, without a restart.
    await page.goto(f"{hub.url}/welcome/broker")
    await page.get_by_label("The one at this address").check()
    await page.get_by_label("Its address").fill(other.url)
    await page.get_by_label("User, where it asks for one").fill("hub")
    await page.get_by_label("Password").fill("secret")
    await onward.click()
    await expect(heading).to_have_text("What your devices mean")
    await asyncio.to_thread(hub.wait_connected)
    await asyncio.to_thread(publish, other, TOPIC, b"OFF")

    def shut() -> bool:
        states = {one["id"]: one["value"] for one in hub.get("/entities")}
        return states["binary_sensor.fridge_door"] == "off"

    await asyncio.to_thread(until, shut, hub.words)
    await context.close()
