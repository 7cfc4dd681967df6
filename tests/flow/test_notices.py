"""Public notices: what they lead to, and that it goes when they do."""

from datetime import timedelta
from typing import Any

import pytest

from hub.domain.effects import TellMember
from tests.support.household import NOON, Household, same

CANCELLED = "Gas interruption: cancelled."


def alert(household: Household, identifier: str = "A1", **facts: Any) -> None:
    """Have the gas company say that there is no gas from 18:00 to 22:00 (Berlin)."""
    now = household.clock.now()
    info = {
        "language": "en",
        "category": "Infra",
        "event": "Gas interruption",
        "urgency": "Expected",
        "severity": facts.pop("severity", "Moderate"),
        "certainty": "Likely",
        "eventCode": {"valueName": "service", "value": "gas"},
        "onset": "2026-11-24T18:00:00+01:00",
        "expires": "2026-11-24T22:00:00+01:00",
        "headline": "No gas tonight",
        "area": {"areaDesc": "Old Town"},
        **facts.pop("info", {}),
    }
    message = {
        "identifier": identifier,
        "sender": "gas@example.org",
        "sent": now.isoformat(),
        "status": "Actual",
        "msgType": "Alert",
        "scope": "Public",
        "info": info,
        **facts,
    }
    household.hear("notices/gas", message)


def told(household: Household) -> list[tuple[str, str, str]]:
    rows = [row.effect for row in household.outbox() if isinstance(row.effect, TellMember)]
    return [(effect.tag, effect.member, effect.body) for effect in rows]


@pytest.fixture
def refs(house: Household) -> dict[str, str]:
    sent = NOON.isoformat()
    return {"references": f"gas@example.org,A1,{sent}"}


def test_a_notice_leads_to_a_question_and_later_to_a_word_to_everyone(house: Household) -> None:
    alert(house)
    (suggestion,) = house.open()
    assert (suggestion.kind, suggestion.asked) == ("social_meal", True)
    assert suggestion.title == "No gas for cooking - eat together?"
    house.send()
    house.tick(hours=4, minutes=1)
    assert {member for _, member, _ in told(house)} == {"ana", "ben"}


def test_the_same_notice_twice_is_one(house: Household) -> None:
    alert(house)
    ledger = house.ledger()
    alert(house)
    assert house.ledger() == ledger
    assert len(house.open()) == 1


@pytest.mark.parametrize("status", ["Exercise", "Test", "Draft", "System"])
def test_nobody_is_alarmed_by_an_exercise(house: Household, status: str) -> None:
    alert(house, status=status)
    assert house.open() == []
    assert house.outbox() == []


def test_a_cancelled_notice_takes_its_question_back(house: Household, refs) -> None:
    alert(house)
    (suggestion,) = house.open()
    house.send()
    house.clock.turn(minutes=10)
    alert(house, "A2", msgType="Cancel", **refs)
    ended = house.suggestion(suggestion.id)
    assert (ended.state, ended.outcome) == ("expired", CANCELLED)
    assert house.open() == []
    assert {(member, body) for _, member, body in told(house)} == {
        ("ana", CANCELLED),
        ("ben", CANCELLED),
    }
    assert not any(key[0] == "rule" and "A1" in key[2] for key in house.house.timers)
    same(house.house, house.load())


def test_who_was_told_hears_of_the_cancellation(house: Household, refs) -> None:
    alert(house)
    house.decide("decline")
    house.send()
    house.tick(hours=4, minutes=1)
    tags = {(tag, member) for tag, member, _ in told(house)}
    assert len(tags) == 2
    house.send()
    house.restart()
    house.clock.turn(minutes=1)
    alert(house, "A2", msgType="Cancel", **refs)
    cancelled = {(tag, member) for tag, member, body in told(house) if body == CANCELLED}
    assert tags <= cancelled


def test_a_notice_that_is_over_takes_its_question_back_without_a_word(house: Household) -> None:
    alert(house, info={"expires": "2026-11-24T15:00:00+01:00", "onset": NOON.isoformat()})
    (suggestion,) = house.open()
    house.tick(hours=2, minutes=1)
    assert house.suggestion(suggestion.id).outcome == "Gas interruption: it is over."
    assert house.house.notices == {}


def test_an_update_replaces_the_question(house: Household, refs) -> None:
    alert(house)
    (first,) = house.open()
    house.clock.turn(minutes=10)
    alert(house, "A2", msgType="Update", info={"headline": "Gas off later"}, **refs)
    (second,) = house.open()
    assert second.id != first.id
    assert house.suggestion(first.id).state == "superseded"


def test_what_was_decided_stays_decided_when_the_notice_goes(house: Household, refs) -> None:
    alert(house)
    (suggestion,) = house.open()
    house.decide("approve")
    house.clock.turn(minutes=10)
    alert(house, "A2", msgType="Cancel", **refs)
    assert house.suggestion(suggestion.id).state == "carried_out"


def test_two_outages_are_two_causes(house: Household) -> None:
    alert(house)
    alert(house, "B1")
    assert len(house.open()) == 2
    house.clock.at = NOON + timedelta(hours=9, minutes=1)
    house.tick()
    assert house.open() == []
