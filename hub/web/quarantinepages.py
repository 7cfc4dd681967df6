"""Devices that wait for an adult: accepted or refused, on the page and in the API."""

from __future__ import annotations

from aiohttp import web
from pydantic import Field

from hub.domain.decisions import DecisionResult
from hub.domain.quarantine import KnownDevice
from hub.web.i18n import N_
from hub.web.operations import Answer, MemberBody, Operation, by_adult, read_body
from hub.web.site import form_of, redirect, require_adult, signed_in, site_of


async def answer(request: web.Request) -> web.Response:
    """Accept or refuse a device and go back to the page."""
    require_adult(request)
    site, session = site_of(request), signed_in(request)
    form = await form_of(request)
    verb = form.get("do", "")
    if verb not in ("accept", "refuse"):
        raise web.HTTPBadRequest(text=N_("do: expected accept or refuse"))
    result = await site.backend.quarantine.answer(
        form.get("owner", "")[:400], session.member, accept=verb == "accept"
    )
    if result.result == "unknown":
        raise web.HTTPNotFound(text=N_("There is no such device (any more)."))
    good = result.result in ("done", "repeated")
    site.told.say(session, "good" if good else "bad", result.message)
    return redirect("/devices")


class DeviceBody(MemberBody):
    """Which device, and what becomes of it."""

    owner: str = Field(max_length=400, description="as listWaitingDevices has it")
    accept: bool = Field(description="use it, or refuse it and forget what it said")


async def _waiting(request: web.Request) -> Answer:
    return Answer(site_of(request).backend.quarantine.devices())


async def _answer(request: web.Request) -> Answer:
    body = await read_body(request, DeviceBody)
    quarantine = by_adult(request, body).quarantine
    result = await quarantine.answer(body.owner, body.member, accept=body.accept)
    if result.result == "unknown":
        raise web.HTTPNotFound(text=result.message)
    return Answer(result)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET", "/waiting-devices", "listWaitingDevices",
        "List devices that wait for an adult, and those that were refused", "read",
        _waiting, KnownDevice, many=True,
    ),
    Operation(
        "POST", "/waiting-devices", "answerDevice", "Accept or refuse a device", "decide",
        _answer, DecisionResult, body=DeviceBody, errors=(404,),
    ),
)  # fmt: skip
