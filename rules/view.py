"""What rules may see of the house while they decide: reads from memory, never a query."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from hub.domain.notices import Notice
from hub.domain.observations import Scalar
from hub.domain.stock import PantryItem, StockLevel


class View(Protocol):
    """The present state of the household; the flow provides it."""

    @property
    def zone(self) -> ZoneInfo:
        """Return the household's time zone."""
        ...

    @property
    def quiet_hours(self) -> str | None:
        """Return the household's quiet hours, e.g. ``22:00-07:00`` (local)."""
        ...

    def stock(self, item: str) -> StockLevel | None:
        """Return an item's level; None when it was never told."""
        ...

    def item(self, item: str) -> PantryItem | None:
        """Return a pantry item; None when the household keeps no such thing."""
        ...

    def items(self) -> Iterable[PantryItem]:
        """Return every pantry item, in the household's order."""
        ...

    def hours_left(self, item: str) -> float | None:
        """Return the hours until an item is used up; None when that is not known."""
        ...

    def state(self, entity: str) -> Scalar:
        """Return an entity's present state; None when it is not known or not available."""
        ...

    def notices(self) -> Sequence[Notice]:
        """Return the notices in force now or later."""
        ...

    def somebody_home(self) -> bool:
        """Tell whether somebody who may decide is at home, as far as is known."""
        ...

    def cooldown_until(self, rule_id: str, subject: str) -> datetime | None:
        """Return until when a rule is silent about a subject."""
        ...

    def open_key(self, cause_key: str) -> bool:
        """Tell whether a suggestion for this cause is open already."""
        ...
