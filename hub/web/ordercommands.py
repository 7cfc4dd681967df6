"""What a member may do about a placed order: move, cancel, track, complain, rate, *it came*."""

from __future__ import annotations

from typing import Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.domain.decisions import (
    CancelOrder,
    Complain,
    OrderCame,
    OrderCommand,
    RateOrder,
    Reschedule,
    TrackOrder,
)
from hub.web.i18n import N_
from hub.web.site import form_of, redirect, signed_in, site_of

Verb = Literal["move", "cancel", "track", "complain", "rate", "came"]
LONGEST_TEXT = 1000


class OrderCommandBody(BaseModel):
    """A wish about a placed order; ``do`` says which, and which of the rest it needs."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    do: Verb = Field(description="move, cancel, track, complain, rate, or came")
    member: str = Field(max_length=32, description="who wishes it: an adult of the household")
    slot_id: str = Field(default="", max_length=200, description="move: the other window")
    text: str = Field(default="", max_length=LONGEST_TEXT, description="complain, rate: in words")
    stars: int = Field(default=0, ge=0, le=5, description="rate: 1 to 5")


def command_of(order_id: str, body: OrderCommandBody, via: str) -> OrderCommand:
    """Return the command that a body means."""
    member = body.member
    match body.do:
        case "move":
            return Reschedule(order_id, member, body.slot_id, via)
        case "cancel":
            return CancelOrder(order_id, member, via)
        case "track":
            return TrackOrder(order_id, member)
        case "complain":
            return Complain(order_id, member, body.text)
        case "rate":
            return RateOrder(order_id, member, body.stars, body.text)
        case "came":
            return OrderCame(order_id, member)


async def act(request: web.Request) -> web.Response:
    """Take a form of the order's page and go back to it, with what came of it."""
    site, session = site_of(request), signed_in(request)
    form = await form_of(request)
    order_id = request.match_info["id"]
    given = {name: form[name] for name in ("do", "slot_id", "text", "stars") if form.get(name)}
    try:
        body = OrderCommandBody.model_validate({**given, "member": session.member})
    except ValidationError:
        raise web.HTTPBadRequest(text=N_("This is not a form that can be read.")) from None
    result = await site.backend.act(command_of(order_id, body, "web"))
    if result.result == "unknown":
        raise web.HTTPNotFound(text=N_("There is no such order."))
    good = result.result in ("done", "changed", "repeated")
    site.told.say(session, "good" if good else "bad", result.message)
    return redirect(f"/orders/{order_id}")
