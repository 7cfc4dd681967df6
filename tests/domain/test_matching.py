from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.fitting import Busy, why_not
from hub.domain.matching import Match, converted, match, named, pick_slot, same_gtin
from hub.domain.money import money
from hub.domain.orders import Catalog, CatalogItem, DeliverySlot, Want, Window
from hub.domain.sizes import named_size

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def item(item_id, name, price, size="1", unit="l", gtin=None, available=None):
    return CatalogItem(item_id, name, money(price, "EUR"), Decimal(size), unit, gtin, available)


def shop(*items):
    return Catalog("shop", "Shop", tuple(items))


def want(name="Milk", quantity="2", unit="l", gtin=None, words=(), item_id=None):
    return Want(
        item_id or name.lower().replace(" ", "_"), name, Decimal(quantity), unit, gtin, words
    )


def slot(slot_id, start, hours=2, fee=None):
    begin = NOW + timedelta(hours=start)
    return DeliverySlot(
        slot_id,
        Window(begin, begin + timedelta(hours=hours)),
        money(fee, "EUR") if fee else None,
    )


def chosen(wants, catalog):
    return [(line.item_id, line.count) for line in match(wants, catalog).lines]


def test_the_same_gtin_comes_before_a_cheaper_name():
    catalog = shop(
        item("a", "Milk 1 l", "0.89"), item("b", "Organic", "1.50", gtin="4001234567890")
    )
    assert chosen([want(gtin="04001234567890")], catalog) == [("b", 2)]


def test_just_what_is_wanted_comes_before_a_longer_name():
    catalog = shop(item("a", "Coconut milk", "0.10"), item("b", "Milk 3.5 % 1 l", "1.19"))
    assert chosen([want()], catalog) == [("b", 2)]


def test_the_kind_that_is_wanted_comes_before_a_cheaper_one():
    catalog = shop(
        item("a", "Milk 1.5 % 1 l", "0.89"),
        item("b", "Whole milk 3.5 % 1 l", "1.29"),
        item("c", "Milk drink", "0.50", gtin="4001234567890"),
    )
    assert chosen([want("Milk 3.5 %")], catalog) == [("b", 2)]
    assert chosen([want("Milk 3.8 %")], catalog) == [("a", 2)]
    assert chosen([want("Milk 3.5 %", gtin="4001234567890")], catalog) == [("c", 2)]


def test_two_kinds_are_not_taken_for_one_another():
    catalog = shop(
        item("a", "Flour type 405", "0.79", "1", "kg"),
        item("b", "Flour type 550", "0.99", "1", "kg"),
    )
    wants = [want("Flour type 550", "1", "kg"), want("Flour type 405", "1", "kg")]
    assert chosen(wants, catalog) == [("b", 1), ("a", 1)]


def test_words_name_what_the_household_means():
    catalog = shop(item("a", "Oat milk", "0.99"), item("b", "Whole milk", "1.19"))
    assert chosen([want(words=("whole milk",))], catalog) == [("b", 2)]


def test_sizes_are_compared_across_units():
    catalog = shop(item("a", "Milk", "0.70", "500", "ml"), item("b", "Milk", "1.19", "1", "l"))
    (line,) = match([want()], catalog).lines
    assert (line.item_id, line.count, line.piece) == ("b", 2, Decimal(1))


def test_the_least_cost_that_covers_wins_over_the_least_per_unit():
    catalog = shop(item("a", "Milk", "1.19"), item("b", "Milk", "6.00", "6"))
    assert chosen([want(quantity="1")], catalog) == [("a", 1)]
    assert chosen([want(quantity="6")], catalog) == [("b", 1)]


def test_what_covers_comes_before_what_runs_out():
    catalog = shop(item("a", "Milk", "0.50", available=1), item("b", "Milk", "1.19", available=9))
    assert chosen([want()], catalog) == [("b", 2)]


def test_a_line_never_asks_for_more_than_there_is():
    assert chosen([want(quantity="5")], shop(item("a", "Milk", "1", available=3))) == [("a", 3)]


def test_what_is_sold_out_or_of_another_unit_is_missing():
    catalog = shop(item("a", "Milk", "1", available=0), item("b", "Milk", "1", unit="kg"))
    assert match([want()], catalog) == Match((), ("milk",), (("milk", "Milk"),))


def test_one_item_serves_one_want():
    catalog = shop(item("a", "Milk", "1"))
    found = match([want(), want(item_id="second")], catalog)
    assert [line.wants for line in found.lines] == ["milk"]
    assert found.missing == ("second",)


def test_what_is_not_wanted_is_neither_bought_nor_missing():
    assert match([want(quantity="0")], shop(item("a", "Milk", "1"))) == Match((), ())


@pytest.mark.parametrize(
    ("term", "name"),
    [
        ("egg", "Eggs, 10 pieces"),
        ("Tomatoes", "tomato"),
        ("berries", "Berry mix"),
        ("Käse", "KASE jung"),
        ("牛奶", "纯牛奶"),
        ("oat_drink", "Oat Drink"),
    ],
)
def test_names_meet(term, name):
    assert named(term, name)


@pytest.mark.parametrize(
    ("term", "name"), [("egg", "Eggplant"), ("glass", "glas"), ("", "Milk"), ("1 l", "1 l")]
)
def test_names_do_not_meet(term, name):
    assert not named(term, name)


def test_nothing_is_no_gtin():
    assert not same_gtin("", "")
    assert not same_gtin("0", "00")
    assert not same_gtin(None, "4001")


@given(st.decimals(min_value="0.001", max_value=10**6, places=3), st.sampled_from(["kg", "l"]))
def test_conversion_goes_there_and_back(quantity, unit):
    small = {"kg": "g", "l": "ml"}[unit]
    there = converted(quantity, unit, small)
    assert there == quantity * 1000
    assert converted(there, small, unit) == quantity


@given(
    st.lists(
        st.tuples(
            st.decimals(min_value="0.01", max_value=99, places=2),
            st.sampled_from(["0.25", "0.5", "1", "6"]),
            st.none() | st.integers(0, 5),
        ),
        max_size=8,
    ),
    st.decimals(min_value="0.1", max_value=20, places=1),
)
def test_a_match_keeps_to_what_there_is_and_covers_what_it_can(offers, quantity):
    items = [
        item(str(number), "Milk", price, size, available=available)
        for number, (price, size, available) in enumerate(offers)
    ]
    found = match([want(quantity=str(quantity))], shop(*items))
    able = [i for i in items if i.available is None or i.size * i.available >= quantity]
    assert len(found.lines) + len(found.missing) == 1
    for line in found.lines:
        offer = next(i for i in items if i.item_id == line.item_id)
        assert offer.available is None or line.count <= offer.available
        if able:
            assert offer.size * line.count >= quantity
            assert offer.size * (line.count - 1) < quantity
    assert found.lines or not able


def test_the_earliest_window_that_fits_is_taken():
    slots = [slot("late", 8), slot("soon", 2), slot("past", -1)]
    assert pick_slot(slots, None, None, NOW) == slots[1]


def test_a_window_must_lie_between_after_and_before():
    slots = [slot("soon", 2), slot("fits", 5), slot("late", 7)]
    after, before = NOW + timedelta(hours=4), NOW + timedelta(hours=8)
    assert pick_slot(slots, after, before, NOW) == slots[1]
    assert pick_slot(slots, after, NOW + timedelta(hours=6), NOW) is None


def test_of_windows_that_begin_together_the_cheaper_is_taken():
    slots = [slot("a", 2, fee="3"), slot("b", 2, fee="1")]
    assert pick_slot(slots, None, None, NOW) == slots[1]


@pytest.mark.parametrize(
    "name", ["Oat milk", "Milk chocolate 100 ml", "Coconut milk", "牛奶巧克力", "Oat drink"]
)
def test_another_thing_of_a_like_name_is_no_match(name):
    found = match([want(words=("牛奶",))], shop(item("a", name, "0.10")))
    assert found == Match((), ("milk",))


def test_a_household_that_means_oat_milk_gets_it_marked():
    (line,) = match([want(words=("oat milk",))], shop(item("a", "Oat milk", "1"))).lines
    assert (line.item_id, line.substitute) == ("a", True)


def test_a_further_name_is_a_substitute_and_comes_after_the_name_itself():
    wants = [want("Whole milk", words=("semi-skimmed milk",))]
    cheap = item("semi", "Semi-skimmed milk", "0.50")
    (line,) = match(wants, shop(cheap)).lines
    assert (line.item_id, line.substitute) == ("semi", True)
    (line,) = match(wants, shop(cheap, item("whole", "Farm whole milk", "1.90"))).lines
    assert (line.item_id, line.substitute) == ("whole", False)


def test_the_same_name_in_another_script_is_no_substitute():
    (line,) = match([want(words=("牛奶",))], shop(item("a", "纯牛奶", "1"))).lines
    assert not line.substitute


def test_another_article_than_the_one_that_is_kept_is_a_substitute():
    wants = [want(gtin="4001234567890")]
    (other,) = match(wants, shop(item("a", "Milk", "1", gtin="4009999999999"))).lines
    (unknown,) = match(wants, shop(item("a", "Milk", "1"))).lines
    assert (other.substitute, unknown.substitute) == (True, False)


@pytest.mark.parametrize(
    ("name", "unit", "size"),
    [
        ("Milk 1,5 l", "l", "1.5"),
        ("Water 6 x 500 ml", "l", "3"),
        ("Rice 1 kg bag", "g", "1000"),
        ("Eggs, pack of 10", "pc", "10"),
        ("Eggs 12 pcs", "pc", "12"),
        ("Yoghurt 4-pack", "pc", "4"),
        ("牛奶 250毫升", "ml", "250"),
        ("Milk", "l", None),
        ("Milk 1 kg", "l", None),
        ("Series 5 lamp", "l", None),
    ],
)
def test_a_name_tells_what_a_pack_holds(name, unit, size):
    assert named_size(name, unit) == (None if size is None else Decimal(size))


def test_a_catalogue_that_only_says_one_piece_is_not_believed():
    (line,) = match([want()], shop(item("a", "Milk 500 ml", "0.60", "1", "pc"))).lines
    assert (line.count, line.piece) == (4, Decimal("0.5"))


def test_what_is_sold_in_another_unit_is_named():
    found = match([want("Bread", "1", "pc")], shop(item("a", "Wholemeal bread", "2", "750", "g")))
    assert found == Match((), ("bread",), (("bread", "Wholemeal bread"),))


WORDS = [
    "milk",
    "Milks",
    "egg",
    "Eggs",
    "oat",
    "berry",
    "Berries",
    "käse",
    "牛奶",
    "1 l",
    "organic",
]
names = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)


@given(st.lists(names, max_size=12), names, st.lists(names, max_size=2))
def test_looking_only_where_a_word_occurs_finds_what_looking_everywhere_does(sold, name, words):
    wanted = want(name, words=tuple(words), item_id="x")
    items = [item(str(number), text, "1") for number, text in enumerate(sold)]
    alone = [bool(match([wanted], shop(one)).lines) for one in items]
    assert bool(match([wanted], shop(*items)).lines) == any(alone)
    for one, found in zip(items, alone, strict=True):
        if found:
            assert any(named(term, one.name) for term in (name, "x", *words))


def test_a_window_that_suits_the_day_comes_before_an_earlier_one():
    soon, later, evening = slot("soon", 2), slot("later", 5), slot("evening", 8)
    away = Busy(Window(NOW, NOW + timedelta(hours=4)), "Trip")
    busy = Busy(Window(NOW + timedelta(hours=4), NOW + timedelta(hours=7)), "Call", absent=False)
    assert pick_slot([soon, later, evening], None, None, NOW, [away, busy]) == evening
    assert pick_slot([soon, later], None, None, NOW, [away, busy]) == later
    assert pick_slot([soon], None, None, NOW, [away, busy]) == soon
    assert why_not(soon.window, [busy, away]) == "nobody is at home then (Trip)"
    assert why_not(later.window, [busy, away]) == "you are busy then (Call)"
    assert why_not(evening.window, [busy, away]) == ""


def test_a_full_window_is_not_taken():
    full = replace(slot("soon", 2), left=0)
    assert pick_slot([full, slot("later", 5)], None, None, NOW) == slot("later", 5)
