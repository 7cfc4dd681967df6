"""The agenda as a calendar to subscribe to: by a secret address, bounded, sent when it is new."""

import re

import pytest

from hub.web import feedpages
from hub.web.feeds import AgendaText
from tests.web.conftest import Client


async def address(client: Client) -> str:
    page = await (await client.form("/you/calendar")).text()
    found = re.search(r">http://hub.example:8480(/calendar/[\w-]{43}\.ics)<", page)
    assert found, page
    assert f'href="webcal://hub.example:8480{found[1]}"' in page
    assert 'class="qr"' in page
    return found[1]


async def bare(client: Client, path: str, **headers: str) -> tuple[int, str, bytes]:
    """Ask as a calendar does: without a session."""
    client.session.cookie_jar.clear()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with client.session.get(client.base + path, headers=named) as response:
        return response.status, response.headers.get("ETag", ""), await response.read()


async def test_a_calendar_reads_by_its_address_alone(member: Client) -> None:
    path = await address(member)
    assert (await member.get("/you/calendar")).headers["Location"] == "/you"
    status, tag, body = await bare(member, path)
    assert (status, tag) == (200, '"0123abcd"')
    assert body.startswith(b"BEGIN:VCALENDAR")
    answer = await member.session.get(member.base + path)
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Cache-Control"] == "private, no-cache"


async def test_what_did_not_change_is_not_sent_again(member: Client) -> None:
    path = await address(member)
    _, tag, _ = await bare(member, path)
    assert await bare(member, path, If_None_Match=tag) == (304, tag, b"")
    assert (await bare(member, path, If_None_Match=f'"x", W/{tag}'))[0] == 304
    member.backend.feeds.text = AgendaText(b"BEGIN:VCALENDAR\r\nNEW", "new")
    assert (await bare(member, path, If_None_Match=tag))[1:] == ('"new"', b"BEGIN:VCALENDAR\r\nNEW")


async def test_an_address_is_void_once_there_is_a_new_one_or_none(member: Client) -> None:
    old = await address(member)
    assert "Make it void" in await (await member.get("/you")).text()
    new = await address(member)
    assert [(await bare(member, path))[0] for path in (old, new)] == [404, 200]
    member.enter()
    await member.form("/you/calendar/end")
    assert (await bare(member, new))[0] == 404


async def test_who_left_the_household_reads_nothing(client: Client) -> None:
    client.enter("guy")
    path = await address(client)
    client.backend.feeds.secrets["gone"] = client.backend.feeds.secrets.pop("guy")
    assert (await bare(client, path))[0] == 404


@pytest.mark.parametrize("secret", ["x", "a" * 43, "a" * 5000, "..%2Fyou", "%00"])
async def test_guessing_leads_nowhere(member: Client, secret: str) -> None:
    await address(member)
    status, _, body = await bare(member, f"/calendar/{secret}.ics")
    assert status == 404
    assert b"VCALENDAR" not in body


async def test_asking_too_often_is_refused(member: Client) -> None:
    path = await address(member)
    answers = [(await bare(member, path))[0] for _ in range(22)]
    assert answers[0] == 200
    assert answers[-1] == 429
    guesses = [(await bare(member, "/calendar/wrong.ics"))[0] for _ in range(20)]
    assert guesses[-1] == 429


async def test_only_a_member_makes_an_address(client: Client) -> None:
    assert (await client.post("/you/calendar")).status == 401
    client.enter()
    assert (await client.post("/you/calendar", {"csrf": "forged"})).status == 403
    assert client.backend.feeds.secrets == {}


@pytest.mark.parametrize(("token", "status"), [("read-token", 200), ("wrong", 401), ("", 401)])
async def test_a_program_reads_it_with_its_token(client: Client, token: str, status: int) -> None:
    answer = await client.session.get(
        client.base + "/api/v1/agenda.ics", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status == status
    if status == 200:
        assert answer.content_type == feedpages.CALENDAR
        assert await answer.read() == client.backend.feeds.text.body
