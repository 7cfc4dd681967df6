"""Meals with friends for pages and programs (``hub.web.meals``), by the running parts."""

from __future__ import annotations

from collections.abc import Sequence

from hub.domain.mealplan import MealRequest
from hub.domain.meals import SocialMeal
from hub.domain.money import Money
from hub.flow.home import Home
from hub.flow.meals import decide
from hub.flow.meals.ideas import wanted
from hub.store.tx import Tx
from hub.store.views import Views
from hub.worker.writer import Writer

API = "api"


class HubMeals:
    """Reads from the database; changes go through the writer thread."""

    def __init__(self, home: Home, writer: Writer, views: Views) -> None:
        self._home = home
        self._writer = writer
        self._views = views

    def listed(self, limit: int = 50) -> Sequence[SocialMeal]:
        """Return meals, also those that are over, the latest first."""
        return self._views.meals(limit=limit)

    def meal(self, meal_id: str) -> SocialMeal | None:
        """Return one meal, None when there is none."""
        return self._views.meal(meal_id)

    async def propose(self, request: MealRequest) -> SocialMeal:
        """Propose a meal. ActivityError."""
        return await self._writer.run(lambda tx: wanted(tx, self._home, request, API))

    async def call_off(self, meal_id: str, member: str, fee: Money | None) -> SocialMeal:
        """Call a meal off for at most ``fee``. KeyError."""
        reason = f"{self._home.called(member)} called it off"
        return await self._writer.run(
            lambda tx: decide.call_off(tx, self._home, _known(tx, meal_id), reason, agreed=fee)
        )

    async def let_in(self, meal_id: str, member: str, guest: str) -> SocialMeal:
        """Let a guest in whose yes came late. KeyError, ActivityError."""
        return await self._writer.run(
            lambda tx: decide.let_in(tx, self._home, _known(tx, meal_id), guest, member)
        )

    async def split(self, meal_id: str, member: str, total: Money) -> SocialMeal:
        """Note what a meal came to. KeyError, ActivityError."""
        return await self._writer.run(
            lambda tx: decide.split_bill(tx, self._home, _known(tx, meal_id), total, member)
        )


def _known(tx: Tx, meal_id: str) -> SocialMeal:
    meal = tx.meal(meal_id)
    if meal is None:
        raise KeyError(meal_id)
    return meal
