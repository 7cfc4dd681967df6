"""Beginning anew with a provider whose log is another one than it showed before."""

from __future__ import annotations

from aiohttp import web

from hub.domain.decisions import DecisionResult
from hub.web.i18n import N_
from hub.web.operations import Answer, MemberBody, Operation, by_adult, read_body
from hub.web.site import form_of, redirect, signed_in, site_of


async def anew(request: web.Request) -> web.Response:
    """Begin anew, where the member said that they know what is lost, and go back to the ledger."""
    site, session = site_of(request), signed_in(request)
    if (await form_of(request)).get("sure") != "yes":
        raise web.HTTPBadRequest(text=N_("Tick that you know what is lost, or leave it."))
    logs = site.backend.provider_logs
    result = await logs.begin_anew(request.match_info["id"], session.member)
    good = result.result in ("done", "repeated")
    site.told.say(session, "good" if good else "bad", result.message)
    return redirect("/ledger")


async def _anew(request: web.Request) -> Answer:
    body = await read_body(request, MemberBody)
    logs = by_adult(request, body).provider_logs
    return Answer(await logs.begin_anew(request.match_info["id"], body.member))


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "POST", "/ledger/providers/{id}/anew", "beginAnewWithProvider",
        "Take a provider's log as it is from now on: what it signed before proves nothing any more",
        "decide", _anew, DecisionResult, body=MemberBody,
    ),
)  # fmt: skip
