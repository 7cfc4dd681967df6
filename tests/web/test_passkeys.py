"""Passkeys at the doors of the pages: bounds, forms, cookies, names; and in a real browser."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from socket import gethostname

from aiohttp import ClientSession, CookieJar, web
from playwright.async_api import Browser, expect

from hub.app.tls import Https
from hub.settings import HttpSettings
from hub.web.app import make_app
from tests.support.authenticator import Authenticator
from tests.web.conftest import Client
from tests.web.fake_backend import SECRET, FakeBackend
from tests.web.test_browser import browser, visit

__all__ = ["browser"]

HOST = "hub.example"


def _public(backend: FakeBackend) -> None:
    http = HttpSettings(public_url=f"https://{HOST}")
    backend.settings = backend.settings.model_copy(update={"http": http})


async def _add(client: Client, device: Authenticator) -> None:
    asked = await client.post("/you/passkeys/options", {"csrf": client.csrf}, Host=HOST)
    fields = {"csrf": client.csrf, "name": "phone", "answer": device.make(await asked.text())}
    assert (await client.post("/you/passkeys", fields, Host=HOST)).status == 200


async def _form(client: Client) -> tuple[str, str]:
    """Return the sign-in page's form token and its cookie, which is for HTTPS alone."""
    page = await client.get("/sign-in", Host=HOST)
    token = re.search(r'name="csrf" value="([^"]*)"', await page.text())
    assert token is not None
    return token[1], f"commonhearth_form={page.cookies['commonhearth_form'].value}"


async def _answer(client: Client, device: Authenticator) -> tuple[dict[str, str], str]:
    csrf, cookie = await _form(client)
    asked = await client.post("/sign-in/passkey/options", {"csrf": csrf}, Host=HOST, Cookie=cookie)
    assert asked.status == 200
    return {"csrf": csrf, "next": "/orders", "answer": device.sign(await asked.text())}, cookie


async def test_a_passkey_makes_a_fresh_session_for_its_own_member(
    client: Client, backend: FakeBackend
) -> None:
    _public(backend)
    client.enter("kim")
    device = Authenticator(f"https://{HOST}")
    await _add(client, device)
    client.session.cookie_jar.clear()
    fields, cookie = await _answer(client, device)
    other, _ = backend.create_session("ben")
    planted = f"{cookie}; commonhearth={other}"
    response = await client.post("/sign-in/passkey", fields, Host=HOST, Cookie=planted)
    assert (response.status, await response.json()) == (200, {"to": "/orders"})
    given = response.cookies["commonhearth"]
    assert given.value != other
    assert backend.session(other) is None
    assert (given["httponly"], given["secure"], given["samesite"]) == (True, True, "Lax")
    session = backend.session(given.value)
    assert session is not None
    assert session.member == "kim"
    again = await client.post("/sign-in/passkey", fields, Host=HOST, Cookie=cookie)
    assert again.status == 403
    assert "commonhearth" not in again.cookies


async def test_a_former_member_is_not_let_in(client: Client, backend: FakeBackend) -> None:
    _public(backend)
    client.enter("kim")
    device = Authenticator(f"https://{HOST}")
    await _add(client, device)
    client.session.cookie_jar.clear()
    left = tuple(one for one in backend.settings.members if one.id != "kim")
    backend.settings = backend.settings.model_copy(update={"members": left})
    fields, cookie = await _answer(client, device)
    response = await client.post("/sign-in/passkey", fields, Host=HOST, Cookie=cookie)
    assert response.status == 403
    assert "nobody who is a member" in (await response.json())["error"]


async def test_forms_from_elsewhere_are_refused(client: Client, backend: FakeBackend) -> None:
    _public(backend)
    for path in ("/sign-in/passkey/options", "/sign-in/passkey"):
        assert (await client.post(path, {"csrf": "x"}, Host=HOST)).status == 403
    for path in ("/you/passkeys/options", "/you/passkeys", "/you/passkeys/abc/remove"):
        assert (await client.post(path, {}, Host=HOST)).status == 401
    client.enter("ada")
    for path in ("/you/passkeys/options", "/you/passkeys", "/you/passkeys/abc/remove"):
        assert (await client.post(path, {"csrf": "x"}, Host=HOST)).status == 403


async def test_guesses_are_limited_and_told(client: Client, backend: FakeBackend) -> None:
    _public(backend)
    csrf, cookie = await _form(client)
    fields = {"csrf": csrf, "answer": "{}"}
    said = [
        await client.post("/sign-in/passkey", fields, Host=HOST, Cookie=cookie) for _ in range(7)
    ]
    assert [one.status for one in said] == [403] * 6 + [429]
    assert said[-1].headers["Retry-After"] == "60"
    asked = [
        await client.post("/sign-in/passkey/options", {"csrf": csrf}, Host=HOST, Cookie=cookie)
        for _ in range(13)
    ]
    assert [one.status for one in asked] == [200] * 12 + [429]


async def test_a_name_that_is_not_the_hubs_own_is_no_place(
    client: Client, backend: FakeBackend
) -> None:
    client.enter("ada")
    wanted = {"csrf": client.csrf}
    for host in ("127.0.0.1", "[::1]", "evil.local", "printer", "hub.example"):
        # The last is ours, but without HTTPS: no browser would do it.
        answer = await client.post("/you/passkeys/options", wanted, Host=host)
        assert (host, answer.status) == (host, 400)
        assert "not an address" in (await answer.json())["error"]
    page = await (await client.get("/you", Host="127.0.0.1")).text()
    assert "Passkeys need HTTPS and a name" in page
    # The port is the socket's, whatever the Host header says.
    answer = await client.post("/you/passkeys/options", wanted, Host="localhost:1")
    device = Authenticator("http://localhost:1")
    fields = {**wanted, "name": "x", "answer": device.make(await answer.text())}
    assert (await client.post("/you/passkeys", fields, Host="localhost:1")).status == 400


async def test_over_https_the_hubs_names_at_home_are_places(
    backend: FakeBackend, tmp_path: Path
) -> None:
    https = Https(HttpSettings(tls="own"), tmp_path, datetime.now(UTC))
    runner = web.AppRunner(make_app(backend, secret=SECRET))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=https.context).start()
    port = runner.addresses[0][1]
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        client = Client(f"https://127.0.0.1:{port}", session, backend)
        client.enter("ada")
        name = f"{gethostname().casefold().partition('.')[0]}.local"
        for host, status in ((f"{name}:{port}", 200), (f"other.local:{port}", 400)):
            async with session.post(
                f"{client.base}/you/passkeys/options",
                data={"csrf": client.csrf},
                headers={"Host": host},
                ssl=False,
            ) as answer:
                assert answer.status == status
                if status == 200:
                    device = Authenticator(f"https://{name}:{port}")
                    made = device.make(await answer.text())
        async with session.post(
            f"{client.base}/you/passkeys",
            data={"csrf": client.csrf, "name": "phone", "answer": made},
            headers={"Host": f"{name}:{port}"},
            ssl=False,
        ) as answer:
            assert answer.status == 200
    await runner.cleanup()
    assert [one.place for one in backend.passkeys.of("ada")] == [name]


async def test_programs_list_and_remove(client: Client, backend: FakeBackend) -> None:
    _public(backend)
    client.enter("ada")
    await _add(client, Authenticator(f"https://{HOST}"))
    base, head = "/api/v1/members/ada", {"Authorization": "Bearer full-token"}
    (kept,) = (await (await client.get(f"{base}/passkeys", **head)).json())["items"]
    assert (kept["name"], kept["place"], kept["used_at"]) == ("phone", HOST, None)
    (session,) = (await (await client.get(f"{base}/sessions", **head)).json())["items"]
    assert set(session) == {"id", "created_at", "expires_at"}
    body = json.dumps({"member": "ada"})
    for path in (f"passkeys/{kept['id']}/remove", f"sessions/{session['id']}/revoke"):
        done = await client.post(f"{base}/{path}", body, **head)
        assert done.status == 200
        assert (await client.post(f"{base}/{path}", body, **head)).status == 404
    assert backend.passkeys.of("ada") == []


async def test_in_a_browser_a_passkey_is_added_and_signs_in(
    browser: Browser, base: str, backend: FakeBackend
) -> None:
    visitor = await visit(browser, base.replace("127.0.0.1", "localhost"), "phone")
    page = visitor.page
    devtools = await visitor.context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    await visitor.sign_in(backend, "ben")
    await visitor.go("/you")
    await page.get_by_label("What you call the device").fill("Ben <b>phone</b>")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-told]")).to_have_text("The passkey is added.")
    await expect(page.get_by_text("Ben <b>phone</b>", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Sign out", exact=True).first.click()
    await page.get_by_role("button", name="Sign in with a passkey").press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("suggestions wait")
    (kept,) = backend.passkeys.of("ben")
    assert kept.used_at is not None
    await visitor.go("/you")
    await page.get_by_role("button", name="Remove Ben <b>phone</b>").click()
    await expect(page.locator("[data-told]")).to_have_text(
        "The passkey is removed, and who was signed in by it is signed out."
    )
    assert backend.passkeys.of("ben") == []
    assert visitor.complaints == []
