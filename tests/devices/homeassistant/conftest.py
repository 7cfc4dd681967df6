from datetime import UTC, datetime

import orjson
import pytest

from devices.homeassistant import HomeAssistantDiscovery

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


class House:
    """A convention with short ways to announce and to say something."""

    def __init__(self) -> None:
        self.convention = HomeAssistantDiscovery()

    def announce(self, path, config, at=NOW):
        payload = config if isinstance(config, bytes) else orjson.dumps(config)
        return self.convention.decode(f"homeassistant/{path}/config", payload, at).items

    def say(self, topic, payload, at=NOW):
        if isinstance(payload, dict | list):
            payload = orjson.dumps(payload)
        payload = payload.encode() if isinstance(payload, str) else payload
        return self.convention.decode(topic, payload, at).items

    def ids(self):
        return sorted(entity.id for entity in self.convention.entities())

    def entity(self, entity_id):
        return self.convention.entity(entity_id)


@pytest.fixture
def house():
    return House()


@pytest.fixture
def now():
    return NOW
