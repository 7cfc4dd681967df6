"""The API of activities, friends and the agenda."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, timedelta

from aiohttp import web
from pydantic import AwareDatetime, Field

from hub.domain.activities import Activity, ActivityError, Details
from hub.domain.agenda import Block
from hub.domain.offers import Window
from hub.domain.peers import PeerError
from hub.web.activities import Friend
from hub.web.backend import Backend
from hub.web.operations import (
    Answer,
    Input,
    MemberBody,
    Operation,
    by_adult,
    known,
    read_body,
    read_query,
)
from hub.web.site import site_of


class AgendaQuery(Input):
    """Which days."""

    days: int = Field(default=7, ge=1, le=62, description="from now on, this many days")


class ActivityBody(MemberBody):
    """An activity as it is to be."""

    summary: str = Field(min_length=1, max_length=200, description="what it is")
    start: AwareDatetime
    end: AwareDatetime
    location: str = Field(default="", max_length=300, description="where, in words")
    gps: str | None = Field(default=None, max_length=60, description="lat,lon")
    description: str = Field(default="", max_length=4000)
    answer_by: AwareDatetime | None = Field(default=None, description="until when to answer")


class InvitationBody(ActivityBody):
    """A new activity, and whom to invite."""

    guests: list[str] = Field(
        default_factory=list, max_length=200, description="ids of contacts (/friends)"
    )


async def _activities(request: web.Request) -> Answer:
    return Answer(site_of(request).backend.activities.listed())


async def _friends(request: web.Request) -> Answer:
    return Answer(site_of(request).backend.activities.friends())


async def _agenda(request: web.Request) -> Answer:
    backend, days = site_of(request).backend, read_query(request, AgendaQuery).days
    now = backend.now()
    return Answer(backend.activities.agenda(Window(now, now + timedelta(days=days))))


async def _create(request: web.Request) -> Answer:
    body = await read_body(request, InvitationBody)
    backend = by_adult(request, body)
    return await _done(backend.activities.create(_details(backend, body), body.guests, body.member))


async def _change(request: web.Request) -> Answer:
    body = await read_body(request, ActivityBody)
    backend, key = by_adult(request, body), _activity(request)
    return await _done(backend.activities.change(key, _details(backend, body), body.member))


async def _cancel(request: web.Request) -> Answer:
    body = await read_body(request, MemberBody)
    backend, key = by_adult(request, body), _activity(request)
    return await _done(backend.activities.cancel(key, body.member))


def _activity(request: web.Request) -> str:
    key = request.match_info["id"]
    listed = site_of(request).backend.activities.listed()
    known(next((one for one in listed if one.key == key), None), "activity still to happen")
    return key


def _details(backend: Backend, body: ActivityBody) -> Details:
    try:
        return Details(
            Window(body.start.astimezone(UTC), body.end.astimezone(UTC)),
            backend.settings.home.timezone,
            body.summary,
            location=body.location,
            gps=body.gps,
            description=body.description,
            answer_by=body.answer_by.astimezone(UTC) if body.answer_by else None,
        )
    except (ValueError, OverflowError) as error:
        raise web.HTTPBadRequest(text=str(error)) from error


async def _done(step: Awaitable[Activity]) -> Answer:
    try:
        return Answer(await step)
    except (ActivityError, PeerError) as error:
        raise web.HTTPBadRequest(text=str(error)) from error


ACTIVITIES: tuple[Operation, ...] = (
    Operation(
        "GET", "/activities", "listActivities", "List activities still to happen, soonest first",
        "read", _activities, Activity, many=True,
    ),
    Operation(
        "POST", "/activities", "createActivity", "Make an activity and invite contacts",
        "decide", _create, Activity, body=InvitationBody,
    ),
    Operation(
        "PUT", "/activities/{id}", "changeActivity", "Change an activity and tell its guests",
        "decide", _change, Activity, body=ActivityBody, errors=(404,),
    ),
    Operation(
        "POST", "/activities/{id}/cancel", "cancelActivity", "Cancel an activity for everybody",
        "decide", _cancel, Activity, body=MemberBody, errors=(404,),
    ),
    Operation(
        "GET", "/agenda", "listAgenda", "List what takes the household's time", "read",
        _agenda, Block, many=True, query=AgendaQuery,
    ),
    Operation(
        "GET", "/friends", "listFriends", "List the contacts", "read",
        _friends, Friend, many=True,
    ),
)  # fmt: skip
