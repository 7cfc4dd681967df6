"""What a household lets be spent, with whom, and without being asked."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from hub.domain.decisions import CancelOrder, Decision, OrderCame
from hub.domain.effects import AskMember, TellMember
from hub.domain.money import money
from hub.domain.orders import Line, Quote, Score
from hub.flow.choose import over_limit
from hub.flow.decide import decide
from hub.flow.orders_after import act
from hub.settings import Settings
from tests.support.household import CORNER, GREEN, Household, Market, same

RULE = "groceries"


def home(build, **limits: Any) -> tuple[Household, Market]:
    house = build(settings={"limits": limits})
    return house, Market(house)


def asked(house, market):
    house.level("milk", 0.4)
    return market.offers()


def told(house: Household) -> list[str]:
    return [row.effect.body for row in house.outbox() if isinstance(row.effect, TellMember)]


# -- settings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"limits": {"per_order": "80"}}, "expected a sum such as 80 EUR"),
        ({"limits": {"per_month": "many EUR"}}, "expected a sum such as 80 EUR"),
        ({"limits": {"auto_approve": {"groceries": "-1 EUR"}}}, "expected a sum such as 80 EUR"),
        ({"limits": {"per_order": "80 USD"}}, "limits.per_order: expected EUR (home.currency)"),
        (
            {"limits": {"auto_approve": {"groceries": "5 USD"}}},
            "limits.auto_approve.groceries: expected EUR",
        ),
        ({"beckn": {"split_saving": "5 CHF"}}, "beckn.split_saving: expected EUR"),
    ],
)
def test_a_sum_that_is_none_is_named(settings, words):
    with pytest.raises(ValidationError) as error:
        Settings.model_validate(settings)
    assert words in str(error.value)


def test_nothing_is_limited_by_itself():
    limits = Settings().limits.read()
    assert (limits.per_order, limits.per_month, limits.never, limits.always) == (None, None, (), ())
    assert limits.auto_approve == {}
    assert Settings().beckn.split_over is None
    read = Settings.model_validate({"limits": {"per_order": "80.50 EUR"}}).limits.read()
    assert read.per_order == money("80.50", "EUR")


# -- sums --------------------------------------------------------------------------------------


def test_an_order_over_the_limit_is_shown_and_refused(build):
    house, market = home(build, per_order="3 EUR")
    suggestion = asked(house, market)
    corner, green = suggestion.options
    assert (corner.over, green.over) == (
        "",
        "3.60 EUR is over 3 EUR for an order (limits.per_order in hub.yaml)",
    )
    result = house.decide("approve", option=green.id)
    assert (result.result, result.message) == (
        "refused",
        "Nothing was ordered: 3.60 EUR is over 3 EUR for an order (limits.per_order in hub.yaml).",
    )
    assert house.requests("init") == []
    assert house.suggestion(suggestion.id).state == "proposed"
    assert house.decide("approve", option=corner.id).result == "done"


def test_a_months_orders_are_counted_together(build):
    house, market = home(build, per_month="4.50 EUR")
    first = asked(house, market)
    house.decide("approve")
    market.serve("init")
    market.serve("confirm")
    house.tick(hours=5)
    house.level("eggs", 1)
    second = market.offers()
    words = (
        "2.00 EUR, with 2.70 EUR spent already is over 4.50 EUR for a month"
        " (limits.per_month in hub.yaml)"
    )
    assert second.options[0].over == words
    done = first.options[0].order_id
    house.do(lambda tx: act(tx, house.home, OrderCame(done, "ana")))
    assert house.house.orders.get(done) is None
    assert house.decide("approve", second).message == f"Nothing was ordered: {words}."
    house.clock.turn(days=7)
    assert house.do(lambda tx: over_limit(tx, house.home, second.options[0])) == ""


def test_what_a_cancelled_order_cost_counts_too(build):
    house, market = home(build, per_month="4.50 EUR")
    first = asked(house, market)
    house.decide("approve")
    market.serve("init")
    market.serve("confirm")
    done = first.options[0].order_id
    house.do(lambda tx: act(tx, house.home, CancelOrder(done, "ana")))
    market.serve("cancel", preview=True, fee=money("2", "EUR"))
    house.decide("approve")
    market.serve("cancel", fee=money("2", "EUR"))
    assert house.order(done).state == "cancelled"
    house.tick(hours=5)
    house.count("milk", 9)
    house.level("eggs", 1)
    second = market.offers()
    option = replace(second.options[0], total=money("2.51", "EUR"))
    assert "with 2 EUR spent already" in house.do(lambda tx: over_limit(tx, house.home, option))


# -- providers ---------------------------------------------------------------------------------


def test_a_provider_that_is_never_bought_at_is_not_even_asked(build):
    house, _ = home(build, never=["Green-Valley.example"])
    house.level("milk", 0.4)
    assert [request.to for request in house.requests("discover")] == [CORNER]


def test_a_provider_known_by_its_name_only_is_dropped_once_it_says_it(build):
    house, market = home(build, never=["green"])
    suggestion = asked(house, market)
    assert [option.provider_name for option in suggestion.options] == ["corner"]
    green = next(order for order in house.views.orders(limit=9) if order.provider == GREEN)
    assert green.reason == "this household never buys there (limits.never in hub.yaml)"


def test_where_nobody_is_left_to_ask_that_is_said(build):
    house, _ = home(build, never=[GREEN.subscriber_id, CORNER.subscriber_id])
    house.level("milk", 0.4)
    assert house.requests() == []
    assert "one this household never buys at (limits.never in hub.yaml)" in told(house)[0]


def test_where_the_household_always_buys_goes_first(build):
    house, market = home(build, always=["green"])
    suggestion = asked(house, market)
    assert [option.provider_name for option in suggestion.options] == ["green", "corner"]
    assert suggestion.options[0].because == (
        "0.90 EUR dearer than corner",
        "brings everything",
        "where you always buy",
    )


def test_offers_say_what_speaks_for_them(build):
    house, market = home(build)
    house.level("milk", 0.4)
    for request in house.requests("discover"):
        grocer = market.grocers[request.to.subscriber_id]
        rated = replace(
            grocer.catalog(house.clock.now()), score=Score(money("4.5", "EUR").amount, 8)
        )
        market.serve("discover", who=request.to, catalogs=(rated,))
    market.serve("select")
    (suggestion,) = house.open()
    assert [option.because for option in suggestion.options] == [
        ("0.90 EUR cheaper than green", "brings everything", "rated 4.5 of 5 by 8"),
        ("0.90 EUR dearer than corner", "brings everything", "rated 4.5 of 5 by 8"),
    ]


# -- without asking ----------------------------------------------------------------------------


def test_a_rule_orders_by_itself_up_to_its_sum_and_members_are_told(build):
    house, market = home(build, auto_approve={RULE: "3 EUR"})
    suggestion = asked(house, market)
    assert suggestion.rule_id == RULE
    house.tick()
    now = house.suggestion(suggestion.id)
    assert (now.state, now.decided_by) == ("approved", f"rule:{RULE}")
    assert not any(isinstance(row.effect, AskMember) for row in house.outbox())
    outcome = f"Approved by the rule {RULE}; ordering at corner for 2.70 EUR."
    assert outcome in told(house)
    market.serve("init")
    market.serve("confirm")
    assert house.suggestion(suggestion.id).outcome.startswith("Ordered at corner for 2.70 EUR")
    assert house.suggestion(suggestion.id).outcome in told(house)
    (entry,) = (one for one in house.views.ledger(limit=999) if one.kind == "approved")
    assert '"via":"rule"' in entry.body
    assert "disclosed" in house.ledger()
    same(house.house, house.load())


def test_it_is_off_by_default_and_for_other_rules(build):
    house, market = home(build, auto_approve={"another": "99 EUR"})
    suggestion = asked(house, market)
    house.tick()
    assert house.suggestion(suggestion.id).state == "proposed"
    assert house.suggestion(suggestion.id).asked


@pytest.mark.parametrize(
    ("limits", "facts"),
    [
        ({"auto_approve": {RULE: "2.69 EUR"}}, {}),
        ({"auto_approve": {RULE: "9 EUR"}, "per_order": "1 EUR"}, {}),
        ({"auto_approve": {RULE: "9 EUR"}, "per_month": "1 EUR"}, {}),
        ({"auto_approve": {RULE: "9 EUR"}}, {"count": 1}),
        ({"auto_approve": {RULE: "9 EUR"}}, {"extra": True}),
    ],
)
def test_what_a_rule_may_not_order_members_are_asked(build, limits, facts):
    house, market = home(build, **limits)
    house.level("milk", 0.4)
    market.serve("discover")
    for request in house.requests("select"):
        (line,) = request.lines
        lines = (replace(line, count=facts.get("count", line.count)),)
        if facts.get("extra"):
            lines += (Line("wine", "Wine", 1, money("0", "EUR")),)
        market.serve("select", who=request.to, lines=lines)
    (suggestion,) = house.open()
    house.tick()
    now = house.suggestion(suggestion.id)
    assert (now.state, now.asked) == ("proposed", True)
    assert house.requests("init") == []


def test_nobody_decides_in_a_rules_name_what_it_may_not(build):
    house, market = home(build, auto_approve={RULE: "3 EUR"})
    suggestion = asked(house, market)
    green = suggestion.options[1]
    for option, verb in ((green.id, "approve"), (None, "decline"), (None, "later")):
        forged = Decision(suggestion.id, suggestion.version, verb, "kim", via="rule", option=option)
        result = house.do(lambda tx, forged=forged: decide(tx, house.home, forged))
        assert result.result == "refused"
    assert house.suggestion(suggestion.id).state == "proposed"


def test_a_price_raised_after_a_rule_decided_is_asked_about(build):
    house, market = home(build, auto_approve={RULE: "3 EUR"})
    suggestion = asked(house, market)
    house.tick()
    market.serve("init", quote=Quote(money("2.90", "EUR")))
    now = house.suggestion(suggestion.id)
    assert (now.state, now.asked) == ("proposed", True)
    house.tick()
    assert house.suggestion(suggestion.id).state == "proposed"
    assert house.requests("confirm") == []
