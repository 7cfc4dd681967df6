"""Action links: a GET never acts, a POST acts once, and whoever comes late is told."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from hub.domain.suggestions import Verb
from hub.domain.tokens import ActionToken, sign
from tests.web.conftest import Client
from tests.web.fake_backend import NOW, SECRET, FakeBackend

PHONE = {"Accept": "*/*", "User_Agent": "ntfy/1.22"}
APPROVED = "Approved by Ada; ordering at Green Corner for 15.51 EUR."


def _link(
    verb: Verb = "approve",
    *,
    version: int = 2,
    suggestion: str = "sug-1",
    expires: datetime = NOW + timedelta(hours=2),
    secret: bytes = SECRET,
    member: str = "ada",
) -> str:
    option = "opt-1" if verb == "approve" else None
    return "/a/" + sign(ActionToken(suggestion, version, verb, member, expires, option), secret)


async def test_looking_does_nothing_and_shows_what_would_be_done(
    client: Client, backend: FakeBackend
) -> None:
    link = _link()
    response = await client.get(link)
    page = await response.text()
    assert response.status == 200
    assert f'<form method="post" action="{link}"' in page
    for words in ("Approve · 15.51", "Green Corner", "3 × Oat milk", "is told your name, address"):
        assert words in page
    assert (await client.session.head(client.base + link)).status == 200
    assert backend.decisions == []


async def test_the_phones_button_acts_once_and_a_second_tap_is_told(
    client: Client, backend: FakeBackend
) -> None:
    link = _link()
    for _ in range(2):
        response = await client.post(link, **PHONE)
        assert (response.status, await response.text()) == (200, APPROVED + "\n")
        assert response.content_type == "text/plain"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
    first, second = backend.decisions
    assert first == second
    assert (first.verb, first.option, first.via, first.version) == ("approve", "opt-1", "ntfy", 2)
    assert first.token_id
    assert backend.all_suggestions["sug-1"].state == "approved"


async def test_a_browser_gets_a_page(client: Client, backend: FakeBackend) -> None:
    response = await client.post(_link("later"))
    assert response.status == 200
    assert "The hub asks again at 18:20." in await response.text()
    assert backend.decisions[0].via == "link"


async def test_after_somebody_else_decided_the_outcome_is_told(
    client: Client, backend: FakeBackend
) -> None:
    assert (await client.post(_link("decline", member="ben"), **PHONE)).status == 200
    response = await client.post(_link(), **PHONE)
    assert (response.status, await response.text()) == (409, "Declined by Ben.\n")
    page = await client.get(_link())
    assert page.status == 409
    text = await page.text()
    assert "Declined by Ben." in text
    assert "<form" not in text


async def test_a_changed_price_voids_the_link(client: Client, backend: FakeBackend) -> None:
    backend.put(replace(backend.all_suggestions["sug-1"], version=3))
    for response in (await client.post(_link()), await client.get(_link())):
        assert response.status == 409
        assert "has changed since you were asked" in await response.text()
    assert backend.all_suggestions["sug-1"].open


async def test_an_expired_link_tells_what_came_of_it(client: Client, backend: FakeBackend) -> None:
    link = _link(expires=NOW)
    response = await client.post(link, **PHONE)
    assert (response.status, await response.text()) == (410, "This action link has expired.\n")
    await client.post(_link(), **PHONE)
    for late in (await client.post(link, **PHONE), await client.get(link)):
        assert late.status == 410
        assert APPROVED in await late.text()
    assert len(backend.decisions) == 1


async def test_a_link_to_what_is_gone(client: Client) -> None:
    link = _link(suggestion="sug-none")
    for response in (await client.post(link, **PHONE), await client.get(link)):
        assert response.status == 404
        assert "no such suggestion" in await response.text()


@pytest.mark.parametrize(
    "link",
    [
        _link(secret=b"another household's secret, also long"),
        _link()[:-2] + "xx",
        _link()[:-1],
        "/a/x",
        "/a/%00%ff",
        "/a/" + "A" * 600,
        "/a/ünïcode",
    ],
)
async def test_forged_links_are_refused(client: Client, backend: FakeBackend, link: str) -> None:
    for response in (await client.post(link, **PHONE), await client.get(link)):
        assert response.status == 403
        assert "not an action link of this hub" in await response.text()
    assert backend.decisions == []
