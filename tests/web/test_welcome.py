"""The wizard of the first start writes what a person could have written."""

import re

import pytest

from hub.app.config import read_config
from hub.settings import MemberSettings, MqttSettings
from hub.web.beginning import STEPS
from hub.web.welcomeforms import ask_changes, broker_changes, member_changes, rule_choices
from tests.web.conftest import ROOT, Client
from tests.web.fake_backend import FakeBackend

HOME = {
    "name": "Elm: Street #5",
    "timezone": "Europe/Berlin",
    "currency": "eur",
    "quiet_hours": "22:00-07:00",
}
PEOPLE = {
    "id:0": "ada",
    "name:0": "Ada",
    "role:0": "child",
    "name:5": "Ben Müller",
    "role:5": "child",
    "name:7": "小明",
    "role:7": "adult",
}


@pytest.fixture
def fresh(backend: FakeBackend) -> FakeBackend:
    (backend.folder / "hub.yaml").write_text((ROOT / "config/hub.yaml").read_text())
    for file in (backend.folder / "rules").iterdir():
        file.unlink()
    return backend


async def _stamp(member: Client, step: str) -> str:
    page = await (await member.get(f"/welcome/{step}")).text()
    return re.findall(r'name="stamp" value="(\w*)"', page)[0]


async def _send(member: Client, step: str, **fields: object) -> tuple[int, str, str]:
    fields.setdefault("stamp", await _stamp(member, step))
    response = await member.form(f"/welcome/{step}", **fields)
    return response.status, response.headers.get("Location", ""), await response.text()


async def test_the_first_to_sign_in_is_led_to_it(client: Client, fresh: FakeBackend) -> None:
    for code, leads_to in (("4711-0815", "/welcome"), ("child-code", "/")):
        client.session.cookie_jar.clear()
        page = await (await client.get("/sign-in")).text()
        csrf = re.findall(r'name="csrf" value="([^"]*)"', page)[0]
        response = await client.post("/sign-in", {"csrf": csrf, "code": code, "next": "/"})
        assert response.headers["Location"] == leads_to


async def test_the_answers_become_the_files(member: Client, fresh: FakeBackend) -> None:
    assert (await member.get("/welcome")).headers["Location"] == "/welcome/home"
    assert (await _send(member, "home", **HOME))[:2] == (303, "/welcome/members")
    assert (await _send(member, "members", **PEOPLE))[:2] == (303, "/welcome/broker")
    assert (await _send(member, "broker", broker="managed"))[:2] == (303, "/welcome/devices")
    assert "Milk scale" in await (await member.get("/welcome/devices")).text()
    assert (await _send(member, "devices"))[:2] == (303, "/welcome/rules")
    chosen = {
        "rule:fridge_door_open": "on",
        "value:fridge_door_open:when.state.entity": "binary_sensor.kitchen_door",
        "value:fridge_door_open:when.state.for": "2m",
        "value:fridge_too_warm:when.state.above": "3",
    }
    assert (await _send(member, "rules", **chosen))[:2] == (303, "/welcome/asking")
    assert (await _send(member, "asking", ntfy="on", stay="1"))[:2] == (303, "/welcome/asking")
    assert (await _send(member, "asking", ntfy="on"))[:2] == (303, "/welcome/done")
    done = await (await member.get("/welcome/done")).text()
    assert "The fridge is open" in done
    assert (await member.get("/welcome")).headers["Location"] == "/"

    text = (fresh.folder / "hub.yaml").read_text()
    assert text.startswith((ROOT / "config/hub.yaml").read_text().rstrip())
    found = read_config(fresh.folder)
    assert found.problems == ()
    settings = found.checked()
    assert (settings.home.name, settings.home.currency) == ("Elm: Street #5", "EUR")
    assert [(m.id, m.name, m.role, m.ntfy is not None) for m in settings.members] == [
        ("ada", "Ada", "adult", True),
        ("ben-m-ller", "Ben Müller", "child", False),
        ("member-8", "小明", "adult", False),
    ]
    assert [rule.id for rule in found.rules.rules()] == ["fridge_door_open"]
    written = (fresh.folder / "rules/fridge.yaml").read_text()
    assert "entity: binary_sensor.kitchen_door, is: on, for: 2m" in written
    assert "# It has to be open without a break for that long." in written
    assert "fridge_too_warm" not in written

    # A rule that comes later joins the file as it is by then.
    mine = written.replace("ask: everyone", "ask: adults  # we agreed")
    (fresh.folder / "rules/fridge.yaml").write_text(mine)
    await _send(member, "rules", **{"rule:fridge_too_warm": "on", "rule:fridge_door_open": "on"})
    after = (fresh.folder / "rules/fridge.yaml").read_text()
    assert after.startswith(mine.rstrip())
    assert after.count("- id:") == 2
    assert (await member.get("/welcome")).headers["Location"] == "/"


async def test_what_is_wrong_is_told_and_nothing_written(
    member: Client, fresh: FakeBackend
) -> None:
    before = (fresh.folder / "hub.yaml").read_text()
    status, _, page = await _send(member, "home", **{**HOME, "timezone": "Mars/Crater"})
    assert status == 400
    assert "expected an IANA zone" in page
    assert 'value="Elm: Street #5"' in page
    chosen = {"rule:fridge_too_warm": "on", "value:fridge_too_warm:when.state.for": "soon"}
    status, _, page = await _send(member, "rules", **chosen)
    assert status == 400
    assert "when.state.for" in page
    assert 'value="soon"' in page, re.findall(r'<section class="card">.*?</section>', page, re.S)[1]
    assert (await _send(member, "rules", **{"rule:../hub": "on"}))[0] == 400
    for url, reason in (
        ("mqtt://127.0.0.1:1", "no MQTT broker at 127.0.0.1:1 yet (connection refused)"),
        ("http://127.0.0.1", "expected `managed`, mqtt://host:port or mqtts://host:port"),
    ):
        status, _, page = await _send(member, "broker", broker="url", broker_url=url)
        assert status == 400
        assert reason in page.replace("&#39;", "'")
    assert (fresh.folder / "hub.yaml").read_text() == before
    assert list((fresh.folder / "rules").iterdir()) == []


async def test_two_who_fill_it_in_do_not_overwrite_each_other(
    member: Client, fresh: FakeBackend
) -> None:
    home, people = await _stamp(member, "home"), await _stamp(member, "members")
    assert (await _send(member, "home", **HOME))[0] == 303
    status, _, page = await _send(member, "home", **{**HOME, "name": "Oak", "stamp": home})
    assert status == 400
    assert "Somebody else has just changed this" in page
    assert read_config(fresh.folder).checked().home.name == "Elm: Street #5"
    # The other's step is not in the way of this one.
    assert (await _send(member, "members", **PEOPLE, stamp=people))[0] == 303


async def test_it_goes_on_where_it_was_and_steps_can_be_passed_over(
    member: Client, fresh: FakeBackend
) -> None:
    before = (fresh.folder / "hub.yaml").read_text()
    for step, onward in zip(STEPS, [*STEPS[1:], "done"], strict=True):
        assert (await member.get("/welcome")).headers["Location"] == f"/welcome/{step}"
        page = await (await member.get(f"/welcome/{step}")).text()
        assert f"step {STEPS.index(step) + 1} of {len(STEPS)}" in page
        assert (await _send(member, step, skip="1"))[1] == f"/welcome/{onward}"
    assert (fresh.folder / "hub.yaml").read_text() == before
    await member.get("/welcome/done")
    assert (await member.get("/welcome")).headers["Location"] == "/"
    assert (await member.get("/welcome/nowhere")).status == 404
    assert (await member.get("/welcome/members")).status == 200


def test_members_of_one_name_stay_two_and_keep_what_is_said_of_them() -> None:
    form = {f"name:{n}": "Ada" for n in range(4)} | {"role:1": "emperor", "id:0": "ada"}
    said = [{"id": "ada", "name": "A", "ntfy": {}}]
    changes = member_changes(form, said, [MemberSettings(id="ada", name="A")], "ada")
    assert changes.pop(("members", 0, "name")) == "Ada"
    made = list(changes.values())
    assert len({one["id"] for one in made if isinstance(one, dict)}) == 3
    assert [one.get("role") for one in made if isinstance(one, dict)] == ["guest", None, None]


def test_a_password_in_force_stays_with_its_address_and_user() -> None:
    kept = MqttSettings(url="mqtt://a", username="u", password="p")
    form = {"broker": "url", "broker_url": "mqtt://a", "username": "u"}
    assert broker_changes(form, kept)[1] == ("mqtt://a", "u", "p")
    assert broker_changes({**form, "broker_url": "mqtt://b"}, kept)[1] == ("mqtt://b", "u", "")


def test_being_asked_another_way_keeps_the_others() -> None:
    own = MemberSettings(id="ada", name="Ada", apprise=("json://a",))
    said = [{"id": "ben"}, {"id": "ada"}]
    changes = ask_changes({"ntfy": "on", "apprise": "json://b"}, said, [own], "ada")
    assert changes == {
        ("members", 1, "ntfy"): {},
        ("members", 1, "apprise"): ["json://a", "json://b"],
    }
    assert ask_changes({}, [], [own], "ada") == {}


def test_a_value_of_a_rule_that_is_not_chosen_is_passed_over() -> None:
    form = {"rule:a": "on", "value:a:when.x": "1", "value:b:when.x": "2"}
    assert rule_choices(form) == {"a": {"when.x": "1"}}
