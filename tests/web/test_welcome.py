"""The wizard of the first start writes what a person could have written."""

import html
import re
from decimal import Decimal

import pytest

from hub.app.config import read_config
from hub.domain.stock import StockLevel
from hub.settings import HttpSettings, MemberSettings, MqttSettings
from hub.store.house import EntityNow, quarter_of
from hub.web.beginning import STEPS
from hub.web.welcomeforms import ask_changes, broker_changes, member_changes, rule_choices
from tests.web.conftest import ROOT, Client
from tests.web.fake_backend import NOW, FakeBackend

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


async def test_the_hub_speaks_what_was_chosen(member: Client, fresh: FakeBackend) -> None:
    page = await (await member.get("/welcome/home")).text()
    assert re.search(r'<option value="en" selected>English', page)
    before = (fresh.folder / "hub.yaml").read_text()
    status, _, page = await _send(member, "home", **HOME, language="fr")
    assert status == 400
    assert "zh" in page
    assert (fresh.folder / "hub.yaml").read_text() == before
    assert (await _send(member, "home", **HOME, language="zh"))[0] == 303
    settings = read_config(fresh.folder).settings
    assert settings is not None
    assert settings.home.language == "zh"


async def test_the_answers_become_the_files(member: Client, fresh: FakeBackend) -> None:
    assert (await member.get("/welcome")).headers["Location"] == "/welcome/home"
    assert (await _send(member, "home", **HOME))[:2] == (303, "/welcome/members")
    assert (await member.get("/welcome")).headers["Location"] == "/welcome/members"
    assert (await _send(member, "members", **PEOPLE))[:2] == (303, "/welcome/broker")
    assert (await _send(member, "broker", broker="managed"))[:2] == (303, "/welcome/pantry")
    assert (await _send(member, "pantry"))[:2] == (303, "/welcome/devices")
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
    assert "take effect" not in done
    fresh.unread = ("http.host",)
    assert "<code>http.host</code>" in await (await member.get("/welcome/done")).text()
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
    assert '<a href="#timezone">Time zone</a>: expected' in page
    assert "home.timezone" not in page
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
    # What was typed is not lost with it.
    assert "<li><code>Oak</code></li>" in page
    # The other's step is not in the way of this one.
    assert (await _send(member, "members", **PEOPLE, stamp=people))[0] == 303


async def test_who_is_at_it_at_the_same_time_is_told(
    member: Client, client: Client, fresh: FakeBackend
) -> None:
    alone = await (await member.get("/welcome/home")).text()
    client.enter("ben")
    page = await (await client.get("/welcome/members")).text()
    assert "Ada is at this too, at “Your home”" in page
    assert "is at this too" not in alone
    await client.get("/welcome/done")
    client.enter("ada")
    assert "Ben is at this too" not in await (await client.get("/welcome/home")).text()


async def test_members_are_renamed_and_removed_unless_a_rule_names_them(
    member: Client, fresh: FakeBackend
) -> None:
    members = "[{id: ada, name: Ada}, {id: ben, name: Ben}, {id: kim, name: Kim, role: child}]"
    (fresh.folder / "hub.yaml").write_text(f"# Ours.\nmembers: {members}\n")
    (fresh.folder / "rules/ours.yaml").write_text(
        "rules:\n  - id: bins\n    name: Bins\n    when: {cron: '0 18 * * 1'}\n    ask: [ben]\n"
        "    propose: {kind: notify, message: The bins!}\n"
    )
    rows = {"id:0": "ada", "name:0": "Ada", "id:1": "ben", "name:1": "Benno", "id:2": "kim"}
    rows |= {"name:2": "Kim", "role:2": "child", "role:1": "adult", "name:3": "Zoe"}
    status, _, page = await _send(member, "members", **rows, **{"remove:1": "on"})
    assert status == 400
    assert "ben" in page[page.index('role="alert"') :]
    assert "<code>rules/ours.yaml:" in page
    assert 'value="Zoe"' in page
    assert 'name="remove:1" checked' in page
    assert (await _send(member, "members", **rows, **{"remove:2": "on", "remove:0": "on"}))[
        0
    ] == 303
    text = (fresh.folder / "hub.yaml").read_text()
    assert text.startswith("# Ours.")
    found = read_config(fresh.folder).checked().members
    assert [(one.id, one.name) for one in found] == [
        ("ada", "Ada"),
        ("ben", "Benno"),
        ("zoe", "Zoe"),
    ]


async def test_the_pantry_is_filled_renamed_and_emptied(member: Client, fresh: FakeBackend) -> None:
    (fresh.folder / "pantry.yaml").write_text("# What we keep.\nitems: {}\n")
    new = {"name:0": "Oat milk", "unit:0": "l", "par:0": "0,5", "target:0": "3"}
    new |= {"name:1": "燕麦", "name:2": "Oat milk", "par:2": "2", "shops": "registry.yaml"}
    assert (await _send(member, "pantry", **new, shops_stamp=await _shops(member)))[0] == 303
    found = read_config(fresh.folder)
    kept = {one.id: (one.name, one.unit, one.par, one.target) for one in found.pantry.values()}
    assert kept == {
        "oat-milk": ("Oat milk", "l", Decimal("0.5"), 3),
        "item-2": ("燕麦", "pc", None, None),
        "oat-milk-3": ("Oat milk", "pc", 2, None),
    }
    assert found.checked().beckn.registry == fresh.folder / "registry.yaml"
    rows = {"id:0": "oat-milk", "name:0": "Oats", "unit:0": "", "par:0": "", "target:0": "3"}
    rows |= {"id:1": "item-2", "remove:1": "on"}
    assert (await _send(member, "pantry", **rows))[0] == 303
    text = (fresh.folder / "pantry.yaml").read_text()
    assert text.startswith("# What we keep.")
    found = read_config(fresh.folder)
    assert [(one.id, one.name, one.par) for one in found.pantry.values()] == [
        ("oat-milk", "Oats", None),
        ("oat-milk-3", "Oat milk", 2),
    ]


async def _shops(member: Client) -> str:
    page = await (await member.get("/welcome/pantry")).text()
    return re.findall(r'name="shops_stamp" value="(\w*)"', page)[0]


async def test_an_item_that_is_named_elsewhere_is_not_removed_and_what_was_typed_stays(
    member: Client, fresh: FakeBackend
) -> None:
    before = (fresh.folder / "pantry.yaml").read_text()
    (fresh.folder / "devices.yaml").write_text("entities:\n  sensor.jar: {item: rice}\n")
    number = list(read_config(fresh.folder).pantry).index("rice")
    removal = {f"id:{number}": "rice", f"remove:{number}": "on", "name:10": "Tea"}
    status, _, page = await _send(member, "pantry", **removal)
    assert status == 400
    assert "sensor.jar" in page
    assert 'value="Tea"' in page
    status, _, page = await _send(member, "pantry", **{"name:10": "Tea", "par:10": "<b>some</b>"})
    assert status == 400
    assert "&lt;b&gt;some" in page
    assert "<b>some" not in page
    assert (fresh.folder / "pantry.yaml").read_text() == before
    stale = await _stamp(member, "pantry")
    (fresh.folder / "pantry.yaml").write_text(before + "  # theirs\n")
    status, _, page = await _send(member, "pantry", stamp=stale, **{"name:10": "Tea"})
    assert status == 400
    assert "<li><code>Tea</code></li>" in page


async def test_a_rule_shows_what_it_would_do_and_is_put_to_rest_and_woken(
    member: Client, fresh: FakeBackend
) -> None:
    await fresh.files._look()
    house = fresh.files._house
    house.stock["milk"] = StockLevel("milk", 0.4, "l", NOW, "scale")
    quarter = quarter_of(NOW)
    house.history["milk"] = {quarter - 200: 2.0, quarter - 100: 0.8, quarter - 1: 0.4}
    page = html.unescape(await (await member.get("/welcome/rules")).text())
    assert page.count("has not been heard yet") == 4 + 1
    groceries = page[page.index('id="ready-groceries"') :]
    assert "it would speak now" in groceries
    assert "it would have spoken 2 times" in groceries
    house.entities["sensor.cellar"] = EntityNow(12.0, "°C", {}, True, NOW)
    values = {
        "value:fridge_too_warm:when.state.entity": "sensor.cellar",
        "value:fridge_too_warm:when.state.for": "",
        "value:groceries:when.stock_below_par.item": "gold",
    }
    status, _, page = await _send(member, "rules", **values, **{"try": "fridge_too_warm"})
    assert status == 200
    warm = html.unescape(page)[html.unescape(page).index('id="ready-fridge_too_warm"') :]
    assert 'value="sensor.cellar"' in warm
    assert "it has to be so for a time first" in warm
    assert "gold" in page[page.index('class="wrong"') :]
    assert list((fresh.folder / "rules").iterdir()) == []

    await _send(member, "rules", **{"rule:groceries": "on"})
    there = {"there:groceries": "1", "rule:fridge_too_warm": "on"}
    assert (await _send(member, "rules", **there))[0] == 303
    assert [one.id for one in fresh.files.rules() if one.enabled] == ["fridge_too_warm"]
    page = await (await member.get("/welcome/rules")).text()
    assert "at rest" in page
    await _send(member, "rules", **there, **{"rule:groceries": "on"})
    assert len([one.id for one in fresh.files.rules() if one.enabled]) == 2


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
    http = HttpSettings()
    form = {"broker": "url", "broker_url": "mqtt://a", "username": "u"}
    assert broker_changes(form, kept, http)[1] == ("mqtt://a", "u", "p")
    assert broker_changes({**form, "broker_url": "mqtt://b"}, kept, http)[1] == (
        "mqtt://b",
        "u",
        "",
    )


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
