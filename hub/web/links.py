"""Action links: what a button on a phone leads to. A GET never acts; a POST acts once.

No session and no form token is needed: the link itself is the authority, signed by the hub and
bound to one suggestion, version, verb, option and member (``hub.domain.tokens``).
"""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web

from hub.domain.decisions import Decision
from hub.domain.suggestions import Suggestion
from hub.domain.tokens import ActionToken, BadToken, verify
from hub.domain.tongue import capital
from hub.web.gate import public, wants_page
from hub.web.i18n import N_
from hub.web.site import render, site_of

_STATUS = {"done": 200, "repeated": 200, "changed": 200, "refused": 409, "unknown": 404}
_LABELS = {
    "approve": N_("Approve"),
    "maybe": N_("Maybe"),
    "decline": N_("Decline"),
    "later": N_("Ask me later"),
}


@public
async def show(request: web.Request) -> web.Response:
    """Show what the link would do, with the button that does it."""
    site = site_of(request)
    try:
        token = verify(request.match_info["token"], site.secret, site.backend.now())
    except BadToken as error:
        return _bad(request, error)
    found = site.backend.suggestion(token.suggestion_id)
    if found is None:
        return _say(request, 404, N_("There is no such suggestion (any more)."))
    if not found.open:
        return _say(request, 409, _outcome(request, found), found)
    if found.version != token.version:
        message = N_("This has changed since you were asked; please look at it again.")
        return _say(request, 409, message, found)
    label = site.words(request).text(_LABELS[token.verb])
    option = next((o for o in found.options if o.id == token.option), None)
    return render(
        request,
        "link.html",
        suggestion=found,
        option=option,
        label=label,
        verb=token.verb,
        action=request.path,
        until=token.expires,
        heading=f"{label}?",
        message="",
        good=True,
    )


@public
async def act(request: web.Request) -> web.Response:
    """Do what the link says; a second tap is told what the first one did."""
    site = site_of(request)
    try:
        token = verify(request.match_info["token"], site.secret, site.backend.now())
    except BadToken as error:
        return _bad(request, error)
    via = "link" if wants_page(request) else _via(request)
    result = await site.backend.decide(Decision.of(token, via))
    return _say(request, _STATUS[result.result], result.message, result.suggestion)


def _via(request: web.Request) -> str:
    """Name what the button belonged to: our service worker says so, ntfy does not."""
    return "webpush" if request.headers.get("X-Answered-In") == "webpush" else "ntfy"


def _bad(request: web.Request, error: BadToken) -> web.Response:
    """Say why a link does not work; of one that is ours and expired, also what came of it."""
    if not error.expired:
        return _say(request, 403, _sentence(str(error)))
    site = site_of(request)
    # Signed by us, so what it names may be told: only the clock was against it.
    token: ActionToken = verify(
        request.match_info["token"], site.secret, datetime.min.replace(tzinfo=UTC)
    )
    found = site.backend.suggestion(token.suggestion_id)
    if found is None or found.open:
        return _say(request, 410, _sentence(str(error)), found)
    return _say(request, 410, _outcome(request, found), found)


def _outcome(request: web.Request, suggestion: Suggestion) -> str:
    say = site_of(request).words(request)
    over = say.text("This is over: %(state)s.")
    return suggestion.outcome or over % {"state": say.suggestion_state(suggestion.state)}


def _sentence(text: str) -> str:
    return capital(text) + ("" if text.endswith(".") else ".")


def _say(
    request: web.Request, status: int, message: str, suggestion: Suggestion | None = None
) -> web.Response:
    if not wants_page(request):
        # ntfy's web page sends the button from its own origin and shows what it may read.
        cors = {"Access-Control-Allow-Origin": "*"}
        return web.Response(status=status, text=message + "\n", headers=cors)
    say = site_of(request).words(request)
    return render(
        request,
        "link.html",
        status=status,
        suggestion=suggestion,
        option=None,
        label="",
        verb="",
        action="",
        heading=say.text(N_("Done") if status == 200 else N_("Not done")),
        message=say.text(message),
        good=status == 200,
    )
