"""Rides to what the household goes to: proposed, ordered, moved, replaced, given back, kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.app.invitations import IcsInvitations
from hub.domain.activities import Activity, Attendee, Details, PartStat, Person, Planned
from hub.domain.decisions import CancelOrder
from hub.domain.effects import TellMember
from hub.domain.offers import Window
from hub.domain.orders import Order
from hub.domain.proposals import Firing
from hub.domain.suggestions import Suggestion
from hub.domain.wording import question
from hub.flow.activities import organize
from hub.flow.activities.keep import keep
from hub.flow.agenda import agenda_of
from hub.flow.orders_after import act
from hub.flow.rides import news as rides
from hub.flow.rides.who import about_of
from hub.flow.suggest import suggest
from hub.store.tx import Entry
from tests.support.household import NOON, SETTINGS, Household, same
from tests.support.shops import Street

Town = Callable[..., Street]
START = NOON + timedelta(hours=5)
FISHING = Details(
    Window(START, START + timedelta(hours=2)),
    "Europe/Berlin",
    "Fishing",
    location="Mill Lake",
    gps="52.4700,13.4400",
)
MINUTE = timedelta(minutes=1)


class Trip:
    """A household that goes fishing."""

    def __init__(self, street: Street) -> None:
        self.street = street
        self.house: Household = street.household
        self.follow()

    def follow(self) -> None:
        home = self.house.home
        home.invitations = IcsInvitations()
        home.own = Person("mailto:home@x.example", "Ana")
        home.follows = (rides.HOOKS,)

    def make(self, details: Details = FISHING, member: str = "ana") -> Activity:
        home = self.house.home
        return self.house.do(lambda tx: organize.create(tx, home, details, [], member, "web"))

    def move(self, made: Activity, **by: Any) -> Activity:
        planned = self.house.house.activities[made.key].activity
        window = planned.details.window
        span = Window(window.start + timedelta(**by), window.end + timedelta(**by))
        return self.change(made, window=span)

    def change(self, made: Activity, **what: Any) -> Activity:
        details = replace(self.house.house.activities[made.key].activity.details, **what)
        home = self.house.home
        return self.house.do(lambda tx: organize.change(tx, home, made.key, details, "ana", "web"))

    def cancel(self, made: Activity) -> None:
        home = self.house.home
        self.house.do(lambda tx: organize.cancel(tx, home, made.key, "ana", "web"))

    def asked(self) -> Suggestion:
        (one,) = (one for one in self.house.open() if one.open)
        return one

    def approve(self) -> None:
        self.house.decide("approve", self.asked())
        self.street.run()

    def there(self, made: Activity) -> list[Order]:
        """Return the rides there that are placed."""
        about = about_of("there", made.key)
        return [
            one
            for one in self.house.house.orders.values()
            if one.about == about and one.state in ("confirmed", "in_progress")
        ]

    def ordered(self, made: Activity) -> Order:
        """Have the ride there ordered, and say no to the one back."""
        self.street.run()
        self.approve()
        back = next((one for one in self.house.open() if one.open), None)
        if back is not None:
            assert back.title.startswith("A ride home")
            self.house.decide("decline", back)
        self.street.run()
        (order,) = self.there(made)
        return order


@pytest.fixture
def trip(town: Town) -> Trip:
    return Trip(town("driver"))


def test_who_goes_somewhere_has_a_ride_proposed_and_one_home(trip: Trip) -> None:
    made = trip.make()
    trip.street.run()
    asked = trip.asked()
    zone = trip.house.home.settings.home.zone
    assert asked.title == "A ride to Fishing?"
    assert asked.kind == "ride"
    said = question(asked, zone, NOON)
    assert "Ana: to be there today 17:50, 10 minutes before it begins." in said
    assert "leaves today 17:20, there 17:42" in said
    assert "the way takes 22 minutes" in said
    trip.approve()
    (order,) = trip.there(made)
    assert order.slot.window.end <= START - 10 * MINUTE
    assert order.ride.seats == 1
    blocks = agenda_of(trip.house.house, trip.house.home).during(order.slot.window)
    assert [(one.kind, one.members, one.away) for one in blocks] == [("ride", ("ana",), True)]
    home = trip.asked()
    assert home.title == "A ride home from Fishing?"
    trip.approve()
    (back,) = (one for one in trip.house.house.orders.values() if one.id != order.id)
    assert back.slot.window.start >= FISHING.window.end
    assert back.ride.start.address == "Mill Lake"
    assert trip.house.open() == []


def test_an_activity_that_moves_takes_its_ride_along(trip: Trip) -> None:
    made = trip.make()
    before = trip.ordered(made)
    trip.move(made, hours=1)
    trip.street.run()
    (order,) = trip.there(made)
    assert order.id == before.id
    assert order.slot.window.start == before.slot.window.start + timedelta(hours=1)
    assert trip.house.open() == []
    told = trip.house.suggestion(order.suggestion_id).outcome
    assert told.startswith("The ride with Mara drives now leaves today 18:20, there 18:42")
    (sale,) = trip.street.shops["driver.example"].sales("confirmed")
    assert sale.slot.window == order.slot.window


def test_moving_it_late_costs_what_was_shown(trip: Trip) -> None:
    made = trip.make()
    before = trip.ordered(made)
    trip.house.clock.at = before.slot.window.start - 20 * MINUTE
    trip.move(made, hours=1)
    trip.street.run()
    asked = trip.asked()
    assert asked.title == "Move the ride with Mara drives?"
    assert asked.body.startswith("Fishing has moved. It leaves today 18:20, there 18:42.")
    assert asked.body.endswith("Moving it costs 2.00 EUR.")
    assert trip.there(made)[0].slot == before.slot
    trip.approve()
    assert trip.there(made)[0].slot.window.start == before.slot.window.start + timedelta(hours=1)


def test_a_no_to_the_fee_stands(trip: Trip) -> None:
    made = trip.make()
    before = trip.ordered(made)
    trip.house.clock.at = before.slot.window.start - 20 * MINUTE
    trip.move(made, hours=1)
    trip.street.run()
    trip.house.decide("decline", trip.asked())
    trip.street.run()
    assert trip.house.open() == []
    assert trip.there(made)[0].slot == before.slot


def test_what_moves_twice_quickly_is_followed_once(trip: Trip) -> None:
    made = trip.make()
    before = trip.ordered(made)
    trip.move(made, hours=1)
    trip.move(made, hours=1)
    trip.street.run()
    (order,) = trip.there(made)
    assert order.slot.window.start == before.slot.window.start + timedelta(hours=2)
    # And while the provider is being told.
    trip.move(made, hours=-1)
    trip.street.step_once()
    trip.move(made, minutes=-30)
    trip.street.run()
    (order,) = trip.there(made)
    assert order.slot.window.start == before.slot.window.start + timedelta(minutes=30)
    trip.move(made, minutes=45)
    trip.move(made, minutes=-45)
    trip.street.run()
    assert trip.there(made)[0].slot == order.slot
    assert len(trip.street.shops["driver.example"].sales("confirmed")) == 1


def test_another_place_is_another_ride(trip: Trip) -> None:
    made = trip.make()
    before = trip.ordered(made)
    trip.house.clock.at = before.slot.window.start - 25 * MINUTE
    trip.change(made, location="Long Lake", gps="52.5400,13.3900")
    trip.street.run()
    asked = trip.asked()
    assert asked.title == "Another ride to Fishing?"
    assert "cannot move with it" in asked.body
    assert "That costs 5.00 EUR." in asked.body
    trip.approve()
    (order,) = trip.there(made)
    assert order.id != before.id
    assert order.ride.end.address == "Long Lake"
    gone = trip.house.order(before.id)
    assert gone.state == "cancelled"
    assert str(gone.change_fee) == "5.00 EUR"
    assert len(trip.street.shops["driver.example"].sales("confirmed")) == 1


def test_a_cancelled_activity_cancels_its_ride(trip: Trip) -> None:
    made = trip.make()
    before = trip.ordered(made)
    trip.cancel(made)
    trip.street.run()
    assert trip.house.order(before.id).state == "cancelled"
    assert trip.house.open() == []


def test_the_fee_is_shown_before_a_ride_is_cancelled(trip: Trip) -> None:
    made = trip.make()
    before = trip.ordered(made)
    trip.house.clock.at = before.slot.window.start - 10 * MINUTE
    trip.cancel(made)
    trip.street.run()
    asked = trip.asked()
    assert asked.title == "Cancel the ride with Mara drives?"
    assert asked.body == "Fishing is cancelled. Cancelling it costs 5.00 EUR."
    assert trip.house.order(before.id).state == "confirmed"
    trip.approve()
    assert trip.house.order(before.id).state == "cancelled"


def test_both_ways_go_with_the_activity(trip: Trip) -> None:
    made = trip.make()
    trip.street.run()
    trip.approve()
    trip.approve()
    assert len(trip.street.shops["driver.example"].sales("confirmed")) == 2
    trip.move(made, hours=1)
    trip.street.run()
    back = next(o for o in trip.house.house.orders.values() if o.ride.leave_after)
    assert back.slot.window.start >= FISHING.window.end + timedelta(hours=1)
    trip.cancel(made)
    trip.street.run()
    assert trip.street.shops["driver.example"].sales("confirmed") == []
    assert trip.house.house.orders == {}


def test_a_driver_who_cancels_is_replaced(town: Town) -> None:
    trip = Trip(town("driver", "dear"))
    made = trip.make()
    before = trip.ordered(made)
    shop = trip.street.shops["driver.example"]
    shop.step(trip.house, shop.counter.changes.withdraw, "the car broke down")
    trip.street.run()
    assert trip.house.order(before.id).state == "cancelled"
    asked = trip.asked()
    assert asked.title == "Another ride to Fishing?"
    assert asked.body.startswith("Mara drives cancelled the ride.")
    assert [one.provider_name for one in asked.options] == ["Otto drives"]
    trip.approve()
    assert [one.provider_name for one in trip.there(made)] == ["Otto drives"]


def test_a_ride_that_a_member_cancelled_is_not_looked_for_again(trip: Trip) -> None:
    made = trip.make()
    order = trip.ordered(made)
    trip.house.do(lambda tx: act(tx, trip.house.home, CancelOrder(order.id, "ana")))
    trip.street.run()
    assert trip.house.order(order.id).state == "cancelled"
    assert trip.house.open() == []


def test_a_question_follows_and_is_taken_back(trip: Trip) -> None:
    made = trip.make()
    trip.street.run()
    first = trip.asked()
    trip.move(made, hours=1)
    trip.street.run()
    second = trip.asked()
    assert second.id != first.id
    assert trip.house.suggestion(first.id).state == "superseded"
    assert second.options[0].window.start == first.options[0].window.start + timedelta(hours=1)
    trip.cancel(made)
    assert trip.house.open() == []
    assert trip.house.suggestion(second.id).outcome == "Fishing is cancelled."
    trip.street.run()
    assert trip.house.house.orders == {}


def test_more_people_need_more_seats(trip: Trip) -> None:
    made = trip.make()
    before = trip.ordered(made)
    home = trip.house.home
    planned = trip.house.house.activities[made.key]
    both = replace(planned, going=("ana", "ben"))

    def join(tx: Any) -> None:
        keep(tx, home, both)

    trip.house.do(join)
    trip.street.run()
    (order,) = trip.there(made)
    assert (order.id, order.ride.seats) == (before.id, 2)
    (sale,) = trip.street.shops["driver.example"].sales("confirmed")
    assert sale.ride.seats == 2


WHERE = {"home": {**SETTINGS["home"], "gps": "52.5310,13.4120"}}


@pytest.mark.parametrize(
    ("settings", "details", "why"),
    [
        ({"home": SETTINGS["home"]}, FISHING, "home.gps"),
        ({}, replace(FISHING, gps=None), "cannot be told well enough"),
        ({}, replace(FISHING, gps="52.5330,13.4150"), "near enough to walk"),
        ({}, replace(FISHING, window=Window(NOON + MINUTE, START)), "no time left"),
        (
            {"members": [{"id": "ana", "name": "Ana", "needs_ride": False}]},
            FISHING,
            "nobody needs a ride",
        ),
    ],
)
def test_why_no_ride_is_proposed(
    town: Town, settings: dict[str, Any], details: Details, why: str
) -> None:
    trip = Trip(town("driver", **settings))
    trip.make(details)
    trip.street.run()
    assert trip.house.open() == []
    (entry,) = (e for e in trip.house.views.ledger(limit=100) if e.kind == "no_ride")
    assert why in entry.body


def test_nothing_is_proposed_without_drivers_or_where_it_is_switched_off(town: Town) -> None:
    for trip in (Trip(town("restaurant")), Trip(town("driver", rides={"propose": "off"}))):
        trip.make()
        trip.street.run()
        assert trip.house.open() == []
        trip.street.close()


def test_a_ride_that_takes_longer_than_is_left(trip: Trip) -> None:
    soon = replace(FISHING, window=Window(NOON + 30 * MINUTE, START))
    trip.make(soon)
    trip.street.run()
    assert trip.house.open() == []
    told = [row.effect for row in trip.house.outbox()]
    bodies = [one.body for one in told if isinstance(one, TellMember) and one.member == "ana"]
    assert "No provider could offer this." in bodies[-1]


def test_what_is_far_ahead_is_looked_at_when_it_is_near(trip: Trip) -> None:
    window = Window(START + timedelta(days=20), START + timedelta(days=20, hours=2))
    trip.make(replace(FISHING, window=window))
    trip.street.run()
    assert trip.house.open() == []
    trip.house.tick(days=14)
    trip.street.run()
    assert trip.asked().title == "A ride to Fishing?"


def test_an_activity_that_is_over_leaves_the_ride_home_alone(trip: Trip) -> None:
    made = trip.make()
    trip.street.run()
    trip.approve()
    trip.approve()
    trip.house.tick(hours=7, minutes=1)
    assert made.key not in trip.house.house.activities
    trip.street.run()
    sales = trip.street.shops["driver.example"].sales("cancelled")
    assert sales == []


def test_a_rule_may_propose_a_ride(town: Town) -> None:
    trip = Trip(town("driver", rides={"propose": "off"}))
    made = trip.make()
    trip.street.run()
    assert trip.house.open() == []
    home = trip.house.home

    def fire(tx: Any) -> None:
        firing = Firing(
            "strike", "1", "Trams stand still", "ride", "tram", "strike:tram", "No trams",
            "The trams stand still today", {}, ("The trams stand still today",), ("ben",), tx.now,
        )  # fmt: skip
        suggest(tx, home, firing, Entry("state_changed", "tram", {}))

    trip.house.do(fire)
    trip.house.do(fire)
    trip.street.run()
    asked = trip.asked()
    assert asked.rule_id == "strike"
    assert asked.because[0].text == "The trams stand still today"
    assert asked.ask == ("ben",)
    trip.approve()
    assert len(trip.there(made)) == 1


def test_every_step_of_a_ride_is_kept_over_a_restart(trip: Trip) -> None:
    """Kill the hub before each message and each tick: nothing is lost, nothing is ordered twice."""

    def run() -> None:
        for _ in range(60):
            trip.house.restart()
            trip.follow()
            same(trip.house.house, trip.house.load())
            if not trip.street.step_once():
                return
        raise AssertionError("it never comes to rest")

    made = trip.make()
    run()
    trip.house.decide("approve", trip.asked())
    run()
    trip.house.decide("decline", trip.asked())
    run()
    trip.move(made, hours=1)
    run()
    (order,) = trip.there(made)
    assert order.slot.window.end <= START + timedelta(minutes=50)
    assert order.slot.window.start >= START
    trip.change(made, location="Long Lake", gps="52.5400,13.3900")
    run()
    trip.house.decide("approve", trip.asked())
    run()
    assert len(trip.there(made)) == 1
    assert len(trip.street.shops["driver.example"].sales("confirmed")) == 1
    trip.cancel(made)
    run()
    assert trip.house.house.orders == {}
    assert trip.street.shops["driver.example"].sales("confirmed") == []


BEN = "mailto:ben@x.example"


class Guest(Trip):
    """A household that a friend invited to go fishing."""

    def asked_of(self, answer: PartStat = "NEEDS-ACTION", **window: Any) -> Activity:
        """Have the friend's activity known here, at a time, with our answer to it."""
        moved = timedelta(**window)
        span = Window(FISHING.window.start + moved, FISHING.window.end + moved)
        made = Activity(
            "fishing", 0, NOON, "confirmed", Person(BEN, "Ben"), replace(FISHING, window=span),
            (Attendee("mailto:home@x.example", "Ana", answer),),
        )  # fmt: skip
        going = ("ana",) if answer == "ACCEPTED" else ()
        home = self.house.home
        self.house.do(lambda tx: keep(tx, home, Planned(made, going)))
        return made


def test_a_friend_s_activity_has_its_ride_once_we_said_yes(town: Town) -> None:
    trip = Guest(town("driver"))
    made = trip.asked_of()
    trip.street.run()
    assert trip.house.open() == []
    trip.asked_of("ACCEPTED")
    before = trip.ordered(made)
    # It moves, and they are asked anew: the ride waits for what they say.
    trip.asked_of(hours=1)
    trip.street.run()
    assert trip.there(made)[0].slot == before.slot
    trip.asked_of("ACCEPTED", hours=1)
    trip.street.run()
    (order,) = trip.there(made)
    assert order.id == before.id
    assert order.slot.window.start == before.slot.window.start + timedelta(hours=1)
    trip.asked_of("DECLINED", hours=1)
    trip.street.run()
    assert trip.house.order(order.id).state == "cancelled"


def test_a_no_comes_while_the_ride_is_asked_about_or_ordered(town: Town) -> None:
    trip = Guest(town("driver"))
    trip.asked_of("ACCEPTED")
    trip.street.run()
    asked = trip.asked()
    trip.asked_of("DECLINED")
    assert trip.house.suggestion(asked.id).state == "superseded"
    trip.asked_of("ACCEPTED")
    trip.street.run()
    trip.house.decide("approve", trip.asked())
    trip.street.serve("init")
    trip.asked_of("DECLINED")
    # The confirmation is on its way and cannot be called back: it comes, and is given back.
    trip.street.run()
    assert trip.house.house.orders == {}
    shop = trip.street.shops["driver.example"]
    assert (len(shop.sales("confirmed")), len(shop.sales("cancelled"))) == (0, 1)


def test_nobody_answers_anew_while_the_ride_is_as_it_was(town: Town) -> None:
    trip = Guest(town("driver"))
    made = trip.asked_of("ACCEPTED")
    order = trip.ordered(made)
    trip.asked_of(hours=1)
    trip.street.run()
    trip.house.send()
    trip.house.clock.at = order.rescheduling.free_until - 14 * MINUTE
    trip.street.run()
    told = [row.effect for row in trip.house.outbox()]
    assert any("nobody has answered" in one.body for one in told if isinstance(one, TellMember))
