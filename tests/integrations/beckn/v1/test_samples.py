"""Real networks' messages, in structure: what is read from them is what they mean."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from hub.domain.money import money
from hub.domain.orders import Rating, Subscriber, Window
from integrations.beckn.reading import parse
from integrations.beckn.v1 import messages as v1

SAMPLES = Path(__file__).parents[1] / "samples"
NAMES = sorted(path.stem for path in SAMPLES.glob("*.json"))


def sample(name):
    return parse((SAMPLES / f"{name}.json").read_bytes())


def answer(name):
    document = sample(name)
    context = document.node("context")
    sender = Subscriber(context.text("bpp_id"), context.text("bpp_uri"), "1.1.1")
    return v1.read_answer(document, sender)


def inr(amount):
    return money(amount, "INR")


def at(hour, minute=0, second=0):
    return datetime(2026, 4, 14, hour, minute, second, tzinfo=UTC)


def test_there_are_samples_of_each_kind():
    assert {name.split("-")[0] for name in NAMES} == {"retail", "food", "ride", "visit", "shop"}


def test_a_retail_catalogue():
    (catalog,) = answer("retail-on_search").catalogs
    assert (catalog.provider_id, catalog.provider_name) == ("P1", "Hill Dairy")
    # What is switched off or has no price is not for sale.
    assert [item.item_id for item in catalog.items] == ["I1", "I2", "I5"]
    paneer, milk, honey = catalog.items
    assert (paneer.name, paneer.price, paneer.category) == ("Paneer 200 g", inr("95.00"), "Dairy")
    assert (paneer.size, paneer.unit, paneer.available) == (Decimal(200), "g", 12)
    assert paneer.gtin == "8901234567894"
    assert (milk.size, milk.unit, milk.available) == (1, "l", 0)
    assert (honey.price, honey.unit) == (inr("480"), "kg")
    # Opening hours are no windows that could be booked.
    assert catalog.slots == ()


def test_a_retail_quote_with_its_lines_spread_over_items_and_breakup():
    quoted = answer("retail-on_select")
    assert (quoted.state, quoted.error) == ("quoted", None)
    assert [(line.item_id, line.name, line.count, line.price) for line in quoted.lines] == [
        ("I1", "Paneer 200 g", 2, inr("95.00")),
        ("I5", "Honey 1 kg", 1, inr("480")),
    ]
    assert quoted.quote.total == inr("686.00")
    assert quoted.quote.valid_until == at(12) + timedelta(days=1)
    assert [(part.title, part.item_id) for part in quoted.quote.breakup] == [
        ("Paneer 200 g", "I1"),
        ("Honey 1 kg", "I5"),
        ("Delivery charges", None),
    ]


def test_a_retail_item_that_ran_out_is_said_in_words():
    refused = answer("retail-on_select-out-of-stock")
    assert (refused.error.code, refused.error.message) == ("40002", "there is not enough of it")
    assert (refused.lines, refused.quote) == ((), None)


def test_a_retail_order_on_its_way_and_there():
    order = answer("retail-on_status-picked-up")
    assert (order.order_id, order.state) == ("2026-04-14-900001", "in_progress")
    assert order.fulfillment_state == "Order-picked-up"
    assert order.slot.window == Window(at(17), at(17, 45))
    assert order.lines[0].count == 2
    # Two places are no ride where groceries are sold.
    assert order.ride is None
    assert answer("retail-on_status-delivered").state == "completed"


def test_where_a_meal_is():
    tracking = answer("food-on_track").tracking
    assert tracking.active
    assert (tracking.gps, tracking.at) == ("12.345556,78.234555", at(11, 59, 50))
    assert tracking.url == "https://track.example.net/o/1"


def test_a_meal_is_cancelled_with_its_reason():
    asked = v1.read_request(sample("food-cancel")).request
    assert (asked.action, asked.order_id) == ("cancel", "2026-04-14-900002")
    assert (asked.reason_code, asked.preview, asked.domain) == ("001", False, "restaurant")


def test_a_ride_that_is_looked_for_at_everybodys():
    asked = v1.read_request(sample("ride-search"))
    ride = asked.request.ride
    assert (ride.start.gps, ride.end.gps) == ("13.008935,77.644408", "12.971186,77.586812")
    assert (asked.request.domain, asked.context.city) == ("ride", "std:080")
    assert asked.context.ttl == timedelta(seconds=120)
    assert asked.request.to.subscriber_id == ""


def test_the_rides_there_are():
    (catalog,) = answer("ride-on_search").catalogs
    assert catalog.provider_name == "River Rides"
    assert [(one.name, one.price, one.seats) for one in catalog.items] == [
        ("Auto Ride", inr("146"), None),
        ("Cab Ride", inr("206"), 4),
    ]


def test_a_rides_quote():
    quoted = answer("ride-on_select")
    assert quoted.quote.total == inr("146")
    assert quoted.quote.valid_until == at(12, 3, 20)
    assert [part.title for part in quoted.quote.breakup] == ["BASE_FARE", "DISTANCE_FARE"]
    assert (quoted.lines[0].name, quoted.lines[0].count) == ("Auto Ride", 1)


@pytest.mark.parametrize(
    ("name", "state", "fee"),
    [
        ("ride-on_confirm", "confirmed", inr("146.00")),
        ("ride-on_status-en-route", "in_progress", inr("30")),
        ("ride-on_status-ended", "completed", inr("146.00")),
    ],
)
def test_a_ride_from_agreed_to_ended(name, state, fee):
    order = answer(name)
    assert order.state == state
    assert (order.agent.name, order.agent.phone) == ("B. Driver", "5550122")
    assert (order.agent.vehicle, order.agent.plate) == ("Bajaj Compact RE", "KA-01-XX-0001")
    # The fee of the state it is in; where that one is not listed, the dearest.
    assert order.cancellation.fee == fee


def test_asking_what_a_rides_cancellation_costs():
    asked = v1.read_request(sample("ride-cancel-soft")).request
    assert (asked.preview, asked.reason_code) == (True, "7")
    told = answer("ride-on_cancel-soft")
    assert (told.preview, told.fee, told.state) == (True, inr("30"), "confirmed")


def test_where_a_ride_is():
    tracking = answer("ride-on_track").tracking
    assert (tracking.gps, tracking.at) == ("28.620976,77.046732", at(11, 59))
    assert tracking.url == ""


def test_a_ride_is_rated():
    asked = v1.read_request(sample("ride-rating")).request
    assert (asked.action, asked.rating, asked.order_id) == ("rate", Rating(4), "O1")


def test_sittings_of_a_table():
    (catalog,) = answer("visit-on_search").catalogs
    assert catalog.items[0].category == "Food & Dining"
    assert [slot.window for slot in catalog.slots] == [Window(at(18), at(20))]
    quoted = answer("visit-on_select")
    assert (quoted.lines[0].count, quoted.lines[0].price) == (2, inr("350"))
    assert quoted.quote.total == inr("700")


def test_a_shop_that_follows_the_core_specification():
    (catalog,) = answer("shop-on_search").catalogs
    assert (catalog.items[0].price, catalog.items[0].category) == (inr("1200.0"), "grocery")
    order = answer("shop-on_status")
    assert (order.state, order.fulfillment_state) == ("in_progress", "PACKING")
    assert order.quote.total == inr("1500.0")
    assert order.cancellation.fee == inr("100")
    asked = v1.read_request(sample("shop-update")).request
    assert asked.order_id == "b989c9a9-f603-4d44-b38d-26fd72286b38"
    assert asked.party.phone == "5550144"


@pytest.mark.parametrize("name", NAMES)
def test_each_sample_is_valid_json_of_one_message(name):
    document = json.loads((SAMPLES / f"{name}.json").read_bytes())
    action = document["context"]["action"]
    read = answer(name) if action.startswith("on_") else v1.read_request(sample(name))
    assert read is not None
