"""One Home Assistant and one broker for all tests of this folder: it takes its time to start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.homeassistant import HomeAssistant
from tests.support.mosquitto import Mosquitto, start_mosquitto

MORE: dict[str, Any] = {
    "input_boolean": {"away": {"name": "Away"}},
    "scene": [{"name": "Away", "entities": {"input_boolean.away": "on"}}],
    "mobile_app": None,
}


@pytest.fixture(scope="package")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with start_mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(scope="package")
def assistant(
    tmp_path_factory: pytest.TempPathFactory, broker: Mosquitto
) -> Iterator[HomeAssistant]:
    folder: Path = tmp_path_factory.mktemp("assistant")
    with HomeAssistant(folder / "config", broker_port=broker.port, more=MORE) as running:
        yield running
