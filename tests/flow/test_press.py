"""A button in Home Assistant decides within what the household lets it, and never twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.app.buttons import token_for
from hub.domain.decisions import DecisionResult
from hub.flow.press import press
from tests.support.household import Household, make_home

RULES = """
rules:
  - id: door
    name: Shut the door?
    when: {state: {entity: binary_sensor.door, is: "on"}}
    propose: {kind: move_delivery}
    quiet_hours: "off"
"""


def household(tmp_path: Path, **settings: Any) -> Household:
    home = make_home(settings={"homeassistant": {"publish": True, "press": settings}}, rules=RULES)
    return Household(tmp_path / "hub.sqlite", home)


def asked(house: Household) -> Any:
    from hub.domain.observations import StateReading
    from hub.flow.observe import observe_readings

    readings = [StateReading("binary_sensor.door", "on")]
    house.do(lambda tx: observe_readings(tx, house.home, readings))
    (suggestion,) = house.house.suggestions.values()
    return suggestion


def pressed(house: Household, token: Any) -> DecisionResult:
    return house.do(lambda tx: press(tx, house.home, token))


def refusals(house: Household) -> list[str]:
    entries = house.views.ledger(after=-1, limit=1000)
    return [one.body for one in entries if one.kind == "answer_refused"]


def test_a_press_decides_once_in_its_members_name(tmp_path: Path) -> None:
    house = household(tmp_path, member="ana")
    token = token_for(asked(house), "ana", "approve")
    assert pressed(house, token).result == "done"
    assert not refusals(house)
    assert pressed(house, token).result == "repeated"
    late = pressed(house, token_for(asked_before(house, token), "ana", "decline"))
    assert late.result == "refused"
    # From the log the event entity tells what happened instead.
    assert len(refusals(house)) == 2
    house.close()


def asked_before(house: Household, token: Any) -> Any:
    suggestion = house.views.suggestion(token.suggestion_id)
    assert suggestion is not None
    return suggestion


@pytest.mark.parametrize(
    ("settings", "member", "why"),
    [
        ({}, "ana", "press.member"),
        ({"member": "ana", "kinds": ["social_meal"]}, "ana", "press.kinds"),
        ({"member": "ana"}, "ben", "another member's"),
    ],
)
def test_what_is_not_allowed_is_refused_and_noted(
    tmp_path: Path, settings: dict[str, Any], member: str, why: str
) -> None:
    house = household(tmp_path, **settings)
    suggestion = asked(house)
    result = pressed(house, token_for(suggestion, member, "approve"))
    assert result.result == "refused"
    assert why in result.message
    assert suggestion.id in house.house.suggestions
    (noted,) = refusals(house)
    assert why in noted
    house.close()


def test_an_earlier_version_is_refused(tmp_path: Path) -> None:
    house = household(tmp_path, member="ana")
    suggestion = asked(house)
    token = token_for(replace(suggestion, version=suggestion.version - 1), "ana", "approve")
    assert "changed" in pressed(house, token).message
    unknown = token_for(replace(suggestion, id="none"), "ana", "approve")
    assert pressed(house, unknown).result == "unknown"
    house.close()
