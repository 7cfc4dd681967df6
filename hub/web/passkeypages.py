"""Passkeys on pages: added and removed by their member, and taken at the sign-in page."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from aiohttp import web

from hub.domain.values import dataclass
from hub.web.callers import own_only
from hub.web.gate import public
from hub.web.i18n import N_
from hub.web.operations import Answer, MemberBody, Operation, by_adult, known, read_body
from hub.web.passkeys import PasskeyRefused, PasskeyView, Place
from hub.web.places import place_of
from hub.web.signin import address_of, form_cookie, from_our_form, let_in, safe_next
from hub.web.site import Attempts, Site, form_of, redirect, signed_in, site_of

_NOT_HERE = N_("Passkeys need HTTPS and a name of the hub, not an address: see docs/https.md.")
_TOO_OFTEN = N_("Too many attempts; wait a minute.")
_TOO_OLD_PAGE = N_("That page was too old; try again.")


ASKED = web.AppKey("passkey_challenges_asked", Attempts)


def door() -> Attempts:
    """Return the bound of how often browsers without a session may ask for a challenge.

    It keeps those of five minutes below what the hub holds: no stranger pushes a member's out.
    """
    return Attempts(each=12, together=200, seconds=3.0)


def routes() -> list[web.RouteDef]:
    """Return the addresses of this module."""
    return [
        web.post("/you/passkeys/options", ask_new),
        web.post("/you/passkeys", add),
        web.post("/you/passkeys/{id}/remove", remove),
        web.post("/sign-in/passkey/options", ask),
        web.post("/sign-in/passkey", sign_in),
    ]


async def ask_new(request: web.Request) -> web.Response:
    """Begin adding a passkey: what the browser is to make."""
    site, session = site_of(request), signed_in(request)
    member = site.member(session.member)
    place = place_of(request)
    if place is None or member is None:
        return _refused(request, 400, _NOT_HERE)
    handle = _handle(site, session.member)
    shown = f"{member.name} · {site.backend.settings.home.name}"
    options = site.backend.passkeys.ask_new(place, session.member, shown, handle, session.csrf)
    return web.Response(text=options, content_type="application/json")


async def add(request: web.Request) -> web.Response:
    """Keep the passkey that the browser made."""
    site, session, form = site_of(request), signed_in(request), await form_of(request)
    place = place_of(request)
    if place is None:
        return _refused(request, 400, _NOT_HERE)
    name, answer = form.get("name", ""), form.get("answer", "")
    try:
        site.backend.passkeys.add(place, session.member, name, answer, session.csrf)
    except PasskeyRefused as error:
        return _refused(request, 400, str(error))
    site.told.say(session, "good", site.words(request).text(N_("The passkey is added.")))
    return web.json_response({"to": "/you"})


async def remove(request: web.Request) -> web.Response:
    """Forget one of the member's passkeys."""
    site, session = site_of(request), signed_in(request)
    if not site.backend.passkeys.remove(session.member, request.match_info["id"]):
        raise web.HTTPNotFound(text=N_("There is no such passkey (any more)."))
    site.told.say(
        session,
        "good",
        site.words(request).text(
            N_("The passkey is removed, and who was signed in by it is signed out.")
        ),
    )
    return redirect("/you")


@public
async def ask(request: web.Request) -> web.Response:
    """Begin signing in with a passkey: a challenge for this browser."""
    site, place = site_of(request), place_of(request)
    if not from_our_form(request, await form_of(request)):
        return _refused(request, 403, _TOO_OLD_PAGE)
    if place is None:
        return _refused(request, 400, _NOT_HERE)
    if not request.app[ASKED].allow(address_of(request), site.backend.now()):
        return _refused(request, 429, _TOO_OFTEN)
    options = site.backend.passkeys.ask(place, form_cookie(request))
    return web.Response(text=options, content_type="application/json")


@public
async def sign_in(request: web.Request) -> web.Response:
    """Take what a passkey signed; answer with a session cookie and where to go on."""
    site, form, place = site_of(request), await form_of(request), place_of(request)
    if not from_our_form(request, form):
        return _refused(request, 403, _TOO_OLD_PAGE)
    if place is None:
        return _refused(request, 400, _NOT_HERE)
    if not site.attempts.allow(address_of(request), site.backend.now()):
        return _refused(request, 429, _TOO_OFTEN)
    try:
        member = _member(site, place, form.get("answer", ""), form_cookie(request))
    except PasskeyRefused as error:
        return _refused(request, 403, str(error))
    response = web.json_response({"to": safe_next(form.get("next", "/"))})
    secret = let_in(request, response, member)
    site.backend.passkeys.opened(form.get("answer", ""), secret)
    return response


def _member(site: Site, place: Place, answer: str, bound: str) -> str:
    member = site.backend.passkeys.take(place, answer, bound)
    if site.member(member) is None:
        # Taken out of hub.yaml since; the passkey opens nothing for anybody else.
        raise PasskeyRefused(N_("This passkey is of nobody who is a member now."))
    return member


def _handle(site: Site, member: str) -> bytes:
    """Return what authenticators file a member under: it tells no name (WebAuthn 14.6.1)."""
    return hmac.new(
        site.secret, b"commonhearth passkey\0" + member.encode(), hashlib.sha256
    ).digest()


def _refused(request: web.Request, status: int, text: str) -> web.Response:
    said = site_of(request).words(request).text(text)
    response = web.json_response({"error": said}, status=status)
    if status == 429:
        response.headers["Retry-After"] = "60"
    return response


# -- for programs ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SessionView:
    """A signed-in browser of a member. ``id`` names it and opens nothing."""

    id: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """What was removed or signed out."""

    id: str


def _whose(request: web.Request) -> str:
    """Return whose they are; a browser has to do with its own member's alone."""
    member = known(site_of(request).member(request.match_info["member"]), "member").id
    own_only(request, member)
    return member


async def _passkeys(request: web.Request) -> Answer:
    return Answer(list(site_of(request).backend.passkeys.of(_whose(request))))


async def _remove(request: web.Request) -> Answer:
    backend = by_adult(request, await read_body(request, MemberBody))
    passkey = request.match_info["id"]
    if not backend.passkeys.remove(_whose(request), passkey):
        raise web.HTTPNotFound(text="There is no such passkey.")
    return Answer(Ended(passkey))


async def _sessions(request: web.Request) -> Answer:
    found = site_of(request).backend.sessions(_whose(request))
    return Answer([SessionView(one.id, one.created_at, one.expires_at) for one in found])


async def _revoke(request: web.Request) -> Answer:
    backend = by_adult(request, await read_body(request, MemberBody))
    session = request.match_info["id"]
    if not backend.revoke_session(_whose(request), session):
        raise web.HTTPNotFound(text="There is no such session.")
    return Answer(Ended(session))


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET", "/members/{member}/passkeys", "listPasskeys", "List a member's passkeys", "read",
        _passkeys, PasskeyView, many=True, errors=(404,),
    ),
    Operation(
        "POST", "/members/{member}/passkeys/{id}/remove", "removePasskey",
        "Remove a member's passkey", "decide", _remove, Ended, body=MemberBody, errors=(404,),
    ),
    Operation(
        "GET", "/members/{member}/sessions", "listSessions",
        "List the browsers that a member is signed in with", "read", _sessions, SessionView,
        many=True, errors=(404,),
    ),
    Operation(
        "POST", "/members/{member}/sessions/{id}/revoke", "revokeSession",
        "Sign one of a member's browsers out", "decide", _revoke, Ended, body=MemberBody,
        errors=(404,),
    ),
)  # fmt: skip
