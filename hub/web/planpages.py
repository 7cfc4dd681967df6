"""Forms of a day: who is away, what is cooked at home, and eating together with friends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import cast, get_args

from aiohttp import web

from hub.domain.activities import ActivityError
from hub.domain.mealplan import TITLE, MealRequest
from hub.domain.meals import Where
from hub.domain.money import Money
from hub.domain.notices import SERVICES
from hub.domain.peers import PeerError
from hub.domain.plans import PLAN_KINDS, PlanError, PlanKind
from hub.web.activityforms import given, instant_of, window_of
from hub.web.i18n import N_
from hub.web.site import form_of, is_adult, quoted, redirect, require_adult, signed_in, site_of

MOST = Decimal(1_000_000)
_TITLES: Mapping[PlanKind, str] = {"absence": N_("Away"), "cooking": N_("Cooking")}


async def add(request: web.Request) -> web.Response:
    """Note that members are away or cook. Whoever is no adult may say so of themselves."""
    site, session = site_of(request), signed_in(request)
    form = await form_of(request)
    words, kind = site.words(request), _kind(form)
    members = [each.id for each in site.backend.settings.members if form.get(f"member:{each.id}")]
    own = kind == "absence" and members == [session.member]
    if not own:
        require_adult(request)
    uses = [service for service in SERVICES if form.get(f"uses:{service}")]
    try:
        if not members:
            raise PlanError("members: expected at least one")
        window = window_of(given(form), words)
        plans = site.backend.plans
        title = form.get("title", "") or words.text(_TITLES[kind])
        await plans.add(
            kind, window, members, title, uses if kind == "cooking" else (), session.member
        )
    except (PlanError, ActivityError) as error:
        site.told.say(session, "bad", str(error))
    else:
        said = N_("Noted when you are away.") if kind == "absence" else N_("Noted what is cooked.")
        site.told.say(session, "good", words.text(said))
    return redirect(_back(form))


async def remove(request: web.Request) -> web.Response:
    """Forget a plan; whoever is no adult only an absence that is theirs alone."""
    site, session = site_of(request), signed_in(request)
    form = await form_of(request)
    kind, plan_id = _kind(form), form.get("plan", "")
    found = next((one for one in site.backend.plans.listed(kind) if one.id == plan_id), None)
    if found is None:
        raise web.HTTPNotFound(text=N_("There is no such plan (any more)."))
    if not is_adult(request) and (kind != "absence" or found.members != (session.member,)):
        require_adult(request)
    await site.backend.plans.remove(kind, plan_id, session.member)
    site.told.say(session, "good", site.words(request).text("Forgotten."))
    return redirect(_back(form))


async def eat(request: web.Request) -> web.Response:
    """Propose eating together; who has time and where there are tables is asked first."""
    require_adult(request)
    site, session = site_of(request), signed_in(request)
    form = await form_of(request)
    words = site.words(request)
    guests = tuple(name.partition(":")[2] for name in form if name.startswith("guest:"))
    where = form.get("where") or None
    try:
        if where is not None and where not in get_args(Where):
            raise ActivityError("where: expected out, home, or nothing")
        at = instant_of(f"{form.get('day', '')}T{form.get('start', '')}", "day", words)
        meal = await site.backend.meals.propose(
            MealRequest(
                session.member,
                guests[:30],
                form.get("circle", "")[:40],
                form.get("activity", "")[:300],
                " ".join(form.get("title", "").split())[:100] or TITLE,
                at,
                cast("Where | None", where),
            )
        )
    except (ActivityError, PeerError) as error:
        site.told.say(session, "bad", str(error))
        return redirect(_back(form))
    site.told.say(session, "good", words.text("Asked who has time; the hub then proposes times."))
    return redirect(f"/suggestions/{quoted(meal.suggestion_id)}" if meal.suggestion_id else "/")


async def meal(request: web.Request) -> web.Response:
    """Call a meal off, or note what it came to."""
    require_adult(request)
    site, session = site_of(request), signed_in(request)
    words, form = site.words(request), await form_of(request)
    found = site.backend.meals.meal(request.match_info["id"])
    if found is None:
        raise web.HTTPNotFound(text=N_("There is no such meal."))
    try:
        if form.get("do") == "off":
            # What costs something is asked about in a suggestion of its own.
            await site.backend.meals.call_off(found.id, session.member, None)
            said = N_("Called off; where that costs something, you are asked first.")
        elif form.get("do") == "bill":
            total = _total(form.get("total", ""), site.backend.settings.home.currency)
            await site.backend.meals.split(found.id, session.member, total)
            said = N_("Noted; everybody reads their share.")
        else:
            raise web.HTTPBadRequest(text=N_("This is not a form that can be read."))
    except (ActivityError, PeerError) as error:
        site.told.say(session, "bad", str(error))
    else:
        site.told.say(session, "good", words.text(said))
    listed = site.backend.activities.listed()
    still = any(one.key == found.uid for one in listed)
    return redirect(f"/activities/{quoted(found.uid)}" if still else "/activities")


# -- within ------------------------------------------------------------------------------------


def _kind(form: Mapping[str, str]) -> PlanKind:
    for kind in PLAN_KINDS:
        if kind == form.get("kind"):
            return kind
    raise web.HTTPBadRequest(text=N_("This is not a form that can be read."))


def _total(text: str, currency: str) -> Money:
    try:
        total = Decimal(text.strip().replace(",", ".")) if len(text) <= 20 else Decimal(0)
    except InvalidOperation:
        total = Decimal(0)
    if not (total.is_finite() and 0 < total <= MOST):
        raise ActivityError(f"total: expected an amount such as 84.50, got {text!r:.40}")
    return Money(total, currency)


def _back(form: Mapping[str, str]) -> str:
    """Return the page a form was on: a day's, an activity's."""
    if form.get("activity"):
        return f"/activities/{quoted(form['activity'])}"
    try:
        return f"/day/{date.fromisoformat(form.get('shown', ''))}"
    except ValueError:
        return "/day"
