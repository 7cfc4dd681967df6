"""Signing in by a one-time code, and out again."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

from aiohttp import web

from hub.settings import Settings
from hub.web.gate import COOKIE, LONGEST_SECRET, public
from hub.web.i18n import N_
from hub.web.places import place_of
from hub.web.site import Site, form_of, redirect, render, session_of, site_of

_FORM_COOKIE = "commonhearth_form"
_LONGEST_CODE = 128


def secure(request: web.Request, settings: Settings) -> bool:
    """Tell whether the browser reached us over HTTPS, by ourselves or by a proxy before us."""
    public_url = urlsplit(settings.http.public_url or "")
    asked = urlsplit(f"//{request.host}").hostname
    return request.secure or (public_url.scheme == "https" and asked == public_url.hostname)


def safe_next(target: str) -> str:
    """Return a path of our own to go on to; ``/`` for anything that could lead elsewhere."""
    plain = target.isprintable() and "\\" not in target and len(target) <= 512
    return target if plain and target.startswith("/") and not target.startswith("//") else "/"


def address_of(request: web.Request) -> str:
    """Return what attempts are counted by: an IPv6 household has a whole /64 to try from."""
    remote = request.remote or "unknown"
    try:
        address = ipaddress.ip_address(remote)
    except ValueError:
        return remote
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return remote


def _form_token(site: Site, cookie: str) -> str:
    return hmac.new(
        site.secret, b"commonhearth sign-in form\0" + cookie.encode(), "sha256"
    ).hexdigest()


def form_cookie(request: web.Request) -> str:
    """Return what tells one browser that is not signed in from another; "" without the form."""
    return request.cookies.get(_FORM_COOKIE, "")


def from_our_form(request: web.Request, form: Mapping[str, str]) -> bool:
    """Tell whether fields come from the sign-in page that this browser was given."""
    expected = _form_token(site_of(request), form_cookie(request))
    return hmac.compare_digest(form.get("csrf", "").encode(), expected.encode())


def _page(
    request: web.Request, *, status: int = 200, error: str = "", code: str = "", onward: str = "/"
) -> web.Response:
    site = site_of(request)
    cookie = form_cookie(request) or secrets.token_urlsafe(18)
    response = render(
        request,
        "sign_in.html",
        status=status,
        error=site.words(request).text(error),
        code=code,
        onward=onward,
        form_token=_form_token(site, cookie),
        passkeys=place_of(request) is not None,
    )
    response.set_cookie(
        _FORM_COOKIE,
        cookie,
        httponly=True,
        samesite="Strict",
        path="/sign-in",
        max_age=3600,
        secure=secure(request, site.backend.settings),
    )
    return response


@public
async def show(request: web.Request) -> web.Response:
    """Show the form; ``?code=`` fills it in, but only the button signs in."""
    onward = safe_next(request.query.get("next", "/"))
    if session_of(request) is not None:
        return redirect(onward)
    return _page(request, code=request.query.get("code", "")[:_LONGEST_CODE], onward=onward)


@public
async def sign_in(request: web.Request) -> web.Response:
    """Take a code; answer with a session cookie, or say what was wrong with it."""
    site = site_of(request)
    form = await form_of(request)
    onward = safe_next(form.get("next", "/"))
    if not from_our_form(request, form):
        return _page(
            request, status=403, error=N_("That page was too old; try again."), onward=onward
        )
    if not site.attempts.allow(address_of(request), site.backend.now()):
        response = _page(
            request, status=429, error=N_("Too many attempts; wait a minute."), onward=onward
        )
        response.headers["Retry-After"] = "60"
        return response
    code = "".join(form.get("code", "").split())
    member = site.backend.take_sign_in_code(code) if 0 < len(code) <= _LONGEST_CODE else None
    if member is None:
        error = N_("This code is not valid (any more). Ask the hub for a new one.")
        return _page(request, status=403, error=error, onward=onward)
    first = onward == "/" and site.is_adult(member) and bool(site.backend.beginning.step())
    response = redirect("/welcome" if first else onward)
    let_in(request, response, member)
    return response


def let_in(request: web.Request, response: web.Response, member: str) -> str:
    """Make a session of its own for this sign-in; the one that the browser came with ends.

    Returns the secret that the cookie holds.
    """
    site = site_of(request)
    former = request.cookies.get(COOKIE, "")
    if 0 < len(former) <= LONGEST_SECRET:
        site.backend.end_session(former)
    secret, session = site.backend.create_session(member)
    response.set_cookie(
        COOKIE,
        secret,
        httponly=True,
        samesite="Lax",
        path="/",
        max_age=max(1, int((session.expires_at - site.backend.now()).total_seconds())),
        secure=secure(request, site.backend.settings),
    )
    response.del_cookie(_FORM_COOKIE, path="/sign-in")
    return secret


async def sign_out(request: web.Request) -> web.Response:
    """End the session on the hub, not only in the browser."""
    site_of(request).backend.end_session(request.cookies.get(COOKIE, ""))
    response = redirect("/sign-in")
    response.del_cookie(COOKIE, path="/")
    return response
