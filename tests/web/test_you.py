"""A member's own page: phone, sessions, codes and language."""

import re
from datetime import timedelta
from pathlib import Path

from hub.domain.scopes import OWN_CODE_LASTS
from hub.store.access import Access
from hub.store.database import open_database
from hub.web.backend import PhoneView
from tests.web.conftest import Client
from tests.web.fake_backend import NOW, FakeBackend


async def test_the_topic_is_shown_to_its_member_alone(client: Client, backend: FakeBackend) -> None:
    client.enter("ada")
    page = await (await client.get("/you")).text()
    assert "commonhearth-ada-0123456789abcdef" in page
    assert "like a key" in page
    assert page.count("<svg") > page.count('class="icon"')
    client.enter("ben")
    page = await (await client.get("/you")).text()
    assert "commonhearth-ada" not in page
    assert "ntfy: {}" in page


def test_the_link_subscribes_the_app() -> None:
    assert PhoneView("https://ntfy.sh", "t").link == "ntfy://ntfy.sh/t"
    assert PhoneView("http://10.0.0.9:80/", "t").link == "ntfy://10.0.0.9:80/t?secure=false"


async def test_sessions_are_listed_and_revoked(client: Client, backend: FakeBackend) -> None:
    client.enter("ada")
    other, theirs = backend.create_session("ada"), backend.create_session("ben")
    page = await (await client.get("/you")).text()
    assert (page.count("<span>This browser<"), page.count("<span>Another browser<")) == (1, 1)
    ids = re.findall(r"/you/sessions/(\w+)/revoke", page)
    assert theirs[1].id not in ids
    assert (await client.form(f"/you/sessions/{theirs[1].id}/revoke")).status == 404
    assert backend.session(theirs[0]) is not None
    assert (await client.form(f"/you/sessions/{other[1].id}/revoke")).status == 303
    assert backend.session(other[0]) is None
    (own,) = [one for one in ids if one != other[1].id]
    response = await client.form(f"/you/sessions/{own}/revoke")
    assert response.headers["Location"] == "/sign-in"
    assert (await client.get("/")).status == 303


async def test_a_code_for_another_device(client: Client, backend: FakeBackend) -> None:
    client.enter("ada")
    page = await (await client.form("/you/code")).text()
    (code,) = re.findall(r'<p class="code">([\w-]+)</p>', page)
    assert f"http://hub.example:8480/sign-in?code={code}" in page
    assert backend.take_sign_in_code(code) == "ada"
    assert "within ten minutes" in page
    response = await client.form("/you/code", member="kim")
    assert response.status == 200
    assert "within a day" in await response.text()
    assert (await client.form("/you/code", member="nobody")).status == 404
    client.enter("kim")
    assert (await client.form("/you/code", member="ada")).status == 403
    assert (await client.form("/you/code")).status == 200


async def test_the_language_is_the_browsers_or_the_chosen_one(client: Client) -> None:
    async def shown(**headers: str) -> str:
        page = await (await client.get("/sign-in", **headers)).text()
        return re.findall(r'<html lang="([^"]+)"', page)[0]

    assert await shown() == "en"
    assert await shown(Accept_Language="fr, zh-CN;q=0.8, en;q=0.5") == "zh-Hans"
    assert await shown(Accept_Language="zh;q=x, en;q=0.5") == "en"
    response = await client.post("/language", {"language": "zh", "next": "//evil.example"})
    assert (response.status, response.headers["Location"]) == (303, "/")
    assert await shown(Accept_Language="en") == "zh-Hans"
    assert (await client.post("/language", {"language": "xx"})).status == 400


def test_a_code_for_another_device_of_ones_own_is_good_for_minutes(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "hub.sqlite")
    access = Access(engine)
    late = NOW + OWN_CODE_LASTS
    assert access.take_code(access.create_code("ada", NOW, OWN_CODE_LASTS), late) is None
    code = access.create_code("ada", NOW, OWN_CODE_LASTS)
    assert access.take_code(code, late - timedelta(seconds=1)) == "ada"
    assert access.take_code(code, NOW) is None
    assert access.take_code(access.create_code("ben", NOW), late) == "ben"
    engine.dispose()


def test_sessions_in_the_database(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "hub.sqlite")
    access = Access(engine)
    secret, row = access.create_session("ada", NOW)
    access.create_session("ben", NOW)
    assert [one.id for one in access.sessions("ada", NOW)] == [row.id]
    assert not access.revoke_session("ben", row.id)
    for wrong in ("", "%", row.id[:-1], row.id + "x"):
        assert not access.revoke_session("ada", wrong)
    assert access.session(secret, NOW) == row
    assert access.revoke_session("ada", row.id)
    assert access.session(secret, NOW) is None
    engine.dispose()
