"""What pages and programs ask of the hub about meals with friends; ``hub.app`` provides it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hub.domain.mealplan import MealRequest
from hub.domain.meals import SocialMeal
from hub.domain.money import Money


class Meals(Protocol):
    """Meals with friends. ActivityError and PeerError say why something cannot be."""

    def listed(self, limit: int = 50) -> Sequence[SocialMeal]:
        """Return meals, also those that are over, the latest first."""
        ...

    def meal(self, meal_id: str) -> SocialMeal | None:
        """Return one meal, None when there is none."""
        ...

    async def propose(self, request: MealRequest) -> SocialMeal:
        """Propose a meal: who has time and which tables there are is asked, then the adults are.

        The suggestion is ``SocialMeal.suggestion_id``. Wanted twice for a day it is one.
        """
        ...

    async def call_off(self, meal_id: str, member: str, fee: Money | None) -> SocialMeal:
        """Call a meal off for at most ``fee``; what costs more is asked. KeyError without one."""
        ...

    async def let_in(self, meal_id: str, member: str, guest: str) -> SocialMeal:
        """Let a guest in (their address) whose yes came late. KeyError without such a meal."""
        ...

    async def split(self, meal_id: str, member: str, total: Money) -> SocialMeal:
        """Note what a meal came to: everybody reads their share. KeyError without such a meal."""
        ...
