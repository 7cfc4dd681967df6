"""What Home Assistant is to do is asked about first, allowed or refused, and done once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.domain.decisions import DecisionResult
from hub.domain.effects import CallHome
from hub.domain.homeassistant import ServiceCall, allowed
from hub.domain.observations import StateReading
from hub.flow.homeactions import did, did_not, home_wanted, unsure
from hub.flow.observe import observe_readings
from tests.support.household import Household, make_home

RULES = """
rules:
  - id: away
    name: Nobody is home
    when: {state: {entity: person.ana, is: not_home}}
    propose:
      kind: home_action
      then:
        - {service: scene.turn_on, entities: [scene.away], data: {transition: 2}}
        - {service: script.lock_up}
    quiet_hours: "off"
"""
THERE = {"url": "http://127.0.0.1:9", "token": "x"}
ALLOWED = ("scene.turn_on scene.a*", "script.lock_up")


def household(tmp_path: Path, services: tuple[str, ...]) -> Household:
    settings = {"homeassistant": {**THERE, "services": services}}
    return Household(tmp_path / "hub.sqlite", make_home(settings=settings, rules=RULES))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Household]:
    made = household(tmp_path, ALLOWED)
    yield made
    made.close()


def asked(house: Household) -> Any:
    reading = StateReading("person.ana", "not_home")
    house.do(lambda tx: observe_readings(tx, house.home, [reading]))
    (suggestion,) = house.house.suggestions.values()
    return suggestion


def to_do(house: Household) -> list[CallHome]:
    return [one.effect for one in house.outbox() if isinstance(one.effect, CallHome)]


def approve(house: Household, suggestion: Any) -> DecisionResult:
    return house.decide("approve", suggestion)


def test_it_is_said_what_will_be_done_and_done_once_when_agreed(house: Household) -> None:
    suggestion = asked(house)
    words = [call.words for call in suggestion.then]
    assert words == ["scene.turn_on: scene.away", "script.lock_up"]
    assert not to_do(house)
    assert approve(house, suggestion).result == "done"
    assert approve(house, suggestion).result == "repeated"
    (effect,) = to_do(house)
    assert effect.calls[0] == ServiceCall("scene.turn_on", ("scene.away",), {"transition": 2})
    assert home_wanted(house.house, effect)
    house.do(lambda tx: did(tx, house.home, effect))
    done = house.views.suggestion(suggestion.id)
    assert done is not None
    assert done.state == "carried_out"
    assert "scene.away" in done.outcome
    assert not home_wanted(house.house, effect)
    # Found leased after it was recorded: nothing more to say.
    house.do(lambda tx: unsure(tx, house.home, effect))
    assert house.views.suggestion(suggestion.id) == done


@pytest.mark.parametrize("sure", [True, False])
def test_what_was_not_done_is_told(house: Household, sure: bool) -> None:
    suggestion = asked(house)
    approve(house, suggestion)
    (effect,) = to_do(house)
    house.restart()
    if sure:
        house.do(lambda tx: did_not(tx, house.home, effect, "it is away"))
    else:
        house.do(lambda tx: unsure(tx, house.home, effect))
    ended = house.views.suggestion(suggestion.id)
    assert ended is not None
    assert ended.state == "failed"
    assert ("it is away" if sure else "not known") in ended.outcome


def test_what_is_not_allowed_is_never_asked_of_it(tmp_path: Path) -> None:
    house = household(tmp_path, ALLOWED[:1])
    result = approve(house, asked(house))
    assert result.result == "refused"
    assert "script.lock_up" in result.message
    assert not to_do(house)
    house.close()


def test_declined_nothing_is_done(house: Household) -> None:
    house.decide("decline", asked(house))
    assert not to_do(house)


@pytest.mark.parametrize(
    ("call", "services", "may"),
    [
        (ServiceCall("scene.turn_on", ("scene.away",)), (), False),
        (ServiceCall("scene.turn_on", ("scene.away",)), ("scene.turn_on",), True),
        (ServiceCall("scene.turn_on", ("scene.away",)), ("scene.turn_off",), False),
        (ServiceCall("scene.turn_on", ("scene.away",)), ("scene.turn_on scene.*",), True),
        (ServiceCall("scene.turn_on", ("scene.away", "scene.x")), ("scene.turn_on *.a*",), False),
        (ServiceCall("lock.unlock"), ("lock.unlock lock.shed",), False),
    ],
)
def test_a_household_says_what_may_be_done_to_what(
    call: ServiceCall, services: tuple[str, ...], may: bool
) -> None:
    assert allowed(call, services) is may
