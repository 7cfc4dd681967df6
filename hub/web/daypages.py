"""The page of a day: what is on, what does not go together, and what is suggested."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from hub.domain.dayview import day_window
from hub.web.dayviews import asked_day, day_page
from hub.web.i18n import N_
from hub.web.site import render, site_of

FARTHEST = timedelta(days=400)
"""How far from today a day can be looked at."""
_ONE = timedelta(days=1)


async def show(request: web.Request) -> web.Response:
    """Show a day: today, or the one its address names."""
    site = site_of(request)
    backend, words = site.backend, site.words(request)
    today = words.now.astimezone(words.zone).date()
    text = request.match_info.get("day")
    on = asked_day(text, today, FARTHEST) if text else today
    if on is None:
        raise web.HTTPNotFound(text=N_("There is no such day: expected one such as 2026-11-28."))
    window = day_window(on, words.zone)
    page = day_page(
        on,
        backend.activities.agenda(window),
        backend.activities.troubles(window),
        backend.suggestions(open_only=True),
        {each.id: each.name for each in backend.settings.members},
        words,
    )
    return render(
        request,
        "day.html",
        page=page,
        today=today,
        days=[on - _ONE, on + _ONE],
    )
