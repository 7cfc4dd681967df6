"""What a member's answer does, once."""

import pytest

from hub.domain.effects import TellMember
from hub.settings import ApproveSettings
from hub.store.tables import SpentToken
from tests.support.household import Household, Market, later, refusal, same


@pytest.fixture(autouse=True)
def asked(house: Household, market: Market):
    house.level("milk", 0.4)
    suggestion = market.offers()
    house.send()
    return suggestion


def test_an_approval_discloses_and_orders_what_was_shown(house, market, asked):
    result = house.decide("approve")
    assert (result.result, result.message) == (
        "done",
        "Approved by Ana; ordering at corner for 2.70 EUR.",
    )
    (init,) = house.requests("init")
    assert init.party.address == "Lindenstr. 5, Berlin"
    assert init.party.email is None
    order = house.order(asked.options[0].order_id)
    assert str(order.approved_total) == "2.70 EUR"
    kinds = house.ledger()
    after = kinds[kinds.index("approved") + 1 :]
    assert after[:2] == ["granted", "disclosed"]
    assert not any(kind == "deadline" for kind, _, _ in house.house.timers)


def test_a_second_tap_is_told_the_first_ones_outcome(house, market, asked):
    first = house.decide("approve", token_id="t1", via="ntfy")
    again = house.decide("approve", asked, token_id="t1", via="ntfy")
    assert (again.result, again.message) == ("repeated", first.message)
    market.serve("init")
    market.serve("confirm")
    again = house.decide("approve", asked, token_id="t1", via="ntfy")
    assert again.result == "repeated"
    assert again.message.startswith("Ordered at corner for 2.70 EUR")
    house.restart()
    assert house.decide("approve", asked, token_id="t1").result == "repeated"
    assert len(house.rows(SpentToken)) == 1
    assert house.ledger().count("approved") == 1


def test_the_same_answer_without_a_token_is_a_repetition_too(house, asked):
    house.decide("decline")
    assert house.decide("decline", asked).result == "repeated"
    other = house.decide("approve", asked)
    assert (other.result, other.message) == ("refused", "Declined by Ana.")


def test_another_member_cannot_turn_a_decision_round(house, asked):
    house.decide("approve")
    assert house.decide("decline", asked, member="ben").result == "refused"
    assert house.suggestion(asked.id).state == "approved"


@pytest.mark.parametrize("member", ["kim", "stranger"])
def test_only_adults_decide(house, asked, member):
    before = house.suggestion(asked.id)
    result = house.decide("approve", member=member, token_id="t")
    assert (result.result, result.message) == (
        "refused",
        "Only an adult of this household may decide.",
    )
    assert house.suggestion(asked.id) == before
    assert house.rows(SpentToken) == []


MOST = [("2.70 EUR", "done", ""), ("2.69 EUR", "refused", "It costs 2.70 EUR; you may approve up")]


@pytest.mark.parametrize(("most", "result", "said"), MOST)
@pytest.mark.parametrize("member", ["ana", "kim"])
def test_who_has_a_sum_approves_up_to_it(house, asked, member, most, result, said):
    allow(house, member, up_to=most)
    answer = house.decide("approve", member=member)
    assert answer.result == result
    assert answer.message.startswith(said)


def test_a_child_answers_what_it_was_given_and_no_more(house, asked):
    allow(house, "kim", kinds=["ride"], up_to="90 EUR")
    refused = house.decide("decline", member="kim")
    assert (refused.result, "approves.kinds" in refused.message) == ("refused", True)
    allow(house, "kim", kinds=["grocery_order"])
    refused = house.decide("approve", member="kim")
    assert (refused.result, "nothing that costs money" in refused.message) == ("refused", True)
    for verb, scope in (("approve", "always"), ("decline", "never")):
        refused = house.decide(verb, member="kim", scope=scope)
        assert refused.message == "Only an adult of this household may decide."
    assert house.decide("decline", member="kim").message == "Declined by Kim."


def allow(house, member, **approves):
    settings = house.home.settings
    members = [
        one.model_copy(update={"approves": ApproveSettings(**approves)})
        if one.id == member
        else one
        for one in settings.members
    ]
    house.home.settings = settings.model_copy(update={"members": tuple(members)})


def test_an_answer_to_an_older_version_is_refused(house, asked):
    result = house.decide("approve", version=asked.version - 1)
    assert result.result == "refused"
    assert "changed since you were asked" in result.message


def test_an_answer_after_the_deadline_is_refused_before_the_tick(house, asked):
    house.clock.turn(hours=6)
    assert house.decide("approve").message == "This has expired."


def test_an_unknown_suggestion(house, asked):
    assert house.decide("approve", suggestion_id="nothing").result == "unknown"


def test_declining_lets_all_offers_go_and_tells_everybody(house, asked):
    assert house.decide("decline", member="ben").message == "Declined by Ben."
    assert house.house.orders == {}
    assert {house.order(o.order_id).state for o in asked.options} == {"cancelled"}
    told = [row.effect for row in house.outbox() if isinstance(row.effect, TellMember)]
    assert {(t.member, t.body) for t in told} == {
        ("ana", "Declined by Ben."),
        ("ben", "Declined by Ben."),
    }


def test_later_asks_again_in_an_hour_and_voids_old_buttons(house, asked):
    result = house.decide("later")
    assert result.message == "The hub asks again at 14:00."
    assert house.decide("approve", asked).result == "refused"
    house.send()
    house.tick(minutes=59)
    assert [row for row in house.outbox() if row.key.startswith("ask:")] == []
    house.restart()
    house.tick(minutes=1)
    keys = [row.key for row in house.outbox()]
    assert len(keys) == len(set(keys)) == 2
    assert house.open()[0].version == asked.version + 1


def test_there_is_no_later_than_the_deadline(house, asked):
    house.clock.turn(hours=5)
    assert house.decide("later").result == "refused"


def test_a_changed_count_is_priced_before_it_is_agreed(house, market, asked):
    result = house.decide("approve", counts={"corner-milk": 2})
    assert (result.result, result.message) == ("changed", "The new price is asked for.")
    assert house.suggestion(asked.id).state == "proposed"
    waiting = house.decide("approve")
    assert waiting.message == "corner has not answered yet; please wait a moment."
    market.serve("select")
    (now,) = house.open()
    option = next(o for o in now.options if o.provider_name == "corner")
    assert (str(option.total), option.lines[0].count) == ("1.80 EUR", 2)
    assert now.version > asked.version
    assert house.decide("approve", asked).result == "refused"
    assert house.decide("approve", option=option.id).result == "done"


def test_a_changed_window_is_asked_for(house, market, asked):
    result = house.decide("approve", slot_id="slot-1")
    assert result.result == "changed"
    (select,) = house.requests("select")
    assert select.slot.slot_id == "slot-1"
    market.serve("select")
    option = next(o for o in house.open()[0].options if o.provider_name == "corner")
    assert option.window == select.slot.window


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"counts": {"caviar": 1}}, "There is no caviar in this offer."),
        ({"counts": {"corner-milk": 100}}, "Expected 0 to 99 pieces, got 100."),
        ({"counts": {"corner-milk": -1}}, "Expected 0 to 99 pieces, got -1."),
        ({"counts": {"corner-milk": 0}}, "Nothing would be left to order; decline it instead."),
        ({"slot_id": "slot-9"}, "That delivery window is not offered (any more)."),
        ({"option": "no such"}, "Please choose one of the offers."),
    ],
)
def test_a_change_that_cannot_be_is_refused_in_words(house, asked, change, message):
    result = house.decide("approve", **change)
    assert (result.result, result.message) == ("refused", message)
    assert house.requests() == []


def test_a_refused_change_leaves_the_offer_as_it_was(house, market, asked):
    house.decide("approve", counts={"corner-milk": 9})
    market.serve("select", error=refusal(), quote=None)
    (now,) = house.open()
    option = next(o for o in now.options if o.provider_name == "corner")
    assert (str(option.total), option.lines[0].count) == ("2.70 EUR", 3)
    assert option.note == "the change was not possible: sold out"
    assert house.decide("approve", option=option.id).result == "done"


def test_a_change_that_is_never_answered_goes_back_too(house, asked):
    house.decide("approve", counts={"corner-milk": 9})
    house.tick(seconds=21)
    (now,) = house.open()
    option = next(o for o in now.options if o.provider_name == "corner")
    assert option.lines[0].count == 3
    assert house.decide("approve", option=option.id).result == "done"


def test_a_price_that_ran_out_is_asked_for_again(house, market, asked):
    house.clock.turn(hours=2)
    result = house.decide("approve")
    assert (result.result, result.message) == (
        "changed",
        "The price had run out; a new one is asked for.",
    )
    market.serve("select")
    assert house.decide("approve").result == "done"


def test_a_window_that_has_begun_gives_way_to_the_next(house, market, asked):
    house.clock.turn(hours=5, minutes=1)
    result = house.decide("approve")
    assert result.result == "changed"
    assert house.requests("select")[0].slot.slot_id == "slot-1"


def test_a_change_put_off_is_not_forgotten(house, market, asked):
    house.decide("approve", counts={"corner-milk": 2})
    house.decide("later")
    market.serve("select")
    (now,) = house.open()
    option = next(o for o in now.options if o.provider_name == "corner")
    assert str(option.total) == "1.80 EUR"
    same(house.house, house.load())


def test_other_offers_stay_choosable_while_one_is_priced(house, market, asked):
    house.decide("approve", counts={"corner-milk": 2})
    result = house.decide("approve", option=asked.options[1].id)
    assert result.message == "Approved by Ana; ordering at green for 3.60 EUR."
    market.serve("select")
    assert house.order(asked.options[0].order_id).state == "cancelled"
    market.serve("init")
    market.serve("confirm")
    assert house.suggestion(asked.id).state == "carried_out"


def test_an_answer_that_needs_no_order_is_carried_out_at_once(build):
    rules = """
rules:
  - id: dinner
    name: dinner
    when: {stock_below_par: {item: milk}}
    propose: {kind: social_meal, title: "Eat together?"}
"""
    house = build(rules=rules)
    house.level("milk", 0.4)
    assert house.open()[0].asked
    result = house.decide("approve")
    assert (result.result, result.message) == ("done", "Ana agreed.")
    assert house.open() == []


def test_what_the_provider_raised_is_asked_again(house, market, asked):
    house.decide("approve")
    (init,) = house.requests("init")
    house.answer(later(market.reply(init), "2.80"))
    (now,) = house.open()
    assert (now.state, now.version > asked.version, now.decided_by) == ("proposed", True, None)
    option = next(o for o in now.options if o.provider_name == "corner")
    assert str(option.total) == "2.80 EUR"
    assert option.note == (
        "the offer changed after you agreed: it costs 2.80 EUR instead of 2.70 EUR"
    )
    assert house.requests("confirm") == []
    assert house.decide("approve", asked).result == "refused"
    house.send()
    house.decide("approve", option=option.id)
    market.serve("init", quote=market.reply(init).quote)
    assert len(house.requests("confirm")) == 1
