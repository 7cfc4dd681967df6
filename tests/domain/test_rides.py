"""Getting there: whether a ride, which pickup, what becomes of it, and sharing it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.activities import Activity, Details, Person
from hub.domain.geo import distance_km, read_gps, write_gps
from hub.domain.money import Money, money
from hub.domain.offers import ChangeTerms, DeliverySlot, Place, RideWish, Window
from hub.domain.orders import Order, Subscriber
from hub.domain.rides import follow, pick_pickup, way_back, way_there
from hub.domain.sharing import Detour, Rider, route, sharing

NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOME, LAKE = Place("52.500000,13.400000"), Place("52.500000,13.700000", "Mill Lake")
EUR = "EUR"


def span(start: float, end: float) -> Window:
    return Window(NOW + MINUTE * start, NOW + MINUTE * end)


FISHING = Details(span(120, 300), "UTC", "Fishing", location="Mill Lake", gps=LAKE.gps)
ACTIVITY = Activity("u", 0, NOW, "confirmed", Person("mailto:a@b.example"), FISHING)


def test_a_ride_there_arrives_before_it_begins():
    way = way_there(FISHING, HOME, 2)
    assert way.wish == RideWish(HOME, LAKE, 2, arrive_by=NOW + 110 * MINUTE)
    back = way_back(FISHING, HOME, 2)
    assert back.wish == RideWish(LAKE, HOME, 2, leave_after=NOW + 300 * MINUTE)


@pytest.mark.parametrize(
    ("details", "home", "seats", "why"),
    [
        (replace(FISHING, gps=None), HOME, 1, "cannot be told well enough"),
        (FISHING, None, 1, "home.gps"),
        (FISHING, HOME, 0, "nobody needs"),
        (replace(FISHING, gps="52.501,13.401"), HOME, 1, "near enough to walk"),
    ],
)
def test_why_there_is_no_ride(details, home, seats, why):
    way = way_there(details, home, seats)
    assert way.wish is None
    assert why in way.why_not


def test_the_pickup_that_leaves_last_and_is_in_time():
    slots = [DeliverySlot(str(n), span(n, n + 25)) for n in (30, 60, 85, 90)]
    wish = way_there(FISHING, HOME, 1).wish
    chosen = pick_pickup(slots, wish, NOW)
    assert chosen.slot_id == "85"
    assert pick_pickup(slots[3:], wish, NOW) is None
    later = RideWish(LAKE, HOME, leave_after=NOW + 40 * MINUTE)
    assert pick_pickup(slots, later, NOW).slot_id == "60"
    assert pick_pickup(slots, RideWish(LAKE, HOME), NOW + 70 * MINUTE).slot_id == "85"


FREE = ChangeTerms(free_until=NOW + 30 * MINUTE, fee=money("4.00", EUR), until=NOW + 60 * MINUTE)
RIDE = Order(
    "o", "t", "s", Subscriber("driver", "http://x"), "Driver", "confirmed",
    slot=DeliverySlot("85", span(85, 110)), domain="ride",
    ride=RideWish(HOME, LAKE, 1, arrive_by=NOW + 110 * MINUTE),
    cancellation=FREE, rescheduling=FREE,
)  # fmt: skip


def moved(minutes: float) -> Activity:
    window = span(120 + minutes, 300 + minutes)
    return replace(ACTIVITY, details=replace(FISHING, window=window))


def test_a_ride_stays_while_it_fits():
    assert follow(RIDE, ACTIVITY, NOW).action == "keep"
    assert follow(RIDE, moved(10), NOW).action == "keep"


@pytest.mark.parametrize(("at", "fee"), [(0, None), (45, "4.00 EUR")])
def test_an_activity_that_moves_takes_its_ride_along(at, fee):
    for minutes in (-30, 60):
        change = follow(RIDE, moved(minutes), NOW + at * MINUTE)
        assert change.action == "reschedule"
        assert change.wish.arrive_by == NOW + (110 + minutes) * MINUTE
        assert (str(change.fee) if change.fee else None) == fee
        assert change.costs == (fee is not None)


def test_what_cannot_be_moved_is_ordered_anew():
    fixed = replace(RIDE, rescheduling=None)
    assert follow(fixed, moved(60), NOW).action == "replace"
    other = replace(FISHING, gps="52.6,13.2")
    change = follow(RIDE, replace(ACTIVITY, details=other), NOW + 45 * MINUTE)
    assert (change.action, str(change.fee), change.wish.end.gps) == (
        "replace", "4.00 EUR", "52.6,13.2",
    )  # fmt: skip


def test_a_cancelled_activity_cancels_its_ride_and_says_what_it_costs():
    off = ACTIVITY.moved("cancelled")
    assert follow(RIDE, off, NOW).fee is None
    late = follow(RIDE, off, NOW + 45 * MINUTE)
    assert (late.action, str(late.fee), late.costs) == ("cancel", "4.00 EUR", True)
    assert follow(RIDE, off, NOW + 61 * MINUTE).action == "tell"
    unknown = follow(replace(RIDE, cancellation=None), off, NOW)
    assert (unknown.action, unknown.known, unknown.costs) == ("cancel", False, True)
    assert follow(replace(RIDE, state="in_progress"), off, NOW).action == "tell"


def test_what_is_not_confirmed_costs_nothing():
    draft = replace(RIDE, state="quoted", cancellation=None)
    assert follow(draft, moved(60), NOW).costs is False
    assert follow(draft, ACTIVITY.moved("cancelled"), NOW).costs is False
    assert follow(replace(RIDE, state="completed"), moved(60), NOW).action == "keep"
    assert follow(replace(RIDE, state="in_progress"), moved(60), NOW).action == "tell"


# -- sharing -----------------------------------------------------------------------------------


def rider(name: str, lat: float, lon: float, price: str = "20.00", seats: int = 1) -> Rider:
    return Rider(name, Place(write_gps((lat, lon))), seats, money(price, EUR))


ON_THE_WAY = [rider("ada", 52.5, 13.4, "30.00"), rider("ben", 52.5, 13.5, "20.00")]


def test_who_lives_on_the_way_is_picked_up():
    found = route(ON_THE_WAY, LAKE, capacity=4, detour=Detour())
    assert [one.household for one in found.riders] == ["ada", "ben"]
    assert found.wish(LAKE, NOW).seats == 2
    times = found.pickups(NOW, 30 * MINUTE)
    assert times["ada"] == NOW
    assert times["ben"] == NOW + 10 * MINUTE


def test_nobody_is_driven_around():
    aside = [rider("ada", 52.5, 13.4), rider("ben", 52.8, 13.4)]
    assert route(aside, LAKE, capacity=4, detour=Detour()) is None
    assert route(ON_THE_WAY, LAKE, capacity=1, detour=Detour()) is None


def test_who_pays_what_and_saves_what():
    split = sharing(ON_THE_WAY, money("35.00", EUR))
    assert {name: str(one) for name, one in split.pays.items()} == {
        "ada": "21.00 EUR", "ben": "14.00 EUR",
    }  # fmt: skip
    assert str(split.saving) == "15.00 EUR"
    assert sharing(ON_THE_WAY, money("50.00", EUR)) is None
    with pytest.raises(ValueError, match="currency"):
        sharing(ON_THE_WAY, money("1.00", "USD"))


prices = st.decimals("0.01", 200, places=2)


@settings(deadline=None)
@given(st.lists(prices, min_size=2, max_size=5), st.decimals(0, 300, places=2))
def test_nobody_pays_more_than_alone_and_it_adds_up(alone, fare):
    riders = [Rider(f"h{n}", HOME, 1, Money(price, EUR)) for n, price in enumerate(alone)]
    split = sharing(riders, Money(fare, EUR))
    if split is None:
        assert fare >= sum(alone)
        return
    assert sum(one.amount for one in split.pays.values()) == fare
    assert sum(one.amount for one in split.saves.values()) == split.saving.amount
    assert split.saving.amount == sum(alone) - fare
    for one in riders:
        assert Decimal(0) <= split.pays[one.household].amount <= one.alone.amount
        assert split.saves[one.household].amount >= 0


places = st.tuples(st.floats(52.3, 52.7), st.floats(13.2, 13.7))


@settings(deadline=None)
@given(st.lists(places, min_size=2, max_size=4, unique=True), st.floats(0, 20), st.floats(0, 1))
def test_the_route_is_the_shortest_that_keeps_to_the_bound(homes, km, part):
    riders = [rider(f"h{n}", *home) for n, home in enumerate(homes)]
    detour = Detour(km, part)
    found = route(riders, LAKE, capacity=9, detour=detour)
    lengths = []
    for way in permutations(riders):
        stops = [*(read_gps(one.home.gps) for one in way), read_gps(LAKE.gps)]
        legs = [distance_km(a, b) for a, b in pairwise(stops)]
        ridden = [sum(legs[n:]) for n in range(len(way))]
        direct = [distance_km(stop, stops[-1]) for stop in stops[:-1]]
        if all(detour.allows(d, r) for d, r in zip(direct, ridden, strict=True)):
            lengths.append(sum(legs))
    assert (found is None) == (not lengths)
    if found is not None:
        assert found.total_km == pytest.approx(min(lengths))
        assert max(found.ridden_km.values()) == pytest.approx(found.total_km)


@pytest.mark.parametrize("names", [["a"], ["a", "a"], list("abcdef")])
def test_how_many_can_share(names):
    with pytest.raises(ValueError, match="households"):
        route([rider(n, 52.5, 13.4) for n in names], LAKE, capacity=9, detour=Detour())
