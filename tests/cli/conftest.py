"""One hub for the commands that look at a household, and a quick way to run a command."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.support import Run
from tests.support.hubprocess import HubProcess
from tests.support.mosquitto import Mosquitto, start_mosquitto

RULES = [
    {
        "id": "milk_low",
        "name": "Milk runs low",
        "when": {"stock_below_par": {"item": "milk"}},
        "propose": {"kind": "notify"},
    },
    {
        "id": "door_open",
        "name": "The door is open",
        "when": {"state": {"entity": "binary_sensor.fridge_door", "is": "on"}},
        "propose": {"kind": "notify"},
    },
]


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with start_mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory, broker: Mosquitto) -> Iterator[HubProcess]:
    """A hub that runs while commands look at its data folder."""
    folder: Path = tmp_path_factory.mktemp("home")
    with HubProcess(folder, settings={"mqtt": {"url": broker.url}}, rules=RULES) as running:
        running.wait_connected()
        yield running


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """Commands set the log of the whole process up; other tests want theirs."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
