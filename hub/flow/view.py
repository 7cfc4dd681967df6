"""What rules may look at, answered from the present state (``rules.view.View``)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from hub.domain.notices import Notice
from hub.domain.observations import Scalar
from hub.domain.stock import PantryItem, StockLevel
from hub.flow.agenda import somebody_home
from hub.flow.home import Home
from hub.flow.quarantine import apart
from hub.settings import MemberSettings
from hub.store.house import House
from rules.index import PANTRY


class HouseView:
    """The house as rules see it; made for one evaluation, at ``now``."""

    __slots__ = ("home", "house", "now")

    def __init__(self, house: House, home: Home, now: datetime) -> None:
        self.house = house
        self.home = home
        self.now = now

    def stock(self, item: str) -> StockLevel | None:
        """Return an item's present level."""
        return self.house.stock.get(item)

    def item(self, item: str) -> PantryItem | None:
        """Return what the household keeps under this id."""
        return self.home.pantry.get(item)

    def items(self) -> Iterable[PantryItem]:
        """Return everything the household keeps."""
        return self.home.pantry.values()

    def hours_left(self, item: str) -> float | None:
        """Return in how many hours the item is used up, where that is known."""
        return self.house.hours_left(item, self.now)

    def state(self, entity: str) -> Scalar:
        """Return an entity's present state, None when unknown or unavailable."""
        known = self.house.entities.get(entity)
        if known is not None and apart(self.house, self.home, entity):
            return None
        return known.value if known is not None and known.available else None

    def notices(self) -> Sequence[Notice]:
        """Return the notices on the board."""
        return list(self.house.notices.values())

    def somebody_home(self) -> bool:
        """Tell whether somebody who may decide is at home, as far as is known."""
        return somebody_home(self.house, self.home, self.now)

    def members(self) -> Sequence[MemberSettings]:
        """Return the household's members."""
        return self.home.settings.members

    @property
    def zone(self) -> ZoneInfo:
        """Return the household's time zone."""
        return self.home.settings.home.zone

    @property
    def quiet_hours(self) -> str | None:
        """Return the household's quiet hours."""
        return self.home.settings.home.quiet_hours

    def cooldown_until(self, rule_id: str, subject: str) -> datetime | None:
        """Return until when a rule is to be silent about a subject.

        A basket that nobody has decided on may grow all the same: that asks nobody twice.
        """
        if self._may_grow(f"{rule_id}:{subject}"):
            return None
        return self.house.cooldowns.get((rule_id, subject))

    def open_key(self, cause_key: str) -> bool:
        """Tell whether this cause has an open suggestion already that cannot be bettered."""
        return cause_key in self.house.open_keys and not self._may_grow(cause_key)

    def _may_grow(self, key: str) -> bool:
        """Tell whether a basket is undecided while something runs low that is not in it."""
        if not key.endswith(f":{PANTRY}"):
            return False
        suggestion = self.house.open_with(key)
        if suggestion is None or not suggestion.open:
            return False
        wanted = {want.item for want in suggestion.wants}
        return any(
            item.par is not None
            and item.id not in wanted
            and (level := self.house.stock.get(item.id)) is not None
            and level.quantity + level.expected < float(item.par)
            for item in self.home.pantry.values()
        )
