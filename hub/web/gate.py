"""Who may come in: hosts, sessions, forms, headers. Deny by default."""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Awaitable, Callable, Collection
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote, urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from hub.settings import Settings
from hub.web.backend import Session
from hub.web.i18n import N_
from hub.web.problem import problem
from hub.web.proxies import read_address
from hub.web.site import SESSION, SITE, Site, form_of, redirect, render, session_of

_log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
H = TypeVar("H", bound=Handler)

COOKIE = "commonhearth"
LONGEST_SECRET = 256

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_TITLES = {
    400: N_("That cannot be read"),
    401: N_("Please sign in"),
    403: N_("Not allowed"),
    404: N_("Not here"),
    405: N_("Not that way"),
    409: N_("Not as things stand"),
    413: N_("Too large"),
    421: N_("Not our name"),
    429: N_("Too often"),
    500: N_("A fault of ours"),
}

_FAULT = N_("Something went wrong in the hub; its log says what.")

_OWN_SUFFIXES = (".local", ".lan", ".home", ".internal", ".home.arpa", ".localhost")
"""Names nobody can register in the public DNS: no rebinding can come by them."""

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_WORTH_PACKING = 1024
_PACKED = frozenset(
    (
        "application/json",
        "application/manifest+json",
        "image/svg+xml",
        "text/css",
        "text/html",
        "text/javascript",
    )
)
_PUBLIC = "__commonhearth_public__"


def public(handler: H) -> H:
    """Mark a handler that needs no session: it is open to all or sees to it itself."""
    setattr(handler, _PUBLIC, True)
    return handler


def own_host(host: str, settings: Settings) -> bool:
    """Tell whether a Host header can be ours.

    DNS rebinding needs a public name that an attacker holds. So addresses, names without a dot
    and names of private zones are ours, and of public names the one in ``http.public_url``.
    """
    try:
        name = (urlsplit(f"//{host}").hostname or "") if "@" not in host else ""
    except ValueError:
        return False
    if read_address(name) is not None:
        return True
    if not _NAME.fullmatch(name):
        return False
    ours = urlsplit(settings.http.public_url or "").hostname
    return "." not in name or name.endswith(_OWN_SUFFIXES) or name in (ours, settings.http.host)


def wants_page(request: web.Request) -> bool:
    """Tell whether the other side is a browser that shows what it gets."""
    return "text/html" in request.headers.get("Accept", "")


def gate(extra: Collection[object]) -> Middleware:
    """Return the middleware. Handlers in ``extra`` see to their own authentication."""

    @web.middleware
    async def checked(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.match_info.handler in extra:
            return await handler(request)
        try:
            response = await _admitted(request, handler)
        except web.HTTPException as error:
            response = _error(request, error.status, _said(error), error)
        except ConnectionError:
            raise
        except Exception:
            # Not the path itself: a link's or a calendar's is a secret.
            resource = request.match_info.route.resource
            where = resource.canonical if resource is not None else "an address of ours"
            _log.exception("a request to %s failed", where)
            response = _error(
                request, 500, N_("Something went wrong in the hub; its log says what.")
            )
        if not response.prepared:
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            response.headers.setdefault("Cache-Control", "no-store")
            _pack(request, response)
        return response

    return checked


def _pack(request: web.Request, response: web.StreamResponse) -> None:
    """Have a text transferred in a tenth of its size.

    What is sent to somebody who is not signed in is left: a page that holds a secret beside what
    its address says must not tell by its length how alike they are (BREACH). A session's cookie
    does not come with what other sites ask for.
    """
    body = response.body if isinstance(response, web.Response) else None
    if not isinstance(body, bytes | bytearray) or len(body) < _WORTH_PACKING:
        return
    known = session_of(request) is not None or request.path.startswith("/static/")
    if known and response.content_type in _PACKED:
        response.enable_compression()
        response.headers.add("Vary", "Accept-Encoding")


def _said(error: web.HTTPException) -> str:
    """Return what an error says; aiohttp's own ``404: Not Found`` in words."""
    if error.text is None or error.text == f"{error.status}: {error.reason}":
        plain = {
            404: N_("There is nothing at this address."),
            405: N_("This address does not take that kind of request."),
        }
        return plain.get(error.status, error.reason)
    return error.text


def _error(
    request: web.Request, status: int, message: str, cause: web.HTTPException | None = None
) -> web.Response:
    headers = {
        name: cause.headers[name]
        for name in ("Allow", "Retry-After", "WWW-Authenticate")
        if cause is not None and name in cause.headers
    }
    if request.path.startswith("/api/"):
        response = problem(status, message)
    elif wants_page(request):
        say = request.app[SITE].words(request)
        response = render(
            request,
            "error.html",
            status=status,
            title=say.text(_TITLES.get(status, HTTPStatus(status).phrase)),
            message=say.text(message),
        )
    else:
        response = web.Response(status=status, text=message + "\n")
    response.headers.update(headers)
    return response


async def _admitted(request: web.Request, handler: Handler) -> web.StreamResponse:
    site = request.app[SITE]
    if not own_host(request.headers.get("Host", ""), site.backend.settings):
        raise web.HTTPMisdirectedRequest(
            text=N_("This hub does not go by that name; set http.public_url if it should.")
        )
    request[SESSION] = _session(request, site)
    if not getattr(request.match_info.handler, _PUBLIC, False):
        if session_of(request) is None:
            return _turned_away(request)
        if request.method not in ("GET", "HEAD"):
            await _check_form(request)
    return await handler(request)


def _session(request: web.Request, site: Site) -> Session | None:
    secret = request.cookies.get(COOKIE, "")
    if not secret or len(secret) > LONGEST_SECRET:
        return None
    session = site.backend.session(secret)
    # A person who was taken out of the settings is not let in by an older cookie.
    return session if session is not None and site.member(session.member) else None


def _turned_away(request: web.Request) -> web.StreamResponse:
    if request.method == "GET" and wants_page(request):
        target = request.path_qs if request.path != "/" else ""
        return redirect("/sign-in" + (f"?next={quote(target, safe='')}" if target else ""))
    raise web.HTTPUnauthorized(text=N_("Please sign in first."))


async def _check_form(request: web.Request) -> None:
    """Refuse a form that does not come from our own page (cross-site request forgery)."""
    session = session_of(request)
    given = (await form_of(request)).get("csrf", "")
    foreign = request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none")
    if session is None or foreign or not hmac.compare_digest(given.encode(), session.csrf.encode()):
        raise web.HTTPForbidden(text=N_("This form is not from this page; load it again."))
