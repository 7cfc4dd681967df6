"""A driver, a restaurant and a neighbour: what each offers, and that nothing is given twice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.domain.geo import distance_km, read_gps
from hub.domain.money import money
from hub.domain.orders import Line, Party, Place, RideWish, TableWish

CATALOGUES = Path(__file__).parents[4] / "config/demo/catalogues"
HERE, THERE = Place("52.5300,13.4000", "Lane 1"), Place("52.4700,13.4400", "Airfield")
FAR = Place("48.1,11.6")


def one(item_id):
    return (Line(item_id, "", 1, money(0, "EUR")),)


def at(hour, minute=0, day=25):
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


# -- rides ---------------------------------------------------------------------------------------


@pytest.fixture
def driver(till):
    return till((CATALOGUES / "driver.yaml").read_text())


RIDE = RideWish(HERE, THERE, 2, arrive_by=at(15))


def test_a_ride_costs_by_the_way_and_comes_in_time(driver):
    (catalog,) = driver.ask("discover", ride=RIDE).catalogs
    assert [(item.item_id, item.seats) for item in catalog.items] == [("car", 4), ("van", 7)]
    km = distance_km(read_gps(HERE.gps), read_gps(THERE.gps)) * 1.3
    assert float(catalog.items[0].price.amount) == pytest.approx(3.9 + 1.7 * km, abs=0.1)
    for slot in catalog.slots:
        assert slot.window.end <= at(15)
        assert slot.window.start > driver.now
    (only,) = driver.ask("discover", ride=replace(RIDE, seats=5)).catalogs
    assert [item.item_id for item in only.items] == ["van"]
    assert driver.ask("discover", ride=replace(RIDE, seats=9)).catalogs == ()
    assert driver.ask("discover", ride=replace(RIDE, start=FAR)).catalogs == ()
    assert driver.ask("discover", ride=replace(RIDE, end=FAR)).catalogs == ()


def test_who_does_not_say_where_to_sees_what_it_costs_at_least(driver):
    (catalog,) = driver.ask("discover").catalogs
    assert [str(item.price) for item in catalog.items] == ["3.90 EUR", "6.50 EUR"]


def test_a_vehicle_drives_one_party_at_a_time(driver):
    slot = driver.ask("discover", ride=RIDE).catalogs[0].slots[-1]
    agreed = [driver.agree(by, lines=one("car"), ride=RIDE, slot=slot) for by in ("a", "b")]
    confirmed = [driver.confirm(agreed[n], by) for n, by in enumerate(("a", "b"))]
    assert [answer.state for answer in confirmed] == ["confirmed", None]
    assert confirmed[1].error.code == "30008"
    assert confirmed[0].agent.name == "Mara"
    assert confirmed[0].ride == RIDE
    other = driver.order("c", lines=one("van"), ride=RIDE, slot=slot)
    assert other.agent.name == "Jonas"


def test_without_a_time_the_next_one_is_taken(driver):
    soon = driver.ask("select", lines=one("car"), ride=replace(RIDE, arrive_by=None))
    assert timedelta(minutes=5) <= soon.slot.window.start - driver.now <= timedelta(minutes=30)
    assert soon.slots[0] == soon.slot


def test_what_cannot_be_driven_is_refused(driver):
    def refused(**about):
        return driver.ask("select", **{"lines": one("car"), "ride": RIDE} | about).error.code

    early = replace(RIDE, arrive_by=driver.now + timedelta(minutes=5))
    slot = driver.ask("discover", ride=RIDE).catalogs[0].slots[-1]
    assert refused(ride=None) == "30000"
    assert refused(lines=one("rocket")) == "30004"
    assert refused(ride=replace(RIDE, seats=6)) == "40002"
    assert refused(ride=replace(RIDE, start=FAR)) == "30008"
    assert refused(ride=early) == "30008"
    assert refused(slot=replace(slot, slot_id="pickup-20261125T0300")) == "30008"


def test_a_ride_is_moved_to_another_time_but_not_elsewhere(driver):
    order = driver.order(lines=one("car"), ride=RIDE)
    later = replace(RIDE, arrive_by=at(18))
    slots = driver.ask("update", ride=later, preview=True).slots
    moved = driver.ask("update", ride=later, slot=slots[-1], quote=order.quote)
    assert (moved.error, moved.slot) == (None, slots[-1])
    assert driver.sale(order).ride == later
    assert driver.ask("update", ride=replace(later, end=HERE)).error.code == "30000"
    free = driver.order("other", lines=one("car"), ride=RIDE)
    assert free.state == "confirmed"


def test_the_live_location_moves_along(driver):
    order = driver.order(lines=one("car"), ride=RIDE)
    waits = driver.ask("track")
    assert (waits.tracking.active, waits.tracking.gps) == (False, None)
    assert waits.tracking.eta == order.slot.window.start
    assert waits.tracking.url.startswith("http://127.0.0.1:1/track/")

    def away_from(place):
        point = read_gps(driver.ask("track").tracking.gps)
        return distance_km(point, read_gps(place.gps))

    def goes(verb):
        driver.step(order, lambda sale, now: driver.changes.advance(sale, verb, now))

    goes("dispatch")
    first = away_from(HERE)
    driver.now += timedelta(minutes=2)
    assert away_from(HERE) < first
    goes("arrive")
    assert away_from(HERE) < 0.01
    goes("start")
    driver.now += timedelta(minutes=5)
    assert 0.01 < away_from(THERE) < distance_km(read_gps(HERE.gps), read_gps(THERE.gps))
    driver.store.step(lambda: driver.store.notes.move("car", "52.5,13.5", driver.now))
    assert driver.ask("track").tracking.gps == "52.5,13.5"
    driver.now += timedelta(hours=1)
    assert away_from(THERE) < 0.01
    goes("deliver")
    assert driver.ask("track").tracking.active is False


# -- tables --------------------------------------------------------------------------------------


@pytest.fixture
def restaurant(till):
    return till((CATALOGUES / "restaurant.yaml").read_text())


GUESTS = Party(name="Ada", phone="+49 1")
TABLE = TableWish(4, at(18))


def sitting(restaurant, wish=TABLE):
    return restaurant.ask("discover", table=wish).catalogs[0].slots[0]


def test_tables_that_seat_the_party_are_offered_near_the_time(restaurant):
    (catalog,) = restaurant.ask("discover", table=TABLE).catalogs
    assert [item.item_id for item in catalog.items] == ["four", "long"]
    assert [(slot.slot_id, slot.left) for slot in catalog.slots] == [
        ("2026-11-25-early", 30),
        ("2026-11-25-late", 30),
    ]
    assert str(catalog.items[1].price) == "20.00 EUR"
    assert restaurant.ask("discover", table=TableWish(11)).catalogs == ()


def test_a_table_is_reserved_for_its_party(restaurant):
    slot = sitting(restaurant)
    order = restaurant.order(lines=one("four"), table=TABLE, slot=slot, party=GUESTS)
    assert (order.state, order.fulfillment_state) == ("confirmed", "OrderItemConfirmed")
    assert (order.table, order.slot, order.quote.total) == (TABLE, slot, money(0, "EUR"))
    gone = restaurant.ask("cancel", fee=money("10", "EUR"))
    assert gone.fulfillment_state == "CustomerCancelled"


def test_a_sitting_takes_no_more_guests_and_tables_than_there_are(restaurant):
    slot = sitting(restaurant)
    for number in range(5):
        restaurant.order(f"b{number}", lines=one("four"), table=TABLE, slot=slot, party=GUESTS)
    full = restaurant.ask("select", "b5", lines=one("four"), table=TABLE, slot=slot)
    assert full.error.code == "30008"
    restaurant.order("b6", lines=one("long"), table=TableWish(10), slot=slot, party=GUESTS)
    for size, code in ((2, "30008"), (1, "30008")):
        wish = TableWish(size)
        refused = restaurant.ask("select", "b7", lines=one("two"), table=wish, slot=slot)
        assert refused.error.code == code
    left = restaurant.ask("discover", table=replace(TABLE, party_size=1)).catalogs[0].slots
    assert slot.slot_id not in [one.slot_id for one in left]


def test_a_party_that_grows_gets_a_larger_table_or_is_told(restaurant):
    slot = sitting(restaurant)
    order = restaurant.order(lines=one("four"), table=TABLE, slot=slot, party=GUESTS)
    grown = replace(TABLE, party_size=8)
    would = restaurant.ask("update", table=grown, preview=True)
    assert (would.lines[0].item_id, str(would.quote.total)) == ("long", "40.00 EUR")
    moved = restaurant.ask("update", table=grown, quote=would.quote)
    assert (moved.table, moved.slot) == (grown, slot)
    assert restaurant.sale(order).lines[0].item_id == "long"
    crowd = restaurant.ask("update", table=replace(TABLE, party_size=12), preview=True)
    assert crowd.error.code == "40002"


@pytest.mark.parametrize(
    ("about", "code"),
    [
        ({"table": None}, "30000"),
        ({"slot": None}, "30008"),
        ({"lines": one("two")}, "40002"),
        ({"lines": one("none")}, "30004"),
        ({"lines": one("two") + one("four")}, "30000"),
        ({"party": Party(name="Ada")}, "30000"),
    ],
)
def test_what_cannot_be_reserved_is_refused(restaurant, about, code):
    asked = {"lines": one("four"), "table": TABLE, "slot": sitting(restaurant), "party": GUESTS}
    assert restaurant.ask("init", **asked | about).error.code == code


def test_a_confirm_for_another_party_is_refused(restaurant):
    slot = sitting(restaurant)
    agreed = restaurant.agree(lines=one("four"), table=TABLE, slot=slot, party=GUESTS)
    refused = restaurant.confirm(agreed, table=replace(TABLE, party_size=2))
    assert refused.error.code == "40003"


# -- neighbours ----------------------------------------------------------------------------------


@pytest.fixture
def lena(till):
    return till((CATALOGUES / "neighbour.yaml").read_text())


def test_what_is_lent_comes_back_and_can_be_lent_again(lena):
    (catalog,) = lena.ask("discover").catalogs
    day, later, *_ = (slot for slot in catalog.slots if slot.slot_id.endswith("-day"))
    ada = Party(name="Ada")
    first = lena.order("a", lines=one("drill"), slot=day, party=ada)
    assert first.quote.total == money("0.00", "EUR")
    taken = lena.ask("select", "b", lines=one("drill"), slot=day)
    assert taken.error.code == "30008"
    assert lena.order("b", lines=one("drill"), slot=later, party=ada).state == "confirmed"
    assert lena.order("c", lines=one("ladder"), slot=day, party=ada).state == "confirmed"
    verbs = ("accept", "pack", "deliver", "return")
    told = [
        lena.step(first, lambda sale, now, verb=verb: lena.changes.advance(sale, verb, now))
        for verb in verbs
    ]
    assert [(answer.state, answer.fulfillment_state) for answer in told[2:]] == [
        ("in_progress", "Handed-over"),
        ("completed", "Returned"),
    ]


def test_two_who_agreed_on_the_same_drill_do_not_both_get_it(lena):
    slot = next(s for s in lena.ask("discover").catalogs[0].slots if s.slot_id.endswith("-day"))
    ada = Party(name="Ada")
    agreed = [lena.agree(by, lines=one("drill"), slot=slot, party=ada) for by in ("a", "b")]
    answers = [lena.confirm(agreed[n], by) for n, by in enumerate(("a", "b"))]
    assert [answer.state for answer in answers] == ["confirmed", None]
    assert "lent to others" in answers[1].error.message
    # Nothing of the refused one remains: the place in the window is not lost.
    assert lena.store.shelves.all_held(lena.now)[f"slot:{slot.slot_id}"] == 1


def test_what_is_cooked_can_be_had_in_its_windows_and_runs_out(lena):
    (catalog,) = lena.ask("discover").catalogs
    soup = next(item for item in catalog.items if item.item_id == "lentil-soup")
    assert soup.windows
    assert {window.start.hour for window in soup.windows} == {17}
    day = next(slot for slot in catalog.slots if slot.slot_id.endswith("-day"))
    assert lena.ask("select", lines=one("lentil-soup"), slot=day).error.code == "30008"
    supper = next(slot for slot in catalog.slots if slot.slot_id.endswith("-supper"))
    lines = (replace(one("lentil-soup")[0], count=8),)
    lena.order(lines=lines, slot=supper, party=Party(name="Ada"))
    assert lena.ask("select", "b", lines=one("lentil-soup"), slot=supper).error.code == "40002"


def test_lending_needs_a_window(lena):
    assert lena.agree(lines=one("drill"), party=Party(name="Ada")).error.code == "30008"


def test_a_ride_lets_others_in_on_its_way(driver):
    alone = driver.order(lines=one("car"), ride=RIDE)
    shared = replace(RIDE, via=(Place("52.5000,13.4400", "Bridge 2"),), seats=3)
    asked = {"lines": alone.lines, "ride": shared, "order_id": alone.order_id}
    told = driver.ask("update", preview=True, **asked)
    assert told.ride == shared
    assert told.quote.total.amount > alone.quote.total.amount
    assert told.slot.window.start < alone.slot.window.start
    assert told.slot.window.end <= at(15)
    meant = asked | {"slot": told.slot, "quote": told.quote}
    assert driver.ask("update", **meant).ride == shared
    elsewhere = asked | {"ride": replace(RIDE, start=FAR)}
    assert "another way" in driver.ask("update", preview=True, **elsewhere).error.message
    crowd = asked | {"ride": replace(shared, seats=5)}
    assert driver.ask("update", preview=True, **crowd).error.code == "40002"
