"""A device nobody has met waits for an adult: it is heard, and nothing comes of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from devices.book import DeviceBook
from devices.homeassistant.discovery import HomeAssistantDiscovery
from devices.native import Native
from hub.domain.effects import TellMember
from hub.domain.logins import Login
from hub.domain.quarantine import MOST_WAITING
from hub.flow.admitting import accept, refuse
from hub.flow.quarantine import switched
from hub.flow.view import HouseView
from hub.settings import DeviceSettings
from hub.store.house import load_house
from tests.support.household import Household

SHELF = "native/shelf"
STOCK = "commonhearth/v1/shelf/stock"


@pytest.fixture
def strict(build: Callable[..., Household]) -> Household:
    """A household that wants to be asked, with a milk scale from before."""
    house = build()
    house.home.book = DeviceBook([Native(), HomeAssistantDiscovery()])
    house.hear("commonhearth/v1/old/stock", {"item": "milk", "quantity": 3, "unit": "l"})
    on = DeviceSettings(quarantine=True)
    house.home.settings = house.home.settings.model_copy(update={"devices": on})
    house.do(lambda tx: switched(tx, house.home))
    return house


def state(house: Household, owner: str) -> str | None:
    known = house.house.devices.get(owner)
    return known.state if known else None


def sees(house: Household, entity: str) -> object:
    return HouseView(house.house, house.home, house.clock.now()).state(entity)


def kinds(house: Household) -> list[str]:
    return house.ledger()


def test_who_is_known_when_it_is_switched_on_is_accepted(strict: Household) -> None:
    assert state(strict, "native/old") == "accepted"
    strict.hear("commonhearth/v1/old/stock", {"item": "milk", "quantity": 2, "unit": "l"})
    assert strict.house.stock["milk"].quantity == 2


def test_a_new_device_is_kept_and_told_but_not_used(strict: Household) -> None:
    strict.hear(STOCK, {"item": "rice", "quantity": 1, "unit": "kg"})
    strict.hear("commonhearth/v1/shelf/door", {"open": True})
    strict.hear("commonhearth/v1/shelf/scan", {"code": "eggs", "action": "add"})
    assert state(strict, SHELF) == "waiting"
    assert "rice" not in strict.house.stock
    assert "eggs" not in strict.house.stock
    assert sees(strict, "binary_sensor.shelf_door") is None
    assert strict.house.entities["binary_sensor.shelf_door"].value == "on"
    assert kinds(strict).count("device_waits") == 1
    assert "state_changed" not in kinds(strict)
    # It is the same after a restart.
    with strict.engine.connect() as connection:
        again = load_house(connection, strict.clock.now())
    assert again.devices == strict.house.devices
    strict.hear(STOCK, {"item": "milk", "quantity": 0, "unit": "l"})
    assert strict.house.stock["milk"].quantity == 3


def test_once_accepted_what_it_said_last_counts(strict: Household) -> None:
    strict.hear(STOCK, {"item": "rice", "quantity": 1, "unit": "kg"})
    strict.hear("commonhearth/v1/shelf/door", {"open": True})
    assert strict.do(lambda tx: accept(tx, strict.home, SHELF, "kim")).result == "refused"
    assert strict.do(lambda tx: accept(tx, strict.home, "native/x", "ana")).result == "unknown"
    assert strict.do(lambda tx: accept(tx, strict.home, SHELF, "ana")).result == "done"
    assert strict.do(lambda tx: accept(tx, strict.home, SHELF, "ana")).result == "repeated"
    assert strict.house.stock["rice"].quantity == 1
    assert sees(strict, "binary_sensor.shelf_door") == "on"
    assert "device_accepted" in kinds(strict)
    strict.hear(STOCK, {"item": "rice", "quantity": 2, "unit": "kg"})
    assert strict.house.stock["rice"].quantity == 2


def test_refused_it_is_forgotten_and_heard_no_more(strict: Household) -> None:
    strict.hear("commonhearth/v1/shelf/door", {"open": True})
    topic = "homeassistant/sensor/0x17/t/config"
    config = {
        "unique_id": "t", "name": "T", "state_topic": "z/0x17", "device": {"identifiers": "0x17"},
    }  # fmt: skip
    strict.hear(topic, config)
    assert state(strict, "0x17@0x17") == "waiting"
    for owner in (SHELF, "0x17@0x17"):
        assert strict.do(lambda tx, who=owner: refuse(tx, strict.home, who, "ana")).result == "done"
    known = [one.device_id for one in strict.home.book.entities()]
    assert known == ["native/old"]
    assert not [one for one in strict.house.entities if "shelf" in one]
    strict.hear("commonhearth/v1/shelf/door", {"open": False})
    strict.hear(topic, config)
    assert "z/0x17" not in strict.home.book.filters()
    assert topic not in strict.house.announcements
    assert [one.device_id for one in strict.home.book.entities()] == ["native/old"]
    assert strict.house.entities.keys() <= {"stock.old_milk"}
    # Also where the household stops asking about new ones.
    off = DeviceSettings()
    strict.home.settings = strict.home.settings.model_copy(update={"devices": off})
    strict.do(lambda tx: switched(tx, strict.home))
    strict.hear("commonhearth/v1/shelf/door", {"open": False})
    assert sees(strict, "binary_sensor.shelf_door") is None


def test_another_who_claims_an_accepted_ones_identifiers_waits(strict: Household) -> None:
    def announce(node: str) -> None:
        config = {
            "unique_id": node,
            "state_topic": f"{node}/t",
            "device": {"identifiers": "fridge"},
        }
        strict.hear(f"homeassistant/sensor/{node}/t/config", config)

    announce("fridge")
    strict.do(lambda tx: accept(tx, strict.home, "fridge@fridge", "ana"))
    announce("evil")
    assert state(strict, "fridge@evil") == "waiting"


def test_who_has_a_login_was_let_in_by_an_adult(strict: Household) -> None:
    strict.home.logins = (Login("shelf", "device", ""),)
    strict.hear(STOCK, {"item": "rice", "quantity": 1, "unit": "kg"})
    assert state(strict, SHELF) == "accepted"
    assert strict.house.stock["rice"].quantity == 1


def test_a_flood_of_new_devices_is_bounded_and_rings_once(strict: Household) -> None:
    for number in range(MOST_WAITING + 20):
        strict.hear(f"commonhearth/v1/d{number}/door", {"open": True})
    waiting = [one for one in strict.house.devices.values() if one.state == "waiting"]
    assert len(waiting) == MOST_WAITING
    assert sees(strict, f"binary_sensor.d{MOST_WAITING + 5}_door") is None
    told = [one.effect for one in strict.outbox() if isinstance(one.effect, TellMember)]
    assert sorted(one.member for one in told) == ["ana", "ben"]


def test_no_device_speaks_for_another_by_a_clever_name(strict: Household) -> None:
    strict.hear("commonhearth/v1/old-a/state", {"b": 1})
    strict.do(lambda tx: accept(tx, strict.home, "native/old-a", "ana"))
    strict.hear("commonhearth/v1/old/state", {"a_b": 7})
    strict.hear("commonhearth/v1/old_a/state", {"b": 7})
    assert sees(strict, "sensor.old_a_b") == 1
    assert any("expected another name" in one.reason for one in strict.views.parked(10))
