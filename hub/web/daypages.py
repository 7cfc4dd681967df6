"""The page of a day: what is on, what does not go together, and what is suggested."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from hub.domain.dayview import day_window
from hub.domain.notices import SERVICES
from hub.domain.offers import Window
from hub.domain.plans import PLAN_KINDS, Plan
from hub.domain.spans import overlaps
from hub.web.activityforms import Filled, empty
from hub.web.backend import Backend
from hub.web.dayviews import asked_day, day_page
from hub.web.i18n import N_
from hub.web.site import render, site_of

FARTHEST = timedelta(days=400)
"""How far from today a day can be looked at."""
_ONE = timedelta(days=1)
_EVENING = Filled(start="18:00", end="20:00")


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
        plans=_plans(site.backend, window),
        friends=[one for one in site.backend.friends.listed() if one.standing == "known"],
        circles=sorted(
            {name for one in site.backend.friends.listed() for name in one.circles},
            key=str.casefold,
        ),
        services=SERVICES,
        fields=empty(words, on) if on == today else _EVENING.on(on),
        today=today,
        days=[on - _ONE, on + _ONE],
    )


def _plans(backend: Backend, window: Window) -> list[Plan]:
    listed = [one for kind in PLAN_KINDS for one in backend.plans.listed(kind)]
    return [one for one in listed if overlaps(one.window, window)]
