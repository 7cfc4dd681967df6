"""The first start, a step at a time; each answer is in the household's files before the next.

Any step can be passed over and come back to. The address says the step, so a reload stays there;
the hub keeps the furthest one, so that a later sign-in goes on where the last one ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiohttp import web

from hub.web.beginning import STEPS
from hub.web.files import CannotWrite, Stale
from hub.web.i18n import N_
from hub.web.site import form_of, redirect, render, require_adult, signed_in, site_of
from hub.web.welcomeforms import typed
from hub.web.welcomesteps import SECTIONS, SHOWN, Wrong, write
from hub.web.windows import Windows

TITLES = {
    "home": N_("Your home"),
    "members": N_("Who lives here"),
    "broker": N_("Where devices speak"),
    "pantry": N_("What you keep"),
    "devices": N_("What your devices mean"),
    "rules": N_("First rules"),
    "asking": N_("How you are asked"),
}
_STALE = N_("Somebody else has just changed this. Here is how it is now; change it again.")
WINDOWS = web.AppKey("welcome-windows", Windows)


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
        request.app[WINDOWS].left(signed_in(request))
        rules = [rule for rule in site.backend.files.rules() if rule.enabled]
        waiting = site.backend.about().waiting
        return render(request, "welcome_done.html", rules=rules, waiting=waiting)
    if step not in STEPS:
        raise web.HTTPNotFound(text=N_("There is no such step."))
    return await _page(request, step, Wrong())


async def _page(request: web.Request, step: str, wrong: Wrong) -> web.Response:
    site, session = site_of(request), signed_in(request)
    backend, say = site.backend, site.words(request)
    at = STEPS.index(step)
    given = {} if wrong.stale else wrong.given
    error, stamp = wrong.error, ""
    if step in SECTIONS:
        try:
            _, stamp = backend.beginning.said(SECTIONS[step])
        except CannotWrite as unreadable:
            error = error or str(unreadable)
    values = await SHOWN[step](request, given)
    others = request.app[WINDOWS].others(session, step, backend.now())
    return render(
        request,
        f"welcome_{step}.html",
        status=400 if wrong.problems or wrong.error else 200,
        step=step,
        title=say.text(TITLES[step]),
        number=at + 1,
        count_of=len(STEPS),
        back=STEPS[at - 1] if at else "",
        given=given,
        problems=wrong.problems,
        error=error,
        typed=_not_taken(wrong.given, (values, backend.settings.home)) if wrong.stale else (),
        others=[(one.member, say.text(TITLES[one.step])) for one in others],
        **{"stamp": stamp, **values},
    )


def _not_taken(form: Mapping[str, str], shown_now: object) -> Sequence[str]:
    """Return what was typed and is not what the page shows now."""
    shown = str(shown_now)
    return [value for value in typed(form) if value not in shown]


async def answer(request: web.Request) -> web.Response:
    """Write what a step asked, and lead to the next one; ``skip`` writes nothing."""
    require_adult(request)
    site, step = site_of(request), request.match_info["step"]
    if step not in STEPS:
        raise web.HTTPNotFound(text=N_("There is no such step."))
    form = await form_of(request)
    at = STEPS.index(step)
    onward = STEPS[at + 1] if at + 1 < len(STEPS) else "done"
    # Before the first answer is written: with it, hub.yaml says something, as a grown home's does.
    under_way = bool(site.backend.beginning.step())
    if under_way:
        await site.backend.beginning.reached(step)
    if step == "rules" and "try" in form:
        return await _page(request, step, Wrong(form))
    if "skip" not in form:
        try:
            wrong = await write(request, step, form)
        except CannotWrite as error:
            wrong = Wrong(form, error=str(error))
        except Stale:
            # What the other person wrote is shown: it would be lost unseen with the form as sent.
            wrong = Wrong(form, error=site.words(request).text(_STALE), stale=True)
        if wrong is not None:
            return await _page(request, step, wrong)
    if onward != "done" and under_way:
        await site.backend.beginning.reached(onward)
    return redirect("/welcome/asking" if form.get("stay") else f"/welcome/{onward}")


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
