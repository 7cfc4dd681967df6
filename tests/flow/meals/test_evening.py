"""From a notice to the table for those who said yes, and what may come between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.supper import Supper

Lay = Callable[..., Supper]


@pytest.fixture
def lay(tmp_path: Path) -> Iterator[Lay]:
    made: list[Supper] = []

    def laid(*friends: str, **facts: Any) -> Supper:
        made.append(Supper(tmp_path, *(friends or ("Ben", "Cleo")), **facts))
        return made[-1]

    yield laid
    for supper in made:
        supper.close()


def test_from_the_notice_to_the_table(lay: Lay) -> None:
    supper = lay("Ben", "Cleo", "Dan")
    asked = supper.propose()
    assert asked.kind == "social_meal"
    assert [one.provider_name for one in asked.options] == [
        "Table by the River", "At Ben's home", "At Cleo's home",
    ]  # fmt: skip
    assert supper.house.decide("approve", asked).result == "done"
    supper.run()
    assert supper.meal.state == "inviting"
    supper.answer("Ben", "approve")
    supper.answer("Cleo", "decline")
    supper.run()
    assert supper.meal.state == "inviting"
    supper.answer("Dan", "approve")
    supper.run()
    assert (supper.meal.state, supper.meal.size) == ("booked", 3)
    assert supper.tables() == [("confirmed", 3)]
    for side in (supper.ada, supper.friends["Ben"], supper.friends["Dan"]):
        activity = supper.activity(side)
        assert (activity.state, activity.details.location) == ("confirmed", "Table by the River")
        assert [one.partstat for one in activity.attendees] == ["ACCEPTED", "DECLINED", "ACCEPTED"]
    assert supper.questions() == []
    supper.whole()
