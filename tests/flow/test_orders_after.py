"""What members want of a placed order, what it costs, and what its provider makes of it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from hub.domain.decisions import (
    CancelOrder,
    Complain,
    OrderCame,
    RateOrder,
    Reschedule,
    TrackOrder,
)
from hub.domain.effects import SendOrderRequest, TellMember
from hub.domain.money import money
from hub.domain.orders import (
    Agent,
    ChangeTerms,
    OrderRequest,
    Quote,
    SupportContact,
    Tracking,
    Window,
)
from hub.domain.suggestions import Suggestion
from hub.flow.dispatch import gave_up, order_wanted
from hub.flow.orders_after import act
from tests.support.household import CORNER, GREEN, Household, refusal, same

FEE = money("2.00", "EUR")


def eur(text):
    return money(text, "EUR")


def told(house: Household) -> list[str]:
    bodies = [row.effect.body for row in house.outbox() if isinstance(row.effect, TellMember)]
    return list(dict.fromkeys(bodies))


def do(house: Household, command):
    return house.do(lambda tx: act(tx, house.home, command))


@pytest.fixture
def placed(house, market):
    """An order for 3 l of milk at the corner shop, confirmed, today 18-20."""
    house.level("milk", 0.4)
    suggestion = market.offers()
    house.decide("approve")
    market.serve("init")
    market.serve("confirm")
    house.send()
    return house.order(suggestion.options[0].order_id)


def move(house, order, slot="slot-1", member="ana"):
    return do(house, Reschedule(order.id, member, slot))


def cancel(house, order, member="ana"):
    return do(house, CancelOrder(order.id, member))


def unasked(market, order, action, **facts):
    request = OrderRequest(action, order.transaction_id, "unasked", order.provider)
    return market.answer(request, **facts)


def question(house) -> Suggestion:
    (found,) = house.open()
    return found


# -- moving ------------------------------------------------------------------------------------


def test_a_delivery_is_moved_at_the_fee_that_was_shown(house, market, placed):
    result = move(house, placed)
    assert (result.result, result.message) == ("changed", "corner is asked what moving it costs.")
    (preview,) = house.requests("update")
    assert (preview.preview, preview.slot.slot_id) == (True, "slot-1")
    assert house.order(placed.id).slot == placed.slot
    dearer = Quote(eur("4.70"))
    market.serve("update", preview=True, fee=FEE, quote=dearer)
    asked = question(house)
    assert (asked.kind, asked.ask, asked.title) == (
        "move_delivery",
        ("ana",),
        "Move the delivery of corner?",
    )
    assert asked.body == "It would come tomorrow 18:00-20:00. Moving it costs 2.00 EUR."
    assert asked.options[0].total == FEE
    assert house.requests("update") == []
    assert house.decide("approve").message == "corner is told for 2.00 EUR."
    (meant,) = house.requests("update")
    assert (meant.preview, meant.fee, meant.quote) == (False, FEE, dearer)
    assert meant.message_id != preview.message_id
    market.serve("update", fee=FEE, quote=dearer, slot=meant.slot)
    order = house.order(placed.id)
    assert (order.slot.slot_id, order.change_fee, order.change) == ("slot-1", FEE, None)
    assert order.quote == dearer
    done = house.suggestion(asked.id)
    assert done.state == "carried_out"
    assert done.outcome == "corner now comes tomorrow 18:00-20:00, for 2.00 EUR."
    assert done.outcome in told(house)
    assert house.house.timers["follow", placed.id, ""] == order.slot.window.end
    assert {"move_wanted", "change_priced", "moved"} <= set(house.ledger())
    same(house.house, house.load())


def test_a_move_that_costs_nothing_is_made_without_a_question(house, market, placed):
    move(house, placed)
    market.serve("update", preview=True)
    assert house.open() == []
    (meant,) = house.requests("update")
    market.serve("update", slot=meant.slot)
    assert house.order(placed.id).slot.slot_id == "slot-1"
    assert "corner now comes tomorrow 18:00-20:00." in told(house)
    assert house.suggestion(placed.suggestion_id).outcome.startswith("corner now comes")


def test_a_fee_hidden_in_the_total_is_asked_about(house, market, placed):
    move(house, placed)
    market.serve("update", preview=True, quote=Quote(eur("3.20")))
    assert question(house).options[0].total == eur("0.50")


def test_a_declined_fee_leaves_the_order_as_it_is(house, market, placed):
    move(house, placed)
    market.serve("update", preview=True, fee=FEE)
    asked = question(house)
    assert house.decide("decline").result == "done"
    assert house.requests("update") == []
    assert house.order(placed.id).state == "confirmed"
    assert house.decide("approve", asked, option=asked.options[0].id).result == "refused"
    assert move(house, placed).result == "changed"


def test_nobody_decided_on_the_fee(house, market, placed):
    move(house, placed)
    market.serve("update", preview=True, fee=FEE)
    asked = question(house)
    house.tick(hours=2, minutes=1)
    ended = house.suggestion(asked.id)
    assert (ended.state, ended.outcome) == (
        "expired",
        "Nobody decided in time; nothing was moved.",
    )
    assert house.order(placed.id).slot == placed.slot


def test_a_provider_that_will_not_move_it(house, market, placed):
    move(house, placed)
    market.serve("update", error=refusal(message="too late"))
    assert "corner will not move it: too late" in told(house)
    order = house.order(placed.id)
    assert (order.state, order.change, order.pending) == ("confirmed", None, None)


def test_it_agreed_to_the_fee_and_then_would_not(house, market, placed):
    move(house, placed)
    market.serve("update", preview=True, fee=FEE)
    asked = question(house)
    house.decide("approve")
    market.serve("update", error=refusal(message="full by now"))
    assert house.suggestion(asked.id).outcome == "corner will not move it: full by now"
    assert house.suggestion(asked.id).state == "failed"
    assert house.order(placed.id).slot == placed.slot


def test_a_provider_that_moves_it_elsewhere_and_asks_more_is_named(house, market, placed):
    move(house, placed)
    market.serve("update", preview=True, fee=FEE)
    asked = question(house)
    house.decide("approve")
    (meant,) = house.requests("update")
    window = Window(
        meant.slot.window.start + timedelta(hours=2), meant.slot.window.end + timedelta(hours=2)
    )
    odd = replace(meant.slot, slot_id="odd", window=window)
    market.serve("update", fee=eur("5"), slot=odd)
    assert house.suggestion(asked.id).outcome == (
        "corner now comes tomorrow 20:00-22:00, for 5 EUR. But it asks 5 EUR for that where "
        "2.00 EUR was agreed and you asked for tomorrow 18:00-20:00; ask it why."
    )
    order = house.order(placed.id)
    assert order.slot == odd
    assert order.quote == placed.quote


@pytest.mark.parametrize(
    ("fee", "words"),
    [
        (money("2", "USD"), "corner asks 2 USD for it; nothing was changed."),
        (money("-2", "EUR"), "corner asks -2 EUR for it; nothing was changed."),
    ],
)
def test_a_fee_that_is_none_is_refused(house, market, placed, fee, words):
    move(house, placed)
    market.serve("update", preview=True, fee=fee)
    assert words in told(house)
    assert house.requests("update") == []


def test_what_cannot_be_asked_is_refused(house, market, placed):
    assert do(house, Reschedule("nothing", "ana", "slot-1")).result == "unknown"
    assert move(house, placed, member="kim").result == "refused"
    assert move(house, placed, "slot-9").message == (
        "That delivery window is not offered (any more)."
    )
    assert move(house, placed, "slot-0").result == "repeated"
    move(house, placed)
    assert move(house, placed).message == "corner has not answered yet; please wait a moment."


@pytest.mark.parametrize("wish", [move, cancel])
def test_after_its_terms_are_over_nothing_is_asked(house, market, placed, wish):
    late = ChangeTerms(until=house.clock.now() + timedelta(hours=1))
    unasked(market, placed, "status", rescheduling=late, cancellation=late)
    house.tick(hours=1, minutes=1)
    assert wish(house, placed).message.startswith("It is too late: corner lets it be")


def test_an_unanswered_preview_is_repeated_under_its_id_and_then_given_up(house, market, placed):
    move(house, placed)
    (first,) = house.requests("update")
    for _ in range(2):
        house.send()
        house.restart()
        house.tick(seconds=21)
        assert house.requests("update") == [first]
    house.send()
    house.tick(seconds=21)
    assert "Nothing was changed at corner: it did not answer." in told(house)
    assert house.order(placed.id).pending is None


def test_an_unanswered_move_is_not_known_to_be_made_and_asked_for(house, market, placed):
    move(house, placed)
    market.serve("update", preview=True, fee=FEE)
    asked = question(house)
    house.decide("approve")
    for _ in range(3):
        house.send()
        house.tick(seconds=21)
    assert house.suggestion(asked.id).outcome == (
        "It is not known whether corner has moved the order: it did not answer. "
        "Please ask corner yourself."
    )
    assert [request.action for request in house.requests()] == ["status"]


def test_a_window_somebody_proposed_is_priced_first(house, market, placed):
    """As the agenda does, whose question names windows and knows no price."""
    slot = house.house.slots[placed.id][1]
    proposal = proposed(house, placed, slot)
    house.do(lambda tx: tx.save(proposal))
    assert house.decide("approve").message == "corner is asked what moving it costs."
    market.serve("update", preview=True, fee=FEE)
    again = question(house)
    assert (again.id, again.state, again.version) == (proposal.id, "proposed", 2)
    assert again.options[0].total == FEE
    house.decide("approve")
    market.serve("update", slot=slot, fee=FEE)
    assert house.suggestion(proposal.id).state == "carried_out"
    assert house.order(placed.id).slot == slot


def test_a_window_somebody_proposed_that_is_free_is_taken_at_once(house, market, placed):
    slot = house.house.slots[placed.id][1]
    proposal = proposed(house, placed, slot)
    house.do(lambda tx: tx.save(proposal))
    house.decide("approve")
    market.serve("update", preview=True)
    market.serve("update", slot=slot)
    assert house.suggestion(proposal.id).outcome == "corner now comes tomorrow 18:00-20:00."


def proposed(house, order, slot):
    offer = house.suggestion(order.suggestion_id).options[0]
    return replace(
        house.suggestion(order.suggestion_id),
        id="agenda-1",
        key="agenda:1",
        kind="move_delivery",
        state="proposed",
        version=1,
        options=(replace(offer, id="w", order_id=order.id, window=slot.window),),
        deadline=house.clock.now() + timedelta(hours=2),
        decided_by=None,
        asked=True,
    )


# -- cancelling --------------------------------------------------------------------------------


def test_an_order_is_cancelled_at_the_fee_that_was_shown(house, market, placed):
    assert house.house.stock["milk"].expected == 3.0
    cancel(house, placed)
    market.serve("cancel", preview=True, fee=FEE)
    asked = question(house)
    assert (asked.kind, asked.body) == ("cancel_order", "Cancelling it costs 2.00 EUR.")
    assert house.order(placed.id).state == "confirmed"
    house.decide("approve")
    (meant,) = house.requests("cancel")
    assert (meant.preview, meant.fee) == (False, FEE)
    market.serve("cancel", fee=FEE)
    order = house.order(placed.id)
    assert (order.state, order.change_fee) == ("cancelled", FEE)
    outcome = "The order at corner is cancelled, for 2.00 EUR."
    assert house.suggestion(asked.id).outcome == outcome
    assert outcome in told(house)
    assert house.house.stock["milk"].expected == 0.0
    same(house.house, house.load())


def test_an_order_is_cancelled_for_nothing_without_a_question(house, market, placed):
    cancel(house, placed)
    market.serve("cancel", preview=True)
    market.serve("cancel")
    assert house.order(placed.id).state == "cancelled"
    assert "The order at corner is cancelled." in told(house)


def test_what_is_owed_may_be_told_as_the_total(house, market, placed):
    cancel(house, placed)
    market.serve("cancel", preview=True, quote=Quote(eur("1.50")))
    assert question(house).options[0].total == eur("1.50")


def test_a_provider_that_asks_more_for_cancelling_than_it_told_is_named(house, market, placed):
    cancel(house, placed)
    market.serve("cancel", preview=True, fee=FEE)
    asked = question(house)
    house.decide("approve")
    market.serve("cancel", fee=eur("9"))
    assert "it asks 9 EUR for that where 2.00 EUR was agreed" in house.suggestion(asked.id).outcome
    assert house.order(placed.id).state == "cancelled"


def test_a_provider_that_cancels_while_it_is_asked_closes_the_question(house, market, placed):
    cancel(house, placed)
    market.serve("cancel", preview=True, fee=FEE)
    asked = question(house)
    unasked(market, placed, "cancel", reason="fire in the shop")
    assert house.suggestion(asked.id).state == "failed"
    assert "corner cancelled the order corner-1 (fire in the shop)." in told(house)
    assert house.order(placed.id).state == "cancelled"
    assert house.decide("approve", asked, option=asked.options[0].id).result == "refused"


def test_an_answer_to_the_preview_that_comes_twice_or_late_cancels_nothing(house, market, placed):
    cancel(house, placed)
    (preview,) = house.requests("cancel")
    answer = market.reply(preview, preview=True, fee=FEE)
    assert house.answer(answer) is True
    assert house.answer(answer) is False
    house.answer(replace(answer, message_id="another"))
    assert house.order(placed.id).state == "confirmed"


def test_a_newer_wish_takes_the_place_of_an_open_question(house, market, placed):
    move(house, placed)
    market.serve("update", preview=True, fee=FEE)
    first = question(house)
    cancel(house, placed)
    assert house.suggestion(first.id).state == "superseded"
    market.serve("cancel", preview=True, fee=FEE)
    assert question(house).kind == "cancel_order"


# -- delivery of these messages ----------------------------------------------------------------


def test_messages_about_a_placed_order_are_wanted_while_they_are_awaited(house, market, placed):
    move(house, placed)
    (row,) = [row for row in house.outbox() if isinstance(row.effect, SendOrderRequest)]
    assert order_wanted(house.house, row.effect)
    market.answer(row.effect.request, error=refusal())
    assert not order_wanted(house.house, row.effect)


def test_a_change_that_cannot_be_sent_is_given_up_and_told(house, market, placed):
    move(house, placed)
    (row,) = [row for row in house.outbox() if isinstance(row.effect, SendOrderRequest)]
    house.do(lambda tx: gave_up(tx, house.home, row.effect, "no route"))
    assert "Nothing was changed at corner: no route." in told(house)


def test_a_rating_that_cannot_be_sent_is_noted(house, market, placed):
    do(house, OrderCame(placed.id, "ana"))
    do(house, RateOrder(placed.id, "ana", 4))
    (row,) = [row for row in house.outbox() if isinstance(row.effect, SendOrderRequest)]
    assert order_wanted(house.house, row.effect)
    house.do(lambda tx: gave_up(tx, house.home, row.effect, "no route"))
    assert house.ledger()[-1] == "rate_undelivered"


# -- unasked changes ---------------------------------------------------------------------------


def test_a_provider_that_changes_an_order_is_believed_as_to_what_comes(house, market, placed):
    slot = house.house.slots[placed.id][1]
    fewer = (replace(placed.lines[0], count=1),)
    unasked(market, placed, "update", slot=slot, lines=fewer, quote=Quote(eur("0.90")))
    order = house.order(placed.id)
    assert (order.slot, order.lines[0].count, str(order.quote.total)) == (slot, 1, "0.90 EUR")
    assert house.house.stock["milk"].expected == 1.0
    assert told(house)[-1] == (
        "corner changed the order corner-1: it comes tomorrow 18:00-20:00, "
        "it brings 1 × Milk 1 l and it asks 0.90 EUR."
    )
    assert house.house.timers["follow", placed.id, ""] == slot.window.end


def test_and_never_as_to_what_is_owed(house, market, placed):
    unasked(market, placed, "update", quote=Quote(eur("9.90")))
    assert str(house.order(placed.id).quote.total) == "2.70 EUR"
    assert told(house)[-1] == (
        "corner changed the order corner-1: it asks 9.90 EUR, not 2.70 EUR. "
        "You agreed to no more than that: complain or cancel if it is wrong."
    )
    assert "changed_by_provider" in house.ledger()


def test_an_update_that_changes_nothing_tells_nobody(house, market, placed):
    unasked(market, placed, "update", fulfillment_state="Packed")
    assert house.order(placed.id).fulfillment_state == "Packed"
    assert told(house) == []


def test_an_answer_about_another_order_is_refused(house, market, placed):
    for action in ("status", "update", "cancel"):
        facts = {"order_id": "somebody-elses", "state": "cancelled", "message_id": action}
        unasked(market, placed, action, **facts)
    assert house.order(placed.id).state == "confirmed"
    assert house.ledger().count("answer_refused") == 3


# -- tracking, complaints, ratings, and that it came -------------------------------------------


def test_an_order_is_tracked(house, market, placed):
    assert do(house, TrackOrder(placed.id, "ana")).result == "changed"
    now = house.clock.now()
    here = Tracking("https://example.org/t", True, "52.5,13.4", at=now)
    market.serve("track", tracking=here, agent=Agent("Ola"))
    order = house.order(placed.id)
    assert (order.tracking, order.agent.name, order.pending) == (here, "Ola", None)
    older = replace(here, at=now - timedelta(minutes=1), gps="1,1")
    unasked(market, placed, "track", tracking=older)
    assert house.order(placed.id).tracking == here


def test_a_complaint_is_answered_also_once_the_order_is_over(house, market, placed):
    do(house, OrderCame(placed.id, "ana"))
    assert do(house, Complain(placed.id, "ana", "  ")).result == "refused"
    assert do(house, Complain(placed.id, "ana", "The milk leaks")).result == "done"
    (support,) = house.requests("support")
    assert (support.reason, support.order_id) == ("The milk leaks", "corner-1")
    market.serve("support", support=SupportContact(phone="+49 30 1", text="9 to 5"))
    assert house.order(placed.id).support.phone == "+49 30 1"
    assert "corner answers your complaint: +49 30 1, 9 to 5." in told(house)
    assert house.order(placed.id).state == "completed"
    same(house.house, house.load())


def test_a_complaint_that_is_not_taken_is_said(house, market, placed):
    do(house, Complain(placed.id, "ana", "late"))
    market.serve("support", error=refusal(message="write to us"))
    assert "corner does not take complaints here: write to us" in told(house)


def test_an_order_is_rated_once_it_has_come(house, market, placed):
    assert do(house, RateOrder(placed.id, "ana", 5)).result == "refused"
    do(house, OrderCame(placed.id, "ana"))
    assert do(house, RateOrder(placed.id, "ana", 6)).result == "refused"
    assert do(house, RateOrder(placed.id, "ana", 5, "quick")).result == "done"
    assert do(house, RateOrder(placed.id, "ana", 5, "quick")).result == "repeated"
    (rate,) = house.requests("rate")
    assert (rate.rating.stars, rate.rating.text, rate.order_id) == (5, "quick", "corner-1")
    market.serve("rate")
    assert house.order(placed.id).rating.stars == 5
    do(house, RateOrder(placed.id, "ana", 1))
    market.serve("rate", error=refusal())
    assert house.order(placed.id).rating is None
    assert house.house.orders == {}


def test_a_member_says_it_came_and_the_pantry_has_it(house, market, placed):
    assert do(house, OrderCame(placed.id, "kim")).result == "refused"
    assert do(house, OrderCame(placed.id, "ana")).result == "done"
    milk = house.house.stock["milk"]
    assert (milk.quantity, milk.expected) == (3.4, 0.0)
    order = house.order(placed.id)
    assert (order.state, order.reason) == ("completed", "a member said that it came")
    assert not any(name == placed.id for _, name, _ in house.house.timers)
    assert do(house, OrderCame(placed.id, "ana")).result == "refused"
    assert house.house.stock["milk"].quantity == 3.4


def test_what_the_fridge_saw_come_is_not_counted_twice(house, market, placed):
    house.clock.turn(hours=7)
    house.level("milk", 2.4)
    do(house, OrderCame(placed.id, "ana"))
    milk = house.house.stock["milk"]
    assert (milk.quantity, milk.expected) == (3.4, 0.0)


def test_a_change_under_way_ends_when_it_came(house, market, placed):
    move(house, placed)
    market.serve("update", preview=True, fee=FEE)
    asked = question(house)
    do(house, OrderCame(placed.id, "ana"))
    assert house.suggestion(asked.id).outcome == "corner has brought it already."
    move(house, placed)
    assert house.order(placed.id).state == "completed"


def test_only_the_provider_itself_is_heard(house, market, placed):
    request = OrderRequest("update", placed.transaction_id, "m", GREEN)
    market.answer(request, quote=Quote(eur("9")))
    assert house.ledger()[-1] == "answer_refused"
    assert house.order(placed.id) == placed
    assert placed.provider == CORNER
    assert placed.quote.total.amount == Decimal("2.70")
