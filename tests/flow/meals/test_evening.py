"""From a notice to the table for those who said yes, and what may come between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from hub.domain.activities import ActivityError
from hub.domain.effects import TellMember
from hub.domain.geo import read_gps
from hub.domain.mealplan import MealRequest
from hub.domain.money import money
from hub.domain.offers import Window
from hub.domain.suggestions import Suggestion
from hub.flow import befriend, owners
from hub.flow.activities import organize
from hub.flow.meals import decide, table
from hub.flow.meals.ideas import wanted
from tests.support.household import NOON, SETTINGS
from tests.support.shops import CATALOGUES, Shop
from tests.support.supper import RIVER, Supper

Lay = Callable[..., Supper]
TINY = """
provider:
  id: tiny
  name: Tiny
  kind: restaurant
  timezone: Europe/Berlin
  currency: EUR
  lead_minutes: 60
  days_ahead: 14
  needs: [name, phone]
tables:
  - {id: two, name: Table for two, seats: 2, count: 6}
  - {id: three, name: Table for three, seats: 3, count: 1}
sittings:
  - {id: late, start: "19:45", end: "22:30", capacity: 30}
cancellation: {free_minutes: 240, fee: "10.00", until_minutes: 30}
rescheduling: {free_minutes: 120, until_minutes: 60}
"""
LATER = Window(NOON + timedelta(days=1), NOON + timedelta(days=1, hours=2))
AT_HOME = {**SETTINGS["home"], "phone": "+49 30 1", "name": "Ada", "gps": "52.5310,13.4120"}
OTHER = RIVER.replace("river-table", "hill-table").replace("Table by the River", "Hill House")
SMALL = RIVER.replace("{id: long,", "# {id: long,").replace(
    "seats: 4, count: 5", "seats: 3, count: 5"
)


def told(supper: Supper) -> list[str]:
    """Return what members were told, and take it."""
    rows = [one for one in supper.house.outbox() if isinstance(one.effect, TellMember)]
    supper.house.do(lambda tx: [tx.done(one.id) for one in rows])
    return [row.effect.body for row in rows]  # type: ignore[union-attr]


def test_from_the_notice_to_the_table(lay: Lay) -> None:
    supper = lay("Ben", "Cleo", "Dan")
    asked = supper.propose()
    assert asked.kind == "social_meal"
    assert [one.provider_name for one in asked.options] == [
        "Table by the River", "At Ben's home", "At Cleo's home",
    ]  # fmt: skip
    assert supper.house.decide("approve", asked).result == "done"
    supper.run()
    assert supper.meal.state == "inviting"
    supper.answer("Ben", "approve")
    supper.answer("Cleo", "decline")
    supper.run()
    assert supper.meal.state == "inviting"
    supper.answer("Dan", "approve")
    supper.run()
    assert (supper.meal.state, supper.meal.size) == ("booked", 3)
    assert supper.tables() == [("confirmed", 3)]
    for side in (supper.ada, supper.friends["Ben"], supper.friends["Dan"]):
        activity = supper.activity(side)
        assert (activity.state, activity.details.location) == ("confirmed", "Table by the River")
        assert read_gps(str(activity.details.gps)) == (52.548, 13.373), "a ride there can be found"
        assert [one.partstat for one in activity.attendees] == ["ACCEPTED", "DECLINED", "ACCEPTED"]
    assert supper.questions() == []
    supper.whole()


def test_guests_are_those_at_the_same_activity_today(lay: Lay) -> None:
    supper = lay("Ben", "Cleo", "Dan")
    supper.fishing()
    supper.again("Dan", "DECLINED", next(iter(supper.house.house.activities)))
    supper.pass_on()
    supper.alert()
    assert [one.name for one in supper.meal.guests] == ["Ben", "Cleo"]


def test_when_friends_have_time_is_asked_of_hubs_that_allow_it(lay: Lay) -> None:
    supper = lay("Ben", "Cleo", rule="where: home")
    supper.allow("Ben")
    supper.busy("Ben", 18, 19)
    asked = supper.propose()
    home = asked.options[0]
    assert home.window is not None
    assert home.window.start.hour == 19, "Ben is busy until then"
    assert "whether Cleo can is not known" in home.note
    assert "Ben" not in home.note.replace("Ben is asked", "")


def test_a_sitting_that_does_not_suit_says_who_is_busy(lay: Lay) -> None:
    supper = lay("Ben", rule="where: out")
    supper.allow("Ben")
    supper.busy("Ben", 18, 21)
    (table,) = supper.propose().options
    assert table.note == "Ben is busy then"


def test_a_hub_that_is_off_until_tomorrow_holds_nobody_up(lay: Lay) -> None:
    supper = lay("Ben", "Cleo")
    supper.off.add("Ben")
    supper.allow("Cleo")
    asked = supper.propose()
    assert "whether Ben can is not known" in asked.options[0].note
    supper.house.decide("approve", asked)
    supper.run()
    supper.answer("Cleo", "approve")
    supper.run()
    assert supper.meal.state == "inviting", "Ben may still answer"
    supper.run(hours=2)
    assert (supper.meal.state, supper.tables()) == ("booked", [("confirmed", 2)])
    supper.run(hours=10)
    assert supper.meal.state == "over"
    supper.off.clear()
    supper.run(hours=10)
    assert [one.kind for one in supper.friends["Ben"].house.open()] == []
    assert supper.tables() == [("confirmed", 2)]
    supper.whole()


def test_a_yes_after_the_deadline_is_for_the_members(lay: Lay) -> None:
    supper = lay("Ben", "Cleo", "Dan")
    supper.house.decide("approve", supper.propose())
    supper.run()
    supper.answer("Ben", "approve")
    supper.run()
    supper.run(hours=2, minutes=1)
    assert supper.tables() == [("confirmed", 2)]
    supper.again("Cleo", "ACCEPTED")
    supper.again("Dan", "ACCEPTED")
    supper.run()
    assert supper.tables() == [("confirmed", 2)]
    cleo, dan = sorted(supper.questions(), key=lambda one: one.title)
    assert cleo.title == "Is there room for Cleo at Dinner?"
    assert supper.house.decide("approve", cleo).result == "done"
    supper.run()
    assert supper.tables() == [("confirmed", 3)]
    assert supper.house.decide("decline", dan).result == "done"
    supper.run()
    assert supper.tables() == [("confirmed", 3)]
    assert supper.activity(supper.friends["Dan"]).state == "cancelled"
    here = {one.name: one.partstat for one in supper.activity(supper.ada).attendees}
    assert here == {"Ben": "ACCEPTED", "Cleo": "ACCEPTED"}
    assert supper.meal.late == ()
    supper.whole()


def test_a_guest_who_says_yes_no_yes(lay: Lay) -> None:
    supper = lay("Ben", "Cleo")
    supper.settle("Ben", "Cleo")
    assert supper.tables() == [("confirmed", 3)]
    supper.again("Ben", "DECLINED")
    supper.run()
    assert supper.tables() == [("confirmed", 2)]
    supper.again("Ben", "ACCEPTED")
    supper.run()
    assert supper.tables() == [("confirmed", 3)], "it was in time"
    supper.run(hours=2, minutes=5)
    supper.again("Ben", "DECLINED")
    supper.run()
    assert supper.tables() == [("confirmed", 2)]
    supper.again("Ben", "ACCEPTED")
    supper.run()
    (asked,) = supper.questions()
    supper.again("Ben", "DECLINED")
    supper.run()
    assert supper.questions() == []
    assert supper.house.suggestion(asked.id).state == "superseded"
    assert supper.tables() == [("confirmed", 2)]


def test_nobody_has_time(lay: Lay) -> None:
    supper = lay("Ben", "Cleo")
    supper.house.decide("approve", supper.propose())
    supper.run()
    supper.answer("Ben", "decline")
    supper.run(hours=2)
    assert (supper.meal.state, supper.tables()) == ("cancelled", [])
    assert "Dinner is off: nobody has time." in told(supper)
    assert supper.activity(supper.friends["Cleo"]).state == "cancelled"
    assert supper.house.house.timers.keys() <= {("tidy", "", "")} | {
        key for key in supper.house.house.timers if key[0] not in ("meal", "collect")
    }


def test_a_restaurant_that_books_and_then_cancels(lay: Lay) -> None:
    supper = lay("Ben", "Cleo", restaurants=(RIVER, OTHER))
    supper.settle("Ben", "Cleo")
    first = supper.house.order(supper.meal.order_id)
    shop = supper.street.shops[first.provider.subscriber_id]
    shop.step(supper.house, shop.counter.changes.withdraw, "the kitchen burns")
    supper.run()
    assert supper.meal.state == "booking"
    assert supper.activity(supper.friends["Ben"]).state == "tentative"
    (asked,) = supper.questions()
    assert "the kitchen burns" in asked.body
    shop.us = shop.us  # it may offer again; the other one is as good
    assert supper.house.decide("approve", asked).result == "done"
    supper.run()
    assert supper.meal.state == "booked"
    assert sorted(supper.tables()) == [("cancelled", 3), ("confirmed", 3)]
    activity = supper.activity(supper.friends["Ben"])
    assert (activity.state, activity.details.location) == ("confirmed", supper.meal.place)
    assert supper.meal.order_id != first.id
    assert [one.partstat for one in activity.attendees] == ["ACCEPTED", "ACCEPTED"]
    supper.whole()


def test_no_restaurant_has_a_table_any_more(lay: Lay) -> None:
    supper = lay("Ben")
    supper.house.decide("approve", supper.propose())
    supper.run()
    supper.street.household.home.providers = {}
    supper.answer("Ben", "approve")
    supper.run()
    assert supper.meal.state == "booking"
    (asked,) = supper.questions()
    assert "No restaurant is known" in asked.body
    assert supper.house.decide("decline", asked).result == "done"
    supper.run()
    assert supper.meal.state == "cancelled"
    assert supper.activity(supper.friends["Ben"]).state == "cancelled"


# -- the notice is cancelled -------------------------------------------------------------------


def test_a_notice_that_is_cancelled_before_anybody_agreed(lay: Lay) -> None:
    supper = lay("Ben")
    asked = supper.propose()
    supper.call_alert_off()
    supper.run()
    assert supper.house.suggestion(asked.id).state == "expired"
    assert supper.meal.state == "cancelled"
    assert supper.house.open() == []


def test_a_notice_that_is_cancelled_after_everyone_agreed(lay: Lay) -> None:
    supper = lay("Ben", "Cleo")
    supper.settle("Ben", "Cleo")
    supper.call_alert_off()
    supper.run()
    (asked,) = supper.questions()
    assert asked.title == "Call Dinner off?"
    assert "That is free." in asked.body
    assert supper.house.decide("approve", asked).result == "done"
    supper.run()
    assert supper.tables() == [("cancelled", 3)]
    for side in (supper.ada, *supper.friends.values()):
        assert supper.activity(side).state == "cancelled"
    assert supper.meal.state == "cancelled"
    assert supper.house.open() == []
    supper.whole()


def test_undoing_that_costs_shows_the_cost_first(lay: Lay) -> None:
    dear = RIVER.replace("free_minutes: 240, fee", "free_minutes: 600, fee")
    supper = lay("Ben", restaurants=(dear,))
    supper.settle("Ben")
    supper.call_alert_off()
    supper.run()
    (asked,) = supper.questions()
    assert asked.options[0].total == money("10.00", "EUR")
    assert "That costs 10.00 EUR." in asked.body
    assert supper.tables() == [("confirmed", 2)]
    assert supper.house.decide("approve", asked).result == "done"
    supper.run()
    assert supper.tables() == [("cancelled", 2)]
    assert supper.house.open() == []
    assert supper.house.order(supper.meal.order_id).change_fee == money("10.00", "EUR")


def test_a_meal_that_members_keep_although_its_reason_is_gone(lay: Lay) -> None:
    supper = lay("Ben")
    supper.settle("Ben")
    supper.call_alert_off()
    supper.run()
    (asked,) = supper.questions()
    assert supper.house.decide("decline", asked).result == "done"
    supper.call_alert_off()
    supper.run()
    assert supper.questions() == []
    assert (supper.meal.state, supper.tables()) == ("booked", [("confirmed", 2)])


def test_newer_word_of_a_notice_makes_no_second_meal(lay: Lay) -> None:
    supper = lay("Ben")
    supper.settle("Ben")
    sent = "2026-11-24T12:00:00+00:00"
    supper.alert("A2", msgType="Update", references=f"gas@example.org,A1,{sent}")
    supper.run()
    assert supper.house.open() == []
    assert supper.meal.cause == "gas@example.org,A2"
    newer = supper.clock.now().isoformat()
    refers = f"gas@example.org,A2,{newer}"
    supper.alert("A3", msgType="Cancel", references=refers)
    supper.run()
    assert len(supper.questions()) == 1


# -- members -----------------------------------------------------------------------------------


def test_a_member_wants_it(lay: Lay) -> None:
    supper = lay("Ben", "Cleo", rules="rules: []")
    request = MealRequest("ana", guests=(supper.ada.contact(supper.friends["Ben"]).id,), people=1)
    home = supper.house.home
    made = supper.house.do(lambda tx: wanted(tx, home, request, "api"))
    again = supper.house.do(lambda tx: wanted(tx, home, request, "api"))
    assert made.id == again.id
    supper.run()
    supper.run(seconds=6)
    (asked,) = supper.house.open()
    assert [one.provider_name for one in asked.options] == [
        "Table by the River", "At your home", "At Ben's home",
    ]  # fmt: skip
    assert asked.because[0].text == "Ana would like to eat together"
    supper.house.decide("approve", asked)
    supper.run()
    with pytest.raises(ActivityError, match="there is Dinner with friends already"):
        supper.house.do(lambda tx: wanted(tx, home, request, "api"))
    supper.house.do(lambda tx: decide.call_off(tx, home, supper.meal, "Ana is ill"))
    supper.run()
    assert supper.meal.state == "cancelled"
    assert supper.activity(supper.friends["Ben"]).state == "cancelled"


def test_cancelled_in_the_calendar_it_is_off(lay: Lay) -> None:
    supper = lay("Ben")
    supper.settle("Ben")
    home, uid = supper.house.home, supper.meal.uid
    supper.house.do(lambda tx: organize.cancel(tx, home, uid, "ana", "web"))
    supper.run()
    assert (supper.meal.state, supper.tables()) == ("cancelled", [("cancelled", 2)])


def test_at_home_they_share_the_shopping_and_the_bill(lay: Lay) -> None:
    eats = "where: home\n  eats: {rice: 0.1, eggs: 2}"
    supper = lay("Ben", "Cleo", rule=eats)
    asked = supper.propose()
    at_ben = next(one for one in asked.options if one.provider_name == "At Ben's home")
    supper.house.decide("approve", asked, option=at_ben.id)
    supper.run()
    assert "Ben, may it be at your home?" in supper.activity(supper.ada).details.description
    supper.answer("Ben", "approve")
    supper.answer("Cleo", "approve")
    supper.run()
    assert (supper.meal.state, supper.tables()) == ("booked", [])
    seen = supper.activity(supper.friends["Cleo"])
    assert seen.details.location == "Ben's home"
    assert "To buy for 3: 0.3 kg Rice, 6 pc Eggs." in seen.details.description
    supper.again("Cleo", "DECLINED")
    supper.run()
    seen = supper.activity(supper.friends["Ben"])
    assert "To buy for 2: 0.2 kg Rice, 4 pc Eggs." in seen.details.description
    total, home = money("20.01", "EUR"), supper.house.home
    supper.house.do(lambda tx: decide.split_bill(tx, home, supper.meal, total, "ana"))
    supper.run()
    seen = supper.activity(supper.friends["Ben"])
    assert "It came to 20.01 EUR: Ada 10.01 EUR, Ben 10.00 EUR." in seen.details.description
    assert seen.sequence == 1, "nobody is asked anew for that"
    supper.again("Ben", "DECLINED")
    supper.run()
    assert supper.meal.state == "cancelled", "nobody is left"


def take_the_last(shop: Shop) -> None:
    """Have somebody else sit at the only larger table."""
    (sale,) = shop.sales("confirmed")
    assert sale.slot is not None
    kind, window = f"table:three@{sale.slot.slot_id}", sale.slot.window
    assert shop.store.step(lambda: shop.store.shelves.hold("others", kind, window, 1, 1))


def test_a_table_that_cannot_grow_is_taken_elsewhere(lay: Lay) -> None:
    supper = lay("Ben", "Cleo", restaurants=(TINY, OTHER))
    asked = supper.propose()
    tiny = next(one for one in asked.options if one.provider_name == "Tiny")
    supper.house.decide("approve", asked, option=tiny.id)
    supper.run()
    supper.answer("Ben", "approve")
    supper.run(hours=1)
    supper.run(hours=1, minutes=1)
    assert (supper.meal.place, supper.tables()) == ("Tiny", [("confirmed", 2)])
    take_the_last(supper.shops[0])
    supper.again("Cleo", "ACCEPTED")
    supper.run()
    (asked,) = supper.questions()
    supper.house.decide("approve", asked)
    supper.run()
    assert (supper.meal.state, supper.meal.place) == ("booked", "Hill House")
    assert sorted(supper.tables()) == [("cancelled", 2), ("confirmed", 3)]
    assert supper.activity(supper.friends["Ben"]).details.location == "Hill House"
    assert supper.questions() == []
    supper.whole()


def test_a_table_that_cannot_grow_at_all_is_for_the_members(lay: Lay) -> None:
    supper = lay("Ben", "Cleo", restaurants=(TINY,))
    supper.house.decide("approve", supper.propose())
    supper.run()
    supper.answer("Ben", "approve")
    supper.run()
    supper.run(hours=2, minutes=1)
    take_the_last(supper.shops[0])
    supper.again("Cleo", "ACCEPTED")
    supper.run()
    (asked,) = supper.questions()
    supper.house.decide("approve", asked)
    supper.run()
    (asked,) = supper.questions()
    assert "The table stays for 2, but you are 3" in asked.body
    assert supper.house.decide("decline", asked).result == "done"
    assert (supper.meal.state, supper.tables()) == ("booked", [("confirmed", 2)])


def test_a_friend_without_a_hub_is_asked_by_mail(lay: Lay) -> None:
    smtp = {"host": "127.0.0.1", "sender": "ada@one.example"}
    supper = lay("Ben", smtp=smtp)
    home = supper.house.home
    supper.house.do(lambda tx: befriend.add_by_mail(tx, "Dora", "dora@mail.example"))
    supper.house.decide("approve", supper.propose())
    supper.run()
    assert [one.name for one in supper.meal.guests] == ["Ben", "Dora"]
    supper.answer("Ben", "decline")
    supper.run()
    uid, dora = supper.meal.uid, "mailto:dora@mail.example"
    supper.house.do(lambda tx: organize.note_answer(tx, home, uid, dora, "ACCEPTED", "ana", "web"))
    supper.run()
    assert (supper.meal.state, supper.tables()) == ("booked", [("confirmed", 2)])


# -- groceries ---------------------------------------------------------------------------------

BOTH = """
rules:
  - id: no_gas
    name: No gas tonight
    when: {notice: {service: gas}}
    propose: {kind: social_meal, people: 1}
  - id: groceries
    name: Groceries
    when: {stock_below_par: {item: any}}
    propose: {kind: grocery_order, items: below_par}
"""
GROCER = (CATALOGUES / "green-valley.yaml").read_text()


def groceries(supper: Supper) -> Suggestion:
    (found,) = [one for one in supper.house.open() if one.kind == "grocery_order"]
    return found


def test_groceries_for_tonight_are_held_back_and_asked_about_again(lay: Lay) -> None:
    supper = lay("Ben", restaurants=(RIVER, GROCER), rules=BOTH)
    supper.house.level("milk", 0.4)
    supper.run()
    supper.run(seconds=6)
    before = groceries(supper)
    assert before.asked
    supper.alert()
    supper.run()
    supper.run(seconds=6)
    (asked,) = [one for one in supper.house.open() if one.kind == "social_meal"]
    supper.house.decide("approve", asked)
    held = groceries(supper)
    assert held.not_before == supper.meal.window.end
    assert (
        held.because[-1].text
        == "Held back until afterwards: Dinner with friends, today 19:45-21:45"
    )
    assert held.deadline > supper.meal.window.end
    assert supper.house.decide("approve", before).result == "refused", "its buttons are void"
    supper.house.level("eggs", 1)
    supper.run()
    supper.run(seconds=6)
    assert groceries(supper).not_before == supper.meal.window.end, "a larger basket waits too"
    assert "eggs" in {want.item for want in groceries(supper).wants}
    supper.answer("Ben", "decline")
    supper.run()
    assert supper.meal.state == "cancelled"
    again = groceries(supper)
    assert (again.not_before, again.asked) == (None, True)
    assert not any("Held back" in one.text for one in again.because)
    assert supper.house.decide("approve", again).result == "done"
    supper.whole()


def test_what_is_held_back_is_asked_after_dinner(lay: Lay) -> None:
    supper = lay("Ben", restaurants=(RIVER, GROCER), rules=BOTH)
    supper.settle("Ben")
    supper.house.level("milk", 0.4)
    supper.run()
    supper.run(seconds=6)
    held = groceries(supper)
    assert held.not_before == supper.meal.window.end
    supper.run(hours=9)
    assert supper.meal.state == "over"
    assert groceries(supper).asked
    assert groceries(supper).not_before is None


def test_what_cannot_come_before_dinner_is_not_held_back(lay: Lay) -> None:
    supper = lay("Ben", restaurants=(RIVER, GROCER), rules=BOTH)
    supper.house.level("milk", 0.4)
    supper.run()
    supper.run(seconds=6)
    basket = groceries(supper)
    late = [replace(one, window=LATER) for one in basket.options]
    supper.house.do(lambda tx: tx.save(replace(basket, options=tuple(late))))
    supper.alert()
    supper.run()
    supper.run(seconds=6)
    (asked,) = [one for one in supper.house.open() if one.kind == "social_meal"]
    supper.house.decide("approve", asked)
    assert groceries(supper).not_before is None


# -- killed at any moment ------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_moment_and_told_twice_it_ends_the_same(lay: Lay, seed: int) -> None:
    supper = lay("Ben", "Cleo", "Dan")
    dice = Random(seed)
    news = table.news

    def twice(tx: Any, home: Any, *what: Any) -> None:
        news(tx, home, *what)
        news(tx, home, *what)

    owners.OWNERS["meal"] = twice  # type: ignore[index]
    try:
        supper.kills = lambda: dice.random() < 0.2
        supper.settle("Ben", "Dan")
        supper.again("Ben", "DECLINED")
        supper.run()
        supper.again("Cleo", "ACCEPTED")
        supper.run()
        supper.again("Ben", "ACCEPTED")
        supper.run()
        assert supper.tables() == [("confirmed", 4)]
        supper.call_alert_off()
        supper.run()
        (asked,) = supper.questions()
        supper.house.decide("approve", asked)
        supper.run()
    finally:
        owners.OWNERS["meal"] = news  # type: ignore[index]
    assert supper.tables() == [("cancelled", 4)]
    assert [supper.activity(side).state for side in (supper.ada, *supper.friends.values())] == [
        "cancelled"
    ] * 4
    sent = [entry for entry in supper.house.ledger() if entry == "confirmed"]
    assert len(sent) == 1, "one table was booked, once"
    supper.whole()


@pytest.mark.parametrize(
    ("rule", "offered"),
    [
        ("diets: [vegan]", ["Table by the River"]),
        ("diets: [halal]", []),
        ("max_km: 5", ["Table by the River"]),
        ("max_km: 1", []),
    ],
)
def test_restaurants_are_chosen_by_diet_and_distance(
    lay: Lay, rule: str, offered: list[str]
) -> None:
    supper = lay("Ben", rule=f"where: out\n  {rule}", home=AT_HOME)
    supper.alert()
    supper.run()
    supper.run(seconds=6)
    options = [one for s in supper.house.open() for one in s.options]
    assert [one.provider_name for one in options] == offered
    if not offered:
        assert supper.meal.state == "cancelled"


def test_what_a_restaurant_does_not_say_is_noted(lay: Lay) -> None:
    silent = RIVER.replace("  diets: [vegetarian, vegan]\n", "").replace("  gps:", "  # gps:")
    rule = "where: out\n  diets: [vegan]\n  max_km: 5"
    supper = lay("Ben", rule=rule, home=AT_HOME, restaurants=(silent,))
    (table_,) = supper.propose().options
    assert "it does not say whether it caters for vegan" in table_.note
    assert "it does not say where it is" in table_.note
    supper.house.decide("approve", supper.house.open()[0])
    supper.run()
    supper.answer("Ben", "approve")
    supper.run()
    assert supper.meal.state == "booked", "that was agreed to"


# -- one meal an evening -------------------------------------------------------------------------


def test_two_notices_make_one_proposal(lay: Lay) -> None:
    supper = lay("Ben")
    supper.propose()
    supper.alert("B1", sender="water@example.org")
    supper.run()
    supper.run(seconds=6)
    assert len(supper.house.open()) == 1
    home, request = supper.house.home, MealRequest("ana")
    again = supper.house.do(lambda tx: wanted(tx, home, request, "api"))
    assert again.id == supper.meal.id


def test_a_proposal_may_be_agreed_to_after_its_wished_time(lay: Lay) -> None:
    supper = lay("Ben", rule="where: home\n  at: '18:00'\n  answer_within: 30m")
    supper.allow("Ben")
    supper.busy("Ben", 17, 19)
    late = supper.propose().options[0]
    assert late.window is not None
    assert late.window.start.hour == 19
    supper.run(hours=5, minutes=20)
    assert supper.meal.state == "proposed"
    assert supper.house.decide("approve", supper.house.open()[0], option=late.id).result == "done"
    assert supper.meal.window == late.window


def test_no_time_is_left_to_ask_the_others(lay: Lay) -> None:
    supper = lay("Ben")
    supper.propose()
    supper.run(hours=5, minutes=40)
    (asked,) = supper.house.open()
    result = supper.house.decide("approve", asked)
    assert (result.result, supper.meal.state) == ("refused", "proposed")
    assert "no time left" in result.message


def test_members_are_asked_after_their_quiet_hours(lay: Lay) -> None:
    supper = lay("Ben", rule="at: '20:00'", home={**AT_HOME, "quiet_hours": "12:00-14:00"})
    supper.alert()
    supper.run()
    supper.run(seconds=6)
    (waiting,) = supper.house.open()
    assert not waiting.asked
    assert waiting.options
    assert supper.house.decide("approve", waiting).result == "done", "whoever looks may answer"
    supper.run()
    assert supper.meal.state == "inviting"


def test_nothing_is_agreed_to_while_the_others_are_being_asked(lay: Lay) -> None:
    supper = lay("Ben")
    supper.alert()
    (waiting,) = supper.house.open()
    result = supper.house.decide("approve", waiting)
    assert (result.result, "still being asked" in result.message) == ("refused", True)


def test_a_restaurant_that_moves_the_table_has_everybody_asked(lay: Lay) -> None:
    supper = lay("Ben")
    supper.settle("Ben")
    (shop,) = supper.shops
    (sale,) = shop.sales("confirmed")
    assert sale.slot is not None
    earlier = sale.slot.slot_id.replace("late", "early")
    shop.step(supper.house, shop.counter.changes.put_off, earlier, "a wedding")
    supper.run()
    window = supper.meal.window
    assert window.start.hour == 16, "17:30 in Berlin"
    seen = supper.activity(supper.friends["Ben"])
    assert (seen.details.window, seen.attendees[0].partstat) == (window, "NEEDS-ACTION")
    supper.answer("Ben", "approve")
    supper.run()
    assert (supper.meal.state, supper.tables()) == ("booked", [("confirmed", 2)])
    assert supper.activity(supper.ada).attendees[0].partstat == "ACCEPTED"
    supper.whole()
