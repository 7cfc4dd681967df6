"""The first start, a step at a time; each answer is in the household's files before the next.

Any step can be passed over and come back to. The address says the step, so a reload stays there;
the hub keeps the furthest one, so that a later sign-in goes on where the last one ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any
from zoneinfo import available_timezones

from aiohttp import web

from hub.domain.values import dataclass
from hub.web.beginning import STEPS
from hub.web.files import CannotWrite, Problem, Stale
from hub.web.i18n import N_
from hub.web.site import form_of, redirect, render, require_adult, signed_in, site_of
from hub.web.views import devices
from hub.web.welcomeforms import (
    MOST_MEMBERS,
    ask_changes,
    broker_changes,
    home_changes,
    member_changes,
    rule_choices,
)
from hub.web.you import qr

TITLES = {
    "home": N_("Your home"),
    "members": N_("Who lives here"),
    "broker": N_("Where devices speak"),
    "devices": N_("What your devices mean"),
    "rules": N_("First rules"),
    "asking": N_("How you are asked"),
}
_STALE = N_("Somebody else has just changed this. Here is how it is now; change it again.")
_SECTIONS = {"home": "home", "members": "members", "broker": "mqtt", "asking": "members"}


@dataclass(frozen=True, slots=True)
class _Wrong:
    """What a form that was sent said, and why it was not taken."""

    given: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[Problem] = ()
    error: str = ""


async def begin(request: web.Request) -> web.Response:
    """Go on where the first start is; once it is over, to the inbox."""
    require_adult(request)
    step = site_of(request).backend.beginning.step()
    return redirect(f"/welcome/{step}" if step else "/")


async def show(request: web.Request) -> web.Response:
    """Show a step; ``/welcome/done`` ends it."""
    require_adult(request)
    site, step = site_of(request), request.match_info["step"]
    if step == "done":
        await site.backend.beginning.reached("")
        rules = [rule for rule in site.backend.files.rules() if rule.enabled]
        return render(request, "welcome_done.html", rules=rules)
    if step not in STEPS:
        raise web.HTTPNotFound(text=N_("There is no such step."))
    return await _page(request, step, _Wrong())


async def _page(request: web.Request, step: str, wrong: _Wrong) -> web.Response:
    site, session = site_of(request), signed_in(request)
    backend = site.backend
    at = STEPS.index(step)
    values: dict[str, Any] = {}
    error, stamp = wrong.error, ""
    if step in _SECTIONS:
        try:
            _, stamp = backend.beginning.said(_SECTIONS[step])
        except CannotWrite as unreadable:
            error = error or str(unreadable)
    if step == "home":
        values = {"zones": sorted(available_timezones())}
    elif step == "members":
        values = {"people": backend.settings.members, "count": MOST_MEMBERS}
    elif step == "broker":
        looked = "look" in request.query
        found = await backend.beginning.find_brokers() if looked else ()
        values = {
            "mqtt": backend.settings.mqtt,
            "found": found,
            "looked": looked,
            "connected": bool(backend.health().get("mqtt_connected")),
        }
    elif step == "devices":
        used = [entity for entity in backend.entities() if entity.used]
        values = {"devices": devices(used)}
    elif step == "rules":
        values = {
            "ready": backend.beginning.ready(),
            "entities": [entity for entity in backend.entities() if entity.used],
            "items": [row.item for row in backend.pantry()],
        }
    elif step == "asking":
        phone = backend.phone(session.member)
        own = site.member(session.member)
        values = {"phone": phone, "phone_qr": qr(phone.link) if phone else "", "own": own}
    return render(
        request,
        f"welcome_{step}.html",
        status=400 if wrong.problems or wrong.error else 200,
        step=step,
        title=site.words(request).text(TITLES[step]),
        number=at + 1,
        count_of=len(STEPS),
        back=STEPS[at - 1] if at else "",
        given=wrong.given,
        problems=wrong.problems,
        error=error,
        stamp=stamp,
        **values,
    )


async def answer(request: web.Request) -> web.Response:
    """Write what a step asked, and lead to the next one; ``skip`` writes nothing."""
    require_adult(request)
    site, step = site_of(request), request.match_info["step"]
    if step not in STEPS:
        raise web.HTTPNotFound(text=N_("There is no such step."))
    form = await form_of(request)
    at = STEPS.index(step)
    onward = STEPS[at + 1] if at + 1 < len(STEPS) else "done"
    if "skip" not in form:
        try:
            wrong = await _write(request, step, form)
        except CannotWrite as error:
            wrong = _Wrong(form, error=str(error))
        except Stale:
            # What the other person wrote is shown: it would be lost unseen with the form as sent.
            wrong = _Wrong(error=site.words(request).text(_STALE))
        if wrong is not None:
            return await _page(request, step, wrong)
    if onward != "done" and site.backend.beginning.step():
        await site.backend.beginning.reached(onward)
    return redirect("/welcome/asking" if form.get("stay") else f"/welcome/{onward}")


async def _write(request: web.Request, step: str, form: Mapping[str, str]) -> _Wrong | None:
    site, session = site_of(request), signed_in(request)
    beginning, was = site.backend.beginning, form.get("stamp", "")
    problems: Sequence[Problem] = ()
    if step == "home":
        problems = await beginning.say("home", was, home_changes(form))
    elif step == "members":
        said, _ = beginning.said("members")
        changes = member_changes(form, said, site.backend.settings.members, session.member)
        problems = await beginning.say("members", was, changes)
    elif step == "broker":
        changes, to_try = broker_changes(form, site.backend.settings.mqtt)
        if to_try is not None:
            reason = await beginning.try_broker(*to_try)
            if reason:
                return _Wrong(form, error=reason)
        problems = await beginning.say("mqtt", was, changes)
    elif step == "rules":
        try:
            problems = await beginning.add_rules(rule_choices(form))
        except KeyError as error:
            raise web.HTTPBadRequest(text=N_("There is no such rule.")) from error
    elif step == "asking":
        said, _ = beginning.said("members")
        changes = ask_changes(form, said, site.backend.settings.members, session.member)
        if changes:
            problems = await beginning.say("members", was, changes)
    return _Wrong(form, problems) if problems else None


async def test(request: web.Request) -> web.Response:
    """Send whoever asks a message by each of their channels."""
    require_adult(request)
    site, session = site_of(request), signed_in(request)
    await form_of(request)
    names = await site.backend.beginning.send_test(session.member)
    say = site.words(request)
    if names:
        said = say.text("A message is on its way to you. Did it arrive?")
        site.told.say(session, "good", said)
    else:
        said = say.text("There is no way to reach you yet: choose one first.")
        site.told.say(session, "bad", said)
    return redirect("/welcome/asking")
