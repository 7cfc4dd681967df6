"""Households that invite one another, in one process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.activities.households import friends
from tests.flow.test_peers import Side


@pytest.fixture
def three(tmp_path: Path) -> Iterator[tuple[Side, Side, Side]]:
    """Ada, who knows Ben and Cleo."""
    ada, ben, cleo = made = friends(tmp_path, "Ada", "Ben", "Cleo")
    yield ada, ben, cleo
    for side in made:
        side.house.close()


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[tuple[Side, Side]]:
    """Ada and Ben."""
    ada, ben = made = friends(tmp_path, "Ada", "Ben")
    yield ada, ben
    for side in made:
        side.house.close()
