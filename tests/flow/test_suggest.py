"""From a low level to one suggestion."""

from datetime import timedelta
from decimal import Decimal

from hub.domain.effects import AskMember, TellMember
from tests.support.household import NOON, Household, Market, TurnedClock, make_home, same


def test_what_runs_low_is_asked_about_once_offers_are_there(house: Household, market: Market):
    house.level("milk", 0.4)
    (suggestion,) = house.open()
    assert (suggestion.key, suggestion.state, suggestion.asked) == (
        "groceries:pantry",
        "proposed",
        False,
    )
    assert [(w.item, w.quantity) for w in suggestion.wants] == [("milk", Decimal("2.6"))]
    assert suggestion.because[0].text == "Milk is down to 0.4 l (par 1 l)"
    entry = house.views.ledger()[suggestion.because[0].ledger_index or 0]
    assert (entry.kind, entry.subject) == ("stock_changed", "milk")
    assert {r.to.subscriber_id for r in house.requests("discover")} == {
        "green-valley.example",
        "corner-shop.example",
    }

    asked = market.offers()
    assert asked.asked
    assert [option.provider_name for option in asked.options] == ["corner", "green"]
    assert [str(option.total) for option in asked.options] == ["2.70 EUR", "3.60 EUR"]
    questions = [row.effect for row in house.outbox() if isinstance(row.effect, AskMember)]
    assert {(q.member, q.channel) for q in questions} == {("ana", "ntfy"), ("ben", "apprise")}


def test_a_cause_has_one_open_suggestion(house: Household, market: Market):
    for quantity in (0.4, 0.3, 0.2):
        house.level("milk", quantity)
    assert len(house.open()) == 1
    market.offers()
    house.clock.turn(hours=5)
    house.level("milk", 0.1)
    assert len(house.views.suggestions(open_only=False, limit=10)) == 1


def test_a_basket_grows_until_it_is_decided(house: Household, market: Market):
    house.level("milk", 0.4)
    first = market.offers()
    house.level("eggs", 2)
    (second,) = house.open()
    assert {want.item for want in second.wants} == {"milk", "eggs"}
    old = house.suggestion(first.id)
    assert (old.state, old.outcome) == ("superseded", "A newer suggestion took its place.")
    assert not house.decide("approve", old, option=first.options[0].id).result == "done"
    asked = market.offers()
    assert len(asked.options[0].lines) == 2

    house.decide("approve")
    house.level("butter", 10)
    assert [s.id for s in house.open()] == [second.id]


def test_what_ran_low_while_an_order_went_out_has_its_turn_after_the_cooldown(
    house: Household, market: Market
):
    house.level("milk", 0.4)
    market.offers()
    house.decide("approve")
    house.clock.turn(minutes=1)
    house.level("eggs", 2)
    market.serve("init")
    market.serve("confirm")
    assert house.open() == []
    house.tick(hours=3, minutes=58)
    assert house.open() == []
    house.tick(minutes=2)
    assert [w.item for w in house.open()[0].wants] == ["eggs"]


def test_a_declined_basket_does_not_come_back_by_itself(house: Household, market: Market):
    house.level("milk", 0.4)
    market.offers()
    house.decide("decline")
    house.tick(hours=5)
    assert house.open() == []
    house.level("milk", 0.3)
    assert len(house.open()) == 1


def test_what_is_on_its_way_is_not_ordered_twice(house: Household, market: Market):
    house.level("milk", 0.4)
    market.offers()
    house.decide("approve")
    market.serve("init")
    market.serve("confirm")
    assert house.house.stock["milk"].expected == 3.0
    house.clock.turn(hours=5)
    house.level("milk", 0.2)
    assert house.open() == []
    house.restart()
    house.level("milk", 0.1)
    assert house.open() == []

    house.level("milk", 3.1)
    assert house.house.stock["milk"].expected == 0.0
    house.level("milk", 0.5)
    assert len(house.open()) == 1


def test_two_rules_do_not_want_the_same_thing_twice(build):
    more = """
rules:
  - id: groceries
    name: groceries
    when: {stock_below_par: {item: any}}
    propose: {kind: grocery_order, items: below_par}
  - id: milk_first
    name: milk_first
    when: {stock_below_par: {item: milk}}
    propose: {kind: grocery_order, items: [milk]}
"""
    house = build(rules=more)
    house.level("milk", 0.4)
    wanted = [want.item for suggestion in house.open() for want in suggestion.wants]
    assert wanted == ["milk"]


def test_quiet_hours_put_the_question_off_and_not_the_offers(build):
    house = build(settings={"home": {"timezone": "Europe/Berlin", "quiet_hours": "22:00-07:00"}})
    market = Market(house)
    house.clock.at = NOON.replace(hour=22)
    house.level("milk", 0.4)
    suggestion = market.offers()
    assert (suggestion.asked, len(suggestion.options)) == (False, 2)
    assert not any(isinstance(row.effect, AskMember) for row in house.outbox())
    morning = NOON.replace(day=25, hour=6)
    assert suggestion.not_before == morning
    assert suggestion.deadline == morning + timedelta(hours=6)

    house.clock.at = morning
    house.restart()
    house.tick()
    assert house.open()[0].asked
    assert len([row for row in house.outbox() if isinstance(row.effect, AskMember)]) == 2


def test_a_notice_to_a_phone_waits_for_the_morning_in_the_outbox(build):
    rules = """
rules:
  - id: low
    name: low
    when: {stock_below_par: {item: milk}}
    propose: {kind: notify, message: "{quantity} {unit} left"}
    quiet_hours: "22:00-07:00"
    cooldown: 1h
"""
    house = build(rules=rules)
    house.clock.at = NOON.replace(hour=23)
    house.level("milk", 0.4)
    rows = [row for row in house.outbox() if isinstance(row.effect, TellMember)]
    assert {row.not_before for row in rows} == {1_795_586_400_000_000}
    house.level("milk", 0.3)
    assert len(house.outbox()) == len(rows)
    house.clock.turn(hours=1)
    house.level("milk", 0.2)
    assert len(house.outbox()) == 2 * len(rows)


def test_without_a_grocer_members_are_told_what_to_do(build):
    house = build(providers=())
    house.level("milk", 0.4)
    (suggestion,) = house.views.suggestions(open_only=False, limit=5)
    assert suggestion.state == "failed"
    told = [row.effect for row in house.outbox() if isinstance(row.effect, TellMember)]
    assert "beckn.registry" in told[0].body
    assert [key for key in house.house.timers if key[1] == suggestion.id] == []


def test_when_nobody_can_offer_it_members_hear_so(house: Household, market: Market):
    house.level("milk", 0.4)
    market.serve("discover", catalogs=())
    (suggestion,) = house.views.suggestions(open_only=False, limit=5)
    assert (suggestion.state, suggestion.outcome) == ("failed", "No provider could offer this.")
    told = [row.effect for row in house.outbox() if isinstance(row.effect, TellMember)]
    assert told[0].body == "Milk is down to 0.4 l (par 1 l).\nNo provider could offer this."


def test_members_are_asked_with_what_there_is_when_time_is_up(house: Household, market: Market):
    house.level("milk", 0.4)
    (slow, quick) = house.requests("discover")
    market.answer(quick)
    market.serve("select")
    assert not house.open()[0].asked
    house.tick(seconds=10)
    (suggestion,) = house.open()
    assert suggestion.asked
    assert len(suggestion.options) == 1

    market.answer(slow)
    assert house.requests("select") == []
    assert len(house.open()[0].options) == 1


def test_a_slow_grocer_is_waited_for_when_it_is_the_only_one(build):
    house = build(providers=(make_home().providers["grocery"][0],))
    market = Market(house)
    house.level("milk", 0.4)
    house.tick(seconds=11)
    assert not house.open()[0].asked
    market.offers()
    assert house.open()[0].asked


def test_and_given_up_when_it_never_answers(house: Household):
    house.level("milk", 0.4)
    house.tick(seconds=11)
    house.tick(minutes=6)
    (suggestion,) = house.views.suggestions(open_only=False, limit=5)
    assert (suggestion.state, suggestion.outcome) == ("failed", "No provider answered in time.")
    assert house.house.orders == {}


def test_it_expires_also_when_the_hub_was_off(house: Household, market: Market):
    house.level("milk", 0.4)
    suggestion = market.offers()
    house.clock.turn(hours=9)
    house.restart()
    house.tick()
    ended = house.suggestion(suggestion.id)
    assert (ended.state, ended.outcome) == (
        "expired",
        "Nobody decided in time; nothing was ordered.",
    )
    assert house.house.orders == {}
    ledger = house.ledger()
    house.tick()
    assert house.ledger() == ledger
    same(house.house, house.load())


def test_a_second_household_shares_nothing(house: Household, tmp_path):
    other = Household(tmp_path / "other.db", make_home(), TurnedClock())
    house.level("milk", 0.4)
    assert other.open() == []
    other.close()
