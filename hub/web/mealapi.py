"""The API of meals with friends."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Literal

from aiohttp import web
from pydantic import AwareDatetime, Field

from hub.domain.mealplan import TITLE, MealRequest
from hub.domain.meals import SocialMeal
from hub.domain.money import Money
from hub.web.operations import (
    Answer,
    Input,
    MemberBody,
    Operation,
    by_adult,
    known,
    read_body,
    read_query,
    tried,
)
from hub.web.site import site_of


class MealQuery(Input):
    """How many."""

    limit: int = Field(default=50, ge=1, le=200, description="at most this many, latest first")


class MealBody(MemberBody):
    """A meal that a member would like; without anybody named it is with who is about that day."""

    guests: list[str] = Field(
        default_factory=list, max_length=30, description="ids of contacts (/friends)"
    )
    circle: str = Field(default="", max_length=40, description="or the contacts of a circle")
    activity: str = Field(
        default="", max_length=300, description="or who comes to this activity (its key)"
    )
    title: str = Field(default=TITLE, min_length=1, max_length=100, description="what it is called")
    at: AwareDatetime | None = Field(
        default=None, description="about when it is to begin; default: this evening"
    )
    where: Literal["out", "home"] | None = Field(
        default=None, description="at a restaurant or at somebody's home; default: either"
    )
    people: int | None = Field(
        default=None, ge=1, le=12, description="how many of the household come; default: all"
    )
    diets: list[str] = Field(
        default_factory=list, max_length=10, description="what a restaurant has to cater for"
    )
    max_km: float | None = Field(default=None, gt=0, le=500, description="how far one may go")
    answer_minutes: int = Field(
        default=120, ge=1, le=7 * 24 * 60, description="how long guests have to answer"
    )


class OffBody(MemberBody):
    """Who calls it off, and what that may cost; what costs more is asked."""

    fee: Decimal | None = Field(
        default=None, ge=0, le=100_000, description="in the household's currency; default: nothing"
    )


class GuestBody(MemberBody):
    """Who lets whom in."""

    guest: str = Field(max_length=320, description="the guest's address")


class BillBody(MemberBody):
    """What it came to."""

    total: Decimal = Field(gt=0, le=1_000_000, description="in the household's currency")


async def _meals(request: web.Request) -> Answer:
    return Answer(site_of(request).backend.meals.listed(read_query(request, MealQuery).limit))


async def _meal(request: web.Request) -> Answer:
    return Answer(known(site_of(request).backend.meals.meal(request.match_info["id"]), "meal"))


async def _propose(request: web.Request) -> Answer:
    body = await read_body(request, MealBody)
    wanted = MealRequest(
        body.member,
        tuple(body.guests),
        body.circle,
        body.activity,
        body.title,
        body.at.astimezone(UTC) if body.at else None,
        body.where,
        body.people,
        tuple(body.diets),
        body.max_km,
        timedelta(minutes=body.answer_minutes),
    )
    return await _done(by_adult(request, body).meals.propose(wanted))


async def _call_off(request: web.Request) -> Answer:
    body = await read_body(request, OffBody)
    backend = by_adult(request, body)
    currency = backend.settings.home.currency
    fee = None if body.fee is None else Money(body.fee, currency)
    return await _done(backend.meals.call_off(request.match_info["id"], body.member, fee))


async def _let_in(request: web.Request) -> Answer:
    body = await read_body(request, GuestBody)
    meals = by_adult(request, body).meals
    return await _done(meals.let_in(request.match_info["id"], body.member, body.guest))


async def _split(request: web.Request) -> Answer:
    body = await read_body(request, BillBody)
    backend = by_adult(request, body)
    total = Money(body.total, backend.settings.home.currency)
    return await _done(backend.meals.split(request.match_info["id"], body.member, total))


async def _done(step: Awaitable[SocialMeal]) -> Answer:
    try:
        return Answer(await tried(step))
    except KeyError as error:
        raise web.HTTPNotFound(text="There is no such meal.") from error


MEALS: tuple[Operation, ...] = (
    Operation(
        "GET", "/meals", "listMeals", "List meals with friends, the latest first", "read",
        _meals, SocialMeal, many=True, query=MealQuery,
    ),
    Operation(
        "POST", "/meals", "proposeMeal",
        "Propose a meal: who can and where is asked, then the adults are", "decide",
        _propose, SocialMeal, body=MealBody,
    ),
    Operation(
        "GET", "/meals/{id}", "getMeal", "Read one meal", "read", _meal, SocialMeal, errors=(404,),
    ),
    Operation(
        "POST", "/meals/{id}/off", "callMealOff",
        "Call a meal off; what costs more than fee is asked first", "decide",
        _call_off, SocialMeal, body=OffBody, errors=(404,),
    ),
    Operation(
        "POST", "/meals/{id}/let-in", "letIn", "Let in a guest whose yes came late", "decide",
        _let_in, SocialMeal, body=GuestBody, errors=(404,),
    ),
    Operation(
        "POST", "/meals/{id}/bill", "splitBill", "Split what a meal came to among who came",
        "decide", _split, SocialMeal, body=BillBody, errors=(404,),
    ),
)  # fmt: skip
