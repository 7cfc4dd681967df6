"""What a change costs is told before it is made, and nothing dearer is done than was told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.domain.consent import ERASE
from hub.domain.money import money
from hub.domain.orders import Line, Party, Rating
from integrations.beckn.errors import BecknError

SHOP = """
provider:
  {id: shop, name: Shop, timezone: UTC, lead_minutes: 30, days_ahead: 0, support: {phone: "+49 1"}}
items:
  - {id: milk, name: Milk, price: "1.10", stock: 10}
slots:
  - {id: two, start: "14:00", end: "15:00", capacity: 1, fee: "1.50"}
  - {id: six, start: "18:00", end: "19:00", capacity: 1, fee: "2.50"}
cancellation: {free_minutes: 60, fee: "3.00", until_minutes: 10}
rescheduling: {free_minutes: 60, fee: "1.00", until_minutes: 20}
"""
MILK = (Line("milk", "", 2, money(0, "EUR")),)


def eur(amount):
    return money(amount, "EUR")


@pytest.fixture
def shop(till):
    return till(SHOP)


@pytest.fixture
def slots(shop):
    return {slot.slot_id[-3:]: slot for slot in shop.ask("discover").catalogs[0].slots}


@pytest.fixture
def order(shop, slots):
    return shop.order(lines=MILK, slot=slots["two"])


def test_the_terms_are_told_with_every_answer(shop, order):
    two = shop.now.replace(hour=14)
    assert order.cancellation.free_until == two - timedelta(minutes=60)
    assert order.cancellation.fee == eur("3.00")
    assert order.cancellation.until == two - timedelta(minutes=10)
    assert order.rescheduling.fee_at(two) == eur("1.00")
    assert shop.ask("status").cancellation == order.cancellation
    words = shop.ask("discover").catalogs[0].cancellation
    assert words == "free until 1 h before, then 3.00 EUR"


def test_a_preview_tells_the_fee_and_changes_nothing(shop, order, slots):
    shop.now += timedelta(minutes=75)
    would = shop.ask("update", slot=slots["six"], preview=True)
    assert (would.preview, would.fee) == (True, eur("1.00"))
    assert would.quote.total == eur("5.70")  # 2.20 of milk, 2.50 of delivery, 1.00 for moving
    assert would.slot == slots["six"]
    assert [slot.slot_id for slot in would.slots] == [slots["six"].slot_id]
    now = shop.ask("status")
    assert (now.slot, now.quote.total) == (slots["two"], order.quote.total)


def test_an_order_moves_once_for_what_was_told(shop, order, slots):
    shop.now += timedelta(minutes=75)
    would = shop.ask("update", slot=slots["six"], preview=True)
    moved = shop.ask("update", slot=slots["six"], quote=would.quote)
    assert (moved.error, moved.slot, moved.state) == (None, slots["six"], "confirmed")
    assert moved.quote.total == eur("5.70")
    again = shop.ask("update", slot=slots["six"], quote=would.quote)
    assert (again.error, again.fee, again.quote.total) == (None, eur(0), eur("5.70"))
    # Its old place is free for another, its new one taken.
    other = shop.order("other", lines=MILK, slot=slots["two"])
    assert other.error is None
    assert shop.ask("update", "other", slot=slots["six"], preview=True).error.code == "30008"


def test_moving_early_is_free(shop, order, slots):
    would = shop.ask("update", slot=slots["six"], preview=True)
    assert (would.fee, would.quote.total) == (eur(0), eur("4.70"))


@pytest.mark.parametrize("quote", ["none", "another"])
def test_nothing_dearer_is_done_than_was_agreed(shop, order, slots, quote):
    agreed = None if quote == "none" else order.quote
    refused = shop.ask("update", slot=slots["six"], quote=agreed)
    assert refused.error.code == "40003"
    assert "4.70" in refused.error.message
    assert shop.ask("status").slot == slots["two"]


def test_too_late_is_too_late(shop, order, slots):
    shop.now += timedelta(minutes=101)
    assert shop.ask("update", slot=slots["six"], preview=True).error.code == "50002"
    shop.now += timedelta(minutes=10)
    assert shop.ask("cancel", preview=True).error.code == "50001"


def test_only_the_window_of_an_order_is_moved(shop, order, slots):
    refused = shop.ask("update", lines=(replace(MILK[0], count=3),), slot=slots["six"])
    assert refused.error.code == "50002"
    assert shop.ask("update", "stranger", slot=slots["six"]).error.code == "30010"


def test_cancelling_late_costs_what_was_told_and_no_more(shop, order, slots):
    shop.now += timedelta(minutes=75)
    would = shop.ask("cancel", preview=True)
    assert (would.preview, would.state, would.fee) == (True, "confirmed", eur("3.00"))
    assert would.quote.total == eur("3.00")
    for fee in (None, eur("2.99"), money("3.00", "CNY")):
        assert shop.ask("cancel", fee=fee).error.code == "40003"
    gone = shop.ask("cancel", fee=would.fee, reason="we are ill")
    assert (gone.state, gone.fulfillment_state) == ("cancelled", "Cancelled")
    assert (gone.quote.total, gone.reason) == (eur("3.00"), "we are ill")
    assert shop.store.shelves.left() == {"milk": 10}
    assert shop.ask("cancel").quote.total == eur("3.00")


def test_cancelling_early_is_free(shop, order, slots):
    assert shop.ask("cancel").quote.total == eur(0)
    assert shop.order("other", lines=MILK, slot=slots["two"]).state == "confirmed"


def test_once_somebody_is_at_work_a_cancellation_costs_and_then_is_over(shop, order):
    shop.step(order, lambda sale, now: shop.changes.advance(sale, "pack", now))
    assert shop.ask("cancel", preview=True).fee == eur("3.00")
    assert shop.ask("update", preview=True).error.code == "50002"
    shop.step(order, lambda sale, now: shop.changes.advance(sale, "dispatch", now))
    assert shop.ask("cancel", preview=True).error.code == "50001"
    assert shop.ask("status").cancellation is None


def test_the_provider_takes_the_steps_in_order(shop, order):
    told = [
        shop.step(order, lambda sale, now, verb=verb: shop.changes.advance(sale, verb, now))
        for verb in ("accept", "pack", "dispatch", "arrive", "deliver")
    ]
    assert [(one.action, one.state, one.fulfillment_state) for one in told] == [
        ("status", "confirmed", "Accepted"),
        ("status", "in_progress", "Packed"),
        ("status", "in_progress", "Out-for-delivery"),
        ("status", "in_progress", "Arrived"),
        ("status", "completed", "Delivered"),
    ]
    assert len({one.message_id for one in told}) == 5
    for verb in ("pack", "deliver", "sing"):
        with pytest.raises(BecknError, match=f"it cannot {verb}"):
            shop.step(order, lambda sale, now, verb=verb: shop.changes.advance(sale, verb, now))


def test_a_provider_that_cancels_is_owed_nothing(shop, order):
    gone = shop.step(order, lambda sale, now: shop.changes.withdraw(sale, "the van broke", now))
    assert (gone.action, gone.state, gone.quote.total) == ("cancel", "cancelled", eur(0))
    assert gone.reason == "the van broke"
    assert shop.store.shelves.left() == {"milk": 10}
    with pytest.raises(BecknError):
        shop.step(order, lambda sale, now: shop.changes.withdraw(sale, "again", now))


def test_a_provider_that_moves_an_order_makes_it_no_dearer_and_cancelling_free(shop, order, slots):
    shop.now += timedelta(minutes=75)
    six = slots["six"].slot_id
    told = shop.step(order, lambda sale, now: shop.changes.put_off(sale, six, "flat tyre", now))
    assert (told.action, told.slot, told.reason) == ("update", slots["six"], "flat tyre")
    assert told.quote.total == order.quote.total
    assert told.cancellation.fee is None
    shop.now += timedelta(hours=4)
    assert shop.ask("cancel").quote.total == eur(0)


def test_a_rating_is_kept_once_an_order_and_shown(shop, order):
    assert shop.ask("discover").catalogs[0].score is None
    for stars in (1, 4):
        rated = shop.ask("rate", rating=Rating(stars, "fresh"), order_id=order.order_id)
        assert rated.rating == Rating(stars, "fresh")
    shop.order("other", lines=MILK)
    shop.ask("rate", "other", rating=Rating(5))
    score = shop.ask("discover").catalogs[0].score
    assert (str(score.mean), score.count) == ("4.50", 2)


def test_what_was_never_ordered_is_not_rated(shop):
    assert shop.ask("rate", rating=Rating(1)).error.code == "30010"
    shop.agree(lines=MILK)
    assert shop.ask("rate", rating=Rating(1)).error.code == "30015"


def test_support_says_whom_to_call_and_keeps_the_complaint(shop, order):
    told = shop.ask("support", reason="the milk is sour", order_id=order.order_id)
    assert told.support.phone == "+49 1"
    assert told.order_id == order.order_id
    assert shop.store.notes.complaints(order.order_id) == ["the milk is sour"]


def test_what_a_provider_must_know_is_asked_for(till):
    shop = till(SHOP.replace("days_ahead: 0", "days_ahead: 0, needs: [address, phone]"))
    assert shop.ask("discover").catalogs[0].needs == ("address", "phone")
    refused = shop.agree(lines=MILK, party=Party(address="Lane 1"))
    assert refused.error.message.endswith("Shop needs phone")
    assert shop.agree(lines=MILK, party=Party(address="Lane 1", phone="1")).error is None


def test_who_lives_elsewhere_is_not_served(till):
    shop = till(SHOP + 'area: {postal_codes: ["10115"]}\n')
    assert shop.ask("discover", party=Party(area_code="99999")).catalogs == ()
    assert shop.ask("discover", party=Party(area_code="10115")).catalogs
    refused = shop.agree(lines=MILK, party=Party(area_code="99999"))
    assert refused.error.code == "30008"


def test_orders_outlive_a_restart_with_all_that_was_agreed(shop, order, slots):
    shop.now += timedelta(minutes=75)
    would = shop.ask("update", slot=slots["six"], preview=True)
    moved = shop.ask("update", slot=slots["six"], quote=would.quote)
    before = shop.sale(order)
    shop.store.close()
    shop.open()
    assert shop.sale(order) == before
    assert shop.ask("status").quote == moved.quote
    assert shop.ask("select", "other", lines=MILK, slot=slots["six"]).error.code == "30008"


def test_the_places_of_an_older_database_are_taken_over(shop, order, slots):
    db = shop.store._db
    db.execute("DELETE FROM holds")
    db.execute("CREATE TABLE bookings (slot_id TEXT PRIMARY KEY, booked INTEGER NOT NULL)")
    shop.store.close()
    shop.open()
    shown = shop.ask("discover").catalogs[0].slots
    assert slots["two"] not in shown
    assert slots["six"] in shown


def test_who_asks_to_be_forgotten_is_once_the_order_is_over(shop):
    order = shop.order(lines=MILK, party=Party(name="Ana", address="Lane 1"))
    told = shop.ask("support", reason=ERASE, order_id=order.order_id)
    assert told.support.text == "kept until the order is over; please ask again then"
    assert shop.store.sale_by_id(order.order_id).party is not None
    assert shop.store.notes.complaints(order.order_id) == []
    shop.ask("cancel", order_id=order.order_id)
    told = shop.ask("support", reason=ERASE, order_id=order.order_id)
    assert told.support.text == "erased"
    assert shop.store.sale_by_id(order.order_id).party is None
