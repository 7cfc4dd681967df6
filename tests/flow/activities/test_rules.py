"""Rules are told of activities: planned, invited, accepted, answered, moved and cancelled."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hub.domain.effects import TellMember
from hub.domain.offers import Window
from hub.flow.activities import organize, rules
from rules.ruleset import RuleSet
from tests.flow.activities.households import FISHING, START, friends, pass_on
from tests.flow.activities.test_answers import answer
from tests.flow.test_peers import Side

EACH = """
id: each
name: Each
when:
  activity_changed: {}
propose: {kind: notify, title: "{change}: {activity}", message: "{place}|{begins}"}
"""
AWAY = """
id: away
name: Away
when:
  activity_changed: {change: accepted}
if: activity.hours_ahead < 72.0 && activity.location != "" && !activity.ours
propose: {kind: notify, title: "Pack for {activity}"}
"""


def follow(side: Side, *texts: str) -> None:
    files = [(f"r{number}.yaml", text) for number, text in enumerate(texts)]
    found, problems = RuleSet.build(files, members=side.house.home.settings.members)
    assert problems == []
    side.house.home.rules = found
    side.house.home.follows = (rules.HOOKS,)


def told(side: Side) -> list[str]:
    rows = [one.effect for one in side.house.outbox()]
    tags = [one for one in rows if isinstance(one, TellMember) and one.member == "ana"]
    return [one.title for one in tags if ": " in one.title or "Pack" in one.title]


@pytest.fixture
def sides(tmp_path: Path):
    ada, ben = friends(tmp_path, "Ada", "Ben")
    yield ada, ben
    for side in (ada, ben):
        side.house.close()


def test_rules_hear_of_each_change_once(sides: tuple[Side, Side]) -> None:
    ada, ben = sides
    follow(ada, EACH)
    follow(ben, EACH, AWAY)
    home, lake = ada.house.home, replace(FISHING, location="Mill Lake")
    guest = ada.contact(ben).id
    key = ada.house.do(lambda tx: organize.create(tx, home, lake, [guest], "ana", "web")).key
    pass_on(ada, ben)
    answer(ben, key, "TENTATIVE")
    pass_on(ada, ben)
    answer(ben, key, "ACCEPTED")
    pass_on(ada, ben)
    later = replace(lake, window=Window(START + timedelta(hours=1), FISHING.window.end))
    ada.house.do(lambda tx: organize.change(tx, home, key, later, "ana", "web"))
    ada.house.do(lambda tx: organize.cancel(tx, home, key, "ana", "web"))
    pass_on(ada, ben)
    names = [f"{one}: Fishing" for one in ("answered", "answered", "moved", "cancelled")]
    assert told(ada) == ["planned: Fishing", *names]
    assert told(ben) == [
        "invited: Fishing", "accepted: Fishing", "Pack for Fishing", "moved: Fishing",
        "cancelled: Fishing",
    ]  # fmt: skip
    bodies = [one.effect.body for one in ada.house.outbox() if isinstance(one.effect, TellMember)]
    assert "Mill Lake|Thu 26 Nov 13:00" in bodies


def test_a_rule_that_goes_wrong_stops_no_invitation(sides: tuple[Side, Side]) -> None:
    ada, _ = sides
    follow(
        ada, AWAY.replace("accepted", "planned").replace("!activity.ours", 'activity.ours > "x"')
    )
    home, lake = ada.house.home, replace(FISHING, location="Mill Lake")
    made = ada.house.do(lambda tx: organize.create(tx, home, lake, [], "ana", "web"))
    assert ada.house.house.activities[made.key].activity == made
    assert "rule away: if:" in ada.parked()[0]
