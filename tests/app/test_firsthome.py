"""A home begins in a folder that is not there, beside others who have the usual ports."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import yaml

from hub.app.config import read_config
from hub.app.firsthome import begin, fresh

USUAL = (8480, 1883)


@pytest.fixture
def taken() -> Iterator[None]:
    with ExitStack() as stack:
        for port in USUAL:
            with suppress(OSError):  # somebody else has it already
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
        yield


def test_a_new_home_gets_a_folder_and_ports_of_its_own(tmp_path: Path, taken: None) -> None:
    home = tmp_path / "a/home"
    told = list(begin(home, tmp_path / "data"))
    assert "is made" in told[0]
    assert [line.split()[1] for line in told[1:]] == ["8480", "1883"]
    text = (home / "hub.yaml").read_text()
    assert text.startswith("# The household.")
    assert fresh(yaml.safe_load(text))
    settings = read_config(home).checked()
    assert settings.http.port > USUAL[0]
    assert settings.mqtt.port > USUAL[1]
    assert list(begin(home, tmp_path / "data")) == []
    assert (home / "hub.yaml").read_text() == text


def test_a_home_that_says_something_and_a_mistaken_name_are_left_alone(
    tmp_path: Path, taken: None
) -> None:
    home, data = tmp_path / "home", tmp_path / "data"
    home.mkdir()
    for text in ("home: {name: Elm}\n", "home: [\n"):
        (home / "hub.yaml").write_text(text)
        assert list(begin(home, data)) == []
        assert (home / "hub.yaml").read_text() == text
    data.mkdir()
    (data / "hub.sqlite").touch()
    assert list(begin(tmp_path / "hme", data)) == []
    assert not (tmp_path / "hme").exists()


def test_what_says_more_than_ports_is_not_fresh() -> None:
    assert fresh(None)
    assert fresh({})
    assert fresh({"http": {"port": 1}, "mqtt": {"port": 2}})
    assert not fresh({"http": {"port": 1, "host": "0.0.0.0"}})
    assert not fresh({"home": {"name": "Elm"}})
    assert not fresh({"mqtt": None})
    assert not fresh([1])
