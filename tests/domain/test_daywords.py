"""What members read about the day, word for word."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from hub.domain.activities import Activity, Attendee, Details, Person, Proposal
from hub.domain.agenda import Agenda, Block
from hub.domain.conflicts import find, resolve
from hub.domain.daywords import (
    activity_line,
    conflict_text,
    cost_text,
    meal_question,
    outcome_text,
    proposal_text,
    ride_change_text,
    sharing_text,
    span_text,
    way_out,
    who_comes,
)
from hub.domain.itip import Outcome, Verdict
from hub.domain.mealactions import AskHousehold, Question
from hub.domain.meals import Cost, MealGuest, SocialMeal
from hub.domain.money import money
from hub.domain.notices import SERVICES
from hub.domain.offers import DeliverySlot, Place, Window
from hub.domain.rides import RideChange
from hub.domain.sharing import Rider, sharing

NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
FEE = money("4.00", "EUR")


def span(start: float, end: float) -> Window:
    return Window(NOW + timedelta(hours=start), NOW + timedelta(hours=end))


FISHING = Activity(
    "u", 0, NOW, "confirmed", Person("mailto:ada@one.example", "Ada"),
    Details(span(1, 4), "Europe/Berlin", "Fishing", location="Mill Lake"),
    (
        Attendee("mailto:ben@x.example", "Ben", "ACCEPTED"),
        Attendee("mailto:cleo@x.example", "Cleo", "ACCEPTED"),
        Attendee("mailto:dan@x.example", partstat="DECLINED"),
        Attendee("mailto:eve@x.example", "Eve"),
        Attendee("mailto:fay@x.example", "Fay", "TENTATIVE"),
    ),
)  # fmt: skip


def test_activities():
    assert activity_line(FISHING, BERLIN, NOW) == "Fishing, today 10:00-13:00, Mill Lake"
    assert who_comes(FISHING) == (
        "Ben and Cleo come, Fay may come, dan@x.example does not, Eve has not answered."
    )
    assert who_comes(replace(FISHING, attendees=())) == "Nobody was invited."
    proposal = Proposal("mailto:ben@x.example", span(2, 5), 0, NOW, "the tide")
    assert proposal_text(FISHING, proposal, BERLIN, NOW) == (
        "Ben proposes today 11:00-14:00 for Fishing. “the tide”"
    )


def test_a_span_over_midnight():
    assert span_text(span(13, 16), BERLIN, NOW) == "today 22:00 to tomorrow 01:00"
    assert span_text(span(13, 99), BERLIN, NOW) == "today 22:00 to Wed 2 Dec 12:00"


@pytest.mark.parametrize("verdict", get_args(Verdict))
def test_every_verdict_is_told_or_nobodys_business(verdict):
    text = outcome_text(Outcome(verdict, FISHING, "because"), "Ben")
    silent = verdict in ("duplicate", "outdated")
    assert (text == "") == silent
    assert silent or (text.startswith(("Ben ", "A message of Ben")) and text.endswith("."))


def test_a_change_says_that_an_answer_is_due():
    outcome = Outcome("changed", FISHING, anew=True)
    assert outcome_text(outcome, "Ada") == "Ada changed Fishing. Please answer anew."
    refused = Outcome("refused", None, "Ben cannot answer for Cleo")
    assert outcome_text(refused, "Ben") == (
        "A message of Ben was refused: Ben cannot answer for Cleo."
    )


DELIVERY = Block(
    "delivery:o", "delivery", span(2, 4), "Green Corner", needs_home=True, movable=True, frozen=True
)
TRIP = Block("absence:t", "absence", span(1, 5), "Trip", ("ada",), away=True)


def told(blocks, offered=()) -> tuple[str, str]:
    agenda = Agenda(blocks)
    (conflict,) = find(agenda, span(-9, 99), ("ada",))
    result = resolve(conflict, agenda, offered, ("ada",), NOW)
    return conflict_text(conflict, BERLIN, NOW), way_out(result, BERLIN, NOW)


def test_conflicts_and_ways_out():
    slot = DeliverySlot("s", span(6, 8), FEE)
    assert told([DELIVERY, TRIP], [slot]) == (
        "Nobody is at home for Green Corner (today 11:00-13:00):"
        " the house is empty today 11:00-13:00.",
        "Move Green Corner to today 15:00-17:00 for 4.00 EUR?",
    )
    assert told([DELIVERY, TRIP])[1] == (
        "It cannot be resolved: there is no other time for Green Corner."
    )
    cut = Block("notice:n", "notice", span(3, 9), "Power cut", stops="electricity")
    assert told([DELIVERY, cut])[0] == (
        "Green Corner brings freezer goods while the power is off: today 12:00-13:00."
    )
    walk = Block("activity:w", "activity", span(2, 3), "Walk", ("ada",))
    swim = Block("activity:s", "activity", span(2, 4), "Swim", ("ada",))
    assert told([walk, swim])[0] == "Swim and Walk are at the same time: today 11:00-12:00."


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_can_be_off(service):
    plan = Block("cooking:d", "cooking", span(2, 3), "Dinner", ("ada",), uses=(service,))
    off = Block("notice:n", "notice", span(1, 9), "x", stops=service)
    assert told([plan, off])[0].startswith("Dinner is planned while the ")


def test_rides():
    change = RideChange("reschedule", "Fishing has moved", fee=FEE)
    assert ride_change_text(change) == (
        "Fishing has moved. Move the ride with it? That costs 4.00 EUR."
    )
    assert ride_change_text(replace(change, action="cancel", fee=None, known=False)) == (
        "Fishing has moved. Cancel the ride? What that costs is not known yet."
    )
    assert ride_change_text(replace(change, action="tell")) == (
        "Fishing has moved. Call the driver."
    )
    riders = [Rider(name, Place("0,0"), 1, money("20.00", "EUR")) for name in ("h1", "h2")]
    shared = sharing(riders, money("30.00", "EUR"))
    assert sharing_text(shared, {"h2": "Ben"}, "h1") == (
        "Share the ride with Ben: you pay 15.00 EUR and save 5.00 EUR; together you save 10.00 EUR."
    )


MEAL = SocialMeal(
    "m", "k", "u", "booked", "Dinner", span(10, 12), NOW, 2,
    (MealGuest("mailto:ben@x.example", "Ben", 2, "ACCEPTED"),), size=4,
)  # fmt: skip


def test_meals():
    late = AskHousehold("let_in", "x", about=MEAL.guests[0])
    assert meal_question(late, MEAL) == (
        "Ben would come to Dinner after all, though the time to answer is over. Ask for room for 6?"
    )
    gone = AskHousehold("keep_or_cancel", "the gas stays on", Cost(FEE))
    assert meal_question(gone, MEAL) == (
        "Dinner was planned for a reason that is gone: the gas stays on."
        " Keep it, or call it off? That costs 4.00 EUR."
    )


@pytest.mark.parametrize("question", get_args(Question))
def test_every_question_names_the_meal(question):
    text = meal_question(AskHousehold(question, "so it is", Cost(FEE)), MEAL)
    assert "Dinner" in text
    assert "?" in text


@pytest.mark.parametrize(
    ("cost", "text"),
    [
        (Cost(), "That is free."),
        (Cost(money(Decimal(0), "EUR")), "That is free."),
        (Cost(possible=False), "It cannot be cancelled any more."),
    ],
)
def test_costs(cost, text):
    assert cost_text(cost) == text
