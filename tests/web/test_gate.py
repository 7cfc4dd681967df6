"""Deny by default: sessions, forms, hosts, headers, sizes."""

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest

from hub.settings import HttpSettings, Settings
from hub.web.app import BIGGEST_FORM, make_app
from hub.web.gate import own_host
from hub.web.signin import safe_next
from hub.web.site import Attempts, Told
from tests.web.conftest import Client
from tests.web.fake_backend import NOW, SECRET, FakeBackend

PUBLIC = {
    "/manifest.webmanifest",
    "/worker.js",
    "/offline",
    "/language",
    "/sign-in",
    "/sign-in/passkey",
    "/sign-in/passkey/options",
    "/a/{token}",
    "/healthz",
    "/metrics",
    "/static/{name}",
    "/api/v1/openapi.json",
    "/beckn/on_select",
    # Known by its secret, which calendars that subscribe hold.
    "/calendar/{secret}.ics",
    # Devices pair by a code that an adult was shown.
    "/pair",
}
PAGES = (
    "/",
    "/pantry",
    "/orders",
    "/orders/ord-3",
    "/devices",
    "/devices/logins",
    "/notices",
    "/parked",
    "/you",
    "/more",
    "/pantry/milk",
    "/rules",
    "/rules/groceries",
    "/rules/files/groceries.yaml",
    "/ledger",
    "/settings",
    "/settings/files/pantry.yaml",
    "/devices/sensor.milk",
)


def _field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return found[1]


async def _sign_in(client: Client, code: str, onward: str = "/") -> int:
    page = await (await client.get("/sign-in")).text()
    fields = {"csrf": _field(page, "csrf"), "code": code, "next": onward}
    return (await client.post("/sign-in", fields)).status


async def test_a_code_opens_the_inbox_once(client: Client) -> None:
    page = await (await client.get("/sign-in?code=4711-0815&next=/orders")).text()
    assert 'value="4711-0815"' in page
    fields = {"csrf": _field(page, "csrf"), "code": " 4711-0815 ", "next": _field(page, "next")}
    response = await client.post("/sign-in", fields)
    assert (response.status, response.headers["Location"]) == (303, "/orders")
    (cookie,) = [c for c in response.headers.getall("Set-Cookie") if c.startswith("commonhearth=")]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert (await client.get("/")).status == 200
    client.session.cookie_jar.clear()
    assert await _sign_in(client, "4711-0815") == 403


async def test_looking_at_the_form_uses_no_code_up(client: Client) -> None:
    assert (await client.get("/sign-in?code=4711-0815")).status == 200
    assert await _sign_in(client, "4711-0815") == 303


async def test_behind_https_the_cookie_is_secure(client: Client, backend: FakeBackend) -> None:
    http = HttpSettings(public_url="https://hub.example")
    backend.settings = backend.settings.model_copy(update={"http": http})
    page = await client.get("/sign-in", Host="hub.example")
    cookie = page.headers["Set-Cookie"]
    assert "Secure" in cookie
    fields = {"csrf": _field(await page.text(), "csrf"), "code": "4711-0815"}
    own = cookie.partition(";")[0]
    response = await client.post("/sign-in", fields, Host="hub.example", Cookie=own)
    assert response.status == 303
    assert all("Secure" in each for each in response.headers.getall("Set-Cookie")[:1])


async def test_a_form_from_elsewhere_does_not_sign_in(client: Client) -> None:
    await client.get("/sign-in")
    for csrf in ("", "x", "ä"):
        response = await client.post("/sign-in", {"csrf": csrf, "code": "4711-0815"})
        assert response.status == 403
    assert await _sign_in(client, "4711-0815") == 303


async def test_guessing_codes_is_slowed_down(client: Client, backend: FakeBackend) -> None:
    assert [await _sign_in(client, f"guess-{n}") for n in range(8)] == [403] * 6 + [429] * 2
    assert await _sign_in(client, "4711-0815") == 429
    backend.instant += timedelta(minutes=1)
    assert await _sign_in(client, "4711-0815") == 303


def test_attempts_are_remembered_within_bounds() -> None:
    attempts = Attempts(each=2, together=600)
    allowed = [attempts.allow(f"10.0.{n // 250}.{n % 250}", NOW) for n in range(1000)]
    assert allowed == [True] * 600 + [False] * 400
    assert len(attempts) == Attempts.MOST_ADDRESSES
    assert not attempts.allow("10.9.9.9", NOW)
    assert attempts.allow("10.9.9.9", NOW + timedelta(seconds=21))


async def test_what_is_told_is_bounded() -> None:
    told, backend = Told(), FakeBackend()
    sessions = [backend.create_session("ada")[1] for _ in range(100)]
    for number, session in enumerate(sessions):
        told.say(session, "good", str(number))
    assert told.take(sessions[0]) is None
    assert told.take(sessions[99]) == ("good", "99")
    assert told.take(sessions[99]) is None


async def test_signing_out_ends_the_session_in_the_hub(
    member: Client, backend: FakeBackend
) -> None:
    (secret,) = backend.kept
    assert (await member.form("/sign-out")).status == 303
    assert backend.kept == {}
    assert (await member.get("/", Cookie=f"commonhearth={secret}")).status == 303


async def test_every_route_is_closed_unless_it_is_known_to_be_public(
    client: Client, backend: FakeBackend
) -> None:
    app = make_app(backend, secret=SECRET)
    routes = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None
    }
    assert len(routes) > 25
    for method, path in sorted(routes):
        if path in PUBLIC:
            continue
        async with client.session.request(
            method, client.base + path.replace("{", "").replace("}", ""), allow_redirects=False
        ) as response:
            assert response.status == 401, (method, path)
    assert backend.decisions == []


async def test_a_browser_is_sent_to_the_form_and_back(client: Client) -> None:
    response = await client.get("/orders/ord-3?x=1&y=2")
    assert response.status == 303
    assert response.headers["Location"] == "/sign-in?next=%2Forders%2Ford-3%3Fx%3D1%26y%3D2"
    assert (await client.get("/no/such/page")).status == 303
    assert (await client.get("/")).headers["Location"] == "/sign-in"


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/orders?x=1", "/orders?x=1"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("", "/"),
        ("/" + "x" * 600, "/"),
    ],
)
def test_only_our_own_pages_are_gone_on_to(target: str, path: str) -> None:
    assert safe_next(target) == path


async def test_a_member_who_left_is_signed_out(member: Client, backend: FakeBackend) -> None:
    members = backend.settings.members[1:]
    backend.settings = backend.settings.model_copy(update={"members": members})
    assert (await member.get("/")).status == 303


async def test_forms_need_the_sessions_own_token(member: Client, backend: FakeBackend) -> None:
    fields = {"version": "2", "verb": "decline"}
    path = "/suggestions/sug-1/decision"
    for csrf in ("", "wrong", "ü"):
        assert (await member.post(path, {**fields, "csrf": csrf})).status == 403
    good = {**fields, "csrf": member.csrf}
    assert (await member.post(path, good, Sec_Fetch_Site="cross-site")).status == 403
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x"):
        assert (await member.post(path, b"\xff\x00", Content_Type=kind)).status == 400
    for kind in ("application/json", "application/x-www-form-urlencoded; charset=no-such"):
        assert (await member.post(path, b"\xff\x00", Content_Type=kind)).status in (400, 403)
    assert backend.decisions == []
    assert (await member.post(path, good, Sec_Fetch_Site="same-origin")).status == 303
    assert len(backend.decisions) == 1


@pytest.mark.parametrize("path", [*PAGES, "/sign-in", "/no-such-page", "/suggestions/sug-3"])
async def test_every_answer_is_guarded(member: Client, path: str) -> None:
    headers = (await member.get(path)).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", [*PAGES, "/suggestions/sug-1"])
async def test_pages_have_no_inline_code_and_no_other_hosts(member: Client, path: str) -> None:
    response = await member.get(path)
    page = await response.text()
    assert response.status == 200
    assert re.search(r"<script(?![^>]*src=\"/static/)", page) is None
    assert re.search(r"\son\w+=|\sstyle=|<style", page) is None
    assert re.search(r"(?:src|href|action)=\"(?:https?:)?//", page) is None


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1:8480", True),
        ("[::1]:8480", True),
        ("192.168.1.9", True),
        ("localhost:8480", True),
        ("raspberrypi", True),
        ("hub.local:8480", True),
        ("HUB.Home.Arpa", True),
        ("hub.example:8480", True),
        ("evil.example", False),
        ("hub.example.evil.com", False),
        ("notlocal", True),
        ("evil.example#.local", False),
        ("user@127.0.0.1", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
        ("[::1", False),
        ("a b", False),
    ],
)
def test_hosts_that_can_be_ours(host: str, ours: bool) -> None:
    http = HttpSettings(public_url="https://hub.example:8480")
    assert own_host(host, Settings(http=http)) is ours


async def test_a_rebound_name_is_refused(member: Client) -> None:
    response = await member.get("/", Host="evil.example")
    assert response.status == 421
    assert "public_url" in await response.text()
    assert "Order oat milk" not in await response.text()
    assert (await member.get("/healthz", Host="evil.example")).status == 421
    assert (await member.get("/", Host="hub.example:8480")).status == 200


async def test_large_bodies_are_refused(member: Client, backend: FakeBackend) -> None:
    big = "x" * (BIGGEST_FORM + 1)
    assert (await member.form("/suggestions/sug-1/decision", verb=big)).status == 413
    client = await member.post("/sign-in", {"code": big})
    assert client.status == 413
    assert backend.decisions == []


async def test_routes_of_others_see_to_themselves(client: Client) -> None:
    response = await client.post("/beckn/on_select", b"x" * 100_000, Host="hub.public.example")
    assert (response.status, await response.text()) == (200, "100000 bytes")


async def test_errors_are_pages_for_people_and_lines_for_programs(member: Client) -> None:
    page = await member.get("/suggestions/none")
    assert page.status == 404
    assert "There is no such suggestion" in await page.text()
    line = await member.get("/orders/none", Accept="*/*")
    assert (line.status, await line.text()) == (404, "There is no such order.\n")
    nothing = await member.get("/no-such-page")
    assert nothing.status == 404
    assert "There is nothing at this address." in await nothing.text()
    wrong = await member.post("/orders", {"csrf": member.csrf})
    assert (wrong.status, wrong.headers["Allow"]) == (405, "GET,HEAD")


async def test_a_fault_of_ours_tells_nothing_of_the_inside(
    member: Client, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "orders", lambda limit=100: 1 / 0)
    response = await member.get("/orders")
    assert response.status == 500
    text = await response.text()
    assert "its log says what" in text
    assert "ZeroDivisionError" not in text


async def test_a_fault_at_a_secret_address_leaves_it_out_of_the_log(
    client: Client,
    backend: FakeBackend,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(backend, "feeds", SimpleNamespace(read=broken, member=broken))
    secret = "canary" * 6
    response = await client.get(f"/calendar/{secret}.ics")
    assert response.status == 500
    assert "a request to /calendar/{secret}.ics failed" in caplog.text
    assert secret not in caplog.text


async def test_static_files_may_be_kept_and_nothing_else_is_served(client: Client) -> None:
    page = await (await client.get("/sign-in")).text()
    for path in re.findall(r'"(/static/[^"]+)"', page):
        response = await client.get(path)
        assert response.status == 200
        assert "immutable" in response.headers["Cache-Control"]
    assert (await client.get("/static/app.css")).headers["Cache-Control"] == "no-cache"
    for path in ("/static/..%2fapp.py", "/static/app.py", "/static/"):
        assert (await client.get(path)).status in (303, 404)


def test_a_short_secret_is_refused(backend: FakeBackend) -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        make_app(backend, secret=b"short")
