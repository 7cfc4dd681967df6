"""Rule sets of a community: adopted by their difference, updated and dropped."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from aiohttp import web

from hub.domain.merging import Side
from hub.domain.rulesets import SetError, in_language
from hub.web.files import CannotWrite
from hub.web.i18n import N_
from hub.web.rulesets import Wanted
from hub.web.rulewords import words_of
from hub.web.site import form_of, redirect, render, require_adult, signed_in, site_of

_VALUE, _CHOICE = "value:", "choice:"
_MOST = 60
ALERTS = {
    "alone": N_("orders without asking, up to %(detail)s"),
    "orders": N_("proposes what costs money; a member is asked"),
    "home": N_("has Home Assistant act once a member agreed: %(detail)s"),
    "night": N_("speaks at night as well"),
    "children": N_("speaks to children too"),
}


async def show(request: web.Request) -> web.Response:
    """Show the adopted sets, and the forms that bring another."""
    return _page(request)


def _page(request: web.Request, error: str = "") -> web.Response:
    sets = site_of(request).backend.rule_sets.sets()
    return render(request, "rule_sets.html", status=400 if error else 200, sets=sets, error=error)


async def fetch(request: web.Request) -> web.Response:
    """Fetch a set from an address, or take one as a file, and go on to look at it."""
    require_adult(request)
    sets = site_of(request).backend.rule_sets
    form = await request.post()
    given = form.get("file")
    try:
        if isinstance(given, web.FileField):
            digest = sets.take(given.file.read())
        else:
            digest = await sets.fetch(str(form.get("url", "")))
    except SetError as error:
        return _page(request, str(error))
    return redirect(f"/rules/sets/offers/{digest}")


async def update(request: web.Request) -> web.Response:
    """Fetch what is at a set's own address, and go on to look at it."""
    require_adult(request)
    try:
        digest = await site_of(request).backend.rule_sets.newer(request.match_info["id"])
    except SetError as error:
        return _page(request, str(error))
    return redirect(f"/rules/sets/offers/{digest}")


async def drop(request: web.Request) -> web.Response:
    """Take a set out of force."""
    require_adult(request)
    site, session = site_of(request), signed_in(request)
    try:
        await site.backend.rule_sets.drop(
            request.match_info["id"], member=session.member, via="web"
        )
    except (SetError, CannotWrite) as error:
        return _page(request, str(error))
    site.told.say(session, "good", site.words(request).text("The set is dropped."))
    return redirect("/rules/sets")


async def offer(request: web.Request) -> web.Response:
    """Show a set and all that adopting it would change."""
    return await _offer(request, request.query)


async def agree(request: web.Request) -> web.Response:
    """Adopt a set as it was looked at."""
    require_adult(request)
    site, session = site_of(request), signed_in(request)
    form = await form_of(request)
    try:
        await site.backend.rule_sets.agree_to(
            request.match_info["digest"],
            _wanted(form),
            form.get("stamp", ""),
            member=session.member,
            via="web",
        )
    except KeyError as gone:
        raise web.HTTPNotFound(text=N_("That set is not here any more; fetch it again.")) from gone
    except (SetError, CannotWrite) as error:
        return await _offer(request, form, str(error))
    site.told.say(session, "good", site.words(request).text("The set is adopted."))
    return redirect("/rules/sets")


async def _offer(request: web.Request, given: Mapping[str, str], error: str = "") -> web.Response:
    site = site_of(request)
    try:
        found = await site.backend.rule_sets.preview(request.match_info["digest"], _wanted(given))
    except KeyError as gone:
        raise web.HTTPNotFound(text=N_("That set is not here any more; fetch it again.")) from gone
    except (SetError, CannotWrite) as wrong:
        return _page(request, str(wrong))
    say = site.words(request)
    return render(
        request,
        "rule_set.html",
        status=409 if error else 200,
        set=found,
        error=error,
        words=[(one, words_of(one.after or one.before, say.text)) for one in found.rules],
        alerts=[
            (one.rule, say.text(ALERTS[one.kind]) % {"detail": one.detail}) for one in found.alerts
        ],
        texts=partial(in_language, language=say.language),
    )


def _wanted(given: Mapping[str, str]) -> Wanted:
    if len(given) > _MOST:
        raise web.HTTPBadRequest(text=f"expected at most {_MOST} values")
    values = {k.removeprefix(_VALUE): v for k, v in given.items() if k.startswith(_VALUE)}
    choices: dict[str, Side] = {}
    for name, value in given.items():
        if name.startswith(_CHOICE):
            if value == "ours":
                choices[name.removeprefix(_CHOICE)] = "ours"
            elif value == "theirs":
                choices[name.removeprefix(_CHOICE)] = "theirs"
    return Wanted(values, choices)
