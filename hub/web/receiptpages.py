"""Receipts to take along: a file that a third person checks offline, from a page or the API.

It says openly what the log has sealed, so it is for adults.
"""

from __future__ import annotations

import re

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from hub.web.callers import browser_of
from hub.web.i18n import N_
from hub.web.operations import Answer, Operation, known
from hub.web.receipts import About
from hub.web.site import require_adult, site_of

_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 60


async def of_order(request: web.Request) -> web.Response:
    """Give the receipt of an order as a file."""
    return await _file(request, "order")


async def of_activity(request: web.Request) -> web.Response:
    """Give the receipt of an activity as a file."""
    return await _file(request, "activity")


async def _file(request: web.Request, about: About) -> web.Response:
    require_adult(request)
    name = request.match_info["id"]
    made = await site_of(request).backend.receipts.made(about, name)
    if made is None:
        raise web.HTTPNotFound(text=N_("Nothing was signed about it yet."))
    return web.Response(
        body=made,
        content_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="{_filename(about, name)}"',
            "Cache-Control": "no-store",
        },
    )


def _filename(about: About, name: str) -> str:
    return f"{about}-{_NO_NAME.sub('-', name)[:_LONGEST_NAME].strip('-.')}.receipt.json"


class Receipt(BaseModel):
    """What both sides signed of an order or an activity, as the commands write it too."""

    model_config = ConfigDict(extra="allow", defer_build=True)

    format: str
    messages: list[dict[str, str]]
    log: dict[str, str | list[str]]


async def _order(request: web.Request) -> Answer:
    return await _answer(request, "order")


async def _activity(request: web.Request) -> Answer:
    return await _answer(request, "activity")


async def _answer(request: web.Request, about: About) -> Answer:
    site, session = site_of(request), browser_of(request)
    if session is not None and not site.is_adult(session.member):
        raise web.HTTPForbidden(text="a receipt is given to adults of this household")
    made = await site.backend.receipts.made(about, request.match_info["id"])
    return Answer(Receipt.model_validate_json(known(made, f"{about} with a receipt (yet)")))


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET", "/orders/{id}/receipt", "getOrderReceipt",
        "Give what both sides signed of an order, with proofs: `order check` checks it", "read",
        _order, Receipt, errors=(404,),
    ),
    Operation(
        "GET", "/activities/{id}/receipt", "getActivityReceipt",
        "Give what both hubs signed of an activity, with proofs: `activity check` checks it",
        "read", _activity, Receipt, errors=(404,),
    ),
)  # fmt: skip
