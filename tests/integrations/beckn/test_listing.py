"""A provider's catalogue file, its slots, and its stock over restarts."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from hub.domain.matching import match
from hub.domain.orders import Catalog, Want
from integrations.beckn.provider.listing import ListingError, load_listing
from integrations.beckn.provider.store import Store

ROOT = Path(__file__).parents[3]
DEMO = sorted((ROOT / "config/demo/catalogues").glob("*.yaml"))
GROCERS = [path for path in DEMO if path.stem in ("corner-shop", "green-valley", "market-hall")]

GOOD = """provider: {id: shop, name: Shop, timezone: Europe/Berlin, lead_minutes: 60, days_ahead: 1}
items:
  - {id: milk, name: Milk, price: 1.10, stock: 3}
  - {id: rice, name: Rice, price: "2", size: 1, unit: kg, stock: 4}
slots:
  - {id: evening, start: "18:00", end: "20:00", capacity: 2, fee: "1.50", days: [tue, wed]}
  - {id: night, start: "02:00", end: "03:00", capacity: 1}
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text(GOOD)
    return path


def test_prices_are_what_is_written(path):
    listing = load_listing(path)
    assert [goods.price for goods in listing.goods] == [Decimal("1.10"), Decimal(2)]
    assert listing.subscriber_id == "shop.commonhearth.local"


def test_slots_are_made_for_the_coming_days_in_the_shops_zone(path):
    now = datetime(2026, 11, 24, 16, 30, tzinfo=UTC)  # a Tuesday, 17:30 in Berlin
    slots = load_listing(path).slots(now)
    assert [(one.slot.slot_id, one.slot.window.start.isoformat()) for one in slots] == [
        ("2026-11-25-night", "2026-11-25T01:00:00+00:00"),
        ("2026-11-25-evening", "2026-11-25T17:00:00+00:00"),
    ]
    quoted = load_listing(path).slots(now, quoted=True)
    assert quoted[0].slot.slot_id == "2026-11-24-evening"


def test_a_window_that_the_clock_change_swallows_is_not_offered(path):
    now = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)  # 02:00 does not exist on 29 March in Berlin
    assert load_listing(path).slots(now) == ()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("price: 1.10", "price: cheap", ":3:35: items[0].price: "),
        ("price: 1.10", "price: .nan", ":3:35: expected a finite number"),
        ("price: 1.10", "price: -1", ":3:35: items[0].price: "),
        ("price: 1.10", "price: 1.105", ":3:35: items[0].price: "),
        ("stock: 4", "stock: -4", ":4:66: items[1].stock: "),
        ("id: rice", "id: milk", ":4:10: items[1].id: the id milk is there twice"),
        ("id: rice", "id: a|b", ":4:10: items[1].id: expected something like oat-milk"),
        ("name: Rice, ", "", ":4:5: items[1]: the key name is missing"),
        ("Europe/Berlin", "Berlin", ":1:44: provider.timezone: expected an IANA zone"),
        ('end: "20:00"', 'end: "17:00"', ":6:5: slots[0]: end: must end after it starts"),
        ('end: "20:00"', "end: 20", ":6:40: slots[0].end: expected a time of day"),
        ("capacity: 1", "capacity: 1, colour: red", ":7:60: slots[1].colour: unknown key"),
        ("slots:", "slots: [", ":6:3: not YAML"),
        ("name: Shop", "name: Shop, kind: ride", ":1:1: vehicles: expected at least one"),
        ("stock: 3", "stock: 3, slots: [noon]", ":3:59: items[0].slots: there is no slot noon"),
        ("slots:", "area: {radius_km: 3}\nslots:", ":5:19: area.radius_km: expected provider.gps"),
        ("slots:", "tables: []\nslots:", ":5:1: tables: a grocer has none"),
        ("slots:", "rescheduling: {until_minutes: 9}\nslots:", ":5:15: rescheduling: free_minutes"),
    ],
)
def test_a_faulty_file_is_refused_with_its_place(path, old, new, words):
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(ListingError) as refused:
        load_listing(path)
    assert str(refused.value).startswith(f"{path}{words}")
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(ListingError, match="cannot be read"):
        load_listing(tmp_path / "none.yaml")


def test_stock_outlives_a_restart_until_the_file_says_otherwise(path, tmp_path):
    def opened():
        store = Store(tmp_path / "shop.sqlite")
        store.step(lambda: store.shelves.restock(load_listing(path)))
        return store

    store = opened()
    assert store.step(lambda: store.shelves.take("milk", 2))
    store.close()
    store = opened()
    assert store.shelves.left() == {"milk": 1, "rice": 4}
    assert not store.step(lambda: store.shelves.take("milk", 2))
    store.close()
    path.write_text(GOOD.replace("stock: 3", "stock: 9"))
    store = opened()
    assert store.shelves.left()["milk"] == 9
    store.close()


def test_the_demo_has_every_kind_of_provider():
    kinds = {path.stem: load_listing(path).shop.kind for path in DEMO}
    assert kinds == {
        "corner-shop": "grocer",
        "green-valley": "grocer",
        "market-hall": "grocer",
        "driver": "ride",
        "restaurant": "restaurant",
        "neighbour": "neighbour",
    }


@pytest.mark.parametrize("path", GROCERS, ids=lambda path: path.stem)
def test_a_demo_grocer_sells_what_a_household_runs_out_of_and_delivers(path):
    listing = load_listing(path)
    items = tuple(listing.item(goods, goods.stock) for goods in listing.goods)
    wants = [
        Want("milk", "Milk", Decimal(2), "l"),
        Want("eggs", "Eggs", Decimal(10), "pc"),
        Want("butter", "Butter", Decimal(500), "g"),
        Want("bread", "Bread", Decimal(750), "g"),
        Want("rice", "Rice", Decimal(1), "kg"),
        Want("coffee", "Coffee", Decimal(500), "g"),
        Want("oat_drink", "Oat drink", Decimal(1), "l"),
    ]
    found = match(wants, Catalog(listing.shop.id, listing.shop.name, items))
    assert found.missing == ()
    for hour in (0, 6, 12, 18, 23):
        assert listing.slots(datetime(2026, 11, 24, hour, 0, tzinfo=UTC))


def test_the_demo_grocers_prices_differ():
    prices = [{one.id: one.price for one in load_listing(path).goods} for path in GROCERS]
    for ours in prices:
        for theirs in prices:
            if theirs is not ours:
                assert sum(ours[name] != theirs.get(name) for name in ours) > 10


def test_every_mistake_of_a_file_is_kept_not_only_the_first(path):
    path.write_text(GOOD.replace("stock: 4", "stock: -4").replace("price: 1.10", "price: -1"))
    with pytest.raises(ListingError) as refused:
        load_listing(path)
    assert [problem.line for problem in refused.value.problems] == [3, 4]


def test_where_it_serves_is_told_by_postal_code_or_distance(path):
    where = "area: {postal_codes: [10115, 12047], radius_km: 5}\nslots:"
    path.write_text(
        GOOD.replace("slots:", where).replace("id: shop,", 'id: shop, gps: "52.52,13.40",')
    )
    listing = load_listing(path)
    assert listing.serves("10115", None) is True
    assert listing.serves("99999", None) is False
    assert listing.serves(None, "52.53,13.41") is True
    assert listing.serves("99999", "52.53,13.41") is True
    assert listing.serves(None, "48.1,11.6") is False
    assert listing.serves(None, None) is None
