"""The pantry: what there is, how long it lasts, and a person's own count."""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta

from aiohttp import web

from hub.web import charts
from hub.web.backend import PantryView
from hub.web.i18n import N_
from hub.web.site import form_of, redirect, render, signed_in, site_of


async def pantry(request: web.Request) -> web.Response:
    """Show how much there is of everything the household keeps."""
    return render(request, "pantry.html", items=site_of(request).backend.pantry())


def _found(request: web.Request) -> PantryView:
    wanted = request.match_info["item"]
    for row in site_of(request).backend.pantry():
        if row.item.id == wanted:
            return row
    raise web.HTTPNotFound(text=f"There is no {wanted} in the pantry.")


async def item(request: web.Request) -> web.Response:
    """Show one item: its level, when it runs out, and its last days as a picture."""
    site, row = site_of(request), _found(request)
    gone = site.backend.now() + timedelta(hours=row.hours_left) if row.hours_left else None
    points = site.backend.history(row.item.id)
    return render(request, "item.html", row=row, gone=gone, points=points)


async def level(request: web.Request) -> web.Response:
    """Answer the picture of an item's last days and its forecast."""
    site, row = site_of(request), _found(request)
    drawn = await asyncio.to_thread(
        charts.level,
        site.backend.history(row.item.id),
        now=site.backend.now(),
        say=site.words(request).local,
        hours_left=row.hours_left,
        par=float(row.item.par) if row.item.par is not None else None,
    )
    return picture(drawn)


def picture(drawn: bytes) -> web.Response:
    """Return a drawing of ours as a response."""
    return web.Response(
        body=drawn,
        content_type="image/svg+xml",
        charset="utf-8",
        headers={"Content-Security-Policy": charts.POLICY},
    )


async def set_stock(request: web.Request) -> web.Response:
    """Note what a person counted."""
    site, session = site_of(request), signed_in(request)
    member, words = site.member(session.member), site.words(request)
    if member is None or member.role == "guest":
        raise web.HTTPForbidden(text=N_("Guests may look, not change the pantry."))
    name = request.match_info["item"]
    form = await form_of(request)
    try:
        quantity = float(form.get("quantity", "").replace(",", "."))
        if not math.isfinite(quantity):
            raise ValueError
        level = await site.backend.set_stock(name, quantity, session.member)
    except KeyError as error:
        raise web.HTTPNotFound(text=f"There is no {name} in the pantry.") from error
    except ValueError:
        wrong = words.text("The quantity: expected a number, 0 or more.")
        site.told.say(session, "bad", wrong)
    else:
        noted = words.text("Noted: %(amount)s.")
        shown = f"{words.amount(level.quantity)} {level.unit}"
        site.told.say(session, "good", noted % {"amount": shown})
    return redirect(f"/pantry/{name}" if form.get("back") == "one" else "/pantry")
