"""The API of absences, meals cooked at home, and conflicts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from aiohttp import web
from pydantic import AwareDatetime, Field

from hub.domain.cases import Case, CaseState
from hub.domain.conflicts import ConflictKind
from hub.domain.daywords import conflict_text
from hub.domain.notices import Service
from hub.domain.offers import Window
from hub.domain.plans import LONGEST_TITLE, Plan, PlanError, PlanKind
from hub.domain.values import dataclass
from hub.web.operations import (
    Answer,
    MemberBody,
    Operation,
    by_adult,
    known,
    read_body,
    read_query,
)
from hub.web.site import site_of


class AbsenceBody(MemberBody):
    """Who is away, and until when."""

    members: list[str] = Field(
        default_factory=list, max_length=50, description="who is away; nobody named: all"
    )
    start: AwareDatetime
    end: AwareDatetime
    title: str = Field(default="", max_length=LONGEST_TITLE, description="why, in words")


class CookingBody(AbsenceBody):
    """A meal that is cooked at home."""

    members: list[str] = Field(
        default_factory=list, max_length=50, description="who cooks; nobody named: all"
    )
    title: str = Field(default="", max_length=LONGEST_TITLE, description="what it is")
    uses: list[Service] = Field(
        default=["gas"], max_length=5, description="what it cannot do without"
    )


@dataclass(frozen=True, slots=True)
class ConflictView:
    """Something that cannot stay as it is planned, and what is done about it.

    ``block`` is what would be moved and ``against`` what it collides with, by their ids in the
    agenda. ``suggestion_id`` is the question that resolves it, where there is one.
    """

    key: str
    kind: ConflictKind
    text: str
    start: datetime
    end: datetime
    block: str
    against: str | None
    state: Literal["looking", "asked", "told", "settled"]
    suggestion_id: str | None


async def _absences(request: web.Request) -> Answer:
    return Answer(site_of(request).backend.plans.listed("absence"))


async def _cooking(request: web.Request) -> Answer:
    return Answer(site_of(request).backend.plans.listed("cooking"))


async def _add_absence(request: web.Request) -> Answer:
    return await _add(request, "absence", await read_body(request, AbsenceBody), ())


async def _add_cooking(request: web.Request) -> Answer:
    body = await read_body(request, CookingBody)
    return await _add(request, "cooking", body, body.uses)


async def _add(
    request: web.Request, kind: PlanKind, body: AbsenceBody, uses: Sequence[str]
) -> Answer:
    backend = by_adult(request, body)
    try:
        window = Window(body.start.astimezone(UTC), body.end.astimezone(UTC))
        made = backend.plans.add(kind, window, body.members, body.title, uses, body.member)
        return Answer(await made)
    except OverflowError as error:
        raise web.HTTPBadRequest(text="start, end: expected a time of our age") from error
    except (PlanError, ValueError) as error:
        raise web.HTTPBadRequest(text=str(error)) from error


async def _drop_absence(request: web.Request) -> Answer:
    return await _drop(request, "absence")


async def _drop_cooking(request: web.Request) -> Answer:
    return await _drop(request, "cooking")


async def _drop(request: web.Request, kind: PlanKind) -> Answer:
    query = read_query(request, MemberBody)
    backend = by_adult(request, query)
    gone = await backend.plans.remove(kind, request.match_info["id"], query.member)
    return Answer(known(gone, kind if kind == "absence" else "plan"))


async def _conflicts(request: web.Request) -> Answer:
    backend = site_of(request).backend
    zone, now = backend.settings.home.zone, backend.now()

    def views(case: Case) -> list[ConflictView]:
        state: CaseState = case.state
        return [
            ConflictView(
                key=one.key,
                kind=one.kind,
                text=conflict_text(one, zone, now),
                start=one.overlap.start,
                end=one.overlap.end,
                block=one.block.id,
                against=one.against.id if one.against is not None else None,
                state=state,
                suggestion_id=case.suggestion_id or None,
            )
            for one in case.conflicts
        ]

    return Answer([view for case in backend.plans.conflicts() for view in views(case)])


PLANS: tuple[Operation, ...] = (
    Operation(
        "GET", "/absences", "listAbsences", "List when members are away", "read",
        _absences, Plan, many=True,
    ),
    Operation(
        "POST", "/absences", "addAbsence", "Say that members will be away", "decide",
        _add_absence, Plan, body=AbsenceBody,
    ),
    Operation(
        "DELETE", "/absences/{id}", "dropAbsence", "Say that they will not be away after all",
        "decide", _drop_absence, Plan, query=MemberBody, errors=(404,),
    ),
    Operation(
        "GET", "/plans", "listPlans", "List the meals that are to be cooked at home", "read",
        _cooking, Plan, many=True,
    ),
    Operation(
        "POST", "/plans", "addPlan", "Say that a meal is cooked at home", "decide",
        _add_cooking, Plan, body=CookingBody,
    ),
    Operation(
        "DELETE", "/plans/{id}", "dropPlan", "Say that it is not cooked after all", "decide",
        _drop_cooking, Plan, query=MemberBody, errors=(404,),
    ),
    Operation(
        "GET", "/conflicts", "listConflicts",
        "List what cannot stay as it is planned, and the question about it", "read",
        _conflicts, ConflictView, many=True,
    ),
)  # fmt: skip
