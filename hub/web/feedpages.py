"""The agenda as a calendar to subscribe to: its secret address, and what is answered there."""

from __future__ import annotations

import time
from urllib.parse import quote

from aiohttp import web

from hub.domain.rate import Rate
from hub.web.feeds import AgendaText
from hub.web.gate import public
from hub.web.i18n import N_
from hub.web.operations import Answer, Operation
from hub.web.site import redirect, render, signed_in, site_of
from hub.web.you import qr

CALENDAR = "text/calendar"
LONGEST = 100
"""Characters of a secret; ours have 43."""


class Rates:
    """How often one address of the network and one calendar address may ask."""

    def __init__(self) -> None:
        """Begin with everybody rested. Phones ask each quarter of an hour, some each minute."""
        self.callers = Rate(1.0, 30)
        self.feeds = Rate(0.2, 20)


RATES = web.AppKey("feed rates", Rates)


@public
async def feed(request: web.Request) -> web.Response:
    """Answer a calendar that subscribed (RFC 5545), anew only if something changed (RFC 9110)."""
    site, rates, now = site_of(request), request.app[RATES], time.monotonic()
    secret = request.match_info["secret"]
    if not rates.callers.allow(request.remote or "", now):
        raise web.HTTPTooManyRequests(text=N_("Too often"), headers={"Retry-After": "60"})
    member = site.backend.feeds.member(secret) if len(secret) <= LONGEST else None
    # Somebody who was taken out of the settings reads nothing by an older address.
    if member is None or site.member(member) is None:
        raise web.HTTPNotFound(text=N_("There is nothing at this address."))
    if not rates.feeds.allow(member, now):
        raise web.HTTPTooManyRequests(text=N_("Too often"), headers={"Retry-After": "60"})
    return answered(request, site.backend.feeds.agenda())


def answered(request: web.Request, agenda: AgendaText) -> web.Response:
    """Return an agenda, or that it is what the other side has already."""
    headers = {
        "ETag": f'"{agenda.tag}"',
        "Cache-Control": "private, no-cache",
        "Content-Disposition": 'inline; filename="agenda.ics"',
    }
    wanted = request.if_none_match or ()
    if any(each.value in (agenda.tag, "*") for each in wanted):
        return web.Response(status=304, headers=headers)
    return web.Response(body=agenda.body, content_type=CALENDAR, charset="utf-8", headers=headers)


async def make(request: web.Request) -> web.Response:
    """Make the member's address and show it, once."""
    site, session = site_of(request), signed_in(request)
    secret = site.backend.feeds.create(session.member)
    base = site.backend.settings.http.public_url or f"{request.scheme}://{request.host}"
    link = f"{base.rstrip('/')}/calendar/{quote(secret)}.ics"
    web_link = f"webcal://{link.partition('://')[2]}"
    return render(request, "feed.html", link=link, web_link=web_link, link_qr=qr(web_link))


async def no_address(request: web.Request) -> web.Response:
    """Lead back from an address whose page is shown only once."""
    return redirect("/you")


async def end(request: web.Request) -> web.Response:
    """Take the member's address back: whoever has it reads nothing any more."""
    site, session = site_of(request), signed_in(request)
    if site.backend.feeds.end(session.member):
        said = site.words(request).text("That calendar address is void.")
        site.told.say(session, "good", said)
    return redirect("/you")


async def _agenda(request: web.Request) -> Answer:
    return Answer(site_of(request).backend.feeds.agenda().body)


FEEDS: tuple[Operation, ...] = (
    Operation(
        "GET", "/agenda.ics", "readAgenda", "Read the agenda as iCalendar (RFC 5545)", "read",
        _agenda, str, media=CALENDAR,
    ),
)  # fmt: skip
