"""Conflicts in the agenda: found at each change, one question each, the way out carried out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.app.invitations import IcsInvitations
from hub.domain.activities import Activity, Attendee, Details, Person, Planned
from hub.domain.decisions import OrderCame, Reschedule
from hub.domain.effects import TellMember
from hub.domain.money import money
from hub.domain.observations import EventReading, StateReading
from hub.domain.offers import DeliverySlot
from hub.domain.orders import ChangeTerms, Quote, Window
from hub.domain.plans import Plan
from hub.domain.suggestions import Suggestion
from hub.flow.observe import observe_readings
from hub.flow.orders_after import act
from hub.flow.plans import add_plan, remove_plan
from tests.support.household import NOON, Household, Market, refusal, same

FEE = money("2.00", "EUR")
ANYTIME = ChangeTerms(until=NOON + timedelta(days=9))


def hours(start: float, end: float) -> Window:
    """Return a span by hours of today in UTC; Berlin is an hour later."""
    midnight = NOON.replace(hour=0)
    return Window(midnight + timedelta(hours=start), midnight + timedelta(hours=end))


def slot(name: str, start: float, end: float) -> DeliverySlot:
    return DeliverySlot(name, hours(start, end))


TONIGHT = slot("slot-0", 17, 19)
"""When the order comes: today 18-20 in Berlin."""
LATER = slot("late", 20, 22)
TOMORROW = slot("slot-1", 41, 43)


def told(house: Household) -> list[str]:
    bodies = [row.effect.body for row in house.outbox() if isinstance(row.effect, TellMember)]
    return list(dict.fromkeys(bodies))


def plan(house: Household, kind: str, window: Window, *members: str, **more: Any) -> Plan:
    known = {"title": "", "uses": (), **more}
    return house.do(
        lambda tx: add_plan(
            tx, house.home, kind, window, members, known["title"], known["uses"], "ana", "api"
        )
    )


def away(house: Household, start: float, end: float, *members: str) -> Plan:
    return plan(house, "absence", hours(start, end), *members, title="Theatre")


def back(house: Household, made: Plan) -> None:
    assert house.do(lambda tx: remove_plan(tx, made.kind, made.id, "ana", "api")) is not None


def off(house: Household, service: str, start: float, end: float, name: str = "n1") -> None:
    window = hours(start, end)
    alert = {
        "identifier": name,
        "sender": "utility",
        "sent": house.clock.now().isoformat(),
        "status": "Actual",
        "msgType": "Alert",
        "scope": "Public",
        "info": [
            {
                "category": ["Infra"],
                "event": f"{service} outage",
                "urgency": "Expected",
                "severity": "Moderate",
                "certainty": "Observed",
                "onset": window.start.isoformat(),
                "expires": window.end.isoformat(),
                "parameter": [{"valueName": "service", "value": service}],
            }
        ],
    }
    house.hear(f"notices/{service}", alert)


def over(house: Household, name: str = "n1") -> None:
    sent = house.clock.now() + timedelta(seconds=1)
    reference = f"utility,{name},{house.clock.now().isoformat()}"
    house.hear(
        "notices/cancel",
        {
            "identifier": f"{name}-over",
            "sender": "utility",
            "sent": sent.isoformat(),
            "status": "Actual",
            "msgType": "Cancel",
            "scope": "Public",
            "references": reference,
        },
    )


@pytest.fixture
def placed(house: Household, market: Market):
    """An order of milk at the corner shop, confirmed for tonight; it may be moved."""
    return ordered(house, market)


def ordered(house: Household, market: Market):
    house.level("milk", 0.4)
    suggestion = market.offers()
    house.decide("approve")
    market.serve("init")
    market.serve("confirm", rescheduling=ANYTIME)
    house.send()
    return house.order(suggestion.options[0].order_id)


def windows(market: Market, *slots: DeliverySlot) -> None:
    """Have the provider say which windows there are now."""
    assert market.serve("update", preview=True, slots=slots) == 1


def question(house: Household) -> Suggestion:
    (found,) = house.open()
    return found


def asked(house: Household, market: Market, *slots: DeliverySlot, fee: Any = None) -> Suggestion:
    windows(market, *(slots or (TONIGHT, LATER, TOMORROW)))
    quote = Quote(money("2.70", "EUR")) if fee is None else Quote(money("4.70", "EUR"))
    assert market.serve("update", preview=True, fee=fee, quote=quote) == 1
    return question(house)


# -- nobody home -------------------------------------------------------------------------------


def test_a_delivery_with_nobody_home_is_moved_to_when_somebody_is(house, market, placed):
    away(house, 17.5, 20)
    (first,) = house.requests("update")
    assert (first.preview, first.slot) == (True, TONIGHT)
    assert house.open() == []
    windows(market, TONIGHT, TOMORROW, LATER)
    (second,) = house.requests("update")
    assert (second.preview, second.slot) == (True, LATER)
    assert house.open() == []
    market.serve("update", preview=True, fee=FEE, quote=Quote(money("4.70", "EUR")))
    found = question(house)
    assert (found.kind, found.ask, found.asked) == ("move_delivery", ("ana", "ben"), True)
    assert found.title == "Move corner to today 21:00-23:00 for 2.00 EUR?"
    assert found.body == (
        "Nobody is at home for corner (today 18:00-20:00): the house is empty today 18:30-20:00. "
        "It would come today 21:00-23:00 instead of today 18:00-20:00. Moving it costs 2.00 EUR."
    )
    assert found.options[0].window == LATER.window
    assert found.options[0].total == FEE
    assert house.decide("approve").message == "corner is told for 2.00 EUR."
    (meant,) = house.requests("update")
    assert (meant.preview, meant.slot, meant.fee) == (False, LATER, FEE)
    market.serve("update", slot=LATER, fee=FEE, quote=meant.quote)
    assert house.order(placed.id).slot == LATER
    assert house.suggestion(found.id).state == "carried_out"
    assert house.open() == []
    assert house.house.cases == {}
    assert house.requests() == []
    kinds = {"conflict_found", "window_refused", "windows_told", "change_priced", "moved"}
    assert kinds - {"window_refused"} <= set(house.ledger())
    same(house.house, house.load())


def test_one_at_home_is_enough(house, market, placed):
    away(house, 17.5, 20, "ana")
    assert house.requests() == []
    assert house.house.cases == {}
    away(house, 18, 21, "ben")
    assert len(house.requests("update")) == 1


def test_a_child_at_home_takes_no_delivery_in(house, market, placed):
    away(house, 17.5, 20, "ana", "ben")
    assert len(house.requests("update")) == 1


def test_what_costs_nothing_is_asked_all_the_same(house, market, placed):
    away(house, 17.5, 20)
    found = asked(house, market)
    assert found.title == "Move corner to today 21:00-23:00?"
    assert found.body.endswith("Moving it costs nothing.")
    assert house.order(placed.id).slot == TONIGHT
    assert house.requests() == []


def test_the_same_conflict_is_one_question_however_often_it_is_looked_at(house, market, placed):
    away(house, 17.5, 20)
    found = asked(house, market)
    away(house, 17, 19, "ana")
    house.tick(minutes=1)
    house.restart()
    house.tick(minutes=1)
    assert house.open() == [found]
    assert house.requests() == []


def test_it_goes_away_by_itself(house, market, placed):
    made = away(house, 17.5, 20)
    found = asked(house, market)
    back(house, made)
    assert house.suggestion(found.id).state == "superseded"
    assert house.open() == []
    assert house.house.cases == {}
    order = house.order(placed.id)
    assert (order.change, order.pending, order.slot) == (None, None, TONIGHT)
    assert house.decide("approve", found, option=found.options[0].id).result == "refused"


def test_it_goes_away_while_the_provider_is_asked(house, market, placed):
    made = away(house, 17.5, 20)
    back(house, made)
    market.serve("update", preview=True, slots=(TONIGHT, LATER))
    assert house.open() == []
    assert house.requests() == []
    order = house.order(placed.id)
    assert (order.change, order.pending) == (None, None)
    same(house.house, house.load())


def test_what_was_declined_is_not_asked_again_unless_it_changed(house, market, placed):
    made = away(house, 17.5, 20)
    asked(house, market)
    house.decide("decline")
    house.restart()
    house.tick(minutes=1)
    away(house, 17, 18)
    assert house.open() == []
    assert house.requests() == []
    back(house, made)
    assert house.house.cases["delivery:" + placed.id].state == "settled"
    off(house, "electricity", 10, 23)
    assert house.open() == []


def test_a_conflict_that_comes_back_is_asked_anew(house, market, placed):
    made = away(house, 17.5, 20)
    first = asked(house, market)
    house.decide("decline")
    back(house, made)
    assert house.house.cases == {}
    away(house, 18, 20)
    assert asked(house, market).id != first.id


def test_what_is_proposed_follows_the_day(house, market, placed):
    away(house, 17.5, 20)
    first = asked(house, market)
    away(house, 20.5, 23)
    assert house.suggestion(first.id).state == "superseded"
    second = asked(house, market)
    assert second.options[0].window == TOMORROW.window
    assert house.house.open_keys == {f"conflict:delivery:{placed.id}": second.id}


def test_a_window_that_was_taken_meanwhile(house, market, placed):
    away(house, 17.5, 20)
    windows(market, TONIGHT, LATER, TOMORROW)
    market.serve("update", error=refusal(message="full by now"))
    (third,) = house.requests("update")
    assert third.slot == TOMORROW
    market.serve("update", preview=True)
    assert question(house).options[0].window == TOMORROW.window


def test_it_was_taken_between_the_question_and_the_yes(house, market, placed):
    away(house, 17.5, 20)
    first = asked(house, market)
    house.decide("approve")
    market.serve("update", error=refusal(message="full by now"))
    assert house.suggestion(first.id).outcome == "corner will not move it: full by now"
    second = asked(house, market, TONIGHT, TOMORROW)
    assert (second.id != first.id, second.options[0].window) == (True, TOMORROW.window)


def test_a_provider_that_refuses_everything_is_not_asked_for_ever(house, market, placed):
    away(house, 17.5, 20)
    many = tuple(slot(f"s{n}", 24 + n, 25 + n) for n in range(20))
    windows(market, *many)
    for _ in range(30):
        if not market.serve("update", error=refusal(message="no")):
            break
    assert house.requests() == []
    assert house.open() == []
    (words,) = [one for one in told(house) if "cannot be resolved" in one]
    assert "corner refuses each window that it offers" in words


def test_a_provider_without_another_window(house, market, placed):
    away(house, 17.5, 20)
    windows(market, TONIGHT)
    (words,) = told(house)
    assert words == (
        "Nobody is at home for corner (today 18:00-20:00): the house is empty today 18:30-20:00. "
        "It cannot be resolved: there is no other time for corner."
    )
    house.restart()
    away(house, 17, 18)
    assert told(house) == [words]
    assert house.requests() == []


def test_a_way_out_that_opens_later_is_proposed(house, market, placed):
    evening = away(house, 17.5, 22)
    windows(market, TONIGHT, LATER)
    assert "none of" in told(house)[0] or "does not fit" in told(house)[0]
    away(house, 17.5, 19.5)
    assert house.requests() == []
    back(house, evening)
    found = asked(house, market)
    assert found.options[0].window == LATER.window


def test_what_could_not_be_resolved_and_is_settled_is_taken_back(house, market, placed):
    made = away(house, 17.5, 20)
    windows(market, TONIGHT)
    back(house, made)
    assert told(house)[-1] == "It is settled: nothing needs to be changed."


def test_a_silent_provider_is_said_to_be_silent_and_asked_again_later(house, market, placed):
    away(house, 17.5, 20)
    for _ in range(3):
        house.send()
        house.restart()
        house.tick(seconds=21)
    (words,) = told(house)
    assert words.endswith("It cannot be resolved: corner does not answer.")
    assert house.requests() == []
    house.send()
    house.tick(minutes=31)
    assert asked(house, market).options[0].window == LATER.window
    assert house.house.cases["delivery:" + placed.id].silent == 0


def test_who_stays_silent_is_left_alone_in_the_end(house, market, placed):
    away(house, 17.5, 20)
    for _ in range(40):
        house.tick(minutes=6)
        house.send()
    assert house.requests() == []
    assert house.open() == []
    assert house.house.cases["delivery:" + placed.id].silent == 3


def test_too_late_to_be_moved(house, market):
    house.level("milk", 0.4)
    market.offers()
    house.decide("approve")
    market.serve("init")
    soon = ChangeTerms(until=NOON + timedelta(minutes=5))
    market.serve("confirm", rescheduling=soon)
    house.send()
    house.tick(minutes=10)
    away(house, 17.5, 20)
    assert told(house)[-1].endswith("corner lets it be moved no more.")
    assert house.requests() == []


def test_an_order_that_came_meanwhile(house, market, placed):
    away(house, 17.5, 20)
    found = asked(house, market)
    house.do(lambda tx: act(tx, house.home, OrderCame(placed.id, "ana")))
    assert house.suggestion(found.id).state in ("failed", "superseded")
    assert house.open() == []
    assert house.house.cases == {}


def test_a_member_who_moves_it_takes_the_question_along(house, market, placed):
    away(house, 17.5, 20)
    found = asked(house, market)
    house.do(lambda tx: act(tx, house.home, Reschedule(placed.id, "ben", "slot-1")))
    assert house.suggestion(found.id).state == "superseded"
    market.serve("update", preview=True)
    market.serve("update", slot=TOMORROW)
    assert house.order(placed.id).slot == TOMORROW
    assert house.open() == []
    assert house.house.cases == {}


def test_nobody_decided(house, market, placed):
    away(house, 17.5, 20)
    found = asked(house, market)
    house.tick(hours=5, minutes=1)
    assert house.suggestion(found.id).outcome == "Nobody decided in time; nothing was moved."
    assert house.requests() == []


def test_a_fee_in_another_currency_is_a_refusal(house, market, placed):
    away(house, 17.5, 20)
    windows(market, TONIGHT, LATER)
    market.serve("update", preview=True, fee=money("2", "USD"))
    assert house.open() == []
    assert "refused 1" in told(house)[0]


def dinner(house: Household, start: float, end: float, *going: str, own: bool = False) -> str:
    """Have an activity somewhere else that these members go to."""
    ours = house.home.own = house.home.own or Person("mailto:linden@home.example", "Linden 5")
    friend = Person("mailto:dora@friends.example", "Dora")
    details = Details(
        hours(start, end), "Europe/Berlin", "Dinner at Mario's", location="Mario, Main Street 1"
    )
    activity = Activity(
        f"dinner-{start}",
        0,
        NOON,
        "confirmed",
        ours if own else friend,
        details,
        () if own else (Attendee(ours.address, ours.name, "ACCEPTED"),),
    )
    house.do(lambda tx: tx.save(Planned(activity, going)))
    return activity.key


def test_an_accepted_invitation_empties_the_house(house, market, placed):
    """The essay: dinner out from 18:30 to 21:00, and groceries at 18."""
    dinner(house, 17.5, 20, "ana", "ben")
    found = asked(house, market)
    assert "the house is empty today 18:30-20:00" in found.body
    assert house.decide("approve").result == "done"
    market.serve("update", slot=LATER)
    assert house.order(placed.id).slot == LATER
    assert house.suggestion(found.id).state == "carried_out"
    assert house.house.cases == {}


def test_who_is_not_going_opens_the_door(house, market, placed):
    key = dinner(house, 17.5, 20, "ana")
    assert house.requests() == []
    planned = house.house.activities[key]
    house.do(lambda tx: tx.save(replace(planned, going=("ana", "ben"))))
    assert len(house.requests("update")) == 1


def test_who_is_on_the_way_there_opens_no_door(house, market, placed):
    key = dinner(house, 19, 21, "ana", "ben")
    assert house.requests() == []
    ride = replace(
        placed,
        id="ride-1",
        transaction_id="ride-1",
        domain="ride",
        slot=slot("r", 18.5, 19),
        about=f"ride:there:{key}",
    )
    house.do(lambda tx: tx.save(ride))
    found = asked(house, market)
    assert "the house is empty today 19:30-20:00" in found.body
    planned = house.house.activities[key]
    house.do(lambda tx: tx.save(replace(planned, going=("ana",))))
    assert house.suggestion(found.id).state == "superseded"
    assert house.open() == []


# -- the gas is off, the power is off ----------------------------------------------------------


@pytest.fixture
def plain(build):
    """A household without rules."""
    return build(rules="rules: []")


def test_eating_out_is_asked_about_first(house):
    plan(house, "cooking", hours(17, 18), "ana", title="Lasagne", uses=("gas",))
    off(house, "gas", 16, 20)
    assert question(house).kind == "social_meal"
    house.decide("decline")
    assert question(house).title == "Move Lasagne to today 13:30-14:30?"


def test_cooking_while_the_gas_is_off_is_moved(plain):
    made = plan(plain, "cooking", hours(17, 18), "ana", title="Lasagne", uses=("gas",))
    off(plain, "gas", 16, 20)
    found = question(plain)
    assert (found.kind, found.title) == ("change_plan", "Move Lasagne to today 13:30-14:30?")
    assert "Lasagne is planned while the gas is off: today 18:00-19:00." in found.body
    assert plain.decide("approve").message == "Lasagne is today 13:30-14:30 now."
    assert plain.house.plans[made.id].window == hours(12.5, 13.5)
    assert plain.open() == []
    assert plain.house.cases == {}
    same(plain.house, plain.load())


def test_a_cancelled_notice_takes_its_question_along(plain):
    plan(plain, "cooking", hours(17, 18), "ana", uses=("gas",))
    off(plain, "gas", 16, 20)
    found = question(plain)
    over(plain)
    assert plain.open() == []
    assert plain.suggestion(found.id).state == "superseded"
    assert plain.house.cases == {}


def test_an_updated_notice_that_leaves_dinner_alone_does_too(plain):
    plan(plain, "cooking", hours(17, 18), "ana", uses=("gas",))
    off(plain, "gas", 16, 20)
    found = question(plain)
    over(plain)
    off(plain, "gas", 20, 22, name="n2")
    assert plain.suggestion(found.id).state == "superseded"
    assert plain.open() == []


def test_cooking_that_needs_no_gas_goes_on(plain):
    plan(plain, "cooking", hours(17, 18), "ana", uses=("electricity",))
    off(plain, "gas", 16, 20)
    assert plain.open() == []


def test_no_time_is_left_to_cook(plain):
    plan(plain, "cooking", hours(17, 18), "ana", uses=("gas",))
    off(plain, "gas", 10, 23)
    assert plain.open() == []
    (words,) = told(plain)
    assert "while there is no gas" in words
    off(plain, "gas", 9, 23.5, name="n2")
    assert told(plain) == [words]


def test_freezer_goods_come_after_the_power_cut(house, market, placed):
    milk = house.home.pantry["milk"]
    house.home.pantry = {**house.home.pantry, "milk": replace(milk, frozen=True)}
    off(house, "electricity", 15, 19.5)
    found = asked(house, market)
    assert found.options[0].window == LATER.window
    assert "brings freezer goods while the power is off" in found.body


def test_a_meal_that_is_usual_is_moved_to_a_plan_of_its_own(build):
    dinner_time = {"name": "Dinner", "at": "18:00"}
    house = build(rules="rules: []", settings={"agenda": {"meals": [dinner_time]}})
    off(house, "gas", 16, 20)
    assert question(house).title == "Move Dinner to today 13:30-14:30?"
    house.decide("approve")
    (made,) = house.house.plans.values()
    assert (made.kind, made.window, made.members) == ("cooking", hours(12.5, 13.5), ("ana", "ben"))
    assert house.open() == []
    assert house.house.cases == {}


def test_nobody_takes_a_usual_meal_for_granted_who_is_out(build):
    dinner_time = {"name": "Dinner", "at": "18:00"}
    house = build(rules="rules: []", settings={"agenda": {"meals": [dinner_time]}})
    dinner(house, 16, 20, "ana", "ben")
    off(house, "gas", 16, 20)
    assert house.open() == []


# -- two things at once ------------------------------------------------------------------------


def test_who_goes_out_does_not_cook(house):
    made = plan(house, "cooking", hours(17, 18), "ana", title="Lasagne")
    dinner(house, 17.5, 20, "ana")
    found = question(house)
    assert (found.kind, found.title) == ("change_plan", "Leave out Lasagne?")
    house.restart()
    assert house.decide("approve").message == "It is left out."
    assert made.id not in house.house.plans
    assert house.house.cases == {}


def test_of_two_activities_the_households_own_one_is_moved(house):
    house.home.invitations = IcsInvitations()
    own = dinner(house, 17.5, 19, "ana", own=True)
    dinner(house, 18, 20, "ana")
    found = question(house)
    assert (found.kind, found.subject.startswith(f"activity:{own}@")) == ("change_plan", True)
    assert found.title == "Move Dinner at Mario's to today 13:30-15:00?"
    stale = replace(found, version=0)
    assert house.decide("approve", stale).result == "refused"
    assert house.decide("approve").message == "Dinner at Mario's is today 13:30-15:00 now."
    assert house.house.activities[own].activity.details.window == hours(12.5, 14)
    assert house.open() == []
    assert house.house.cases == {}
    same(house.house, house.load())


def test_two_invitations_at_once_are_told(house):
    dinner(house, 17.5, 20, "ana")
    dinner(house, 19, 21, "ana")
    assert house.open() == []
    (words,) = told(house)
    assert "neither Dinner at Mario's nor Dinner at Mario's is this household's to move" in words


def test_two_members_may_do_two_things(house):
    dinner(house, 17.5, 20, "ana")
    dinner(house, 19, 21, "ben")
    assert house.house.cases == {}


# -- presence ----------------------------------------------------------------------------------


def seen(house: Household, **where: str) -> None:
    readings = [StateReading(f"person.{who}", state) for who, state in where.items()]
    house.do(lambda tx: observe_readings(tx, house.home, readings))


def test_everybody_seen_away_shortly_before_it_comes(house, market, placed):
    seen(house, ana="not_home", ben="work", kim="home")
    assert house.requests() == []
    house.tick(hours=4, minutes=10)
    assert house.requests() == []
    house.tick(minutes=10)
    found = asked(house, market)
    assert "Nobody is at home for corner" in found.body
    seen(house, ben="home")
    assert house.open() == []
    assert house.house.cases == {}


def test_a_tracker_that_wavers_rings_nobody(house, market, placed):
    seen(house, ana="not_home", ben="home")
    house.tick(hours=4, minutes=40)
    for _ in range(9):
        seen(house, ben="not_home")
        house.tick(minutes=2)
        seen(house, ben="home")
        house.tick(minutes=1)
    assert house.requests() == []
    seen(house, ben="not_home")
    assert house.requests() == []
    house.tick(minutes=5)
    assert len(house.requests("update")) == 1


def test_who_is_seen_at_home_counts_more_than_a_plan(house, market, placed):
    seen(house, ben="home")
    away(house, 17.5, 19)
    house.clock.turn(hours=5, minutes=30)
    asked(house, market)
    house.tick(minutes=45)
    assert house.open() == []


def test_what_is_not_known_says_nothing(house, market, placed):
    house.clock.turn(hours=4, minutes=30)
    seen(house, ana="unknown", ben="unavailable")
    assert house.requests() == []
    seen(house, ana="not_home")
    assert house.requests() == []


def test_a_rule_may_ask_whether_somebody_is_at_home(build):
    rule = (
        "{id: light, name: L, when: {device_event: {entity: event.door}}, if: somebody_home,"
        " propose: {kind: notify, title: Ding}}"
    )
    house = build(rules=f"rules: [{rule}]")

    def ring() -> int:
        house.send()
        reading = EventReading("event.door", "press", {})
        house.do(lambda tx: observe_readings(tx, house.home, [reading]))
        return len(house.outbox())

    assert ring() > 0
    seen(house, ana="not_home", ben="not_home")
    assert ring() > 0
    house.clock.turn(minutes=5)
    assert ring() == 0
    seen(house, ben="home")
    assert ring() > 0
    away(house, 12.5, 14)
    house.clock.turn(hours=1)
    assert ring() > 0
    seen(house, ben="unknown")
    assert ring() == 0


# -- before anything is ordered ----------------------------------------------------------------


def test_a_first_order_comes_when_somebody_is_at_home(house, market):
    away(house, 17, 19)
    house.level("milk", 0.4)
    found = market.offers()
    assert {one.window for one in found.options} == {TOMORROW.window}
    assert "somebody is at home then" not in found.options[0].because


def test_it_is_said_why_an_offer_is_better(house, market):
    market.grocers["corner-shop.example"].slots = 1
    away(house, 17, 19)
    house.level("milk", 0.4)
    found = market.offers()
    first, second = found.options
    assert (first.provider_name, first.window) == ("green", TOMORROW.window)
    assert "somebody is at home then" in first.because
    assert "nobody is at home then (Theatre)" in second.because


def test_no_rule_orders_by_itself_to_an_empty_house(build):
    house = build(
        settings={"limits": {"auto_approve": {"groceries": "20 EUR"}}},
    )
    market = Market(house)
    for grocer in market.grocers.values():
        grocer.slots = 1
    away(house, 17, 19)
    house.level("milk", 0.4)
    assert market.offers().state == "proposed"
    house.tick(seconds=1)
    assert question(house).asked
    assert house.requests("init") == []
