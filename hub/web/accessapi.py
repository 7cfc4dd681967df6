"""The API of who else may come in: sign-in codes, calendar addresses and API tokens.

Nothing made here can do more than whoever makes it, and all of it takes the scope ``access``: what
is made outlives the token it was made with.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime
from urllib.parse import quote

from aiohttp import web
from pydantic import Field

from hub.domain.scopes import LONGEST_NAME, OWN_CODE_LASTS, SCOPES, Scope, TokenError
from hub.domain.values import dataclass
from hub.web.callers import allowed, own_only, scopes_of
from hub.web.operations import Answer, Input, MemberBody, Operation, by_adult, known, read_body
from hub.web.site import site_of
from hub.web.tokens import TokenView

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SignInCode:
    """A code that signs a member in once. It is told this once; ``link`` opens the page with it."""

    member: str
    code: str
    link: str
    until: datetime


@dataclass(frozen=True, slots=True)
class CalendarAddress:
    """A member's secret address of the agenda. It is told this once."""

    member: str
    url: str


@dataclass(frozen=True, slots=True)
class CalendarState:
    """Whether a member has a calendar address, and since when."""

    member: str
    made_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made. It is told this once."""

    name: str
    scopes: tuple[Scope, ...]
    token: str


@dataclass(frozen=True, slots=True)
class RevokedToken:
    """A token that was taken back."""

    name: str


class TokenBody(Input):
    """Which token to make."""

    name: str = Field(
        min_length=1, max_length=LONGEST_NAME, description="what it is for, e.g. grafana"
    )
    scopes: list[Scope] = Field(
        min_length=1, max_length=len(SCOPES), description="what it may do: none of what you may not"
    )


def _whose(request: web.Request) -> str:
    return known(site_of(request).member(request.match_info["member"]), "member").id


def _own(request: web.Request) -> str:
    """Return whose address it is; a browser has to do with its own member's alone."""
    member = _whose(request)
    own_only(request, member)
    return member


def _hold(request: web.Request, wanted: Collection[str], what: str) -> None:
    """Refuse to make what may do more than whoever asks. Raises HTTPForbidden."""
    held = scopes_of(request) or frozenset()
    missing = [scope for scope in SCOPES if scope in wanted and scope not in held]
    if missing:
        raise web.HTTPForbidden(
            text=f"{what} would have the scope {missing[0]}; this token lacks it"
        )


def _base(request: web.Request) -> str:
    public = site_of(request).backend.settings.http.public_url
    return (public or f"{request.scheme}://{request.host}").rstrip("/")


async def _code(request: web.Request) -> Answer:
    body = await read_body(request, MemberBody)
    backend, member = by_adult(request, body), _whose(request)
    _hold(request, allowed(request, member), "whoever signs in with it")
    # Always the short one: a program hands it to somebody who waits for it.
    code = backend.create_code(member, own=True)
    _log.info("%s had a sign-in code made for %s over the API", body.member, member)
    until = backend.now() + OWN_CODE_LASTS
    return Answer(SignInCode(member, code, f"{_base(request)}/sign-in?code={quote(code)}", until))


async def _calendar(request: web.Request) -> Answer:
    member = _own(request)
    return Answer(CalendarState(member, site_of(request).backend.feeds.made(member)))


async def _make_calendar(request: web.Request) -> Answer:
    member = _own(request)
    _hold(request, ("read",), "the calendar")
    secret = site_of(request).backend.feeds.create(member)
    return Answer(CalendarAddress(member, f"{_base(request)}/calendar/{quote(secret)}.ics"))


async def _end_calendar(request: web.Request) -> Answer:
    member, feeds = _own(request), site_of(request).backend.feeds
    if not feeds.end(member):
        raise web.HTTPNotFound(text="There is no such calendar address.")
    return Answer(CalendarState(member, feeds.made(member)))


async def _tokens(request: web.Request) -> Answer:
    return Answer(site_of(request).backend.api_tokens.known())


async def _make_token(request: web.Request) -> Answer:
    body = await read_body(request, TokenBody)
    scopes = tuple(scope for scope in SCOPES if scope in body.scopes)
    _hold(request, scopes, "it")
    try:
        made = site_of(request).backend.api_tokens.make(body.name, scopes)
    except TokenError as error:
        raise web.HTTPConflict(text=str(error)) from None
    _log.warning("an API token %r that may %s was made over the API", body.name, ", ".join(scopes))
    return Answer(NewToken(body.name, scopes, made))


async def _revoke_token(request: web.Request) -> Answer:
    name = request.match_info["name"]
    if not site_of(request).backend.api_tokens.revoke(name):
        raise web.HTTPNotFound(text="There is no such token.")
    _log.warning("the API token %r was revoked over the API", name)
    return Answer(RevokedToken(name))


ACCESS: tuple[Operation, ...] = (
    Operation(
        "POST", "/members/{member}/sign-in-codes", "makeSignInCode",
        "Make a code that signs a member in once, within ten minutes; told this once", "access",
        _code, SignInCode, body=MemberBody, errors=(404,),
    ),
    Operation(
        "GET", "/members/{member}/calendar-address", "getCalendarAddress",
        "Tell whether a member has a secret address of the agenda", "read",
        _calendar, CalendarState, errors=(404,),
    ),
    Operation(
        "POST", "/members/{member}/calendar-address", "makeCalendarAddress",
        "Make a member's secret address of the agenda, told this once; the former one is void",
        "access", _make_calendar, CalendarAddress, errors=(404,),
    ),
    Operation(
        "DELETE", "/members/{member}/calendar-address", "endCalendarAddress",
        "Make a member's secret address of the agenda void", "decide",
        _end_calendar, CalendarState, errors=(404,),
    ),
    Operation(
        "GET", "/tokens", "listTokens", "List the API tokens, never the tokens themselves",
        "access", _tokens, TokenView, many=True, browser=False,
    ),
    Operation(
        "POST", "/tokens", "makeToken",
        "Make an API token that may do no more than this one; told this once", "access",
        _make_token, NewToken, body=TokenBody, conflicts=True, browser=False,
    ),
    Operation(
        "DELETE", "/tokens/{name}", "revokeToken", "Take an API token back, at once", "access",
        _revoke_token, RevokedToken, errors=(404,), browser=False,
    ),
)  # fmt: skip
