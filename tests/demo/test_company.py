"""While a person plays, providers do what was ordered when its time has come, and once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.demo.company import _due

START = datetime(2027, 6, 5, 9, 0, tzinfo=UTC)
END = START + timedelta(hours=1)


def order(domain: str, state: str = "confirmed") -> dict[str, Any]:
    window = {"start": START.isoformat(), "end": END.isoformat()}
    return {"domain": domain, "state": state, "slot": {"window": window}}


@pytest.mark.parametrize(
    ("domain", "before", "at_start", "at_end"),
    [
        ("ride", [], ["start"], ["start", "deliver"]),
        ("restaurant", [], ["arrive"], ["arrive"]),
        ("grocery", [], [], ["deliver"]),
        ("neighbour", [], [], []),
    ],
)
def test_each_kind_goes_on_in_its_time(
    domain: str, before: list[str], at_start: list[str], at_end: list[str]
) -> None:
    one = order(domain)
    assert _due(one, START - timedelta(seconds=1)) == before
    assert _due(one, START) == at_start
    assert _due(one, END) == at_end


def test_what_is_not_placed_or_has_no_time_is_left_alone() -> None:
    assert _due(order("ride", "cancelled"), END) == []
    assert _due(order("ride", "quoted"), END) == []
    assert _due({**order("ride"), "slot": None}, END) == []
