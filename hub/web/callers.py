"""Who asks the API: a program with its token, or a browser that a member is signed in with."""

from __future__ import annotations

import hmac

from aiohttp import web

from hub.domain.scopes import Scope, of_role
from hub.web.backend import Session
from hub.web.site import session_of, site_of

CSRF = "X-CSRF-Token"
"""The header in which a page of ours says its session's form token; no other site can."""
LONGEST_TOKEN = 256


def bearer_scopes(request: web.Request) -> frozenset[str] | None:
    """Return what the request's token may do; None without a valid one."""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    secret = secret.strip()
    if kind.casefold() != "bearer" or not 0 < len(secret) <= LONGEST_TOKEN:
        return None
    return site_of(request).backend.api_token_scopes(secret)


def browser_of(request: web.Request) -> Session | None:
    """Return the session that a request of the API is made in; None for one with a token."""
    return None if "Authorization" in request.headers else session_of(request)


def scopes_of(request: web.Request) -> frozenset[str] | None:
    """Return what whoever asks may do; None for a stranger. Raises HTTPForbidden (CSRF)."""
    session = browser_of(request)
    if session is None:
        return bearer_scopes(request)
    if request.method not in ("GET", "HEAD"):
        _from_our_page(request, session)
    return allowed(request, session.member)


def allowed(request: web.Request, member_id: str) -> frozenset[Scope]:
    """Return what a member may do in a browser; nothing for somebody who is none."""
    member = site_of(request).member(member_id)
    return frozenset() if member is None else of_role(member.role)


def _from_our_page(request: web.Request, session: Session) -> None:
    foreign = request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none")
    given = request.headers.get(CSRF, "")
    if foreign or not hmac.compare_digest(given.encode(), session.csrf.encode()):
        raise web.HTTPForbidden(text=f"{CSRF}: expected the form token of this browser's session")


def own_only(request: web.Request, member: object) -> None:
    """Refuse a browser that names another member than who is signed in. Raises HTTPForbidden."""
    session = browser_of(request)
    if session is not None and member != session.member:
        raise web.HTTPForbidden(text=f"member: expected {session.member}, who is signed in")
