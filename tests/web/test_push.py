"""Web Push in the pages: subscribing, and what the service worker does in a real Chromium."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page, Worker, async_playwright, expect

from hub.domain.tokens import ActionToken, sign
from hub.web.pushes import PushUnavailable
from tests.support.browser import chromium
from tests.support.push import Browser, b64
from tests.web.conftest import Client
from tests.web.fake_backend import NOW, SECRET, FakeBackend

ENDPOINT = "https://push.example/phone"
PHONE = Browser(ENDPOINT)
FIELDS = {"endpoint": ENDPOINT, "p256dh": b64(PHONE.p256dh), "auth": b64(PHONE.auth)}


async def test_a_browser_is_kept_with_its_session(client: Client, backend: FakeBackend) -> None:
    client.enter()
    assert (await (await client.get("/push/key")).json()) == {"key": backend.pushes.key}
    assert (await client.form("/push/subscribe", **FIELDS)).status == 204
    ((kept, session_id),) = backend.pushes.kept.values()
    assert kept == PHONE.subscription
    assert session_id == backend.sessions("ada")[0].id
    assert (await client.form("/push/unsubscribe", endpoint=ENDPOINT)).status == 204
    assert backend.pushes.kept == {}
    assert (await client.form("/push/unsubscribe", endpoint=ENDPOINT)).status == 404


async def test_nobody_subscribes_for_another(client: Client, backend: FakeBackend) -> None:
    assert (await client.get("/push/key", Accept="*/*")).status == 401
    assert (await client.post("/push/subscribe", FIELDS)).status == 401
    client.enter()
    assert (await client.post("/push/subscribe", FIELDS)).status == 403
    client.csrf = "guessed"
    assert (await client.form("/push/subscribe", **FIELDS)).status == 403
    assert backend.pushes.kept == {}


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("endpoint", "http://127.0.0.1:8480/", "expected https"),
        ("p256dh", "", "uncompressed point"),
        ("auth", "x" * 10000, "base64url"),
    ],
)
async def test_what_is_no_subscription_is_refused_in_words(
    member: Client, backend: FakeBackend, field: str, value: str, words: str
) -> None:
    refused = await member.post(
        "/push/subscribe", {"csrf": member.csrf, **FIELDS, field: value}, Accept="text/plain"
    )
    assert refused.status == 400
    assert words in await refused.text()
    assert backend.pushes.kept == {}


async def test_a_damaged_key_is_told(member: Client, backend: FakeBackend) -> None:
    class Damaged:
        @property
        def key(self) -> str:
            raise PushUnavailable("secrets/vapid.pem: expected a P-256 key in PEM")

    backend.pushes = Damaged()  # type: ignore[assignment]
    refused = await member.get("/push/key", Accept="text/plain")
    assert refused.status == 503
    assert "vapid.pem" in await refused.text()


# -- in the browser ----------------------------------------------------------------------------


class Phone:
    """A page, its service worker, and the push service's end of the line."""

    def __init__(self, page: Page, worker: Worker, cdp: Any, origin: str) -> None:
        self.page = page
        self.worker = worker
        self._cdp = cdp
        self._origin = origin
        self._registration = ""

    async def listen(self) -> None:
        self._cdp.on("ServiceWorker.workerRegistrationUpdated", self._found)
        await self._cdp.send("ServiceWorker.enable")

    def _found(self, event: dict[str, Any]) -> None:
        for one in event["registrations"]:
            if one["scopeURL"].startswith(self._origin):
                self._registration = one["registrationId"]

    async def receive(self, said: object) -> None:
        """Deliver a message as the push service would."""
        while not self._registration:
            await self.page.wait_for_timeout(20)
        data = said if isinstance(said, str) else json.dumps(said)
        await self._cdp.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": self._origin, "registrationId": self._registration, "data": data},
        )

    async def shown(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.worker.evaluate(
            """async () => {
                const shown = await inTurn(() => self.registration.getNotifications());
                return shown.map((one) => ({
                    title: one.title, body: one.body, tag: one.tag,
                    actions: one.actions.map((action) => action.action) }));
            }"""
        )
        return found

    async def wait(self, **wanted: object) -> dict[str, Any]:
        """Wait until exactly one notification is shown, and it is as wanted."""
        for _ in range(1500):
            shown = await self.shown()
            if len(shown) == 1 and wanted.items() <= shown[0].items():
                return shown[0]
            await self.page.wait_for_timeout(20)
        raise AssertionError(f"expected {wanted}, shown: {shown}")

    async def gone(self) -> None:
        for _ in range(1500):
            if not await self.shown():
                return
            await self.page.wait_for_timeout(20)
        raise AssertionError(f"still shown: {shown}" if (shown := await self.shown()) else "")

    async def press(self, verb: str) -> None:
        """Press a button of the notification, as ``notificationclick`` would tell it."""
        await self.worker.evaluate(
            """async (verb) => {
                const [shown] = await inTurn(() => self.registration.getNotifications());
                const said = shown.data;
                shown.close();
                await answered(said, verb);
            }""",
            verb,
        )


SUBSCRIBING = """
let made = null;
PushManager.prototype.getSubscription = async () => made;
PushManager.prototype.subscribe = async (options) => {
  if (!options.userVisibleOnly) throw new Error("userVisibleOnly");
  self.subscribedFor = [...options.applicationServerKey];
  const unsubscribe = async () => { made = null; };
  made = { endpoint: GIVEN.endpoint, toJSON: () => GIVEN, options, unsubscribe };
  return made;
};
"""


@pytest.fixture
async def phone(base: str, backend: FakeBackend) -> AsyncIterator[Phone]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        context = await browser.new_context()
        await context.grant_permissions(["notifications"], origin=base)
        secret, _ = backend.create_session("ada")
        await context.add_cookies([{"name": "commonhearth", "value": secret, "url": base}])
        page = await context.new_page()
        page.set_default_timeout(30_000)
        # There is no push service here, so the browser's own part of subscribing is given.
        given = {"endpoint": ENDPOINT, "keys": FIELDS}
        await page.add_init_script(f"const GIVEN = {json.dumps(given)};" + SUBSCRIBING)
        await page.goto(f"{base}/you")
        await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        worker = context.service_workers[0]
        found = Phone(page, worker, await context.new_cdp_session(page), base)
        await found.listen()
        yield found
        await browser.close()


def question(verb: str = "approve", suggestion: str = "sug-1") -> dict[str, object]:
    tokens = {
        each: sign(
            ActionToken(
                suggestion,
                1,
                each,
                "ada",
                NOW.replace(hour=23),
                "opt-1" if each == "approve" else None,
            ),
            SECRET,
        )
        for each in ("approve", "decline")
    }
    return {
        "tag": "a1b2",
        "title": "Order oat milk",
        "body": "Green Corner, 8.27 EUR",
        "link": f"http://elsewhere.local:1/suggestions/{suggestion}",
        "urgent": True,
        "actions": [
            {"verb": verb, "label": verb.title(), "token": token} for verb, token in tokens.items()
        ],
    }


async def test_a_browser_subscribes_with_a_button_and_leaves_with_another(
    phone: Phone, backend: FakeBackend
) -> None:
    page = phone.page
    await page.get_by_role("button", name="Notify me here", exact=True).click()
    await expect(page.get_by_role("button", name="No longer notify me here")).to_be_visible()
    ((kept, _),) = backend.pushes.kept.values()
    assert kept == PHONE.subscription
    assert bytes(await page.evaluate("self.subscribedFor"))[:1] == b"\4"
    await page.get_by_role("button", name="No longer notify me here").click()
    await expect(page.get_by_role("button", name="Notify me here", exact=True)).to_be_visible()
    assert backend.pushes.kept == {}


async def test_a_push_is_shown_and_answered(phone: Phone, backend: FakeBackend) -> None:
    await phone.receive(question())
    shown = await phone.wait(title="Order oat milk", body="Green Corner, 8.27 EUR")
    assert shown["actions"] == ["approve", "decline"]
    await phone.press("approve")
    shown = await phone.wait(tag="a1b2", actions=[])
    (decision,) = backend.decisions
    assert (decision.suggestion_id, decision.verb, decision.via) == ("sug-1", "approve", "webpush")
    assert decision.token_id is not None
    assert shown["body"] not in ("", "Green Corner, 8.27 EUR")


async def test_a_newer_push_takes_the_place_and_an_answered_question_goes(phone: Phone) -> None:
    await phone.receive(question())
    await phone.wait(body="Green Corner, 8.27 EUR")
    await phone.receive({**question(), "body": "Green Corner, 9.10 EUR"})
    await phone.wait(body="Green Corner, 9.10 EUR")
    await phone.receive({"tag": "a1b2", "title": "Order oat milk", "body": "x", "withdraw": True})
    await phone.gone()


async def test_a_question_that_comes_too_late_is_not_left_standing(phone: Phone) -> None:
    await phone.receive({**question(), "expires": 1})
    await phone.receive({"tag": "b", "title": "Another", "body": "There"})
    await phone.wait(title="Another")


async def test_of_many_at_once_none_is_forgotten(phone: Phone) -> None:
    for number in range(20):
        await phone.receive({"tag": f"old-{number}", "title": "Old", "withdraw": True})
        await phone.receive({"tag": f"new-{number}", "title": "New"})
    await phone.receive({"tag": "last", "title": "Last"})
    wanted = {"last", *(f"new-{number}" for number in range(20))}
    for _ in range(1500):
        if "last" in {one["tag"] for one in await phone.shown()}:
            break
        await phone.page.wait_for_timeout(20)
    assert {one["tag"] for one in await phone.shown()} == wanted


async def test_a_forged_button_changes_nothing_and_says_so(
    phone: Phone, backend: FakeBackend
) -> None:
    forged = question()
    forged["actions"] = [{"verb": "approve", "label": "Approve", "token": "made-up"}]
    await phone.receive(forged)
    await phone.wait(actions=["approve"])
    await phone.press("approve")
    shown = await phone.wait(actions=[])
    assert "not an action link" in shown["body"]
    assert backend.decisions == []


async def test_away_from_home_the_question_stays(phone: Phone, backend: FakeBackend) -> None:
    await phone.receive(question())
    await phone.wait(body="Green Corner, 8.27 EUR")
    await phone.worker.evaluate("() => { self.fetch = () => Promise.reject(new TypeError()); }")
    await phone.press("approve")
    shown = await phone.wait(actions=["approve", "decline"])
    assert "Nothing was sent" in shown["body"]
    assert backend.decisions == []


async def test_what_is_not_ours_breaks_nothing(phone: Phone) -> None:
    await phone.receive("these are not the words of the hub")
    await phone.wait(title="Commonhearth")
    await phone.receive({"tag": "hub", "title": "<b>Milk</b>", "body": "<script>alert(1)</script>"})
    shown = await phone.wait(title="<b>Milk</b>")
    assert shown["body"] == "<script>alert(1)</script>"
