"""``check`` prints what is configured; each mistake with file, line and column, and exits 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.support import Run
from tests.support.hubprocess import ROOT, write_config

GOOD = [
    {
        "id": "milk_low",
        "name": "Milk runs low",
        "when": {"stock_below_par": {"item": "milk"}},
        "propose": {"kind": "notify"},
    }
]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path / "config", rules=GOOD)


def test_the_projects_own_configuration_is_right(run: Run) -> None:
    told = run("check", "--config", ROOT / "config")
    assert (told.code, told.err) == (0, "")
    assert "No mistakes." in told.out
    for said in ("Groceries", "The fridge is open", "pantry items", "MQTT: managed"):
        assert said in told.out


def test_it_prints_what_is_configured(run: Run, config: Path) -> None:
    told = run("check", "--config", config)
    assert told.code == 0
    for said in (
        "Linden 5: Europe/Berlin, EUR; Ada (adult)",
        "2 pantry items",
        "1 rules",
        "Milk runs low",
        "rules.yaml:3",
    ):
        assert said in told.out
    as_json = run("check", "--config", config, "--json").json
    assert as_json["ok"] is True
    assert as_json["members"] == ["ada"]
    assert as_json["pantry"] == ["milk", "eggs"]
    assert [one["id"] for one in as_json["rules"]] == ["milk_low"]
    assert as_json["problems"] == []


BROKEN = [
    ("rules/bad.yaml", "rules:\n  - id: x\n    name: X\n    when: [\n", (5, 1)),
    (
        "rules/bad.yaml",
        "rules:\n  - id: x\n    name: X\n    propose: {kind: notify}\n"
        "    when: {cron: 99 * * * *}\n",
        (5, 18),
    ),
    ("hub.yaml", "home:\n  timezone: Europe/Nowhere\n", (2, 13)),
    ("hub.yaml", "members: []\n", (1, 10)),
    ("hub.yaml", "mqtt: {porrt: 1883}\n", (1, 8)),
    ("pantry.yaml", "items:\n  milk: {name: Milk}\n", (2, 9)),
    ("pantry.yaml", "items:\n  milk: {name: Milk, unit: l, par: -1}\n", (2, 36)),
    ("devices.yaml", "entities:\n  sensor.x: {item: 5}\n", (2, 20)),
    ("devices.yaml", "entities:\n\tsensor.x: {item: milk}\n", (2, 1)),
]


@pytest.mark.parametrize(("name", "text", "place"), BROKEN)
def test_a_broken_file_is_named_with_line_and_column(
    run: Run, config: Path, name: str, text: str, place: tuple[int, int]
) -> None:
    (config / name).write_text(text)
    told = run("check", "--config", config)
    line, column = place
    assert told.code == 2
    assert f"{config / name}:{line}:{column}: " in told.out
    assert "1 mistakes" in told.out
    if not name.startswith("hub"):
        assert "Milk runs low" in told.out, "the others are still there"
    as_json = run("check", "--config", config, "--json")
    assert as_json.code == 2
    assert as_json.json["ok"] is False
    (problem,) = as_json.json["problems"]
    assert (problem["file"], problem["line"], problem["column"]) == (str(config / name), *place)


def test_what_cannot_be_read_at_all_is_told_likewise(run: Run, config: Path) -> None:
    (config / "rules" / "rules.yaml").unlink()
    (config / "rules" / "bytes.yaml").write_bytes(b"rules: []\n# caf\xe9\n")
    (config / "rules" / "folder.yaml").mkdir()
    (config / "devices.yaml").write_text("entities: {}\n" + "# " + "x" * 5_000_000)
    told = run("check", "--config", config)
    assert told.code == 2
    assert "bytes.yaml:2:1: expected text in UTF-8" in told.out
    assert "folder.yaml:1:1: cannot be read: Is a directory" in told.out
    assert "devices.yaml:1:1: expected at most" in told.out


def test_two_rules_of_one_name_are_told(run: Run, config: Path) -> None:
    (config / "rules" / "again.yaml").write_text((config / "rules" / "rules.yaml").read_text())
    told = run("check", "--config", config)
    assert told.code == 2
    assert "milk_low" in told.out


def test_a_missing_folder_is_told_and_an_empty_one_is_a_household(run: Run, tmp_path: Path) -> None:
    assert "expected a folder" in run("check", "--config", tmp_path / "none").refused(2)
    (tmp_path / "empty").mkdir()
    assert run("check", "--config", tmp_path / "empty").code == 0


@pytest.mark.parametrize(
    "command", [("rule", "list"), ("device", "list"), ("token", "code", "ada")]
)
def test_other_commands_tell_a_missing_folder_alike(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    assert "expected a folder" in run(*command, "--config", tmp_path / "none").refused(2)


def test_relative_paths_are_told_as_they_were_typed(
    run: Run, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (config / "rules" / "bad.yaml").write_text("rules: 5\n")
    monkeypatch.chdir(config.parent)
    told = run("check", "--config", "config")
    assert "\nconfig/rules/bad.yaml:1:8: " in told.out
