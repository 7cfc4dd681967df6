"""A shopping list joins the next basket and is ticked off; suggestions are noted on a list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from hub.domain.effects import ChangeList
from hub.domain.shopping import ListItem
from hub.flow.shopping import keep_list, list_read, note_wanted
from tests.support.household import GREEN, Household, Market, make_home

THERE = {
    "url": "http://127.0.0.1:9",
    "token": "x",
    "shopping_lists": ["todo.shopping"],
    "note_list": "todo.notes",
}
RULES = """
rules:
  - id: groceries
    name: Groceries
    when: {stock_below_par: {item: any}}
    propose: {kind: grocery_order, items: below_par}
    quiet_hours: "off"
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Household]:
    home = make_home(settings={"homeassistant": THERE}, rules=RULES, providers=[GREEN])
    made = Household(tmp_path / "hub.sqlite", home)
    yield made
    made.close()


def put(house: Household, items: Sequence[tuple[str, str]]) -> None:
    listed = [ListItem("todo.shopping", uid, text) for uid, text in items]
    house.do(lambda tx: keep_list(tx, "todo.shopping", listed))


def changes(house: Household, todo: str) -> list[ChangeList]:
    found = [one.effect for one in house.outbox() if isinstance(one.effect, ChangeList)]
    return [one for one in found if one.todo == todo]


def test_a_list_alone_makes_no_basket_but_joins_one(house: Household) -> None:
    put(house, [("u1", "2 eggs"), ("u2", "Marzipan"), ("u3", "milk")])
    assert house.open() == []
    house.level("milk", 0.1)
    (suggestion,) = house.open()
    wants = {want.item: want for want in suggestion.wants}
    assert set(wants) == {"milk", "eggs", "todo.shopping/u2"}
    assert wants["todo.shopping/u2"].name == "Marzipan"


def test_what_was_ordered_is_ticked_off_and_wanted_no_more(house: Household) -> None:
    put(house, [("u1", "eggs"), ("u2", "Marzipan")])
    house.level("milk", 0.1)
    market = Market(house)
    suggestion = market.offers()
    assert any("Marzipan" in option.note for option in suggestion.options)
    house.decide("approve", suggestion)
    market.serve("init")
    market.serve("confirm")
    assert house.suggestion(suggestion.id).state == "carried_out"
    (done,) = changes(house, "todo.shopping")
    assert (done.verb, done.uid, done.text) == ("complete", "u1", "eggs")
    house.restart()
    house.level("milk", 5)
    house.level("milk", 0.1)
    wanted = [{want.item for want in one.wants} for one in house.open()]
    assert all("eggs" not in items for items in wanted)


def test_a_list_in_grocy_joins_beside_home_assistants_and_is_ticked_off(tmp_path: Path) -> None:
    settings = {
        "homeassistant": THERE,
        "grocy": {"url": "http://127.0.0.1:9", "key_file": "k", "shopping_lists": [1, 4]},
    }
    home = make_home(settings=settings, rules=RULES, providers=[GREEN])
    house = Household(tmp_path / "hub.sqlite", home)
    put(house, [("u1", "Marzipan")])
    items = [ListItem("grocy.4", "7", "6 Piece Eggs")]
    house.do(lambda tx: list_read(tx, "grocy.4", items))
    house.level("milk", 0.1)
    market = Market(house)
    suggestion = market.offers()
    assert {one.item for one in suggestion.wants} == {"milk", "eggs", "todo.shopping/u1"}
    house.decide("approve", suggestion)
    market.serve("init")
    market.serve("confirm")
    (done,) = changes(house, "grocy.4")
    assert (done.verb, done.uid, done.text) == ("complete", "7", "6 Piece Eggs")
    house.close()


def test_a_suggestion_is_noted_while_it_waits(house: Household) -> None:
    house.level("milk", 0.1)
    suggestion = Market(house).offers()
    (noted,) = changes(house, "todo.notes")
    assert (noted.verb, noted.text) == ("add", suggestion.title)
    assert note_wanted(house.house, noted)
    house.decide("decline", suggestion)
    assert [one.verb for one in changes(house, "todo.notes")] == ["add", "complete"]
    assert not note_wanted(house.house, noted)
