"""Who is asked over what, when not, and who is asked next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hub.domain.effects import AskMember, TellMember
from hub.domain.yamltext import read_model
from hub.flow.dispatch import question_wanted
from hub.flow.home import channels
from hub.flow.tell import tell
from hub.settings import MemberSettings, Settings
from hub.store.codec import micros
from hub.store.tx import Tx
from rules.ruleset import RuleSet
from rules.times import instant, quiet_until, time_of_day
from tests.support.household import NOON, SETTINGS, Household, Market

HOME = {**SETTINGS["home"]}
ANA, BEN, KIM = SETTINGS["members"]
LATE = NOON.replace(hour=21)
"""22:00 in Berlin."""


def asked(house: Household) -> dict[str, int]:
    """Return whom the outbox asks, and from when."""
    rows = [row for row in house.outbox() if isinstance(row.effect, AskMember)]
    return {row.effect.member: row.not_before for row in rows if isinstance(row.effect, AskMember)}


def told(house: Household) -> list[tuple[str, int]]:
    rows = house.outbox()
    return [(r.effect.member, r.not_before) for r in rows if isinstance(r.effect, TellMember)]


def posed(house: Household) -> Household:
    house.level("milk", 0.4)
    Market(house).offers()
    return house


# -- over what -------------------------------------------------------------------------------------


def test_a_member_chooses_what_questions_and_news_come_over():
    words = {"id": "ana", "name": "Ana", "ntfy": {}, "apprise": ["json://x"]}
    everything = MemberSettings.model_validate(words)
    assert channels(everything, {"ana"}) == ("webpush", "ntfy", "apprise")
    chosen = MemberSettings.model_validate({**words, "questions": ["ntfy"], "news": []})
    assert channels(chosen, {"ana"}) == ("ntfy",)
    assert channels(chosen, {"ana"}, news=True) == ()


def test_what_came_of_a_question_goes_where_the_question_went(build):
    house = posed(build(settings={"members": [{**ANA, "news": []}, BEN]}))
    house.send()
    house.decide("decline")
    assert {who for who, _ in told(house)} == {"ana", "ben"}


# -- quiet hours -----------------------------------------------------------------------------------


def test_who_sleeps_is_asked_in_the_morning_and_who_is_awake_at_once(build):
    house = build(settings={"members": [{**ANA, "quiet_hours": "22:00-01:00"}, BEN]})
    house.clock.at = LATE
    posed(house)
    morning = LATE + timedelta(hours=3)
    assert asked(house) == {"ana": micros(morning), "ben": 0}
    (suggestion,) = house.open()
    assert {turn.member: turn.at for turn in suggestion.turns} == {"ana": morning, "ben": LATE}


def test_what_was_decided_meanwhile_is_not_asked_in_the_morning(build):
    house = build(settings={"members": [{**ANA, "quiet_hours": "22:00-01:00"}, BEN]})
    house.clock.at = LATE
    posed(house)
    house.restart()
    assert house.decide("decline", member="ben").result == "done"
    questions = [row.effect for row in house.outbox() if isinstance(row.effect, AskMember)]
    assert questions
    assert [question_wanted(house.house, one) for one in questions] == [None] * len(questions)


def test_who_would_be_asked_too_late_is_woken(build):
    house = build(settings={"members": [{**ANA, "quiet_hours": "22:00-12:00"}, BEN]})
    house.clock.at = LATE
    assert asked(posed(house)) == {"ana": 0, "ben": 0}


@pytest.mark.parametrize(("quiet", "waits"), [('"off"', False), ("23:00-05:00", True)])
def test_what_a_rule_calls_urgent_wakes(build, quiet, waits):
    rules = f"""
rules:
  - id: low
    name: low
    when: {{stock_below_par: {{item: milk}}}}
    propose: {{kind: notify, message: "{{quantity}} left"}}
    quiet_hours: {quiet}
"""
    people = [{**ANA, "quiet_hours": "21:00-06:00"}, BEN]
    house = build(rules=rules, settings={"members": people})
    house.clock.at = LATE
    house.level("milk", 0.4)
    morning = micros(NOON.replace(day=25, hour=5))
    assert sorted(told(house)) == [("ana", morning if waits else 0), ("ben", 0)]


_SPRING, _AUTUMN = datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC)
"""A day before the clocks change."""
_BERLIN = ZoneInfo("Europe/Berlin")
_minutes = some.integers(0, 24 * 60 - 1).map(lambda m: f"{m // 60:02}:{m % 60:02}")


@given(
    begin=some.sampled_from([_SPRING, _AUTUMN]),
    after=some.integers(0, 48 * 60),
    span=some.tuples(_minutes, _minutes).filter(lambda both: both[0] != both[1]),
)
def test_quiet_hours_end_when_the_clock_says_so_also_where_it_jumps(begin, after, span):
    now = begin + timedelta(minutes=after)
    start, end = (time_of_day(one) for one in span)
    local = now.astimezone(_BERLIN).time()
    within = start <= local < end if start < end else local >= start or local < end
    until = quiet_until("-".join(span), now, _BERLIN)
    if until is None:
        day = now.astimezone(_BERLIN).date()
        over = instant(datetime.combine(day, end), _BERLIN)
        assert not within or over <= now
        return
    assert within
    assert now < until <= now + timedelta(hours=25)
    there = until.astimezone(_BERLIN)
    assert until == instant(datetime.combine(there.date(), end), _BERLIN)


# -- nobody answers --------------------------------------------------------------------------------

ONLY_ANA = """
rules:
  - id: low
    name: low
    when: {stock_below_par: {item: milk}}
    propose: {kind: grocery_order, items: below_par}
    ask: [ana]
    expires_after: EXPIRES
"""


def alone(build, expires: str = "6h") -> Household:
    home = {**HOME, "escalate": {"after": 30, "to": ["ben"]}}
    rules = ONLY_ANA.replace("EXPIRES", expires)
    return posed(build(rules=rules, settings={"home": home}))


def test_the_next_adult_is_asked_when_nobody_answers_also_over_a_restart(build):
    house = alone(build)
    assert set(asked(house)) == {"ana"}
    begun = house.clock.now()
    house.send()
    house.tick(minutes=29)
    assert asked(house) == {}
    house.restart()
    house.tick(minutes=1)
    house.restart()
    house.tick()
    assert set(asked(house)) == {"ben"}
    (suggestion,) = house.open()
    assert suggestion.ask == ("ana", "ben")
    half = timedelta(minutes=30)
    assert [(t.member, t.at - begun) for t in suggestion.turns] == [
        ("ana", timedelta(0)),
        ("ben", half),
    ]
    house.send()
    house.tick(hours=2)
    assert asked(house) == {}
    assert house.decide("decline", member="ben").result == "done"
    assert {who for who, _ in told(house)} == {"ana", "ben"}


def ruled(build, *lines: str, home: bool = True) -> Household:
    """Return a household whose rule says how an unanswered question goes on; so may the home."""
    rules = ONLY_ANA.replace("EXPIRES", "6h").rstrip() + "".join(f"\n    {one}" for one in lines)
    plan = {"escalate": {"after": 30, "to": ["ben"]}} if home else {}
    people = [ANA, BEN, KIM, {"id": "lea", "name": "Lea", "ntfy": {}}]
    return posed(build(rules=rules, settings={"home": {**HOME, **plan}, "members": people}))


@pytest.mark.parametrize("home", [True, False])
def test_a_rules_word_on_who_is_asked_next_wins_over_the_homes(build, home):
    house = ruled(build, "escalate: {after: 10m, to: [lea, ben]}", home=home)
    house.send()
    seen = []
    for _ in range(4):
        house.restart()
        house.tick(minutes=10)
        seen.append(sorted(asked(house)))
        house.send()
    assert seen == [["lea"], ["ben"], [], []]
    (suggestion,) = house.open()
    assert suggestion.ask == ("ana", "lea", "ben")


def test_a_rule_may_have_nobody_else_asked(build):
    house = ruled(build, 'escalate: "off"')
    house.send()
    house.tick(hours=2)
    assert asked(house) == {}
    (suggestion,) = house.open()
    assert suggestion.ask == ("ana",)


def test_who_is_asked_next_is_as_the_rule_said_when_it_asked(build):
    house = ruled(build, "escalate: {to: [lea]}")
    house.send()
    house.home.rules = RuleSet()
    house.restart()
    house.tick(minutes=31)
    assert set(asked(house)) == {"lea"}


def test_later_is_an_answer(build):
    house = alone(build)
    house.send()
    house.decide("later")
    house.tick(minutes=35)
    assert "ben" not in asked(house)


def test_nobody_is_asked_at_the_deadline_or_after_it(build):
    house = alone(build, expires="30m")
    house.send()
    house.tick(minutes=40)
    assert asked(house) == {}
    assert house.open() == []


# -- what can wait ---------------------------------------------------------------------------------

MINOR = """
rules:
  - id: milk
    name: milk is low
    when: {stock_below_par: {item: milk}}
    propose: {kind: notify, message: "{quantity} left", importance: low}
  - id: eggs
    name: eggs are low
    when: {stock_below_par: {item: eggs}}
    propose: {kind: notify, message: "{quantity} eggs", importance: low}
"""


def test_what_can_wait_is_told_once_a_day_in_one_message_also_over_a_restart(build):
    house = build(rules=MINOR, settings={"members": [ANA, {**BEN, "digest": "off"}]})
    house.level("milk", 0.4)
    assert told(house) == [("ben", 0)]
    house.restart()
    house.level("eggs", 1)
    house.send()
    house.clock.at = NOON.replace(day=25, hour=6, minute=59)
    house.tick()
    assert told(house) == []
    house.restart()
    house.tick(minutes=1)
    house.restart()
    house.tick()
    (row,) = [one.effect for one in house.outbox() if isinstance(one.effect, TellMember)]
    assert row.member == "ana"
    assert len(row.body.splitlines()) == 2
    house.send()
    house.tick(days=2)
    assert told(house) == []


def test_two_that_can_wait_in_one_step_are_both_kept(build):
    house = build(rules=MINOR)

    def both(tx: Tx) -> None:
        for body in ("one", "two"):
            tell(tx, house.home, ["ana"], tag=body, title="T", body=body, cause=1, minor=True)

    house.do(both)
    house.tick(days=1)
    (row,) = [one.effect for one in house.outbox() if isinstance(one.effect, TellMember)]
    assert row.body == "T: one\nT: two"


# -- what is wrong in the file ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("home: {escalate: {to: [kim]}}", "expected adults' ids (me), got 'kim'"),
        ("home: {escalate: {after: 0, to: [me]}}", "home.escalate.after"),
        ("home: {escalate: {after: 5}}", "home.escalate: the key to is missing"),
        ('home: {quiet_hours: "25:00-07:00"}', "expected local times such as 22:00-07:00"),
        ('members: [{id: a, name: A, quiet_hours: "7-8"}]', "expected local times such as"),
        ('members: [{id: a, name: A, quiet_hours: "07:00-07:00"}]', "never let anybody be asked"),
        (
            "members: [{id: a, name: A, news: [pigeon]}]",
            "expected one of webpush, ntfy, apprise, homeassistant",
        ),
        ('members: [{id: a, name: A, digest: "8"}]', "expected a local time such as 08:00, or off"),
        ("members: [{id: a, name: A, questions: [ntfy]}]", "the member has no ntfy"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(line, said):
    _, problems = read_model(Settings, line + "\n", "hub.yaml")
    (problem,) = problems
    assert (problem.file, problem.line) == ("hub.yaml", 1)
    assert said in str(problem)
