"""A basket bought at two providers, where that saves enough: both bring it, or neither is bound."""

from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from hub.domain.effects import TellMember
from hub.domain.money import Money, money
from hub.domain.orders import Order, OrderAnswer, Quote
from hub.domain.suggestions import Suggestion
from tests.support.household import CORNER, GREEN, Grocer, Household, Market, refusal, same


@dataclass
class Shop(Grocer):
    """A grocer with prices of its own that takes ``fee`` for bringing it."""

    prices: dict[str, str] = field(default_factory=dict)
    fee: str = "0.50"

    def price(self, key: str) -> Money:
        return money(self.prices.get(key, "9.00"), "EUR")

    def reply(self, request, now, **facts):
        if request.action in ("select", "init") and "quote" not in facts and "error" not in facts:
            total = sum((line.price.amount * line.count for line in request.lines), Decimal(0))
            facts["quote"] = Quote(Money(total + Decimal(self.fee), "EUR"))
        return super().reply(request, now, **facts)


@pytest.fixture
def house(build):
    return build(settings={"beckn": {"split_saving": "2 EUR"}})


@pytest.fixture
def market(house):
    """Corner has cheap milk, Green cheap eggs: 14.20 and 28.40 alone, 5.70 in two parts."""
    market = Market(house)
    market.grocers = {
        GREEN.subscriber_id: Shop(GREEN, "green", "", prices={"eggs": "2.00"}),
        CORNER.subscriber_id: Shop(CORNER, "corner", "", prices={"milk": "0.90"}),
    }
    return market


@pytest.fixture
def halves(house, market):
    """The suggestion up to where both parts are asked for."""
    house.level("milk", 0.4)
    house.level("eggs", 1)
    market.serve("discover")
    market.serve("select")
    return house.requests("select")


@pytest.fixture
def asked(house, market, halves) -> Suggestion:
    market.serve("select")
    house.send()
    (suggestion,) = house.open()
    return suggestion


@pytest.fixture
def approved(house, asked) -> list[Order]:
    assert house.decide("approve").result == "done"
    return [house.order(one) for one in asked.options[0].orders]


def told(house: Household) -> list[str]:
    return [row.effect.body for row in house.outbox() if isinstance(row.effect, TellMember)]


def test_two_parts_are_asked_for_and_offered_first(house, market, halves):
    assert {(r.to, tuple(line.wants for line in r.lines)) for r in halves} == {
        (CORNER, ("milk",)),
        (GREEN, ("eggs",)),
    }
    (waiting,) = house.open()
    assert not waiting.asked
    market.serve("select", who=GREEN)
    assert not house.open()[0].asked
    market.serve("select", who=CORNER)
    (suggestion,) = house.open()
    assert suggestion.asked
    split, *alone = suggestion.options
    assert (split.provider_name, str(split.total)) == ("corner and green", "5.70 EUR")
    assert split.because == ("6.50 EUR cheaper than corner", "brings everything")
    assert split.note == "corner Tue 18:00-20:00; green Tue 18:00-20:00"
    assert [(one.provider_name, str(one.total)) for one in alone] == [
        ("corner", "12.20 EUR"),
        ("green", "29.50 EUR"),
    ]
    assert {one.recipient for one in split.disclosures} == {"corner", "green"}
    assert "split_asked" in house.ledger()
    same(house.house, house.load())


def test_it_is_off_by_default(build):
    house = build()
    market = Market(house)
    market.grocers[GREEN.subscriber_id] = Shop(GREEN, "green", "", prices={"eggs": "2.00"})
    house.level("milk", 0.4)
    house.level("eggs", 1)
    suggestion = market.offers()
    assert suggestion.asked
    assert house.requests("select") == []


def test_parts_that_save_too_little_after_all_are_let_go(house, market, halves):
    market.serve("select", quote=Quote(money("5.20", "EUR")))
    (suggestion,) = house.open()
    assert (suggestion.asked, [len(one.orders) for one in suggestion.options]) == (True, [1, 1])
    assert len(house.house.orders) == 2


@pytest.mark.parametrize("facts", [{"error": refusal()}, {"quote": None}])
def test_a_part_that_cannot_be_had_leaves_the_whole_offers(house, market, halves, facts):
    market.serve("select", who=GREEN, **{"quote": None, **facts})
    (suggestion,) = house.open()
    assert (suggestion.asked, [len(one.orders) for one in suggestion.options]) == (True, [1, 1])
    market.serve("select", who=CORNER)
    assert house.open() == [suggestion]


def test_parts_that_do_not_answer_in_time_are_not_waited_for(house, market, halves):
    house.tick(seconds=11)
    (suggestion,) = house.open()
    assert (suggestion.asked, len(suggestion.options)) == (True, 2)
    market.serve("select")
    assert house.open() == [suggestion]


def test_nobody_is_bound_before_both_have_said_yes(house, market, asked, approved):
    assert [request.to for request in house.requests("init")] == [CORNER, GREEN]
    assert {str(order.approved_total) for order in approved} == {"3.20 EUR", "2.50 EUR"}
    assert house.ledger().count("disclosed") == 2
    market.serve("init", who=CORNER)
    assert house.requests("confirm") == []
    house.restart()
    market.serve("init", who=GREEN)
    assert [request.to for request in house.requests("confirm")] == [CORNER, GREEN]
    market.serve("confirm", who=GREEN)
    assert house.suggestion(asked.id).state == "approved"
    market.serve("confirm", who=CORNER)
    done = house.suggestion(asked.id)
    assert (done.state, done.outcome) == (
        "carried_out",
        "Ordered at corner for 3.20 EUR, today 18:00-20:00. Order corner-1. "
        "Ordered at green for 2.50 EUR, today 18:00-20:00. Order green-1.",
    )
    assert done.outcome in told(house)
    assert {order.state for order in house.house.orders.values()} == {"confirmed"}
    assert len(house.house.orders) == 2
    assert (house.house.stock["milk"].expected, house.house.stock["eggs"].expected) == (3, 10)
    same(house.house, house.load())


def test_a_yes_that_nobody_asked_for_binds_nobody(house, market, asked, approved):
    market.serve("init", who=CORNER)
    (corner,) = (one for one in approved if one.provider == CORNER)
    said = OrderAnswer(
        "confirm", CORNER, corner.transaction_id, "unasked", house.clock.now(), order_id="corner-9"
    )
    house.answer(said)
    assert house.order(corner.id).state == "initialised"
    market.serve("init", who=GREEN)
    assert market.serve("confirm") == 2
    assert house.suggestion(asked.id).state == "carried_out"


@pytest.mark.parametrize("first", [CORNER, GREEN])
def test_one_that_will_not_frees_the_other(house, market, asked, approved, first):
    other = GREEN if first == CORNER else CORNER
    market.serve("init", who=first)
    market.serve("init", who=other, error=refusal(), quote=None)
    (again,) = house.open()
    assert (again.state, [len(one.orders) for one in again.options]) == ("proposed", [1, 1])
    assert {house.order(order.id).state for order in approved} == {"cancelled", "failed"}
    assert house.requests("confirm") == []
    assert not any(kind == "patience" for kind, _, _ in house.house.timers)


def test_one_that_asks_more_is_asked_about_and_both_are_free(house, market, asked, approved):
    market.serve("init", who=GREEN)
    market.serve("init", who=CORNER, quote=Quote(money("3.30", "EUR")))
    (again,) = house.open()
    assert house.requests("confirm") == []
    split = again.option_with(approved[0].id)
    assert str(split.total) == "5.80 EUR"
    assert "it costs 3.30 EUR instead of 3.20 EUR" in split.note
    assert {house.order(order.id).state for order in approved} == {"quoted"}
    assert house.decide("approve", option=split.id).result == "done"
    market.serve("init", who=GREEN)
    market.serve("init", who=CORNER, quote=Quote(money("3.30", "EUR")))
    market.serve("confirm")
    assert house.suggestion(asked.id).state == "carried_out"


@pytest.mark.parametrize("failing_first", [True, False])
def test_one_that_fails_on_confirming_is_said_beside_what_was_bought(
    house, market, asked, approved, failing_first
):
    market.serve("init")
    turns = [(GREEN, {"error": refusal()}), (CORNER, {})]
    for who, facts in turns if failing_first else reversed(turns):
        market.serve("confirm", who=who, **facts)
    done = house.suggestion(asked.id)
    assert done.state == "carried_out"
    assert "Ordered at corner for 3.20 EUR" in done.outcome
    assert "green did not take its part (sold out): Eggs 10 were not ordered." in done.outcome
    assert {order.state for order in house.house.orders.values()} == {"confirmed"}
    assert house.house.stock["eggs"].expected == 0


def test_both_that_fail_on_confirming_leave_the_whole_offers(house, market, asked, approved):
    market.serve("init")
    market.serve("confirm", error=refusal())
    (again,) = house.open()
    assert (again.state, [len(one.orders) for one in again.options]) == ("proposed", [1, 1])


def test_a_part_cannot_be_changed_alone(house, asked):
    split = asked.options[0]
    item = split.lines[0].item_id
    for facts in ({"counts": {item: 1}}, {"slot_id": "slot-1"}):
        result = house.decide("approve", option=split.id, **facts)
        assert (result.result, result.message) == (
            "refused",
            "Two shops share this offer: choose one shop's own offer to change it.",
        )


def test_a_whole_offer_may_be_chosen_instead(house, market, asked):
    corner = asked.options[1]
    house.decide("approve", option=corner.id)
    market.serve("init")
    market.serve("confirm")
    assert house.suggestion(asked.id).state == "carried_out"
    assert list(house.house.orders) == [corner.order_id]


def test_a_window_that_began_is_said(house, asked):
    house.clock.turn(hours=5, minutes=1)
    result = house.decide("approve", asked, option=asked.options[0].id)
    assert result.message == "One of its delivery windows has begun; please choose another offer."
