"""A household with two grocers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.household import Household, Market, make_home
from tests.support.shops import CATALOGUES, KINDS, WELL_KNOWN, Shop, Street


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Callable[..., Household]]:
    """Build a household; the words are ``make_home``'s."""
    made: list[Household] = []

    def make(**words: Any) -> Household:
        made.append(Household(tmp_path / f"hub{len(made)}.db", make_home(**words)))
        return made[-1]

    yield make
    for household in made:
        household.close()


@pytest.fixture
def house(build: Callable[..., Household]) -> Household:
    return build()


@pytest.fixture
def market(house: Household) -> Market:
    return Market(house)


@pytest.fixture
def town(tmp_path: Path, build: Callable[..., Household]) -> Iterator[Callable[..., Street]]:
    """Build a household among these shops of the demo, by name; the words are settings."""
    made: list[Street] = []

    def found(*names: str, **settings: Any) -> Street:
        shops = [
            Shop(tmp_path, KINDS.get(name) or (CATALOGUES / f"{name}.yaml").read_text(), name)
            for name in names
        ]
        made.append(Street(build(settings={"home": WELL_KNOWN, **settings}), *shops))
        return made[-1]

    yield found
    for street in made:
        street.close()
