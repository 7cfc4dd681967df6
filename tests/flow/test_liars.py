"""Providers that lie: nothing is paid beyond what was approved, and members are told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.domain.effects import TellMember
from hub.domain.money import money
from hub.domain.orders import Line, Quote, Window
from tests.support.household import CORNER, GREEN, Household, same


def eur(text):
    return money(text, "EUR")


def told(house: Household) -> str:
    bodies = [row.effect.body for row in house.outbox() if isinstance(row.effect, TellMember)]
    return "\n".join(dict.fromkeys(bodies))


@pytest.fixture
def asked(house, market):
    house.level("milk", 0.4)
    suggestion = market.offers()
    house.send()
    return suggestion


@pytest.fixture
def init(house, market, asked):
    """What the corner shop is asked to bring: 3 l of milk for 2.70 EUR, today 18-20."""
    house.decide("approve")
    return house.requests("init")[0]


def shifted(slot):
    hours = timedelta(hours=3)
    return replace(slot, window=Window(slot.window.start + hours, slot.window.end + hours))


LIES = {
    "dearer": (
        lambda init: {"quote": Quote(eur("2.71"))},
        "it costs 2.71 EUR instead of 2.70 EUR",
    ),
    "another window": (lambda init: {"slot": shifted(init.slot)}, "it comes at another time"),
    "fewer pieces": (
        lambda init: {"lines": (replace(init.lines[0], count=1),)},
        "it brings other things",
    ),
    "another article": (
        lambda init: {"lines": (replace(init.lines[0], item_id="corner-oats"),)},
        "it brings other things",
    ),
    "another thing under the same number": (
        lambda init: {"lines": (replace(init.lines[0], name="Oat drink"),)},
        "it brings other things",
    ),
    "something besides": (
        lambda init: {"lines": (*init.lines, Line("wine", "Wine", 1, eur("0")))},
        "it brings other things",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_is_not_as_agreed_is_asked_again_and_not_confirmed(house, market, asked, init, lie):
    facts, words = LIES[lie]
    market.serve("init", **facts(init))
    assert house.requests("confirm") == []
    (again,) = house.open()
    assert (again.state, again.version > asked.version) == ("proposed", True)
    option = again.option_with(asked.options[0].order_id)
    assert option.note == f"the offer changed after you agreed: {words}"
    assert house.order(option.order_id).state == "quoted"
    assert "changed_by_provider" in house.ledger()
    assert house.decide("approve", asked, option=asked.options[0].id).result == "refused"
    same(house.house, house.load())


@pytest.mark.parametrize(
    "facts",
    [
        lambda init: {"quote": Quote(eur("2.10"))},
        lambda init: {"lines": (replace(init.lines[0], name="MILK  1 l"),)},
        lambda init: {"lines": (), "slot": None},
    ],
)
def test_what_is_cheaper_or_only_written_otherwise_is_as_agreed(house, market, init, facts):
    market.serve("init", **facts(init))
    assert len(house.requests("confirm")) == 1


def test_another_currency_ends_the_order(house, market, asked, init):
    market.serve("init", quote=Quote(money("2.70", "USD")))
    assert house.requests("confirm") == []
    order = house.order(asked.options[0].order_id)
    assert (order.state, order.reason) == ("failed", "it suddenly asks in USD, not in EUR")
    (again,) = house.open()
    assert [option.provider_name for option in again.options] == ["green"]
    assert "it suddenly asks in USD, not in EUR" in again.body


@pytest.mark.parametrize(
    ("total", "reason"),
    [
        (money("0.10", "USD"), "it asks in USD, and this household pays in EUR"),
        (money("-3", "EUR"), "it asks -3 EUR, which is no price"),
    ],
)
def test_a_price_that_is_none_is_no_offer(house, market, total, reason):
    house.level("milk", 0.4)
    market.serve("discover")
    (lying,) = (r for r in house.requests("select") if r.to == CORNER)
    market.serve("select", who=CORNER, quote=Quote(total))
    market.serve("select", who=GREEN)
    (asked,) = house.open()
    assert [option.provider_name for option in asked.options] == ["green"]
    known = next(row for row in house.views.orders(limit=9) if row.provider == CORNER)
    assert (known.state, known.reason) == ("failed", reason)
    assert known.transaction_id == lying.transaction_id


def test_a_changed_basket_at_a_foreign_price_leaves_the_offer_before_it(house, market, asked):
    item = asked.options[0].lines[0].item_id
    assert house.decide("approve", counts={item: 1}).result == "changed"
    market.serve("select", quote=Quote(money("0.10", "USD")))
    (now,) = house.open()
    option = now.option_with(asked.options[0].order_id)
    assert (str(option.total), option.lines[0].count) == ("2.70 EUR", 3)
    assert "the change was not possible: it asks in USD" in option.note


def test_what_is_swapped_in_an_offer_is_seen_before_anybody_agrees(house, market):
    house.level("milk", 0.4)
    market.serve("discover")
    market.serve("select", who=CORNER, lines=(Line("oat", "Oat drink", 3, eur("0.10")),))
    market.serve("select", who=GREEN)
    (asked,) = house.open()
    assert [option.provider_name for option in asked.options] == ["green", "corner"]
    assert "no Milk there" in asked.options[1].because
    assert "Oat drink besides, which nobody asked for" in asked.options[1].because


def test_a_confirmation_of_something_else_is_said(house, market, asked, init):
    market.serve("init")
    (confirm,) = house.requests("confirm")
    fewer = (replace(confirm.lines[0], count=1),)
    market.serve("confirm", slot=shifted(confirm.slot), lines=fewer)
    done = house.suggestion(asked.id)
    assert done.outcome.endswith("It comes at another time and it brings other things; ask it why.")
    assert done.outcome in told(house)
    order = house.order(asked.options[0].order_id)
    assert (order.state, str(order.quote.total)) == ("confirmed", "2.70 EUR")
    assert order.lines[0].count == 3


def test_a_provider_is_told_no_more_than_it_needs(house, market):
    house.level("milk", 0.4)
    (request, *_) = house.requests("discover")
    grocer = market.grocers[request.to.subscriber_id]
    catalog = replace(grocer.catalog(house.clock.now()), needs=("address",))
    market.serve("discover", who=request.to, catalogs=(catalog,))
    market.serve("discover", catalogs=())
    market.serve("select")
    (asked,) = house.open()
    assert [one.field for one in asked.options[0].disclosures] == ["address"]
    house.decide("approve")
    (init,) = house.requests("init")
    assert (init.party.address, init.party.name) == ("Lindenstr. 5, Berlin", None)


def test_a_provider_that_must_know_what_is_kept_back_makes_no_offer(house, market):
    house.level("milk", 0.4)
    for grocer in market.grocers.values():
        catalog = replace(grocer.catalog(house.clock.now()), needs=("email", "phone"))
        market.serve("discover", who=grocer.who, catalogs=(catalog,))
    assert house.requests("select") == []
    order = house.views.orders(limit=1)[0]
    assert order.reason == (
        "it must know your phone and email (home and beckn.disclose in hub.yaml, or you said never)"
    )
