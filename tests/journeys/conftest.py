"""One household that several journeys share: it takes a second to start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hubprocess import HubProcess
from tests.support.mosquitto import Mosquitto, start_mosquitto


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with start_mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, broker: Mosquitto) -> Iterator[HubProcess]:
    """A hub on a household's own broker, where one device may send 50 messages/s."""
    folder: Path = tmp_path_factory.mktemp("home")
    with HubProcess(folder, settings={"mqtt": {"url": broker.url, "flood_rate": 50}}) as running:
        running.wait_connected()
        yield running
