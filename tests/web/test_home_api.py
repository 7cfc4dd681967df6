"""The household in hub.yaml as programs change it: as a person would have written it."""

import json
from typing import Any

import pytest

from hub.domain.yamltext import load
from hub.settings import MqttSettings
from tests.web.conftest import ROOT, Client
from tests.web.test_access_api import ask, bearer

HOME = {
    "name": "Elm",
    "timezone": "Europe/Berlin",
    "language": None,
    "currency": "EUR",
    "quiet_hours": None,
}


@pytest.fixture
def mine(client: Client) -> dict[str, str]:
    (client.backend.folder / "hub.yaml").write_text((ROOT / "config/hub.yaml").read_text())
    return bearer(client, "read", "configure")


def _said(client: Client) -> Any:
    return load(_text(client), "hub.yaml").data or {}


def _text(client: Client) -> str:
    return (client.backend.folder / "hub.yaml").read_text()


async def _tag(client: Client, path: str, mine: dict[str, str]) -> str:
    response = await client.session.get(f"{client.base}/api/v1{path}", headers=mine)
    return response.headers["ETag"]


async def test_the_home_is_said_and_taken_back(client: Client, mine: dict[str, str]) -> None:
    before = _text(client)
    status, now = await ask(client, "PUT", "/home", HOME, **mine)
    assert (status, now) == (200, HOME)
    assert _said(client)["home"] == {"name": "Elm", "timezone": "Europe/Berlin", "currency": "EUR"}
    assert {line for line in before.splitlines() if line.startswith("#")} <= set(
        _text(client).splitlines()
    )
    for change, says in (
        ({"timezone": "Mars/Base"}, "IANA zone"),
        ({"quiet_hours": "always"}, "22:00"),
        ({"language": "fr"}, "zh"),
        ({"currency": "euro"}, "currency"),
    ):
        status, said = await ask(client, "PUT", "/home", {**HOME, **change}, **mine)
        assert (status, says in said["detail"]) == (400, True)
    without = {name: value for name, value in HOME.items() if name != "currency"}
    assert (await ask(client, "PUT", "/home", without, **mine))[0] == 400
    assert _said(client)["home"]["name"] == "Elm"


async def test_a_section_that_changed_since_is_not_changed_back(
    client: Client, mine: dict[str, str]
) -> None:
    tag = await _tag(client, "/home", mine)
    assert (await ask(client, "PUT", "/home", {**HOME, "name": "First"}, **mine))[0] == 200
    status, said = await ask(client, "PUT", "/home", HOME, **mine, If_Match=tag)
    assert (status, said["title"]) == (412, "Precondition Failed")
    assert _said(client)["home"]["name"] == "First"
    tag = await _tag(client, "/home", mine)
    assert (await ask(client, "PUT", "/home", HOME, **mine, If_Match=tag))[0] == 200
    tag = await _tag(client, "/members", mine)
    zoe = {"name": "Zoe", "role": "guest"}
    assert (await ask(client, "POST", "/members", zoe, **mine, If_Match=tag))[0] == 200
    assert (await ask(client, "POST", "/members", zoe, **mine, If_Match=tag))[0] == 412


async def test_members_are_added_and_nobody_is_lost_by_it(
    client: Client, mine: dict[str, str]
) -> None:
    status, zoe = await ask(client, "POST", "/members", {"name": "Zoe", "role": "adult"}, **mine)
    assert (status, zoe) == (200, {"id": "zoe", "name": "Zoe", "role": "adult"})
    listed = _said(client)["members"]
    # hub.yaml said nothing of members before: those in force are written beside the new one.
    assert [one["id"] for one in listed] == ["ada", "ben", "kim", "guy", "zoe"]
    assert listed[2] == {"id": "kim", "name": "Kim", "role": "child"}
    body = {"name": "Zoë", "role": "child"}
    status, said = await ask(client, "PUT", "/members/zoe", body, **mine)
    assert (status, said) == (200, {"id": "zoe", "name": "Zoë", "role": "child"})
    text = _text(client).replace("name: Zoë", "name: Zoë\n    apprise: ['json://x']")
    (client.backend.folder / "hub.yaml").write_text(text)
    again = {"name": "Zoe", "role": "child"}
    status, said = await ask(client, "PUT", "/members/zoe", again, **mine)
    assert status == 200, said
    assert _said(client)["members"][4]["apprise"] == ["json://x"]
    assert (await ask(client, "PUT", "/members/nobody", again, **mine))[0] == 404


async def test_an_adult_stays(client: Client, mine: dict[str, str]) -> None:
    client.enter("ada")
    child = {"name": "Ada", "role": "child"}
    status, said = await ask(client, "PUT", "/members/ada", child, X_CSRF_Token=client.csrf)
    assert (status, said["detail"]) == (403, "role: nobody changes their own")
    ben = {"name": "Ben", "role": "guest"}
    assert (await ask(client, "PUT", "/members/ben", ben, **mine))[0] == 200
    status, said = await ask(client, "PUT", "/members/ada", child, **mine)
    assert (status, said["detail"]) == (409, "role: there has to be an adult in the household")


async def test_another_broker_is_tried_and_its_password_not_told(
    client: Client, mine: dict[str, str]
) -> None:
    tried = []

    async def refused(url: str, username: str, password: str) -> str:
        tried.append((url, username, password))
        return "no broker answers at 10.0.0.7" if len(tried) == 1 else ""

    client.backend.beginning.try_broker = refused  # type: ignore[method-assign]
    body = {
        "url": "mqtt://10.0.0.7", "username": "hub", "password": "pw-canary", "bind": False,
        "listen": False,
    }  # fmt: skip
    status, said = await ask(client, "PUT", "/broker", body, **mine)
    assert (status, said["detail"]) == (409, "no broker answers at 10.0.0.7")
    assert "mqtt" not in _said(client)
    assert (await ask(client, "PUT", "/broker", body, **mine))[0] == 200
    assert tried[1] == ("mqtt://10.0.0.7", "hub", "pw-canary")
    assert _said(client)["mqtt"]["password"] == "pw-canary"
    mqtt = MqttSettings(url="mqtt://u:pw-canary@h", username="hub", password="pw-canary")  # type: ignore[arg-type]
    client.backend.settings = client.backend.settings.model_copy(update={"mqtt": mqtt})
    status, shown = await ask(client, "GET", "/broker", **mine)
    assert (status, shown["url"], shown["password"]) == (200, "mqtt://h", True)
    assert "canary" not in str(shown)


async def test_rules_to_begin_with_are_written(client: Client, mine: dict[str, str]) -> None:
    rules = client.backend.folder / "rules"
    for file in rules.iterdir():
        file.unlink()
    values = {"when.state.entity": "binary_sensor.kitchen_door"}
    body = {"rules": {"fridge_door_open": values}}
    status, listed = await ask(client, "POST", "/ready-rules", body, **mine)
    (one,) = [one for one in listed["items"] if one["id"] == "fridge_door_open"]
    assert (status, one["there"]) == (200, True)
    written = "".join(file.read_text() for file in rules.iterdir())
    assert "binary_sensor.kitchen_door" in written
    none: dict[str, Any] = {"rules": {"no_such_rule": {}}}
    assert (await ask(client, "POST", "/ready-rules", none, **mine))[0] == 400


async def test_where_the_first_start_goes_on(client: Client, mine: dict[str, str]) -> None:
    assert (await ask(client, "GET", "/beginning", **mine))[1]["step"] == "home"
    assert (await ask(client, "PUT", "/beginning", {"step": "rules"}, **mine))[1]["step"] == "rules"
    status, said = await ask(client, "PUT", "/beginning", {"step": "roof"}, **mine)
    assert (status, said["detail"].startswith("step: expected one of home, ")) == (400, True)
    assert (await ask(client, "PUT", "/beginning", {"step": ""}, **mine))[1]["step"] == ""


async def test_hub_yaml_that_cannot_be_read_is_a_conflict(
    client: Client, mine: dict[str, str]
) -> None:
    (client.backend.folder / "hub.yaml").write_text("home: [")
    for method, path, body in (
        ("GET", "/home", None),
        ("PUT", "/home", HOME),
        ("POST", "/members", {"name": "Zoe", "role": "guest"}),
    ):
        status, said = await ask(client, method, path, body, **mine)
        assert (status, "hub.yaml" in said["detail"]) == (409, True)
    assert (await ask(client, "GET", "/members", **mine))[0] == 200


async def test_who_or_what_a_rule_names_is_not_taken_out(
    client: Client, mine: dict[str, str]
) -> None:
    rule = {
        "id": "tea", "name": "Tea", "when": {"stock_below_par": {"item": "rice"}},
        "propose": {"kind": "notify"}, "ask": ["ben"],
    }  # fmt: skip
    (client.backend.folder / "rules/tea.yaml").write_text(json.dumps({"rules": [rule]}))
    zoe = {"name": "Zoe", "role": "adult"}
    assert (await ask(client, "POST", "/members", zoe, **mine))[0] == 200
    hub, pantry = _text(client), (client.backend.folder / "pantry.yaml").read_text()
    for path in ("/members/ben", "/items/rice"):
        status, said = await ask(client, "DELETE", path, **mine)
        assert (status, [one["file"] for one in said["mistakes"]]) == (400, ["rules/tea.yaml"])
    assert (_text(client), (client.backend.folder / "pantry.yaml").read_text()) == (hub, pantry)
    tag = await _tag(client, "/members", mine)
    status, gone = await ask(client, "DELETE", "/members/guy", **mine, If_Match=tag)
    assert (status, gone["name"]) == (200, "Guy")
    assert [one["id"] for one in _said(client)["members"]] == ["ada", "ben", "kim", "zoe"]
    assert (await ask(client, "DELETE", "/members/kim", **mine, If_Match=tag))[0] == 412
    assert (await ask(client, "DELETE", "/members/guy", **mine))[0] == 404


async def test_items_are_kept_one_at_a_time(client: Client, mine: dict[str, str]) -> None:
    tag = await _tag(client, "/items", mine)
    tea = {"name": "Green tea", "unit": "g", "par": "50", "target": ""}
    status, made = await ask(client, "POST", "/items", tea, **mine)
    assert (status, made) == (200, {"id": "green-tea", **tea})
    status, _ = await ask(client, "PUT", "/items/green-tea", tea, **mine, If_Match=tag)
    assert status == 412
    status, said = await ask(client, "PUT", "/items/green-tea", {**tea, "par": "much"}, **mine)
    assert (status, said["mistakes"][0]["file"]) == (400, "pantry.yaml")
    assert (await ask(client, "DELETE", "/items/green-tea", **mine))[0] == 200
    assert (await ask(client, "DELETE", "/items/green-tea", **mine))[0] == 404


async def test_nobody_takes_themselves_or_the_last_adult_out(
    client: Client, mine: dict[str, str]
) -> None:
    client.enter("ada")
    status, said = await ask(client, "DELETE", "/members/ada", X_CSRF_Token=client.csrf)
    assert (status, said["detail"]) == (403, "nobody takes themselves out of the household")
    assert (await ask(client, "DELETE", "/members/ben", **mine))[0] == 200
    status, said = await ask(client, "DELETE", "/members/ada", **mine)
    assert (status, said["detail"]) == (409, "role: there has to be an adult in the household")
