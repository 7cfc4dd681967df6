"""Meals with friends in memory, as the pages and the API read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hub.domain.activities import ActivityError
from hub.domain.mealplan import MealRequest
from hub.domain.meals import MealGuest, SocialMeal
from hub.domain.money import Money
from hub.domain.offers import Window

EVENING = datetime(2026, 11, 24, 18, 45, tzinfo=UTC)
HOUR = timedelta(hours=1)


class FakeMeals:
    """One dinner that is settled; notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.kept = [
            SocialMeal(
                "dinner-1",
                "meal@2026-11-24",
                "act-9",
                "booked",
                "Dinner",
                Window(EVENING, EVENING + 2 * HOUR),
                EVENING - 2 * HOUR,
                1,
                (
                    MealGuest("mailto:ben@x.example", "Ben", answer="ACCEPTED", contact="ben"),
                    MealGuest("mailto:cleo@x.example", "Cleo", contact="cleo"),
                ),
                order_id="order-9",
                size=2,
                place="Table by the River",
            )
        ]

    def listed(self, limit: int = 50) -> Sequence[SocialMeal]:
        return self.kept[:limit]

    def meal(self, meal_id: str) -> SocialMeal | None:
        return next((one for one in self.kept if one.id == meal_id), None)

    async def propose(self, request: MealRequest) -> SocialMeal:
        self.asked.append(request)
        if "nobody" in request.guests:
            raise ActivityError("guests: nobody is not a contact with a hub of its own")
        return replace(self.kept[0], state="proposed", title=request.title)

    async def call_off(self, meal_id: str, member: str, fee: Money | None) -> SocialMeal:
        self.asked.append(fee)
        return self._now(meal_id, state="cancelled")

    async def let_in(self, meal_id: str, member: str, guest: str) -> SocialMeal:
        self.asked.append(guest)
        return self._now(meal_id)

    async def split(self, meal_id: str, member: str, total: Money) -> SocialMeal:
        return self._now(meal_id, bill=total)

    def _now(self, meal_id: str, **changes: object) -> SocialMeal:
        meal = self.meal(meal_id)
        if meal is None:
            raise KeyError(meal_id)
        return replace(meal, **changes)  # type: ignore[arg-type]
