"""From a notice to the table for those who said yes, and what may come between."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hub.domain.activities import ActivityError
from hub.domain.effects import TellMember
from hub.domain.mealplan import MealRequest
from hub.domain.money import money
from hub.flow.meals import decide
from hub.flow.meals.ideas import wanted
from tests.support.supper import RIVER, Supper

Lay = Callable[..., Supper]
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
        assert [one.partstat for one in activity.attendees] == ["ACCEPTED", "DECLINED", "ACCEPTED"]
    assert supper.questions() == []
    supper.whole()


def test_guests_are_those_at_the_same_activity_today(lay: Lay) -> None:
    supper = lay("Ben", "Cleo", "Dan")
    supper.fishing()
    dan = supper.friends["Dan"]
    uid = next(iter(supper.house.house.activities))
    home, own = dan.house.home, dan.house.home.own
    assert own is not None

    def no(tx):

        from hub.domain import hosting
        from hub.domain.activities import Planned
        from hub.flow.activities.keep import keep, known
        from hub.flow.activities.write import post

        done = hosting.answer(known(tx, uid).activity, own.address, "DECLINED", tx.now)
        keep(tx, home, Planned(done.activity))
        post(tx, home, done)

    dan.house.do(no)
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
    from hub.flow.activities import organize

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
