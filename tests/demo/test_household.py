"""The demo's household is a copy that runs anywhere, and the original stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.app.config import read_config
from hub.demo.household import SOURCE, write_household
from hub.demo.stage import FRIENDS


@pytest.mark.parametrize("source", ["household", *(f"friends/{name}" for name in FRIENDS)])
def test_the_copy_is_a_right_configuration_with_addresses_of_its_own(
    tmp_path: Path, source: str
) -> None:
    before = {file: file.read_bytes() for file in SOURCE.rglob("*") if file.is_file()}
    home = write_household(
        tmp_path,
        "home",
        source=source,
        registry_url="http://127.0.0.1:4",
        phone_url="http://127.0.0.1:5",
        http_port=6,
    )
    config = read_config(home.config)
    assert config.problems == ()
    settings = config.checked()
    assert settings.http.port == 6
    assert home.mqtt_url == f"mqtt://127.0.0.1:{settings.mqtt.port}"
    assert [one.url for one in settings.beckn.registries] == ["http://127.0.0.1:4"]
    assert [one.ntfy.url for one in settings.members if one.ntfy] == ["http://127.0.0.1:5"]
    assert config.rules.rules() or source != "household"
    assert {file: file.read_bytes() for file in before} == before
