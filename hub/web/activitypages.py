"""Activities: what is planned with friends, made and changed by forms, answered with a tap."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from aiohttp import web

from hub.domain.activities import ANSWERS, Activity, ActivityError, PartStat
from hub.domain.peers import PeerError
from hub.web.activityforms import REPEATS, Filled, details_of, empty, filled, given, window_of
from hub.web.activityviews import going, hanging, view
from hub.web.daypages import FARTHEST
from hub.web.dayviews import asked_day
from hub.web.friends import FriendView
from hub.web.i18n import N_
from hub.web.site import (
    form_of,
    is_adult,
    quoted,
    redirect,
    render,
    require_adult,
    signed_in,
    site_of,
)

MOST_EMAILS = 20
LONGEST_NOTE = 1000
Verb = Callable[[web.Request, Activity, Mapping[str, str]], Awaitable[str]]


async def show(request: web.Request) -> web.Response:
    """Show what is still to happen: what waits for our answer first."""
    site = site_of(request)
    own, words = site.backend.activities.address, site.words(request)
    views = [view(one, own, words) for one in site.backend.activities.listed()]
    return render(
        request,
        "activities.html",
        waiting=[one for one in views if one.answer == "NEEDS-ACTION"],
        activities=[one for one in views if one.answer != "NEEDS-ACTION"],
    )


async def new(request: web.Request) -> web.Response:
    """Show the form of a new activity; ``day`` and ``with`` fill it in."""
    require_adult(request)
    words = site_of(request).words(request)
    today = words.now.astimezone(words.zone).date()
    day = asked_day(request.query.get("day", ""), today, FARTHEST)
    fields = empty(words, day)
    guest = request.query.get("with", "")
    return _form(request, Filled(day=fields.day, start=fields.start, end=fields.end,
                                 guests=frozenset({guest})))  # fmt: skip


async def create(request: web.Request) -> web.Response:
    """Make an activity and invite its guests."""
    require_adult(request)
    site, session = site_of(request), signed_in(request)
    words = site.words(request)
    fields = given(await form_of(request))
    try:
        details = details_of(fields, words)
        guests = await _guests(request, fields)
        made = await site.backend.activities.create(details, guests, session.member)
    except (ActivityError, PeerError) as error:
        return _form(request, fields, error=str(error))
    said = words.text("Made, and its guests are asked.") if guests else words.text("Made.")
    site.told.say(session, "good", said)
    return redirect(_path(made.key))


async def one(request: web.Request) -> web.Response:
    """Show one activity."""
    site, found = site_of(request), _activity(request)
    words = site.words(request)
    members = {each.id: each.name for each in site.backend.settings.members}
    asked, orders = hanging(site.backend, found)
    shown = view(found, site.backend.activities.address, words)
    invited = {each.address for each in found.attendees}
    hubs = {own for each in _known(request) if each.url for own in each.addresses}
    change = shown.ours and found.open and is_adult(request)
    return render(
        request,
        "activity.html",
        it=shown,
        going=going(site.backend, found, members) if shown.attended else [],
        asked=asked,
        meal=next((one for one in site.backend.meals.listed() if one.uid == found.key), None),
        orders=orders,
        receipt=is_adult(request) and site.backend.receipts.there("activity", found.key),
        fields=filled(found.details, words),
        repeats=REPEATS,
        mailed=[each for each in shown.guests if change and each.uri not in hubs],
        others=[
            each for each in _known(request) if not invited.intersection(each.addresses)
        ] if change else [],
    )  # fmt: skip


async def edit(request: web.Request) -> web.Response:
    """Show the form of an activity of ours."""
    require_adult(request)
    found = _activity(request)
    _must_be_ours(request, found)
    return _form(request, filled(found.details, site_of(request).words(request)), found)


async def change(request: web.Request) -> web.Response:
    """Change what, when or where an activity of ours is."""
    require_adult(request)
    site, session, found = site_of(request), signed_in(request), _activity(request)
    fields = given(await form_of(request))
    try:
        details = details_of(fields, site.words(request), found.details)
        await site.backend.activities.change(found.key, details, session.member)
    except (ActivityError, PeerError) as error:
        return _form(request, fields, found, error=str(error))
    site.told.say(session, "good", site.words(request).text("Changed; the guests are told."))
    return redirect(_path(found.key))


async def act(request: web.Request) -> web.Response:
    """Do what a form of an activity's page asks for, and go back to it."""
    require_adult(request)
    site, session, found = site_of(request), signed_in(request), _activity(request)
    form = await form_of(request)
    verb = _VERBS.get(form.get("do", ""))
    if verb is None:
        raise web.HTTPBadRequest(text=N_("This is not a form that can be read."))
    try:
        said = await verb(request, found, form)
    except (ActivityError, PeerError) as error:
        site.told.say(session, "bad", str(error))
    else:
        site.told.say(session, "good", site.words(request).text(said))
    still = any(each.key == found.key for each in site.backend.activities.listed())
    return redirect(_path(found.key) if still else "/activities")


async def _answer(request: web.Request, found: Activity, form: Mapping[str, str]) -> str:
    said = _said(form)
    note = form.get("note", "").strip()[:LONGEST_NOTE]
    activities = site_of(request).backend.activities
    await activities.answer(found.key, said, signed_in(request).member, note)
    return {
        "ACCEPTED": N_("Answered: you come."),
        "TENTATIVE": N_("Answered: you may come."),
        "DECLINED": N_("Answered: you do not come."),
    }[said]


async def _propose(request: web.Request, found: Activity, form: Mapping[str, str]) -> str:
    site = site_of(request)
    window = window_of(given(form), site.words(request))
    note = form.get("note", "").strip()[:LONGEST_NOTE]
    await site.backend.activities.propose(found.key, window, signed_in(request).member, note)
    return N_("The other time is proposed.")


async def _invite(request: web.Request, found: Activity, form: Mapping[str, str]) -> str:
    guests = await _guests(request, given(form))
    if not guests:
        raise ActivityError("guests: expected at least one")
    activities = site_of(request).backend.activities
    await activities.invite(found.key, guests, signed_in(request).member)
    return N_("They are invited.")


async def _note(request: web.Request, found: Activity, form: Mapping[str, str]) -> str:
    said = _said(form)
    activities, member = site_of(request).backend.activities, signed_in(request).member
    await activities.note_answer(found.key, form.get("who", ""), said, member)
    return N_("Noted what they said.")


async def _cancel(request: web.Request, found: Activity, form: Mapping[str, str]) -> str:
    await site_of(request).backend.activities.cancel(found.key, signed_in(request).member)
    return N_("Cancelled; the guests are told.")


_VERBS: Mapping[str, Verb] = {
    "answer": _answer,
    "propose": _propose,
    "invite": _invite,
    "note": _note,
    "cancel": _cancel,
}


# -- within ------------------------------------------------------------------------------------


def _form(
    request: web.Request, fields: Filled, changed: Activity | None = None, error: str = ""
) -> web.Response:
    return render(
        request,
        "activity_form.html",
        status=400 if error else 200,
        fields=fields,
        changed=changed,
        friends=[] if changed else _known(request),
        repeats=REPEATS,
        error=error,
    )


def _known(request: web.Request) -> list[FriendView]:
    friends = site_of(request).backend.friends.listed()
    return [each for each in friends if each.standing == "known"]


async def _guests(request: web.Request, fields: Filled) -> Sequence[str]:
    """Return the ids of those ticked and of those named by e-mail, who become contacts."""
    text = fields.emails.replace("\N{FULLWIDTH COMMA}", ",").replace(";", ",")
    emails = [each.strip() for each in text.replace("\n", ",").split(",") if each.strip()]
    if len(emails) > MOST_EMAILS:
        raise ActivityError(f"emails: expected at most {MOST_EMAILS}")
    friends = site_of(request).backend.friends
    added = [await friends.add_by_mail(each.partition("@")[0], each) for each in emails]
    known = {each.id for each in _known(request)}
    return list(dict.fromkeys([*sorted(fields.guests & known), *added]))


def _activity(request: web.Request) -> Activity:
    key = request.match_info["id"]
    for each in site_of(request).backend.activities.listed():
        if each.key == key:
            return each
    raise web.HTTPNotFound(text=N_("There is no such activity (any more)."))


def _must_be_ours(request: web.Request, found: Activity) -> None:
    if found.organizer.address != site_of(request).backend.activities.address:
        raise web.HTTPForbidden(text=N_("Only who made an activity may change it."))


def _said(form: Mapping[str, str]) -> PartStat:
    said: PartStat | None = next((one for one in ANSWERS if one == form.get("answer")), None)
    if said is None:
        raise ActivityError(f"answer: expected {', '.join(ANSWERS)}")
    return said


def _path(key: str) -> str:
    return f"/activities/{quoted(key)}"
