"""A house that rules can look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from hub.domain.notices import Notice
from hub.domain.observations import Scalar
from hub.domain.stock import PantryItem, StockLevel
from hub.settings import MemberSettings
from rules.ruleset import RuleSet

NOW = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)


@dataclass
class House:
    """The view of a small household in Berlin; tests change what they need."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Berlin"))
    quiet_hours: str | None = None
    levels: dict[str, StockLevel] = field(default_factory=dict)
    pantry: dict[str, PantryItem] = field(default_factory=dict)
    hours: dict[str, float] = field(default_factory=dict)
    states: dict[str, Scalar] = field(default_factory=dict)
    board: list[Notice] = field(default_factory=list)
    silent: dict[tuple[str, str], datetime] = field(default_factory=dict)
    open_keys: set[str] = field(default_factory=set)
    empty: bool = False

    def put(self, item: str, quantity: float, expected: float = 0.0) -> None:
        unit = self.pantry[item].unit
        self.levels[item] = StockLevel(item, quantity, unit, NOW, "test", expected)

    def stock(self, item: str) -> StockLevel | None:
        return self.levels.get(item)

    def item(self, item: str) -> PantryItem | None:
        return self.pantry.get(item)

    def items(self) -> Iterable[PantryItem]:
        return self.pantry.values()

    def hours_left(self, item: str) -> float | None:
        return self.hours.get(item)

    def state(self, entity: str) -> Scalar:
        return self.states.get(entity)

    def notices(self) -> Sequence[Notice]:
        return self.board

    def somebody_home(self) -> bool:
        return not self.empty

    def cooldown_until(self, rule_id: str, subject: str) -> datetime | None:
        return self.silent.get((rule_id, subject))

    def open_key(self, cause_key: str) -> bool:
        return cause_key in self.open_keys


PANTRY = (
    PantryItem("milk", "Milk", "l", Decimal("1"), Decimal("3")),
    PantryItem("eggs", "Eggs", "pc", Decimal("6")),
    PantryItem("rice", "Rice", "kg"),
)
MEMBERS = (
    MemberSettings(id="ana", name="Ana"),
    MemberSettings(id="ben", name="Ben"),
    MemberSettings(id="kim", name="Kim", role="child"),
)


@pytest.fixture
def house() -> House:
    return House(pantry={one.id: one for one in PANTRY})


@pytest.fixture
def read() -> Callable[..., RuleSet]:
    """Build rules that have to be right."""

    def build(*texts: str) -> RuleSet:
        files = [(f"r{place}.yaml", text) for place, text in enumerate(texts)]
        rules, problems = RuleSet.build(files, members=MEMBERS, pantry=PANTRY)
        assert [str(one) for one in problems] == []
        return rules

    return build


@pytest.fixture
def faults_of() -> Callable[[str], list[str]]:
    """Return what is wrong with a file, as lines."""

    def problems(text: str) -> list[str]:
        _, found = RuleSet.build([("x.yaml", text)], members=MEMBERS, pantry=PANTRY)
        return [str(one) for one in found]

    return problems


@pytest.fixture
def now() -> datetime:
    return NOW
