"""As much of the pages' backend as naming things takes; the command line names them so too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hub.domain.activities import Activity
from hub.domain.meals import SocialMeal
from hub.domain.orders import Order
from hub.domain.suggestions import Suggestion
from hub.settings import Settings
from hub.web.backend import EntityView, PantryView
from hub.web.friends import FriendView


class Things(Protocol):
    """What has an id and a name: pantry items, entities, members."""

    @property
    def settings(self) -> Settings:
        """Return the household's settings."""
        ...

    def entities(self) -> Sequence[EntityView]:
        """Return what devices announced."""
        ...

    def pantry(self) -> Sequence[PantryView]:
        """Return what is kept."""
        ...


class FriendNames(Protocol):
    """Friends' names."""

    def listed(self) -> Sequence[FriendView]:
        """Return the friends."""
        ...


class ActivityNames(Protocol):
    """What activities are called."""

    def listed(self) -> Sequence[Activity]:
        """Return what is still to happen."""
        ...


class MealNames(Protocol):
    """What meals are called."""

    def meal(self, meal_id: str) -> SocialMeal | None:
        """Return one meal."""
        ...


class Subjects(Things, Protocol):
    """What an entry of the ledger may be about."""

    @property
    def friends(self) -> FriendNames:
        """Return whoever lists friends."""
        ...

    @property
    def activities(self) -> ActivityNames:
        """Return whoever lists activities."""
        ...

    @property
    def meals(self) -> MealNames:
        """Return whoever finds meals."""
        ...

    def order(self, order_id: str) -> Order | None:
        """Return one order."""
        ...

    def suggestion(self, suggestion_id: str) -> Suggestion | None:
        """Return one suggestion."""
        ...
