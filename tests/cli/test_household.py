"""Commands that look at a household beside its running hub: device, rule, token."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import requests

from hub.domain.scopes import SCOPES
from tests.cli.support import Run
from tests.support.hubprocess import HubProcess, until, write_config
from tests.support.mosquitto import Mosquitto
from tests.support.mqtt import publish


@pytest.fixture(scope="session")
def lively(hub: HubProcess, broker: Mosquitto) -> HubProcess:
    """A hub that has heard a fridge, and something it did not understand."""
    publish(broker, "commonhearth/v1/fridge/door", b'{"open": true}')
    publish(broker, "commonhearth/v1/fridge/stock", b'{"item": "milk", "quantity": 0.4}')
    for _ in range(3):
        publish(broker, "commonhearth/v1/odd/stock", b'{"item": "milk", "quantity": "[red]much"}')
    hub.wait_level("milk", 0.4)
    until(lambda: hub.wait_parked("commonhearth/v1/odd/stock")["count"] == 3)
    return hub


def test_device_list_tells_what_devices_say_and_mean(run: Run, lively: HubProcess) -> None:
    there = ("--config", lively.config, "--data", lively.data)
    told = run("device", "list", *there)
    assert told.code == 0
    assert "binary_sensor.fridge_door" in told.out
    rows = {one["id"]: one for one in run("device", "list", *there, "--json").json}
    door = rows["binary_sensor.fridge_door"]
    assert (door["value"], door["available"], door["used"]) == ("on", True, True)
    assert "milk" in " ".join(str(row["means"]) for row in rows.values()).lower()


def test_device_parked_tells_what_was_not_understood(run: Run, lively: HubProcess) -> None:
    told = run("device", "parked", "--data", lively.data)
    assert told.code == 0
    assert "expected a number" in told.out
    assert "[red]much" in told.out, "what a device wrote is no markup"
    (row,) = run("device", "parked", "--data", lively.data, "--json").json
    assert (row["topic"], row["count"], row["where"]) == (
        "commonhearth/v1/odd/stock",
        3,
        "quantity",
    )
    assert run("device", "parked", "--data", lively.data, "--limit", 1, "--json").code == 0


def test_rule_list(run: Run, hub: HubProcess) -> None:
    told = run("rule", "list", "--config", hub.config)
    assert told.code == 0
    assert "Milk runs low" in told.out
    rows = run("rule", "list", "--config", hub.config, "--json").json
    assert [(row["id"], row["proposes"]) for row in rows] == [
        ("milk_low", "notify"),
        ("door_open", "notify"),
    ]


def test_rule_try_rehearses_and_changes_nothing(run: Run, lively: HubProcess) -> None:
    there = ("--config", lively.config, "--data", lively.data)
    told = run("rule", "try", *there, "--item", "milk", "--quantity", 0.2)
    assert told.code == 0
    assert "milk_low: would fire: Milk is down to 0.2 l (par 1 l)" in told.out
    only = run("rule", "try", *there, "--item", "milk", "--quantity", 5, "--rule", "milk_low")
    assert only.out.startswith("milk_low: stays silent: ")
    state = run(
        *("rule", "try", *there, "--entity", "binary_sensor.fridge_door", "--state", "off"),
        *("--json", "--rule", "door_open"),
    ).json
    assert [(one["rule"], one["fires"]) for one in state] == [("door_open", False)]
    assert lively.level("milk") == 0.4


def test_rule_try_works_where_no_hub_has_run(run: Run, hub: HubProcess, tmp_path: Path) -> None:
    there = ("--config", hub.config, "--data", tmp_path)
    assert "would fire" in run("rule", "try", *there, "--item", "milk", "--quantity", 0).out
    assert list(tmp_path.iterdir()) == []


def test_rule_try_says_what_it_needs(run: Run, hub: HubProcess, tmp_path: Path) -> None:
    there = ("--config", hub.config, "--data", tmp_path)
    assert "--item with --quantity" in run("rule", "try", *there, "--item", "milk").refused(2)
    gone = run("rule", "try", *there, "--item", "caviar", "--quantity", 1)
    assert gone.refused(2) == "no item is called 'caviar'; pantry.yaml has: milk, eggs"
    other = run("rule", "try", *there, "--item", "milk", "--quantity", 1, "--rule", "none")
    assert "no rule is called 'none'" in other.refused(2)


def test_a_token_is_made_used_listed_and_revoked(run: Run, hub: HubProcess) -> None:
    there = ("--data", hub.data)
    made = run("token", "create", "grafana", *there, "--json").json
    assert made["scopes"] == ["read"]
    hub._token = made["token"]
    assert isinstance(hub.get("/pantry"), list)
    with pytest.raises(AssertionError, match="403"):
        hub.call("PUT", "/api/v1/pantry/eggs", {"quantity": 1, "member": "ada"})
    assert "there is" in run("token", "create", "grafana", *there).refused(1)
    names = [one["name"] for one in run("token", "list", *there, "--json").json]
    assert "grafana" in names
    assert made["token"] not in run("token", "list", *there).out
    assert run("token", "revoke", "grafana", *there).out == "grafana is revoked\n"
    with pytest.raises(AssertionError, match="401"):
        hub.get("/pantry")
    assert "no token is called 'grafana'" in run("token", "revoke", "grafana", *there).refused(1)
    hub.forget_token()


def _form_token(page: str) -> str:
    return re.findall(r'name="csrf" value="([^"]+)"', page)[0]


def test_a_token_lets_a_program_and_a_member_in_who_do_what_they_may(
    run: Run, hub: HubProcess
) -> None:
    scopes = [word for scope in SCOPES for word in ("--scope", scope)]
    hub._token = run("token", "create", "boss", *scopes, "--data", hub.data).out.strip()
    made = hub.call("POST", "/api/v1/tokens", {"name": "writer", "scopes": ["read", "configure"]})
    assert [one["name"] for one in hub.get("/tokens") if one["name"] in ("boss", "writer")] == [
        "boss",
        "writer",
    ]
    code = hub.call("POST", "/api/v1/members/ada/sign-in-codes", {"member": "ada"})["code"]
    hub._token = made["token"]
    home = hub.get("/home")
    assert home["name"] == "Linden 5"
    assert hub.call("PUT", "/api/v1/home", home) == home
    assert hub.get("/members") == [{"id": "ada", "name": "Ada", "role": "adult"}]
    assert hub.get("/about")["log_key"]
    assert {one["name"] for one in hub.get("/settings")} >= {"home", "mqtt"}
    assert hub.get("/rule-sets") == []
    with pytest.raises(AssertionError, match=r"403.*lacks the scope access"):
        hub.get("/tokens")
    with requests.Session() as ada:
        form = _form_token(ada.get(f"{hub.url}/sign-in").text)
        ada.post(f"{hub.url}/sign-in", data={"csrf": form, "code": code, "next": "/"})
        api = f"{hub.url}/api/v1"
        assert ada.get(f"{api}/settings").status_code == 200
        assert ada.get(f"{api}/tokens").status_code == 403
        note = {"quantity": 7, "member": "ada"}
        assert ada.put(f"{api}/pantry/eggs", json=note).status_code == 403
        own = {"X-CSRF-Token": _form_token(ada.get(f"{hub.url}/you").text)}
        assert ada.put(f"{api}/pantry/eggs", json=note, headers=own).json()["quantity"] == 7
    for name in ("writer", "boss"):
        run("token", "revoke", name, "--data", hub.data)
    with pytest.raises(AssertionError, match="401"):
        hub.get("/home")
    hub.forget_token()


def test_a_token_needs_a_name_and_a_scope_that_is_one(run: Run, hub: HubProcess) -> None:
    there = ("--data", hub.data)
    assert "expected read or decide or configure or access" in run(
        "token", "create", "x", "--scope", "admin", *there
    ).refused(2)
    for name in ("", "x" * 81, "a\nb"):
        assert "1 to 80 printable" in run("token", "create", name, *there).refused(2)


def test_a_code_is_for_a_member(run: Run, hub: HubProcess) -> None:
    there = ("--config", hub.config, "--data", hub.data)
    codes = {run("token", "code", "ada", *there).out.strip() for _ in range(2)}
    assert len(codes) == 2
    assert min(map(len, codes)) >= 8
    unknown = run("token", "code", "eve", *there).refused(2)
    assert unknown == "no member is called 'eve'; hub.yaml has: ada"


@pytest.mark.parametrize(
    "command",
    [
        ("device", "list"),
        ("device", "parked"),
        ("token", "create", "x"),
        ("token", "list"),
        ("token", "revoke", "x"),
        ("token", "code", "ada"),
    ],
    ids=" ".join,
)
def test_where_no_hub_has_run_that_is_said(
    run: Run, hub: HubProcess, tmp_path: Path, command: tuple[str, ...]
) -> None:
    there = (
        ("--config", hub.config)
        if command[1] in ("list", "code") and command != ("token", "list")
        else ()
    )
    told = run(*command, *there, "--data", tmp_path / "data")
    assert "no hub has run here yet" in told.refused(1)


def test_a_damaged_database_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "hub.sqlite").write_text("no database " * 500)
    told = run("token", "list", "--data", tmp_path)
    assert told.refused(1).startswith(f"{tmp_path / 'hub.sqlite'}: file is not a database")


def test_with_a_faulty_hub_yaml_one_can_still_look(
    run: Run, lively: HubProcess, tmp_path: Path
) -> None:
    config = write_config(tmp_path / "config")
    (config / "hub.yaml").write_text("home: 5\n")
    told = run("device", "list", "--config", config, "--data", lively.data, "--json")
    assert told.code == 0
    assert json.loads(told.out)
    assert "hub.yaml:1:7" in run("token", "code", "ada", "--config", config).refused(2)


def test_a_simulator_that_is_none(run: Run) -> None:
    assert "expected one of fridge, scale, utility" in run("device", "simulate", "toaster").refused(
        2
    )
    for url, said in (("x:y", "expected mqtt://"), ("mqtt://127.0.0.1:1", "refused")):
        assert said in run("device", "simulate", "utility", "--url", url).refused(1)


def test_a_simulated_utility_is_heard(run: Run, hub: HubProcess, broker: Mosquitto) -> None:
    told = run("device", "simulate", "utility", "--url", broker.url, "--service", "gas")
    assert told.code == 0
    until(lambda: [one["service"] for one in hub.get("/notices")] == ["gas"])
