"""How members are asked, as they say it on a page or by the API: written to hub.yaml."""

import re
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from hub.app.config import read_config
from hub.settings import MemberSettings
from hub.web.askingforms import filled, read_form
from tests.web.conftest import Client
from tests.web.fake_backend import FakeBackend
from tests.web.test_activities import call
from tests.web.test_browser import browser, visit

__all__ = ["browser"]

MEMBERS = """
members:
  - id: ada
    name: Ada
    ntfy: {}                    # the hub makes the topic
    apprise: ["mailto://ada:s3cret@mail.example"]
    quiet_hours: 21:00-07:30    # early to bed
  - id: ben
    name: Ben
    # Ben looks at the pages
    questions: []
  - {id: kim, name: Kim, role: child}
  - {id: guy, name: Guy, role: guest}
"""
FORM = {"questions": "all", "news": "all", "digest": "daily", "digest_at": "08:00", "ntfy": "on"}
QUIET = {"quiet_from": "21:00", "quiet_until": "07:30"}


@pytest.fixture
async def house(backend: FakeBackend) -> FakeBackend:
    """A household whose hub.yaml names its members."""
    hub = backend.folder / "hub.yaml"
    await backend.files.write(hub, hub.read_text() + MEMBERS)
    return backend


def _text(backend: FakeBackend) -> str:
    return (backend.folder / "hub.yaml").read_text()


def _of(backend: FakeBackend, member: str) -> MemberSettings:
    """Return a member as the file has them, once the whole file is right."""
    found = read_config(backend.folder)
    assert found.problems == ()
    return next(one for one in found.checked().members if one.id == member)


async def _version(client: Client, path: str = "/you/asking", form: int = 0) -> str:
    page = await (await client.get(path)).text()
    return re.findall(r'name="version" value="(\w+)"', page)[form]


async def test_what_a_member_says_is_written_as_a_person_would_have(
    member: Client, house: FakeBackend
) -> None:
    fields = {"questions": "only", "questions:ntfy": "on", "quiet_from": "22:00"}
    fields |= {"quiet_until": "06:00", "digest_at": "18:30", "apprise": "json://n.example"}
    sent = {**FORM, **fields, "version": await _version(member)}
    response = await member.form("/you/asking", **sent)
    assert (response.status, response.headers["Location"]) == (303, "/you/asking")
    written = _text(house)
    for line in MEMBERS.splitlines():
        comment = line.partition("#")[2]
        assert not comment or f"#{comment}" in written
    for line in ("questions: [ntfy]", "quiet_hours: 22:00-06:00 ", "ntfy: {} "):
        assert line in written
    ada = _of(house, "ada")
    assert (ada.questions, ada.news, ada.digest) == (("ntfy",), None, "18:30")
    assert ada.apprise == ("mailto://ada:s3cret@mail.example", "json://n.example")
    page = await (await member.get("/you/asking")).text()
    assert "holds from the next question on" in page
    assert "s3cret" not in page
    assert "18:30" in await (await member.get("/you")).text()


async def test_what_is_as_it_was_leaves_the_file_alone(member: Client, house: FakeBackend) -> None:
    before = _text(house)
    ada = filled(_of(house, "ada"))
    sent = await member.form("/you/asking", **ada, version=await _version(member))
    assert sent.status == 303
    assert _text(house) == before


async def test_what_is_taken_back_leaves_no_key(member: Client, house: FakeBackend) -> None:
    sent = {**FORM, "apprise_out:0": "on", "version": await _version(member)}
    del sent["ntfy"]
    assert (await member.form("/you/asking", **sent)).status == 303
    assert _of(house, "ada") == MemberSettings(id="ada", name="Ada")
    assert "# Ben looks at the pages" in _text(house)


@pytest.mark.parametrize(
    ("fields", "key", "said"),
    [
        ({"quiet_from": "22:00", "quiet_until": ""}, "quiet_hours", "22:00 and 07:00, or none"),
        ({"quiet_from": "9pm", "quiet_until": "07:00"}, "quiet_hours", "two times such as"),
        ({"quiet_from": "07:00", "quiet_until": "07:00"}, "quiet_hours", "quiet hours that end"),
        ({"digest_at": ""}, "digest", "a time such as 08:00"),
        ({"apprise": "ada@mail.example"}, "apprise", "an address such as mailto://"),
        ({"news": "only", "news:homeassistant": "on"}, "news", "the member has no homeassistant"),
        ({"homeassistant": "light.lamp"}, "homeassistant", "homeassistant"),
    ],
)
async def test_a_mistake_is_told_by_its_field_and_what_was_typed_is_kept(
    member: Client, house: FakeBackend, fields: dict[str, str], key: str, said: str
) -> None:
    before = _text(house)
    sent = {**FORM, **QUIET, **fields, "version": await _version(member)}
    response = await member.form("/you/asking", **sent)
    page = await response.text()
    assert response.status == 400
    assert f'<a href="#{key}">' in page
    assert said in page
    for name, value in fields.items():
        assert re.search(rf'name="{name}"[^>]*(value="{re.escape(value)}"|checked)', page), name
    assert _text(house) == before


async def test_of_two_who_change_it_at_once_nobodys_words_are_lost(
    member: Client, house: FakeBackend
) -> None:
    version, next_version = await _version(member), await _version(member, form=1)
    theirs = {**FORM, **QUIET, "digest": "off", "version": version}
    assert (await member.form("/you/asking", **theirs)).status == 303
    mine = {**FORM, **QUIET, "quiet_until": "05:55", "version": version}
    late = await member.form("/you/asking", **mine)
    page = await late.text()
    assert late.status == 409
    assert "Somebody else has changed this meanwhile" in page
    assert "Message of the day: <strong>each at once</strong>" in page
    assert 'value="05:55"' in page
    assert _of(house, "ada").quiet_hours == "21:00-07:30"
    (shown,) = set(re.findall(r'name="version" value="(\w+)"', page)) - {next_version}
    assert (await member.form("/you/asking", **{**mine, "version": shown})).status == 303
    assert (_of(house, "ada").quiet_hours, _of(house, "ada").digest) == ("21:00-05:55", "08:00")


async def test_what_somebody_says_of_another_member_clashes_with_nothing(
    member: Client, house: FakeBackend
) -> None:
    version = await _version(member)
    kims = {"questions": "only", "quiet_from": "19:00", "quiet_until": "07:00"}
    sent = {**FORM, **kims, "version": await _version(member, "/you/asking/kim")}
    assert (await member.form("/you/asking/kim", **sent)).status == 303
    kim = _of(house, "kim")
    assert (kim.quiet_hours, kim.questions, kim.ntfy is not None) == ("19:00-07:00", (), True)
    mine = {**FORM, **QUIET, "news": "only", "version": version}
    assert (await member.form("/you/asking", **mine)).status == 303
    assert _of(house, "ada").news == ()


async def test_who_may_say_how_whom(client: Client, house: FakeBackend) -> None:
    for who, whose, status in (
        ("ada", "guy", 200),
        ("ada", "ben", 403),
        ("ada", "nobody", 404),
        ("kim", "ada", 403),
        ("kim", "guy", 403),
        ("kim", "kim", 200),
    ):
        client.enter(who)
        assert (await client.get(f"/you/asking/{whose}")).status == status, (who, whose)
        sent = {**FORM, "version": "x"}
        refused = (await client.form(f"/you/asking/{whose}", **sent)).status
        assert refused == (409 if status == 200 else status), (who, whose)
    client.enter("kim")
    assert (await client.form("/you/escalation", after=5, version="x")).status == 403
    version = await _version(client)
    ways = {"ntfy": "on", "apprise": "json://evil.example", "homeassistant": "notify.x"}
    sent = {**FORM, **ways, "quiet_from": "20:00", "quiet_until": "07:00", "version": version}
    assert (await client.form("/you/asking", **sent)).status == 303
    kim = _of(house, "kim")
    assert (kim.quiet_hours, kim.ntfy, kim.apprise) == ("20:00-07:00", None, ())


async def test_who_is_asked_next(member: Client, house: FakeBackend) -> None:
    async def say(**fields: object) -> tuple[int, str]:
        fields.setdefault("version", await _version(member, form=1))
        response = await member.form("/you/escalation", **fields)
        return response.status, await response.text()

    assert (await say(after=45, **{"to:0": "ben", "to:1": "ada"}))[0] == 303
    plan = read_config(house.folder).checked().home.escalate
    assert plan is not None
    assert (plan.after, plan.to) == (45, ("ben", "ada"))
    assert "after 45 min: Ben, Ada" in await (await member.get("/you")).text()
    status, page = await say(after="soon", **{"to:0": "kim"})
    assert status == 400
    assert "from 1 to 10080" in page
    assert "Expected adults of the household." in page
    assert 'value="soon"' in page
    status, page = await say(after=5, version="0123456789abcdef", **{"to:0": "ben"})
    assert status == 409
    assert "Who is asked next: <strong>Ben, Ada</strong>" in page
    assert (await say(after=45))[0] == 303
    assert "escalate" not in _text(house)
    assert read_config(house.folder).problems == ()


async def test_a_test_message_goes_to_whom_it_is_for(member: Client, house: FakeBackend) -> None:
    for whose, said in (("kim", "no way to reach them"), ("ada", "on its way")):
        await member.form(f"/you/asking/{whose}/test")
        assert said in await (await member.get("/you/asking")).text()


def test_a_typed_ntfy_is_left_to_the_file() -> None:
    words = {"id": "ada", "name": "Ada", "ntfy": {"url": "https://n.example", "token": "tk_x"}}
    found = read_form({}, MemberSettings.model_validate(words), ways=True)
    assert found.wish.ntfy is None


# -- for programs ----------------------------------------------------------------------------------


@pytest.fixture
def token(house: FakeBackend) -> str:
    house.tokens["config-token"] = frozenset({"read", "configure"})
    return "config-token"


async def test_programs_say_it_too(client: Client, house: FakeBackend, token: str) -> None:
    async def put(whose: str, **body: Any) -> tuple[int, Any]:
        return await call(client, "PUT", f"/members/{whose}/asking", body, token)

    _, read = await call(client, "GET", "/members/kim/asking", None, token)
    assert (read["questions"], read["quiet_hours"], read["digest"]) == (None, None, "08:00")
    said = {"version": read["version"], "member": "ada", "quiet_hours": "20:00-07:00"}
    status, now = await put("kim", **said, questions=["ntfy"], ntfy=True)
    assert (status, now["questions"], now["ntfy"], now["in_force"]) == (200, ["ntfy"], True, True)
    assert _of(house, "kim").quiet_hours == "20:00-07:00"
    status, late = await put("kim", **said)
    assert (status, "version: hub.yaml has changed since" in late["detail"]) == (409, True)
    said["version"] = now["version"]
    for change, status, words in (
        ({"member": "guy"}, 403, "member: expected kim, or an adult"),
        ({"member": "kim", "ntfy": False}, 403, "member: expected an adult for ntfy"),
        ({"member": "eve"}, 400, "member: there is no eve"),
        ({"quiet_hours": "8 to 9"}, 400, "quiet_hours: expected local times such as"),
        ({"digest": "8"}, 400, "digest: expected a local time such as 08:00, or off"),
        ({"questions": ["pigeon"]}, 400, "questions.0"),
        ({"news": ["apprise"]}, 400, "apprise is chosen, but the member has no apprise"),
    ):
        refused = await put("kim", **{**said, **change})
        assert (refused[0], words in refused[1]["detail"]) == (status, True), refused
    assert (await put("ben", **said))[0] == 403
    assert (await put("nobody", **said))[0] == 404
    path = "/members/ada/asking"
    read = (await call(client, "GET", path, None, token))[1]
    assert (read["apprise"], read["browsers"]) == (1, 0)
    assert "s3cret" not in str(read)
    assert (await call(client, "PUT", path, {}, "full-token"))[0] == 403


async def test_programs_say_who_is_asked_next(
    client: Client, house: FakeBackend, token: str
) -> None:
    _, read = await call(client, "GET", "/escalation", None, token)
    assert (read["after"], read["to"]) == (None, [])
    body = {"member": "ada", "version": read["version"], "after": 20, "to": ["ben"]}
    status, now = await call(client, "PUT", "/escalation", body, token)
    assert (status, now["after"], now["to"], now["in_force"]) == (200, 20, ["ben"], True)
    assert (await call(client, "PUT", "/escalation", body, token))[0] == 409
    body["version"] = now["version"]
    for change, words in (
        ({"to": ["kim"]}, "expected adults' ids (ada, ben), got 'kim'"),
        ({"after": 0}, "after: "),
        ({"member": "kim"}, "member: expected the id of an adult"),
    ):
        refused = await call(client, "PUT", "/escalation", {**body, **change}, token)
        assert (refused[0], words in refused[1]["detail"]) == (400, True), refused


# -- in a browser ----------------------------------------------------------------------------------


async def test_on_a_phone_by_keyboard_and_touch(
    browser: Browser, base: str, house: FakeBackend
) -> None:
    visitor = await visit(browser, base, "phone", reduced_motion="reduce")
    await visitor.sign_in(house, "kim")
    page = visitor.page
    await visitor.go("/you")
    await page.get_by_role("link", name="Change how you are asked").click()
    questions = page.get_by_role("group", name="Questions")
    box = questions.get_by_role("checkbox")
    await expect(box).to_have_count(0)
    await page.get_by_label("from").fill("19:30")
    await page.get_by_role("button", name="Save in hub.yaml").click()
    await expect(page.get_by_role("alert")).to_contain_text("Expected two times")
    await expect(page.get_by_label("from")).to_have_value("19:30")
    await page.get_by_label("until").fill("07:00")
    await questions.get_by_label("only over these").check()
    await page.get_by_label("each at once").check()
    await expect(page.get_by_label("Message of the day")).to_be_hidden()
    await page.get_by_role("button", name="Save in hub.yaml").click()
    await expect(page.get_by_role("status").first).to_contain_text("written to hub.yaml")
    await expect(page.get_by_label("from")).to_have_value("19:30")
    wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide
    kim = _of(house, "kim")
    assert (kim.quiet_hours, kim.questions, kim.digest) == ("19:30-07:00", (), "off")
