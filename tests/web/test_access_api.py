"""Who may use the API, and what they let others do: no more than they may themselves."""

from typing import Any

import pytest

from hub.domain.scopes import MOST_TOKENS, SCOPES
from hub.web.api import OPERATIONS
from hub.web.apidoor import BASE
from hub.web.openapi import document
from tests.web.conftest import Client

ADA = {"member": "ada"}


async def ask(
    client: Client, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = await client.session.request(
        method, client.base + BASE + path, json=body, headers=named
    )
    return response.status, await response.json()


def bearer(client: Client, *scopes: str) -> dict[str, str]:
    """Return the header of a token with these scopes."""
    secret = f"a-token-{'-'.join(scopes)}"
    client.backend.tokens[secret] = frozenset(scopes)
    return {"Authorization": f"Bearer {secret}"}


# -- a browser ------------------------------------------------------------------------------------


async def test_a_browser_does_what_its_member_does_on_pages(client: Client) -> None:
    client.enter("ada")
    assert (await ask(client, "GET", "/orders"))[0] == 200
    form = {"X_CSRF_Token": client.csrf}
    body = {"enabled": False}
    status, rule = await ask(client, "PUT", "/rules/groceries/enabled", body, **form)
    assert (status, rule["enabled"]) == (200, False)
    assert (await ask(client, "GET", "/settings"))[0] == 200
    stock = {"quantity": 1, **ADA}
    assert (await ask(client, "PUT", "/pantry/milk", stock, **form))[0] == 200
    status, made = await ask(client, "POST", "/members/kim/sign-in-codes", ADA, **form)
    assert (status, client.backend.codes[made["code"]]) == (200, "kim")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X_CSRF_Token": "guessed"},
        {"X_CSRF_Token": "ours", "Sec_Fetch_Site": "cross-site"},
        {"X_CSRF_Token": "ours", "Sec_Fetch_Site": "same-site"},
    ],
    ids=str,
)
async def test_another_site_does_nothing_with_a_browsers_cookie(
    client: Client, headers: dict[str, str]
) -> None:
    client.enter("ada")
    sent = {name: client.csrf if each == "ours" else each for name, each in headers.items()}
    for operation in OPERATIONS:
        if operation.method != "GET" and operation.browser:
            path = operation.path.replace("{", "").replace("}", "")
            status, said = await ask(client, operation.method, path, {}, **sent)
            assert (status, said["detail"]) == (
                403,
                "X-CSRF-Token: expected the form token of this browser's session",
            ), path


async def test_a_browser_speaks_for_nobody_else(client: Client) -> None:
    client.enter("ada")
    form = {"X_CSRF_Token": client.csrf}
    said = "member: expected ada, who is signed in"
    _, theirs = client.backend.create_session("ben")
    for method, path, body in (
        ("PUT", "/pantry/milk", {"quantity": 1, "member": "ben"}),
        ("POST", "/suggestions/sug-1/decision", {"version": 2, "verb": "decline", "member": "ben"}),
        ("DELETE", "/contacts/ben?member=ben", None),
        ("GET", "/members/ben/sessions", None),
        ("POST", f"/members/ben/sessions/{theirs.id}/revoke", ADA),
        ("POST", "/members/ben/calendar-address", None),
        ("GET", "/members/ben/passkeys", None),
    ):
        status, problem = await ask(client, method, path, body, **form)
        assert (status, problem["detail"]) == (403, said), path
    assert client.backend.decisions == []
    assert client.backend.sessions("ben")


@pytest.mark.parametrize("member", ["kim", "guy"])
async def test_a_child_and_a_guest_do_not_what_pages_refuse_them(
    client: Client, member: str
) -> None:
    client.enter(member)
    form = {"X_CSRF_Token": client.csrf}
    assert (await ask(client, "GET", "/pantry"))[0] == 200
    own = {"member": member}
    for method, path, body, expected in (
        ("GET", "/settings", None, 403),
        ("GET", "/files/pantry.yaml", None, 403),
        ("PUT", "/rules/groceries/enabled", {"enabled": False}, 403),
        ("POST", "/rule-sets/elm-street/drop", own, 403),
        ("POST", "/members/ada/sign-in-codes", own, 403),
        ("POST", "/members/ada/sign-in-codes", ADA, 403),
        ("POST", "/invitations", own, 400),
        ("POST", "/invitations", ADA, 403),
        ("POST", "/pairings", own, 400),
    ):
        assert (await ask(client, method, path, body, **form))[0] == expected, path
    stock = {"quantity": 1, **own}
    status = (await ask(client, "PUT", "/pantry/milk", stock, **form))[0]
    assert status == (200 if member == "kim" else 400)


async def test_a_browser_neither_makes_nor_sees_tokens(client: Client) -> None:
    client.enter("ada")
    body = {"name": "x", "scopes": ["read"]}
    for method, path, sent in (
        ("GET", "/tokens", None),
        ("POST", "/tokens", body),
        ("DELETE", "/tokens/x", None),
    ):
        status, said = await ask(client, method, path, sent, X_CSRF_Token=client.csrf)
        assert (status, said["detail"]) == (403, "This takes an API token; no browser may do it.")
    assert client.backend.api_tokens.known() == []


async def test_a_wrong_token_is_not_made_good_by_a_cookie(client: Client) -> None:
    client.enter("ada")
    assert (await ask(client, "GET", "/orders", Authorization="Bearer wrong"))[0] == 401
    client.session.cookie_jar.clear()
    assert (await ask(client, "GET", "/orders"))[0] == 401


async def test_somebody_who_was_taken_out_does_nothing(client: Client) -> None:
    client.enter("ben")
    backend = client.backend
    left = tuple(one for one in backend.settings.members if one.id != "ben")
    backend.settings = backend.settings.model_copy(update={"members": left})
    assert (await ask(client, "GET", "/orders"))[0] == 401


# -- tokens ---------------------------------------------------------------------------------------


async def test_a_token_makes_one_that_works_and_takes_it_back(client: Client) -> None:
    mine = bearer(client, "access", "read")
    status, made = await ask(
        client, "POST", "/tokens", {"name": "grafana", "scopes": ["read"]}, **mine
    )
    assert (status, made["scopes"]) == (200, ["read"])
    its = {"Authorization": f"Bearer {made['token']}"}
    assert (await ask(client, "GET", "/orders", **its))[0] == 200
    assert (await ask(client, "GET", "/tokens", **its))[0] == 403
    listed = (await ask(client, "GET", "/tokens", **mine))[1]
    assert [one["name"] for one in listed["items"]] == ["grafana"]
    assert made["token"] not in str(listed)
    again = {"name": "grafana", "scopes": ["read"]}
    status, said = await ask(client, "POST", "/tokens", again, **mine)
    assert (status, "there is a token called" in said["detail"]) == (409, True)
    assert (await ask(client, "DELETE", "/tokens/grafana", **mine))[0] == 200
    assert (await ask(client, "GET", "/orders", **its))[0] == 401
    assert (await ask(client, "DELETE", "/tokens/grafana", **mine))[0] == 404


async def test_a_token_makes_none_that_may_do_more(client: Client) -> None:
    for own in (("access",), ("access", "read"), ("access", "read", "decide")):
        mine = bearer(client, *own)
        for scope in SCOPES:
            body = {"name": f"{own}{scope}", "scopes": ["access", scope]}
            status, said = await ask(client, "POST", "/tokens", body, **mine)
            assert status == (200 if scope in own else 403), (own, scope)
            assert status == 200 or f"the scope {scope}" in said["detail"]
    others = bearer(client, "read", "decide", "configure")
    body = {"name": "x", "scopes": ["read"]}
    status, said = await ask(client, "POST", "/tokens", body, **others)
    assert (status, said["detail"]) == (403, "This token lacks the scope access.")


async def test_a_token_has_a_name_and_there_are_only_so_many(client: Client) -> None:
    mine = bearer(client, "access", "read")
    for name in (" ", "a\nb", "x" * 81):
        status, _ = await ask(client, "POST", "/tokens", {"name": name, "scopes": ["read"]}, **mine)
        assert status in (400, 409)
    assert client.backend.api_tokens.known() == []
    for number in range(MOST_TOKENS):
        client.backend.api_tokens.make(f"n{number}", ("read",))
    status, said = await ask(
        client, "POST", "/tokens", {"name": "one more", "scopes": ["read"]}, **mine
    )
    assert (status, said["detail"]) == (409, "there are 100 tokens; revoke one that is not used")


async def test_a_code_takes_all_that_its_member_may_do(client: Client) -> None:
    path = "/members/{}/sign-in-codes"
    before = dict(client.backend.codes)
    for own, whose, expected in (
        (("read", "decide", "configure"), "kim", 403),
        (("access", "read"), "kim", 403),
        (("access", "read", "decide"), "ada", 403),
        (("access", "read", "decide", "configure"), "nobody", 404),
    ):
        mine = bearer(client, *own)
        assert (await ask(client, "POST", path.format(whose), ADA, **mine))[0] == expected
    assert client.backend.codes == before
    for own, whose in ((("access", "read", "decide"), "guy"), (SCOPES, "ben")):
        mine = bearer(client, *own)
        status, made = await ask(client, "POST", path.format(whose), ADA, **mine)
        assert (status, client.backend.codes[made["code"]]) == (200, whose)
        assert made["link"] == f"http://hub.example:8480/sign-in?code={made['code']}"
    child = {"member": "kim"}
    assert (await ask(client, "POST", path.format("guy"), child, **bearer(client, *SCOPES)))[
        0
    ] == 400


async def test_a_calendar_address_takes_reading(client: Client) -> None:
    path = "/members/ben/calendar-address"
    assert (await ask(client, "POST", path, **bearer(client, "access")))[0] == 403
    assert (await ask(client, "POST", path, **bearer(client, "read", "decide")))[0] == 403
    assert client.backend.feeds.secrets == {}
    status, made = await ask(client, "POST", path, **bearer(client, "access", "read"))
    assert (status, client.backend.feeds.secrets["ben"] in made["url"]) == (200, True)
    assert (await ask(client, "DELETE", path, **bearer(client, "decide")))[0] == 200
    assert (await ask(client, "DELETE", path, **bearer(client, "decide")))[0] == 404


def test_the_document_says_who_may() -> None:
    paths = document()["paths"]
    assert paths[BASE + "/tokens"]["post"]["security"] == [{"token": ["access"]}]
    assert paths[BASE + "/rules/{id}/enabled"]["put"]["security"] == [
        {"token": ["configure"]},
        {"session": [], "form": []},
    ]
    assert paths[BASE + "/orders"]["get"]["security"] == [{"token": ["read"]}, {"session": []}]
