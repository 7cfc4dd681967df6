"""What stands on a shopping list, as something to buy."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.domain.matching import match
from hub.domain.money import money
from hub.domain.offers import Catalog, CatalogItem, Want
from hub.domain.shopping import ListItem, joined, want_of
from hub.domain.sizes import PACK
from hub.domain.stock import PantryItem

PANTRY = {
    "milk": PantryItem("milk", "Milk", "l", pack=Decimal(1), words=("Vollmilch", "牛奶")),
    "oat_milk": PantryItem("oat_milk", "Oat milk", "l", pack=Decimal(1)),
    "eggs": PantryItem("eggs", "Eggs", "pc", pack=Decimal(10)),
}


def wanted(text: str) -> Want:
    return want_of(ListItem("todo.list", "u1", text), PANTRY)


@pytest.mark.parametrize(
    ("text", "item", "quantity"),
    [
        ("milk", "milk", 1),
        ("  Milk ", "milk", 1),
        ("2 milk", "milk", 2),
        ("2x vollmilch", "milk", 2),
        ("Milk × 3", "milk", 3),
        ("牛奶", "milk", 1),
        ("oat milk", "oat_milk", 1),
        ("egg", "eggs", 10),
        ("2 eggs", "eggs", 20),
    ],
)
def test_what_the_pantry_knows_is_wanted_in_its_unit(text: str, item: str, quantity: int) -> None:
    want = wanted(text)
    assert (want.item, want.quantity, want.unit) == (item, quantity, PANTRY[item].unit)


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("1.5 Liter Milk", "1.5"),
        ("750 ml milk", "0.75"),
        ("2 Piece Milk", "2"),
        ("500 g milk", "1"),
        ("2 升 牛奶", "2"),
    ],
)
def test_so_much_is_so_much_and_not_so_many_packs(text: str, quantity: str) -> None:
    assert (wanted(text).item, wanted(text).quantity) == ("milk", Decimal(quantity))


def test_pieces_are_pieces_where_the_pantry_counts_them() -> None:
    assert (wanted("6 Piece Eggs").quantity, wanted("6 Piece Eggs").unit) == (Decimal(6), "pc")
    flour = wanted("500 Gram Flour")
    assert (flour.name, flour.quantity, flour.unit) == ("Flour", Decimal(500), "gram")
    assert wanted("0 g Flour").name != "Flour"


@pytest.mark.parametrize(
    ("text", "name", "quantity"),
    [
        ("Soap", "Soap", 1),
        ("3 lemons", "lemons", 3),
        ("milk chocolate", "milk chocolate", 1),
        ("0 soap", "0 soap", 1),
        ("1000 nails", "1000 nails", 1),
        ("7up", "7up", 1),
    ],
)
def test_what_it_does_not_know_is_wanted_by_its_words(text: str, name: str, quantity: int) -> None:
    want = wanted(text)
    assert (want.item, want.name, want.quantity) == ("todo.list/u1", name, quantity)


def test_such_a_thing_is_found_whatever_its_pack_holds() -> None:
    items = tuple(
        CatalogItem(key, name, money(price, "EUR"), Decimal(size), unit)
        for key, name, price, size, unit in (
            ("s", "Hand soap 300 ml", "2.00", 300, "ml"),
            ("l", "Lemons, net of 4", "1.50", 4, "pc"),
        )
    )
    catalog = Catalog("shop", "Shop", items)
    found = match([wanted("hand soap"), wanted("2 lemons")], catalog)
    assert [(line.item_id, line.count) for line in found.lines] == [("s", 1), ("l", 2)]
    assert not found.missing


def test_one_thing_is_wanted_once_and_the_most_of_it() -> None:
    low = Want("milk", "Milk", Decimal(3), "l")
    both = joined([low], [wanted("milk"), wanted("soap"), wanted("5 milk")])
    assert [(want.item, want.quantity) for want in both] == [("milk", 5), ("todo.list/u1", 1)]
    assert want_of(ListItem("todo.list", "u", "x"), {}).unit == PACK
