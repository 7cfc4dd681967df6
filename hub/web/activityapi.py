"""The API of activities, friends and the agenda."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Literal

from aiohttp import web
from pydantic import AwareDatetime, Field

from hub.domain.activities import Activity, Details, part_of
from hub.domain.agenda import Block
from hub.domain.offers import Window
from hub.web.activities import CalendarView, Friend
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
    tried,
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
    recurrence: str = Field(
        default="", max_length=300, description="how it repeats: an RRULE, e.g. FREQ=WEEKLY;COUNT=9"
    )


class InvitationBody(ActivityBody):
    """A new activity, and whom to invite."""

    guests: list[str] = Field(
        default_factory=list, max_length=200, description="ids of contacts (/friends)"
    )


class GuestsBody(MemberBody):
    """Whom to invite besides."""

    guests: list[str] = Field(
        min_length=1, max_length=200, description="ids of contacts (/friends)"
    )


class AnswerBody(MemberBody):
    """What a member says to a friend's invitation."""

    answer: Literal["ACCEPTED", "TENTATIVE", "DECLINED"] = Field(description="PARTSTAT")
    comment: str = Field(default="", max_length=1000, description="a word to the organizer")


class NotedBody(MemberBody):
    """What a guest without a hub said by mail or word of mouth."""

    guest: str = Field(max_length=320, description="the guest's calendar address")
    answer: Literal["ACCEPTED", "TENTATIVE", "DECLINED"] = Field(description="PARTSTAT")


class ProposalBody(MemberBody):
    """Another time for a friend's activity."""

    start: AwareDatetime
    end: AwareDatetime
    comment: str = Field(default="", max_length=1000, description="a word to the organizer")


async def _activities(request: web.Request) -> Answer:
    return Answer(site_of(request).backend.activities.listed())


async def _one(request: web.Request) -> Answer:
    wanted = request.match_info["id"]
    listed = site_of(request).backend.activities.listed()
    found = next((one for one in listed if one.key == wanted), None)
    return Answer(known(found, "activity still to happen"))


async def _friends(request: web.Request) -> Answer:
    return Answer(site_of(request).backend.activities.friends())


async def _calendars(request: web.Request) -> Answer:
    return Answer(site_of(request).backend.activities.calendars())


async def _agenda(request: web.Request) -> Answer:
    backend, days = site_of(request).backend, read_query(request, AgendaQuery).days
    now = backend.now()
    return Answer(backend.activities.agenda(Window(now, now + timedelta(days=days))))


async def _create(request: web.Request) -> Answer:
    body = await read_body(request, InvitationBody)
    backend = by_adult(request, body)
    return Answer(
        await tried(backend.activities.create(_details(backend, body), body.guests, body.member))
    )


async def _change(request: web.Request) -> Answer:
    body = await read_body(request, ActivityBody)
    backend, key = by_adult(request, body), _activity(request)
    return Answer(await tried(backend.activities.change(key, _details(backend, body), body.member)))


async def _cancel(request: web.Request) -> Answer:
    body = await read_body(request, MemberBody)
    backend, key = by_adult(request, body), _activity(request)
    return Answer(await tried(backend.activities.cancel(key, body.member)))


async def _invite(request: web.Request) -> Answer:
    body = await read_body(request, GuestsBody)
    backend, key = by_adult(request, body), _activity(request)
    return Answer(await tried(backend.activities.invite(key, body.guests, body.member)))


async def _answer(request: web.Request) -> Answer:
    body = await read_body(request, AnswerBody)
    backend, key = by_adult(request, body), _activity(request)
    return Answer(
        await tried(backend.activities.answer(key, body.answer, body.member, body.comment))
    )


async def _note(request: web.Request) -> Answer:
    body = await read_body(request, NotedBody)
    backend, key = by_adult(request, body), _activity(request)
    noted = backend.activities.note_answer(key, body.guest, body.answer, body.member)
    return Answer(await tried(noted))


async def _propose(request: web.Request) -> Answer:
    body = await read_body(request, ProposalBody)
    backend, key = by_adult(request, body), _activity(request)
    try:
        window = Window(body.start.astimezone(UTC), body.end.astimezone(UTC))
    except (ValueError, OverflowError) as error:
        raise web.HTTPBadRequest(text=str(error)) from error
    return Answer(await tried(backend.activities.propose(key, window, body.member, body.comment)))


def _activity(request: web.Request) -> str:
    """Return the key in the path: an activity's, or of one occurrence of a repeated one."""
    key = request.match_info["id"]
    listed = site_of(request).backend.activities.listed()
    part = part_of(key)
    keys = {key} if part is None else {key, part[0]}
    known(next((one for one in listed if one.key in keys), None), "activity still to happen")
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
            recurrence=body.recurrence.upper().strip(),
        )
    except (ValueError, OverflowError) as error:
        raise web.HTTPBadRequest(text=str(error)) from error


ACTIVITIES: tuple[Operation, ...] = (
    Operation(
        "GET", "/activities", "listActivities", "List activities still to happen, soonest first",
        "read", _activities, Activity, many=True,
    ),
    Operation(
        "GET", "/activities/{id}", "getActivity", "Read one activity still to happen", "read",
        _one, Activity, errors=(404,),
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
        "POST", "/activities/{id}/invite", "inviteToActivity", "Invite more contacts",
        "decide", _invite, Activity, body=GuestsBody, errors=(404,),
    ),
    Operation(
        "POST", "/activities/{id}/answer", "answerInvitation", "Answer a friend, or answer anew",
        "decide", _answer, Activity, body=AnswerBody, errors=(404,),
    ),
    Operation(
        "POST", "/activities/{id}/note", "noteAnswer", "Note what a guest without a hub said",
        "decide", _note, Activity, body=NotedBody, errors=(404,),
    ),
    Operation(
        "POST", "/activities/{id}/propose", "proposeTime", "Propose another time to a friend",
        "decide", _propose, Activity, body=ProposalBody, errors=(404,),
    ),
    Operation(
        "GET", "/agenda", "listAgenda", "List what takes the household's time", "read",
        _agenda, Block, many=True, query=AgendaQuery,
    ),
    Operation(
        "GET", "/calendars", "listCalendars", "List the calendars kept elsewhere, and their faults",
        "read", _calendars, CalendarView, many=True,
    ),
    Operation(
        "GET", "/friends", "listFriends", "List the contacts", "read",
        _friends, Friend, many=True,
    ),
)  # fmt: skip
