"""An evening with friends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.supper import Supper


@pytest.fixture
def lay(tmp_path: Path) -> Iterator[Callable[..., Supper]]:
    """Lay a table for Ada and friends (by default Ben and Cleo); the words are ``Supper``'s."""
    made: list[Supper] = []

    def laid(*friends: str, **facts: Any) -> Supper:
        made.append(Supper(tmp_path, *(friends or ("Ben", "Cleo")), **facts))
        return made[-1]

    yield laid
    for supper in made:
        supper.close()
