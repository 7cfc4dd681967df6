"""The first start: a few questions, and the household's files are written from the answers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from aiohttp import web

from hub.web.files import Beginning, CannotWrite, Member, Problem
from hub.web.i18n import N_
from hub.web.rulepages import require_adult
from hub.web.site import form_of, redirect, render, signed_in, site_of

MOST_MEMBERS = 6
_ROLES = ("adult", "child", "guest")


async def show(request: web.Request) -> web.Response:
    """Ask what the household is; once hub.yaml says something, the file is the place to change."""
    site, session = site_of(request), signed_in(request)
    require_adult(request)
    if not site.backend.files.fresh():
        return redirect("/")
    home, member = site.backend.settings.home, site.member(session.member)
    given = {
        "name": "",
        "timezone": home.timezone,
        "currency": home.currency,
        "quiet_hours": "22:00-07:00",
        "broker": "managed",
        "name:0": member.name if member and member.id != "me" else "",
        "role:0": "adult",
        "ntfy:0": "on",
        "asked": "",
    }
    return _page(request, given)


def _page(
    request: web.Request,
    given: Mapping[str, str],
    *,
    problems: Sequence[Problem] = (),
    error: str = "",
) -> web.Response:
    backend = site_of(request).backend
    return render(
        request,
        "welcome.html",
        status=400 if problems or error else 200,
        given=given,
        count=MOST_MEMBERS,
        problems=problems,
        error=error,
        ready=backend.files.ready_rules(),
        there=frozenset(backend.files.rule_files()),
        entities=[entity for entity in backend.entities() if entity.used][:12],
    )


async def begin(request: web.Request) -> web.Response:
    """Write what was answered."""
    site, session = site_of(request), signed_in(request)
    require_adult(request)
    if not site.backend.files.fresh():
        raise web.HTTPConflict(text=N_("hub.yaml says something already; change it there."))
    form = await form_of(request)
    beginning = read_beginning(form, session.member)
    try:
        problems = await site.backend.files.begin(beginning)
    except CannotWrite as error:
        return _page(request, form, error=str(error))
    if problems:
        return _page(request, form, problems=problems)
    say = site.words(request)
    said = say.text("Your home is set up.")
    if beginning.broker != "managed" or beginning.listen_to_home:
        said += " " + say.text("The broker and the address take effect when the hub starts anew.")
    site.told.say(session, "good", said)
    return redirect("/you" if any(member.ntfy for member in beginning.members) else "/")


def read_beginning(form: Mapping[str, str], own_id: str) -> Beginning:
    """Read the form; ``own_id`` is whoever fills it in, who stays signed in under it."""
    taken = {own_id}
    members: list[Member] = []
    for number in range(MOST_MEMBERS):
        name = form.get(f"name:{number}", "").strip()
        if not name and number > 0:
            continue
        role = form.get(f"role:{number}", "adult") if number > 0 else "adult"
        members.append(
            Member(
                own_id if number == 0 else _id_of(name, number, taken),
                name or own_id.capitalize(),
                role if role in _ROLES else "guest",
                f"ntfy:{number}" in form,
            )
        )
    broker = form.get("broker_url", "").strip() if form.get("broker") == "url" else "managed"
    return Beginning(
        name=form.get("name", "").strip() or "Home",
        timezone=form.get("timezone", "").strip(),
        currency=form.get("currency", "").strip().upper(),
        quiet_hours=form.get("quiet_hours", "").strip(),
        broker=broker or "managed",
        members=tuple(members),
        rules=tuple(name[6:] for name in form if name.startswith("rules:")),
        listen_to_home="listen" in form,
    )


def _id_of(name: str, number: int, taken: set[str]) -> str:
    """Make a short name for rules out of a person's name; unique within the household."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:24]
    made = plain if plain[:1].isalpha() else f"member-{number + 1}"
    while made in taken:
        made = f"{made}-{number + 1}"
    taken.add(made)
    return made
