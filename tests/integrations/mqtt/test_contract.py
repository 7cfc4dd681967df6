"""The link keeps the port's promises over Mosquitto in both versions, and over the stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from hub.settings import MqttSettings
from integrations.broker import Broker
from integrations.broker.fallback import start_fallback
from tests.support.mosquitto import Mosquitto, start_mosquitto

pytest.register_assert_rewrite("tests.contract.message_source")
from tests.contract.message_source import MessageSourceContract  # noqa: E402


class TestMosquittoMqtt5(MessageSourceContract):
    settings: ClassVar = {"protocol": "5"}

    @pytest.fixture
    def broker(self, tmp_path: Path) -> Iterator[Mosquitto]:
        with start_mosquitto(tmp_path) as running:
            yield running


class TestMosquittoMqtt311(TestMosquittoMqtt5):
    settings: ClassVar = {"protocol": "3.1.1"}


class TestStandIn(MessageSourceContract):
    settings: ClassVar = {"protocol": "3.1.1"}
    names_redelivery = False
    any_order = False

    @pytest.fixture
    def broker(self, tmp_path: Path) -> Iterator[Broker]:
        running = start_fallback(MqttSettings(port=0), tmp_path, lambda _: None)
        yield running
        running.stop()
