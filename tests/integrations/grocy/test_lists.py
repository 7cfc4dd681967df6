"""Grocy's lists over real HTTP, in the shapes that its API description gives."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.domain.shopping import ListItem
from hub.ports import DeliveryError
from integrations.grocy.lists import GrocyLists
from tests.support.grocy import KEY, FakeGrocy, row, running


@pytest.fixture
async def grocy() -> AsyncIterator[FakeGrocy]:
    async with running() as made:
        yield made


async def test_what_stands_open_is_said_in_words(grocy: FakeGrocy) -> None:
    grocy.change(
        row(1, 1, "2"),
        row(2, 2, 500.0),
        row(3, 3, 10),
        row(4, 4, 1.5),
        row(5, None, 3, note="Birthday\ncandles"),
        row(6, 1, 1, done=1),
        row(7, 1, 1, shopping_list_id="2"),
        row(8, 99, 1),
        row(9, 1, "much", shopping_list_id=None),
        row(10, 1, 1.2),
    )
    found = await GrocyLists(grocy.url, KEY).read("grocy.1")
    assert [(one.uid, one.text) for one in found] == [
        ("1", "2 x Cookies"),
        ("2", "500 Gram Flour"),
        ("3", "10 Piece Eggs"),
        ("4", "1.5 Liter Milk"),
        ("5", "3 x Birthday candles"),
        ("9", "Cookies"),
        ("10", "2 x Cookies"),
    ]
    other = await GrocyLists(grocy.url, KEY).read("grocy.2")
    assert other == [ListItem("grocy.2", "7", "Cookies")]


async def test_ticking_off_twice_is_as_once_and_a_changed_wish_stays(grocy: FakeGrocy) -> None:
    grocy.change(row(1, 1, 2), row(2, 3, 6))
    lists = GrocyLists(grocy.url, KEY)
    for _ in range(2):
        await lists.complete("grocy.1", "2 x Cookies", "1")
        await lists.complete("grocy.1", "2 Piece Eggs", "2")
        await lists.complete("grocy.1", "Rice", "3")
    assert [one for one in grocy.asked if one[:3] == "PUT"] == ["PUT objects/shopping_list/1"]
    assert [one["done"] for one in grocy.rows] == [1, 0]


@pytest.mark.parametrize(
    ("status", "body", "words", "retry"),
    [
        (200, "<html>", "expected JSON at", False),
        (200, "{}", "expected a list of shopping_list", False),
        (302, "", "check grocy.url", False),
        (404, "", "answered 404 at", False),
        (400, '{"error_message": "Invalid\\nentity"}', "(Invalid entity)", True),
        (503, "", "answered 503", True),
        (200, "[" * 100_000, "expected JSON at", False),
    ],
)
async def test_what_is_wrong_is_said_in_one_line(
    grocy: FakeGrocy, status: int, body: str, words: str, retry: bool
) -> None:
    grocy.status, grocy.body = status, body
    with pytest.raises(DeliveryError) as caught:
        await GrocyLists(grocy.url, KEY).read("grocy.1")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.retry is retry


async def test_a_wrong_key_and_nobody_there_are_told_apart(grocy: FakeGrocy) -> None:
    with pytest.raises(DeliveryError, match=r"401: check the key in grocy\.key_file") as caught:
        await GrocyLists(grocy.url, "other").changed_at()
    assert not caught.value.retry
    with pytest.raises(DeliveryError, match="cannot be reached") as caught:
        await GrocyLists("http://127.0.0.1:9", KEY).changed_at()
    assert caught.value.retry
