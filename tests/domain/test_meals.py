"""A meal with friends: what happens next, whatever comes, and what undoing it costs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.domain.activities import Activity, ActivityError, Attendee, Details, Person
from hub.domain.contacts import Contact, by_address
from hub.domain.life import IllegalMove
from hub.domain.mealactions import (
    AskHousehold,
    AwaitAnswers,
    BookTable,
    CancelActivity,
    CancelTable,
    HoldGroceries,
    Invite,
    ResizeTable,
    SetActivity,
    ShareShopping,
    TellHousehold,
    Withdraw,
)
from hub.domain.meals import (
    Cost,
    MealGuest,
    SocialMeal,
    bill_shares,
    circle_guests,
    cost_of,
    friends_at,
    shopping,
)
from hub.domain.mealsteps import (
    on_answer,
    on_approved,
    on_booked,
    on_called_off,
    on_deadline,
    on_declined,
    on_let_in,
    on_notice_cancelled,
    on_other_table,
    on_over,
    on_refused,
    on_resize_refused,
    on_resized,
    on_table_cancelled,
)
from hub.domain.money import money
from hub.domain.offers import (
    Catalog,
    CatalogItem,
    ChangeTerms,
    DeliverySlot,
    Score,
    Want,
    Window,
)
from hub.domain.venues import Host, Venue, hosts, tables
from hub.store.codec import dump, load

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BEN, CLEO, DAN = (f"mailto:{name}@x.example" for name in ("ben", "cleo", "dan"))
DEADLINE = NOW + 3 * HOUR
EVENING = Window(NOW + 7 * HOUR, NOW + 9 * HOUR)
FEE = ChangeTerms(free_until=NOW + 4 * HOUR, fee=money("5.00", "EUR"), until=NOW + 6 * HOUR)
MEAL = SocialMeal(
    "m1", "k1", "u1", "proposed", "Dinner", EVENING, DEADLINE, 2,
    (MealGuest(BEN, "Ben", 2), MealGuest(CLEO, "Cleo"), MealGuest(DAN, "Dan")), cause="gas,1,",
)  # fmt: skip


def inviting(**changes) -> SocialMeal:
    return on_approved(replace(MEAL, **changes), NOW).meal


def booked(**changes) -> SocialMeal:
    meal = inviting(**changes)
    for who, answer in ((BEN, "ACCEPTED"), (CLEO, "ACCEPTED"), (DAN, "DECLINED")):
        meal = on_answer(meal, who, answer, NOW).meal
    return on_booked(meal, "o1", meal.party, NOW, FEE).meal


def kinds(step) -> list[str]:
    return [type(one).__name__ for one in step.actions]


# -- as it should be ---------------------------------------------------------------------------


def test_from_the_idea_to_the_table():
    asked = on_approved(MEAL, NOW)
    assert asked.actions == (Invite(MEAL.guests), AwaitAnswers(DEADLINE), HoldGroceries(True))
    meal = on_answer(asked.meal, BEN, "ACCEPTED", NOW).meal
    waiting = on_answer(meal, CLEO, "TENTATIVE", NOW)
    assert waiting.actions == ()
    meal = on_answer(waiting.meal, DAN, "DECLINED", NOW).meal
    early = on_deadline(meal, DEADLINE - HOUR)
    assert (early.meal, early.actions) == (meal, ())
    due = on_deadline(meal, DEADLINE)
    assert due.actions == (AwaitAnswers(None), BookTable(4, EVENING.start))
    done = on_booked(due.meal, "o1", 4, NOW, FEE)
    assert (done.meal.state, done.actions) == ("booked", (SetActivity("confirmed"),))
    assert on_over(done.meal, EVENING.end).meal.state == "over"


def test_once_all_have_answered_nobody_waits():
    meal = inviting()
    for who in (BEN, CLEO):
        meal = on_answer(meal, who, "ACCEPTED", NOW).meal
    last = on_answer(meal, DAN, "ACCEPTED", NOW)
    assert BookTable(6, EVENING.start) in last.actions


def test_at_home_there_is_shared_shopping_instead_of_a_table():
    meal = inviting(where="home", host="Ben")
    step = on_deadline(on_answer(meal, BEN, "ACCEPTED", NOW).meal, DEADLINE)
    assert step.meal.state == "booked"
    assert step.actions == (AwaitAnswers(None), SetActivity("confirmed"), ShareShopping(4))
    more = on_answer(step.meal, BEN, "ACCEPTED", NOW, seats=1)
    assert more.actions == (ShareShopping(3),)


def test_nobody_has_time():
    step = on_deadline(on_answer(inviting(), BEN, "DECLINED", NOW).meal, DEADLINE)
    assert step.meal.state == "cancelled"
    assert kinds(step) == ["AwaitAnswers", "CancelActivity", "HoldGroceries", "TellHousehold"]
    assert HoldGroceries(False) in step.actions


def test_declined_here_nothing_was_done():
    assert on_declined(MEAL).meal.state == "cancelled"
    assert on_declined(MEAL).actions == ()
    with pytest.raises(ActivityError, match="no time left"):
        on_approved(MEAL, DEADLINE)


# -- answers change ----------------------------------------------------------------------------


def test_a_smaller_party_gets_a_smaller_table():
    step = on_answer(booked(), CLEO, "DECLINED", NOW, FEE)
    assert (step.meal.state, step.actions) == ("resizing", (ResizeTable("o1", 4),))
    assert on_resized(step.meal, "o1", 4, NOW, FEE).meal.size == 4


def test_answers_that_come_while_the_restaurant_is_asked_are_seen_to_afterwards():
    resizing = on_answer(booked(), CLEO, "DECLINED", NOW, FEE).meal
    meanwhile = on_answer(resizing, DAN, "ACCEPTED", NOW, FEE)
    assert meanwhile.actions == ()
    step = on_resized(meanwhile.meal, "o1", 4, NOW, FEE)
    assert step.actions == (ResizeTable("o1", 5),)
    again = on_resize_refused(meanwhile.meal, "o1", "no", NOW, FEE)
    assert again.meal.state == "booked"
    assert again.meal.party == again.meal.size == 5


def test_a_table_that_cannot_grow_is_for_the_members_one_that_cannot_shrink_is_not():
    grown = on_let_in(booked(), DAN, NOW, FEE)
    assert grown.actions == (ResizeTable("o1", 6),)
    step = on_resize_refused(grown.meal, "o1", "we are full", NOW, FEE)
    assert step.actions == (AskHousehold("no_room", "we are full", Cost()),)
    shrunk = on_answer(booked(), CLEO, "DECLINED", NOW, FEE).meal
    told = on_resize_refused(shrunk, "o1", "we need not", NOW, FEE)
    assert told.actions == (TellHousehold("The table stays for 5: we need not"),)


def test_a_yes_after_the_deadline_is_for_the_members_a_no_is_not():
    late = DEADLINE + HOUR / 2
    step = on_answer(booked(), DAN, "ACCEPTED", late, FEE)
    assert step.meal == booked()
    (ask,) = step.actions
    assert (ask.question, ask.about.name) == ("let_in", "Dan")
    assert on_answer(booked(), CLEO, "DECLINED", late, FEE).actions == (ResizeTable("o1", 4),)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOW, ["AwaitAnswers", "CancelTable", "CancelActivity", "HoldGroceries", "TellHousehold"]),
        (NOW + 5 * HOUR, ["AskHousehold"]),
        (NOW + 6.5 * HOUR, ["AskHousehold"]),
    ],
)
def test_when_all_decline_what_is_free_is_undone_and_what_costs_is_asked(at, expected):
    meal = on_answer(booked(), CLEO, "DECLINED", NOW, FEE).meal
    meal = on_resized(meal, "o1", 4, NOW, FEE).meal
    step = on_answer(meal, BEN, "DECLINED", at, FEE)
    assert kinds(step) == expected
    for one in step.actions:
        if isinstance(one, AskHousehold):
            assert one.question == "nobody_comes"
            assert one.cost == cost_of(meal, FEE, at)


# -- the restaurant ----------------------------------------------------------------------------


def test_a_restaurant_that_books_and_then_cancels():
    step = on_table_cancelled(booked(), "o1", "the kitchen burns")
    assert step.meal.state == "booking"
    assert step.actions == (
        SetActivity("tentative"),
        AskHousehold("other_table", "the kitchen burns", Cost()),
    )
    other = on_other_table(step.meal)
    assert other.actions == (BookTable(5, EVENING.start),)
    assert on_booked(other.meal, "o2", 5, NOW, FEE).meal.order_id == "o2"
    # Told again, about a table that is no longer ours.
    assert on_table_cancelled(booked(), "o9", "x").actions == ()


def test_a_table_nobody_wants_any_more_is_given_back():
    booking = on_deadline(on_answer(inviting(), BEN, "ACCEPTED", NOW).meal, DEADLINE).meal
    meal = on_called_off(booking, "we are ill", NOW).meal
    assert meal.state == "cancelled"
    late = on_booked(meal, "o1", 4, NOW, FEE)
    assert (late.meal, late.actions) == (meal, (CancelTable("o1", None),))
    second = on_booked(booked(), "o2", 5, NOW + 5 * HOUR, FEE)
    assert second.actions == (CancelTable("o2", FEE.fee),)


def test_everybody_declined_while_the_table_was_being_booked():
    meal = on_deadline(on_answer(inviting(), BEN, "ACCEPTED", NOW).meal, DEADLINE).meal
    meal = on_answer(meal, BEN, "DECLINED", NOW).meal
    step = on_booked(meal, "o1", 4, NOW, FEE)
    assert step.meal.state == "cancelled"
    assert CancelTable("o1", None) in step.actions


def test_no_table_in_time():
    meal = on_deadline(on_answer(inviting(), BEN, "ACCEPTED", NOW).meal, DEADLINE).meal
    refused = on_refused(meal, "full")
    assert refused.actions == (AskHousehold("other_table", "full", Cost()),)
    step = on_over(refused.meal, EVENING.start)
    assert (step.meal.state, CancelActivity("no table was found in time") in step.actions) == (
        "cancelled",
        True,
    )


# -- the notice is cancelled -------------------------------------------------------------------


def test_a_notice_that_is_cancelled_before_anything_was_agreed():
    step = on_notice_cancelled(MEAL, "gas,1,", NOW)
    assert (step.meal.state, kinds(step)) == ("cancelled", ["Withdraw"])
    assert isinstance(step.actions[0], Withdraw)


@pytest.mark.parametrize(
    ("at", "cost"),
    [(NOW, Cost()), (NOW + 5 * HOUR, Cost(FEE.fee)), (EVENING.start, Cost(possible=False))],
)
def test_a_notice_that_is_cancelled_after_everyone_agreed(at, cost):
    step = on_notice_cancelled(booked(), "gas,1,", at, FEE)
    (ask,) = step.actions
    assert (ask.question, ask.cost) == ("keep_or_cancel", cost)
    assert on_notice_cancelled(step.meal, "gas,1,", at, FEE).actions == ()
    assert on_notice_cancelled(booked(), "water,1,", at, FEE).actions == ()
    off = on_called_off(step.meal, "not needed", at, FEE, agreed=cost.fee)
    assert off.meal.state == "cancelled"
    assert (CancelTable("o1", cost.fee) in off.actions) == cost.possible
    assert HoldGroceries(False) in off.actions
    assert CancelActivity("not needed") in off.actions
    assert ("TellHousehold" in kinds(off)) == (cost != Cost())


def test_nothing_costs_more_than_was_agreed():
    step = on_called_off(booked(), "x", NOW + 5 * HOUR, FEE, agreed=None)
    assert step.meal == booked()
    assert step.actions == (AskHousehold("costs_more", "x", Cost(FEE.fee)),)
    unknown = on_called_off(booked(), "x", NOW, None)
    assert unknown.actions == (AskHousehold("costs_more", "x", Cost(known=False)),)
    most = money("3.00", "EUR")
    assert CancelTable("o1", most) in on_called_off(booked(), "x", NOW, None, agreed=most).actions


# -- whatever comes ----------------------------------------------------------------------------

steps = st.one_of(
    st.tuples(
        st.just("answer"),
        st.sampled_from([BEN, CLEO, DAN, "mailto:eve@x.example"]),
        st.sampled_from(["ACCEPTED", "DECLINED", "TENTATIVE"]),
    ),
    st.tuples(
        st.sampled_from(
            ["approved", "deadline", "let_in", "other", "off", "notice", "confirm", "refuse",
             "provider_cancels", "over"]
        )
    ),
    st.tuples(st.just("wait"), st.integers(1, 3)),
)  # fmt: skip


class Restaurant:
    """What the outside has of it: tables, and the activity's state; as the flow would do it."""

    def __init__(self) -> None:
        self.tables: dict[str, int] = {}
        self.asked: int | None = None
        self.resize: int | None = None
        self.held = False
        self.count = 0
        self.activity = "none"

    def do(self, step) -> SocialMeal:
        for action in step.actions:
            if isinstance(action, BookTable):
                assert self.asked is None
                self.asked = action.party
            elif isinstance(action, ResizeTable):
                assert action.order_id in self.tables
                self.resize = action.party
            elif isinstance(action, CancelTable):
                self.tables.pop(action.order_id)
                self.resize = None
            elif isinstance(action, HoldGroceries):
                self.held = action.held
            elif isinstance(action, Invite):
                self.activity = "tentative"
            elif isinstance(action, SetActivity):
                self.activity = action.state
            elif isinstance(action, CancelActivity):
                self.activity = "cancelled"
        return step.meal


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, max_size=25))
def test_nothing_is_booked_twice_and_nothing_left_behind(history):
    outside, meal, now = Restaurant(), MEAL, NOW
    for name, *what in history:
        before = meal
        if name == "wait":
            now += HOUR * what[0]
        elif name == "answer":
            meal = outside.do(on_answer(meal, what[0], what[1], now, FEE))
        elif name == "approved" and now < meal.answer_by:
            meal = outside.do(on_approved(meal, now))
        elif name == "deadline":
            meal = outside.do(on_deadline(meal, now))
        elif name == "let_in":
            meal = outside.do(on_let_in(meal, DAN, now, FEE))
        elif name == "other" and outside.asked is None:
            meal = outside.do(on_other_table(meal))
        elif name == "off":
            fee = cost_of(meal, FEE, now).fee
            meal = outside.do(on_called_off(meal, "x", now, FEE, agreed=fee))
        elif name == "notice":
            meal = outside.do(on_notice_cancelled(meal, "gas,1,", now, FEE))
        elif name == "over":
            meal = outside.do(on_over(meal, now))
        elif name == "confirm" and outside.resize is not None:
            outside.tables[meal.order_id], outside.resize = outside.resize, None
            size = outside.tables[meal.order_id]
            meal = outside.do(on_resized(meal, meal.order_id, size, now, FEE))
        elif name == "confirm" and outside.asked is not None:
            outside.count += 1
            order, size = f"o{outside.count}", outside.asked
            outside.tables[order], outside.asked = size, None
            meal = outside.do(on_booked(meal, order, size, now, FEE))
            # The same callback again changes nothing.
            again = on_booked(meal, order, size, now, FEE)
            assert order not in outside.tables or (again.meal, again.actions) == (meal, ())
        elif name == "refuse" and outside.resize is not None:
            outside.resize = None
            meal = outside.do(on_resize_refused(meal, meal.order_id, "no", now, FEE))
        elif name == "refuse" and outside.asked is not None:
            outside.asked = None
            meal = outside.do(on_refused(meal, "no"))
        elif name == "provider_cancels" and meal.order_id in outside.tables:
            outside.tables.pop(meal.order_id)
            outside.resize = None
            meal = outside.do(on_table_cancelled(meal, meal.order_id, "burnt"))
        assert len(outside.tables) <= 1
        if meal.state in ("booked", "resizing"):
            assert outside.tables[meal.order_id] == meal.size
        if meal.state == "booked" and outside.resize is None:
            assert outside.activity == "confirmed"
        if meal.state == "cancelled":
            assert outside.held is False
            assert outside.activity in ("none", "cancelled")
            kept = [order for order in outside.tables if not FEE.possible_at(now)]
            assert list(outside.tables) == kept
        if before.ended:
            assert meal == before


# -- who, where, how much ----------------------------------------------------------------------


def friend(name: str) -> Contact:
    return Contact(name, name.title(), "known", (f"mailto:{name}@x.example",), peer="p" * 32)


def test_friends_at_the_same_activity():
    details = Details(Window(NOW, NOW + HOUR), "UTC", "Fishing")
    people = (
        Attendee("mailto:ada@one.example", partstat="ACCEPTED"),
        Attendee(CLEO, partstat="ACCEPTED"),
        Attendee(DAN, partstat="DECLINED"),
        Attendee("mailto:stranger@x.example", partstat="ACCEPTED"),
    )
    activity = Activity("u", 0, NOW, "confirmed", Person(BEN), details, people)
    contacts = by_address([friend("ben"), friend("cleo"), friend("dan")])
    own = ["mailto:ada@one.example"]
    assert [one.name for one in friends_at([activity, activity], contacts, own)] == ["Ben", "Cleo"]
    assert friends_at([activity.moved("cancelled")], contacts, own) == ()
    assert friends_at([activity], contacts, ["mailto:x@one.example"]) == ()
    assert [one.name for one in circle_guests([friend("dan"), friend("ben")])] == ["Ben", "Dan"]


def test_the_bill_is_split_by_heads():
    shares = bill_shares(money("100.00", "EUR"), booked(), "Ada")
    assert {name: str(one) for name, one in shares.items()} == {
        "Ada": "40.00 EUR", "Ben": "40.00 EUR", "Cleo": "20.00 EUR",
    }  # fmt: skip


def test_shopping_is_for_those_who_come():
    wants = [Want("rice", "Rice", Decimal("0.08"), "kg"), Want("salt", "Salt", Decimal(0), "g")]
    (rice,) = shopping(wants, 5)
    assert rice.quantity == Decimal("0.4")


def venue(name: str, *, seats=6, start=7.0, left=None, score=None, **more) -> Venue:
    slot = DeliverySlot("s", Window(NOW + HOUR * start, NOW + HOUR * (start + 2)), left=left)
    item = CatalogItem("t", "Table", money("0.00", "EUR"), seats=seats)
    return Venue(Catalog(name, name, (item,), (slot,), score=score), **more)


def test_the_table_that_suits_best():
    home = "52.5,13.4"
    found = tables(
        [
            venue("late", start=7.5, gps="52.5,13.41", diets=frozenset({"vegan"})),
            venue("far", gps="52.5,13.5", diets=frozenset({"vegan"})),
            venue("near", gps="52.5,13.41", diets=frozenset({"vegan"})),
            venue("silent"),
            venue("meaty", gps="52.5,13.41", diets=frozenset()),
            venue("small", seats=2),
            venue("full", left=3),
            venue("gone", start=2),
            venue("abroad", gps="48.1,11.5", diets=frozenset({"vegan"})),
            venue("best", gps="52.5,13.41", diets=frozenset({"vegan"}), score=Score(Decimal(5), 9)),
        ],
        4, EVENING.start, [home], ["vegan"], most_km=20,
    )  # fmt: skip
    names = [one.venue.catalog.provider_name for one in found.able]
    assert names == ["best", "near", "far", "silent", "late"]
    assert len(found.able[3].notes) == 2
    assert dict(found.not_able) == {
        "abroad": "it is 507.5 km away",
        "full": "it has no room for 4 around then",
        "gone": "it has no room for 4 around then",
        "meaty": "it does not cater for vegan",
        "small": "it has no table for 4",
    }


def test_who_can_have_guests():
    offered = [Host("Ben", 6, ("gas",)), Host("Cleo", 5), Host("Dan", 8), Host("Eve", 2)]
    assert [one.name for one in hosts(offered, 5, ["gas"])] == ["Dan", "Cleo"]


@pytest.mark.parametrize(
    "changes",
    [
        {"guests": ()},
        {"guests": (MealGuest(BEN, "Ben"),) * 2},
        {"own_seats": 0},
        {"answer_by": EVENING.end},
    ],
)
def test_meals_that_cannot_be(changes):
    with pytest.raises(ActivityError):
        replace(MEAL, **changes)


def test_a_meal_can_be_stored_and_its_life_is_a_table():
    assert load(SocialMeal, dump(booked())) == booked()
    with pytest.raises(IllegalMove):
        MEAL.moved("booked")
