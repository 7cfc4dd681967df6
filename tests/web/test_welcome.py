"""The wizard of the first start writes what a person could have written."""

import re

import pytest

from hub.app.config import read_config
from hub.web.welcome import read_beginning
from tests.web.conftest import ROOT, Client
from tests.web.fake_backend import FakeBackend

ANSWERS = {
    "name": "Elm: Street #5",
    "timezone": "Europe/Berlin",
    "currency": "eur",
    "quiet_hours": "22:00-07:00",
    "name:0": "Ada",
    "ntfy:0": "on",
    "name:1": "Ben Müller",
    "role:1": "child",
    "name:3": "小明",
    "role:3": "adult",
    "broker": "managed",
    "rules:fridge.yaml": "on",
    "rules:../hub.yaml": "on",
}


@pytest.fixture
def fresh(backend: FakeBackend) -> FakeBackend:
    (backend.folder / "hub.yaml").write_text((ROOT / "config/hub.yaml").read_text())
    for file in (backend.folder / "rules").iterdir():
        file.unlink()
    return backend


async def test_the_first_to_sign_in_is_led_to_it(client: Client, fresh: FakeBackend) -> None:
    for code, leads_to in (("4711-0815", "/welcome"), ("child-code", "/")):
        client.session.cookie_jar.clear()
        page = await (await client.get("/sign-in")).text()
        csrf = re.findall(r'name="csrf" value="([^"]*)"', page)[0]
        response = await client.post("/sign-in", {"csrf": csrf, "code": code, "next": "/"})
        assert response.headers["Location"] == leads_to


async def test_the_answers_become_the_files(member: Client, fresh: FakeBackend) -> None:
    page = await (await member.get("/welcome")).text()
    assert "fridge.yaml" in page
    assert "Milk scale" in page
    response = await member.form("/welcome", **ANSWERS)
    assert (response.status, response.headers["Location"]) == (303, "/you")
    text = (fresh.folder / "hub.yaml").read_text()
    assert text.startswith((ROOT / "config/hub.yaml").read_text().rstrip())
    found = read_config(fresh.folder)
    assert found.problems == ()
    settings = found.checked()
    assert settings.home.name == "Elm: Street #5"
    assert settings.home.currency == "EUR"
    assert [(m.id, m.name, m.role, m.ntfy is not None) for m in settings.members] == [
        ("ada", "Ada", "adult", True),
        ("ben-m-ller", "Ben Müller", "child", False),
        ("member-4", "小明", "adult", False),
    ]
    assert [rule.id for rule in found.rules.rules()] == ["fridge_door_open", "fridge_too_warm"]
    assert sorted(file.name for file in (fresh.folder / "rules").iterdir()) == ["fridge.yaml"]


async def test_what_is_wrong_is_told_and_nothing_written(
    member: Client, fresh: FakeBackend
) -> None:
    before = (fresh.folder / "hub.yaml").read_text()
    response = await member.form("/welcome", **{**ANSWERS, "timezone": "Mars/Crater"})
    page = await response.text()
    assert response.status == 400
    assert "expected an IANA zone" in page
    assert 'value="Ben Müller"' in page
    assert (fresh.folder / "hub.yaml").read_text() == before
    assert list((fresh.folder / "rules").iterdir()) == []


async def test_it_is_over_once_the_file_says_something(
    member: Client, backend: FakeBackend
) -> None:
    before = (backend.folder / "hub.yaml").read_text()
    assert (await member.get("/welcome")).headers["Location"] == "/"
    assert (await member.form("/welcome", **ANSWERS)).status == 409
    assert (backend.folder / "hub.yaml").read_text() == before


def test_members_of_one_name_stay_two() -> None:
    form = {f"name:{n}": "Ada" for n in range(4)} | {"role:1": "emperor"}
    members = read_beginning(form, "ada").members
    assert len({member.id for member in members}) == 4
    assert (members[0].role, members[1].role) == ("adult", "guest")
