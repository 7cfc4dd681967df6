"""A config folder is read as one thing; mistakes are places, not exceptions."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.app.config import ConfigError, read_config, stamp
from hub.settings import Settings
from tests.support.hubprocess import ROOT, write_config


def test_the_projects_own_folders_are_right() -> None:
    for folder in (ROOT / "config", ROOT / "config" / "demo" / "household"):
        assert read_config(folder).problems == ()


def test_an_empty_folder_is_a_household_of_defaults(tmp_path: Path) -> None:
    config = read_config(tmp_path)
    assert config.problems == ()
    assert config.checked() == Settings()
    assert (dict(config.pantry), list(config.rules.rules())) == ({}, [])


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"expected a folder with hub\.yaml"):
        read_config(tmp_path / "none")


def test_files_named_in_hub_yaml_are_seen_from_its_folder(tmp_path: Path) -> None:
    write_config(
        tmp_path,
        settings={
            "mqtt": {"url": "mqtts://broker", "ca_file": "ca.pem", "key_file": "/etc/key.pem"},
            "beckn": {"registry": "registry.yaml"},
        },
    )
    settings = read_config(tmp_path).checked()
    assert settings.mqtt.ca_file == tmp_path / "ca.pem"
    assert settings.mqtt.key_file == Path("/etc/key.pem")
    assert settings.mqtt.cert_file is None
    assert settings.beckn.registry == tmp_path / "registry.yaml"


def test_only_the_mistakes_of_hub_yaml_stop_a_start(tmp_path: Path) -> None:
    write_config(tmp_path)
    (tmp_path / "pantry.yaml").write_text("items: 5\n")
    assert read_config(tmp_path).checked().home.name == "Linden 5"
    (tmp_path / "hub.yaml").write_text("home: {currency: euro}\nhttp: {port: -1}\n")
    config = read_config(tmp_path)
    with pytest.raises(ConfigError) as caught:
        config.checked()
    assert [(one.file, one.line) for one in caught.value.problems] == [
        (str(tmp_path / "hub.yaml"), 1),
        (str(tmp_path / "hub.yaml"), 2),
    ]
    assert len(config.problems) == 3


def test_drafts_of_editors_are_no_rules(tmp_path: Path) -> None:
    write_config(tmp_path)
    for name in (".rules.yaml.swp", ".hidden.yaml", "notes.txt", "rules.yaml~"):
        (tmp_path / "rules" / name).write_text("nonsense: [\n")
    assert read_config(tmp_path).problems == ()


def test_the_stamp_changes_with_any_file_and_only_then(tmp_path: Path) -> None:
    write_config(tmp_path)
    stamps = [stamp(tmp_path)]
    assert stamp(tmp_path) == stamps[0]
    for name in ("hub.yaml", "pantry.yaml", "devices.yaml", "rules/rules.yaml", "rules/new.yaml"):
        with (tmp_path / name).open("a") as file:
            file.write("\n")
        stamps.append(stamp(tmp_path))
    (tmp_path / "rules" / "new.yaml").unlink()
    stamps.append(stamp(tmp_path))
    assert len(set(stamps[:-1])) == 6
    assert stamps[-1] == stamps[-3], "as before the new file"
