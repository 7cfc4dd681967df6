"""The API of how members are asked: as the pages have it, for programs."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, Field

from hub.settings import MemberSettings
from hub.settings.people import Way
from hub.web import asking
from hub.web.asking import DIGEST, MOST_ADDRESSES, Next, Wish, Written
from hub.web.files import Stale
from hub.web.operations import Answer, MemberBody, Operation, by_adult, known, read_body
from hub.web.site import Site, site_of
from hub.web.textapi import sound

_VERSION = "changes with what hub.yaml says of it; writing asks for it"
_SEEN = "as it was read; an older one refuses"
Short = Annotated[str, Field(max_length=300)]


class AskingView(BaseModel):
    """How a member is asked. Apprise addresses open something, so they are only counted."""

    member: str
    questions: tuple[Way, ...] | None = Field(description="null: every way; none: pages only")
    news: tuple[Way, ...] | None = Field(description="as questions, for what needs no answer")
    quiet_hours: str | None = Field(description="local times, e.g. 22:00-07:00")
    digest: str = Field(description="local time of the message of the day, or off: each at once")
    browsers: int = Field(description="browsers that notify the member (webpush)")
    ntfy: bool = Field(description="whether there is ntfy")
    apprise: int = Field(description="how many Apprise addresses there are")
    homeassistant: tuple[str, ...] = Field(description="services of the Home Assistant app")
    version: str = Field(description=_VERSION)
    in_force: bool = Field(description="whether the hub goes by it already")


class AskingBody(MemberBody):
    """How a member is to be asked. What ways there are stays as it is where it is not given."""

    member: str = Field(
        max_length=32, description="who wants it: the member; of children and guests also an adult"
    )
    version: str = Field(max_length=64, description=_SEEN)
    questions: list[Way] | None = Field(
        default=None, max_length=4, description="null: every way; none: pages only"
    )
    news: list[Way] | None = Field(default=None, max_length=4, description="as questions")
    quiet_hours: str | None = Field(
        default=None, max_length=11, description="local times, e.g. 22:00-07:00; null: none"
    )
    digest: str = Field(default=DIGEST, max_length=5, description="local time, or off")
    ntfy: bool | None = Field(default=None, description="adults only: whether there is ntfy")
    apprise: list[Short] | None = Field(
        default=None, max_length=MOST_ADDRESSES, description="adults only: all Apprise addresses"
    )
    homeassistant: list[Short] | None = Field(
        default=None, max_length=MOST_ADDRESSES, description="adults only: all services, notify.…"
    )


class EscalationView(BaseModel):
    """Who is asked too where nobody answers; nobody where ``to`` is empty."""

    after: int | None = Field(description="minutes without an answer")
    to: tuple[str, ...] = Field(description="ids of adults, asked one after another")
    version: str = Field(description=_VERSION)
    in_force: bool = Field(description="whether the hub goes by it already")


class EscalationBody(MemberBody):
    """Who is to be asked too where nobody answers."""

    version: str = Field(max_length=64, description=_SEEN)
    after: int = Field(default=30, ge=1, le=7 * 24 * 60, description="minutes without an answer")
    to: list[Short] = Field(
        default_factory=list, max_length=20, description="adults' ids, in order; none: nobody"
    )


def _member(request: web.Request) -> MemberSettings:
    return known(site_of(request).member(request.match_info["member"]), "member")


def _written(request: web.Request) -> Written:
    return known(asking.read(site_of(request), _member(request).id), "member in hub.yaml")


async def _asking(request: web.Request) -> Answer:
    site, written = site_of(request), _written(request)
    found = written.settings
    return Answer(
        AskingView(
            member=found.id,
            questions=found.questions,
            news=found.news,
            quiet_hours=found.quiet_hours,
            digest=found.digest,
            browsers=site.backend.pushes.count(found.id),
            ntfy=found.ntfy is not None,
            apprise=len(found.apprise),
            homeassistant=found.homeassistant,
            version=written.version,
            in_force=asking.in_force(site, found.id),
        )
    )


async def _ask(request: web.Request) -> Answer:
    body, site, whose = await read_body(request, AskingBody), site_of(request), _member(request)
    _allowed(site, body, whose)
    wish = Wish(
        None if body.questions is None else tuple(dict.fromkeys(body.questions)),
        None if body.news is None else tuple(dict.fromkeys(body.news)),
        body.quiet_hours,
        body.digest,
        body.ntfy,
        None if body.apprise is None else tuple(dict.fromkeys(body.apprise)),
        None if body.homeassistant is None else tuple(dict.fromkeys(body.homeassistant)),
    )
    try:
        written = _written(request)
        asking.same(body.version, written.version)
        sound(await asking.write(site, written, wish))
    except Stale as stale:
        raise web.HTTPConflict(text=f"version: {stale}") from stale
    return await _asking(request)


def _allowed(site: Site, body: AskingBody, whose: MemberSettings) -> None:
    """Raise HTTPBadRequest for a stranger, HTTPForbidden for who has no say in it."""
    if site.member(body.member) is None:
        raise web.HTTPBadRequest(text=f"member: there is no {body.member} in this household")
    if not asking.may_change(site, body.member, whose):
        raise web.HTTPForbidden(
            text=f"member: expected {whose.id}, or an adult where {whose.id} is a child or a guest"
        )
    ways = (body.ntfy, body.apprise, body.homeassistant)
    if any(one is not None for one in ways) and not site.is_adult(body.member):
        raise web.HTTPForbidden(
            text="member: expected an adult for ntfy, apprise and homeassistant"
        )


def _next(site: Site, found: Next) -> Answer:
    said = found.said
    return Answer(
        EscalationView(
            after=said.after if said is not None else None,
            to=said.to if said is not None else (),
            version=found.version,
            in_force=said == site.backend.settings.home.escalate,
        )
    )


async def _escalation(request: web.Request) -> Answer:
    site = site_of(request)
    return _next(site, asking.read_next(site))


async def _escalate(request: web.Request) -> Answer:
    body, site = await read_body(request, EscalationBody), site_of(request)
    by_adult(request, body)
    try:
        written = asking.read_next(site)
        asking.same(body.version, written.version)
        to = list(dict.fromkeys(body.to))
        sound(await asking.write_next(site, written, body.after, to))
    except Stale as stale:
        raise web.HTTPConflict(text=f"version: {stale}") from stale
    return _next(site, asking.read_next(site))


ASKING: tuple[Operation, ...] = (
    Operation(
        "GET", "/members/{member}/asking", "getAsking", "Read how a member is asked", "read",
        _asking, AskingView, errors=(404,), conflicts=True,
    ),
    Operation(
        "PUT", "/members/{member}/asking", "setAsking", "Say how a member is asked, in hub.yaml",
        "configure", _ask, AskingView, body=AskingBody, errors=(404,), conflicts=True,
    ),
    Operation(
        "GET", "/escalation", "getEscalation", "Read who is asked too where nobody answers",
        "read", _escalation, EscalationView, conflicts=True,
    ),
    Operation(
        "PUT", "/escalation", "setEscalation",
        "Say who is asked too where nobody answers, in hub.yaml", "configure",
        _escalate, EscalationView, body=EscalationBody, conflicts=True,
    ),
)  # fmt: skip
