"""The pages on which members say how they are asked; what they say is written to hub.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from aiohttp import web

from hub.domain.values import dataclass
from hub.settings import MemberSettings
from hub.settings.people import Way
from hub.web import asking, askingforms
from hub.web.asking import Next, Wish, Written
from hub.web.files import CannotWrite, Problem, Stale
from hub.web.i18n import N_
from hub.web.site import Site, form_of, redirect, render, require_adult, signed_in, site_of
from hub.web.words import Words

_STALE = N_(
    "Somebody else has changed this meanwhile. What you filled in is kept below; save it again to "
    "put it in place of what hub.yaml says now."
)
_SAVED = N_("It is written to hub.yaml and holds from the next question on.")
_WAITS = N_("It is written to hub.yaml; the hub goes by it once it is started anew.")


@dataclass(frozen=True, slots=True)
class _Told:
    """A form that was not taken: as it was sent, and why not."""

    form: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[Problem] = ()
    error: str = ""
    now: Sequence[tuple[str, str]] = ()
    """What hub.yaml says by now where the form says something else."""
    status: int = 400


def summary(request: web.Request) -> dict[str, Any]:
    """Return how who is signed in is asked, in words, for their own page."""
    site, say = site_of(request), site_of(request).words(request)
    member = site.member(signed_in(request).member)
    if member is None:
        return {}
    words = askingforms.wish_words(asking.as_it_is(member), say)
    ways = ", ".join(say.text(askingforms.NAMES[way]) for way in _there(site, member))
    shown = [(say.text(N_("Ways there are")), ways or say.text(N_("these pages only")))]
    for key in ("questions", "news", "quiet_hours", "digest"):
        shown.append((say.text(askingforms.FIELDS[key]), words[key]))
    plan = site.backend.settings.home.escalate
    names = ", ".join(_named(site, plan.to)) if plan is not None else ""
    return {"asked": shown, "next_asked": plan, "next_names": names}


def _named(site: Site, ids: Sequence[str]) -> list[str]:
    names = {one.id: one.name for one in site.backend.settings.members}
    return [names.get(one, one) for one in ids]


def _there(site: Site, member: MemberSettings) -> tuple[Way, ...]:
    has = {
        "webpush": site.backend.pushes.count(member.id) > 0,
        "ntfy": member.ntfy is not None,
        "apprise": bool(member.apprise),
        "homeassistant": bool(member.homeassistant),
    }
    return tuple(way for way in asking.WAYS if has[way])


def _whose(request: web.Request) -> MemberSettings:
    """Return whose page it is, for one who may change it. HTTPNotFound, HTTPForbidden."""
    site, session = site_of(request), signed_in(request)
    whose = site.member(request.match_info.get("member", session.member))
    if whose is None:
        raise web.HTTPNotFound(text=N_("There is no such member."))
    if not asking.may_change(site, session.member, whose):
        raise web.HTTPForbidden(
            text=N_(
                "How somebody is asked they say themselves; adults also for children and guests."
            )
        )
    return whose


def _read(request: web.Request, whose: MemberSettings) -> Written:
    try:
        found = asking.read(site_of(request), whose.id)
    except CannotWrite as error:
        raise web.HTTPConflict(text=str(error)) from error
    if found is None:
        raise web.HTTPConflict(text=N_("hub.yaml has no such member any more."))
    return found


async def show(request: web.Request) -> web.Response:
    """Show how somebody is asked, as a form."""
    return _page(request, _whose(request))


def _page(
    request: web.Request,
    whose: MemberSettings,
    told: _Told | None = None,
    next_told: _Told | None = None,
) -> web.Response:
    site, session = site_of(request), signed_in(request)
    written = _read(request, whose)
    own, adult = whose.id == session.member, site.is_adult(session.member)
    there = _there(site, written.settings)
    chosen = {*(written.settings.questions or ()), *(written.settings.news or ())}
    refused = told or next_told
    return render(
        request,
        "asking.html",
        status=refused.status if refused is not None else 200,
        whose=written.settings,
        own=own,
        action="/you/asking" if own else f"/you/asking/{whose.id}",
        form=told.form if told is not None else askingforms.filled(written.settings),
        version=written.version,
        told_form=told,
        ways=[way for way in asking.WAYS if adult or way in there or way in chosen],
        there=there,
        names=askingforms.NAMES,
        fields=askingforms.FIELDS,
        may_set_up=adult,
        plain_ntfy=askingforms.plain_ntfy(written.settings),
        browsers=site.backend.pushes.count(whose.id),
        assistant=site.backend.settings.homeassistant.url is not None,
        others=[one for one in site.backend.settings.members if one.role != "adult"]
        if adult
        else (),
        **(_next_values(site, next_told) if adult and own else {"next": None}),
    )


def _next_values(site: Site, told: _Told | None) -> dict[str, Any]:
    try:
        now = asking.read_next(site)
    except CannotWrite as error:
        raise web.HTTPConflict(text=str(error)) from error
    return {
        "next": now,
        "next_form": told.form if told is not None else askingforms.next_filled(now.said),
        "next_told": told,
        "adults": _adults(site),
    }


def _adults(site: Site) -> list[str]:
    return [one.id for one in site.backend.settings.members if one.role == "adult"]


async def save(request: web.Request) -> web.Response:
    """Write how somebody is asked; what is wrong or clashes is told, and the form kept."""
    site, session, whose = site_of(request), signed_in(request), _whose(request)
    form, written = await form_of(request), _read(request, whose)
    read = askingforms.read_form(form, written.settings, ways=site.is_adult(session.member))
    if read.errors:
        return _page(request, whose, _Told(form, _in_words(request, read.errors)))
    try:
        asking.same(form.get("version", ""), written.version)
        problems = await asking.write(site, written, read.wish)
    except Stale:
        return _page(request, whose, _clash(request, form, read.wish, whose))
    except CannotWrite as error:
        return _page(request, whose, _Told(form, error=str(error), status=409))
    if problems:
        errors, others = askingforms.by_field(problems)
        return _page(request, whose, _Told(form, errors, others))
    said = _SAVED if asking.in_force(site, whose.id) else _WAITS
    site.told.say(session, "good", site.words(request).text(said))
    return redirect("/you/asking" if whose.id == session.member else f"/you/asking/{whose.id}")


def _clash(
    request: web.Request, form: Mapping[str, str], wish: Wish, whose: MemberSettings
) -> _Told:
    say = site_of(request).words(request)
    now = asking.as_it_is(_read(request, whose).settings)
    said = askingforms.differing(wish, now, say)
    return _Told(form, error=say.text(_STALE), now=said, status=409)


def _in_words(request: web.Request, errors: Mapping[str, str]) -> dict[str, str]:
    say = site_of(request).words(request)
    return {key: say.text(message) for key, message in errors.items()}


async def save_next(request: web.Request) -> web.Response:
    """Write who is asked too where nobody answers; adults only."""
    require_adult(request)
    site, session = site_of(request), signed_in(request)
    whose, form = _whose(request), await form_of(request)
    after, to, errors = askingforms.read_next_form(form, _adults(site))
    if errors:
        return _page(request, whose, next_told=_Told(form, _in_words(request, errors)))
    try:
        written = asking.read_next(site)
        asking.same(form.get("version", ""), written.version)
        problems = await asking.write_next(site, written, after, to)
    except Stale:
        return _page(request, whose, next_told=_next_clash(request, form))
    except CannotWrite as error:
        return _page(request, whose, next_told=_Told(form, error=str(error), status=409))
    if problems:
        found, others = askingforms.by_field(problems)
        return _page(request, whose, next_told=_Told(form, found, others))
    held = asking.read_next(site).said == site.backend.settings.home.escalate
    site.told.say(session, "good", site.words(request).text(_SAVED if held else _WAITS))
    return redirect("/you/asking")


def _next_clash(request: web.Request, form: Mapping[str, str]) -> _Told:
    site = site_of(request)
    say = site.words(request)
    now = next_words(site, asking.read_next(site), say)
    return _Told(form, error=say.text(_STALE), now=now, status=409)


def next_words(site: Site, now: Next, say: Words) -> list[tuple[str, str]]:
    """Say who is asked too, as pairs of a name and a value."""
    if now.said is None:
        values = {"to": say.text("nobody")}
    else:
        values = {"after": str(now.said.after), "to": ", ".join(_named(site, now.said.to))}
    return [(say.text(askingforms.FIELDS[key]), value) for key, value in values.items()]


async def test(request: web.Request) -> web.Response:
    """Send a member a message by each of their ways."""
    site, session, whose = site_of(request), signed_in(request), _whose(request)
    say = site.words(request)
    if await site.backend.beginning.send_test(whose.id):
        said = N_("A message is on its way. Did it arrive?")
        site.told.say(session, "good", say.text(said))
    else:
        site.told.say(session, "bad", say.text(N_("There is no way to reach them yet.")))
    return redirect("/you/asking" if whose.id == session.member else f"/you/asking/{whose.id}")


def routes() -> list[web.RouteDef]:
    """Return the pages' routes; whose they are is in the address, one's own without."""
    return [
        web.get("/you/asking", show),
        web.post("/you/asking", save),
        web.post("/you/escalation", save_next),
        web.get("/you/asking/{member}", show),
        web.post("/you/asking/{member}", save),
        web.post("/you/asking/{member}/test", test),
    ]
