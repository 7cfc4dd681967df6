"""What providers answer, and what becomes of the order and the suggestion."""

from dataclasses import replace
from decimal import Decimal

import pytest

from hub.domain.effects import TellMember
from hub.domain.orders import OrderRequest, Subscriber
from hub.flow.settle import settle
from tests.support.household import CORNER, GREEN, Household, Market, refusal, same


@pytest.fixture
def asked(house: Household, market: Market):
    house.level("milk", 0.4)
    suggestion = market.offers()
    house.send()
    return suggestion


@pytest.fixture
def approved(house, asked):
    house.decide("approve")
    return house.order(asked.options[0].order_id)


@pytest.fixture
def confirming(house, market, approved):
    market.serve("init")
    return house.house.orders[approved.id]


def told(house: Household) -> list[str]:
    bodies = [row.effect.body for row in house.outbox() if isinstance(row.effect, TellMember)]
    return list(dict.fromkeys(bodies))


def test_the_same_callback_twice_changes_nothing_the_second_time(house, market, approved):
    answer = market.reply(house.requests("init")[0])
    assert house.answer(answer) is True
    ledger, outbox = house.ledger(), house.outbox()
    assert house.answer(answer) is False
    house.restart()
    assert house.answer(answer) is False
    assert (house.ledger(), house.outbox()) == (ledger, outbox)


def test_somebody_else_cannot_answer(house, market, approved):
    stranger = Subscriber("stranger.example", "http://127.0.0.1:9")
    before = house.order(approved.id)
    answer = market.reply(house.requests("init")[0])
    assert house.answer(replace(answer, sender=stranger)) is True
    assert house.answer(replace(answer, transaction_id="nothing")) is True
    assert house.order(approved.id) == before
    assert house.ledger().count("answer_refused") == 2


def test_an_answer_to_another_message_is_noted_and_no_more(house, market, approved):
    answer = market.reply(house.requests("init")[0])
    assert house.answer(replace(answer, message_id="another")) is True
    assert house.order(approved.id).state == "quoted"
    assert house.requests("confirm") == []


def test_confirmed_on_both_sides(house, market, asked, confirming):
    (confirm,) = house.requests("confirm")
    market.serve("confirm")
    order = house.order(confirming.id)
    assert (order.state, order.order_id, order.last_message_id) == (
        "confirmed",
        "corner-1",
        confirm.message_id,
    )
    done = house.suggestion(asked.id)
    assert done.state == "carried_out"
    assert done.outcome == "Ordered at corner for 2.70 EUR, today 18:00-20:00. Order corner-1."
    assert done.outcome in told(house)
    assert house.order(asked.options[1].order_id).state == "cancelled"
    assert list(house.house.orders) == [order.id]
    same(house.house, house.load())


def test_a_confirmation_that_states_another_price_is_said(house, market, asked, confirming):
    (confirm,) = house.requests("confirm")
    dearer = replace(confirm.quote, total=replace(confirm.quote.total, amount=Decimal(9)))
    market.serve("confirm", quote=dearer)
    assert house.suggestion(asked.id).outcome.endswith("It now says 9 EUR; ask it why.")
    assert str(house.order(confirming.id).quote.total) == "2.70 EUR"


@pytest.mark.parametrize("action", ["init", "confirm"])
def test_a_provider_that_cannot_leaves_the_other_offers(house, market, asked, approved, action):
    if action == "confirm":
        market.serve("init")
    market.serve(action, error=refusal(), quote=None)
    (again,) = house.open()
    assert (again.state, [o.provider_name for o in again.options]) == ("proposed", ["green"])
    assert "corner did not take the order (sold out); nothing was ordered." in again.body
    assert house.decide("approve").result == "done"
    market.serve("init")
    market.serve("confirm")
    assert house.suggestion(asked.id).state == "carried_out"
    assert house.order(approved.id).state == "failed"


def test_the_last_provider_that_cannot_ends_it(house, market, asked, approved):
    market.serve("init", error=refusal(), quote=None)
    house.decide("approve")
    market.serve("init", error=refusal(message="closed"), quote=None)
    ended = house.suggestion(asked.id)
    assert (ended.state, ended.outcome) == (
        "failed",
        "green did not take the order (closed); nothing was ordered.",
    )
    assert house.house.orders == {}


def test_an_unanswered_init_is_repeated_under_its_own_id(house, market, asked, approved):
    (first,) = house.requests("init")
    house.send()
    house.tick(seconds=21)
    (again,) = house.requests("init")
    assert again == first
    house.send()
    house.tick(seconds=21)
    house.tick(seconds=21)
    assert house.suggestion(asked.id).state == "proposed"
    assert house.order(approved.id).reason == "no answer"


def test_a_provider_is_not_given_up_for_an_answer_nobody_was_there_to_hear(house, market, approved):
    (first,) = house.requests("init")
    house.tick(seconds=21)
    house.tick(seconds=21)
    house.clock.turn(hours=1)
    house.restart()
    house.tick()
    assert house.order(approved.id).pending == "init"
    house.answer(market.reply(first))
    assert house.order(approved.id).pending == "confirm"


def test_an_unanswered_confirm_is_asked_for_and_never_sent_again(house, market, confirming):
    house.send()
    for seconds in (21, 41, 81, 161):
        house.restart()
        house.tick(seconds=seconds)
    assert [request.action for request in house.requests()] == ["status"] * 4
    assert house.order(confirming.id).pending == "confirm"
    market.answer(house.requests("status")[0])
    assert house.order(confirming.id).state == "confirmed"
    house.send()
    house.tick(hours=1)
    assert house.requests() == []


def test_a_confirm_the_provider_never_got_goes_again_under_its_id(house, market, confirming):
    (first,) = house.requests("confirm")
    house.send()
    house.tick(seconds=21)
    market.serve("status", error=refusal("30004", "no such order"), state=None)
    (again,) = house.requests("confirm")
    assert again.message_id == first.message_id
    market.serve("confirm")
    assert house.order(confirming.id).state == "confirmed"


def test_a_doubt_that_is_never_cleared_is_said_after_a_day(house, market, asked, confirming):
    for _ in range(40):
        house.send()
        house.tick(hours=1)
    (again,) = house.open() or [house.suggestion(asked.id)]
    assert "corner never said whether it took the order. Please ask corner yourself." in (
        again.body + again.outcome
    )
    assert house.order(confirming.id).state == "failed"


def test_a_status_says_that_the_order_in_doubt_is_off(house, market, asked, confirming):
    house.send()
    house.tick(seconds=21)
    market.serve("status", state="cancelled")
    assert house.order(confirming.id).state == "failed"
    assert house.suggestion(asked.id).state == "proposed"


@pytest.mark.parametrize("state", ["quoted", "initialised", "confirmed", "in_progress"])
def test_a_status_can_neither_quote_nor_place_an_order(house, market, asked, state):
    order = house.order(asked.options[0].order_id)
    market.answer(status_of(order), state=state, message_id=f"unasked-{state}")
    assert house.order(order.id) == order


def status_of(order):
    """Return the status request that would have asked about an order."""
    return OrderRequest("status", order.transaction_id, "m", order.provider)


def test_an_offer_that_is_withdrawn_is_gone(house, market, asked):
    order = house.order(asked.options[0].order_id)
    request = replace(status_of(order), action="cancel")
    market.answer(request)
    (now,) = house.open()
    assert [o.provider_name for o in now.options] == ["green"]
    assert now.version == asked.version + 1
    assert house.house.stock["milk"].expected == 0.0


def test_a_cancellation_is_told_and_nothing_is_expected_any_more(house, market, asked, confirming):
    market.serve("confirm")
    assert house.house.stock["milk"].expected == 3.0
    request = replace(status_of(confirming), action="cancel")
    market.answer(request, preview=True, message_id="what would it cost")
    assert house.order(confirming.id).state == "confirmed"
    market.answer(request)
    assert house.order(confirming.id).state == "cancelled"
    assert house.house.stock["milk"].expected == 0.0
    closed = house.suggestion(asked.id)
    assert closed.state == "carried_out"
    assert "corner cancelled the order corner-1." in told(house)
    same(house.house, house.load())


def test_an_order_is_followed_until_it_has_come(house, market, confirming):
    market.serve("confirm")
    house.tick(hours=7, minutes=1)
    market.serve("status", state="in_progress", fulfillment_state="Out for delivery")
    assert house.order(confirming.id).fulfillment_state == "Out for delivery"
    house.tick(hours=1)
    market.serve("status", state="completed")
    assert house.order(confirming.id).state == "completed"
    assert house.house.orders == {}
    assert house.house.stock["milk"].expected == 3.0
    house.tick(hours=13)
    assert house.house.stock["milk"].expected == 0.0
    assert not any(kind in ("follow", "patience") for kind, _, _ in house.house.timers)


def test_an_order_nobody_speaks_of_any_more_is_taken_for_delivered(house, market, confirming):
    market.serve("confirm")
    for _ in range(40):
        house.send()
        house.tick(hours=1)
    assert house.order(confirming.id).state == "completed"
    assert house.house.stock["milk"].expected == 0.0
    assert house.house.orders == {}


def test_an_offer_after_the_decision_is_let_go(house, market):
    house.level("milk", 0.4)
    market.serve("discover")
    market.serve("select", who=CORNER)
    (late,) = house.requests("select")
    house.tick(seconds=11)
    house.decide("approve")
    market.answer(late)
    assert house.order(order_of(house, late)).state == "cancelled"
    market.serve("init")
    market.serve("confirm")
    assert house.open() == []


def test_an_offer_after_the_question_is_let_go(house, market):
    house.level("milk", 0.4)
    market.serve("discover")
    market.serve("select", who=CORNER)
    house.tick(seconds=11)
    (suggestion,) = house.open()
    market.serve("select", who=GREEN)
    assert house.open() == [suggestion]


def order_of(house: Household, request) -> str:
    return next(
        row.effect.order_id
        for row in house.outbox()
        if getattr(row.effect, "request", None) == request
    )


def test_what_a_provider_lacks_is_said(house, market):
    house.level("milk", 0.4)
    house.level("toilet-paper", 1)
    asked = market.offers()
    assert asked.options[0].note == "no Toilet paper there"


@pytest.mark.parametrize("error", [None, refusal("40000", "not today")])
def test_offers_that_come_to_nothing_are_dropped(house, market, error):
    house.level("milk", 0.4)
    market.serve("discover", who=GREEN, catalogs=(), error=error)
    market.serve("discover", who=CORNER)
    market.serve("select", who=CORNER)
    (asked,) = house.open()
    assert (asked.asked, len(asked.options)) == (True, 1)


def test_an_answer_in_the_same_batch_as_the_end_does_not_bring_an_order_back(
    house, market, confirming
):
    (confirm,) = house.requests("confirm")
    refused = market.reply(confirm, error=refusal())
    cancel = market.reply(replace(confirm, action="cancel", message_id="c"))

    def both(tx):
        settle(tx, house.home, refused)
        settle(tx, house.home, cancel)

    house.do(both)
    assert house.order(confirming.id).state == "failed"
    same(house.house, house.load())
