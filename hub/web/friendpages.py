"""Friends' households: invited by a link or a QR code, confirmed, limited, muted, removed."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import cast, get_args

from aiohttp import web

from hub.domain.activities import Activity, ActivityError
from hub.domain.contacts import Sight
from hub.domain.peers import SCHEME, PeerError
from hub.web.activityviews import when
from hub.web.friends import Friends, FriendView
from hub.web.i18n import N_
from hub.web.site import form_of, redirect, render, require_adult, signed_in, site_of
from hub.web.you import qr


async def show(request: web.Request) -> web.Response:
    """Show every contact, those who wait for us first."""
    friends = site_of(request).backend.friends.listed()
    return render(
        request,
        "friends.html",
        friends=sorted(friends, key=lambda one: one.standing != "awaits_us"),
        scheme=SCHEME,
    )


async def invite(request: web.Request) -> web.Response:
    """Make an invitation and show it, once: whoever has the link may use it."""
    require_adult(request)
    site = site_of(request)
    try:
        made = await site.backend.friends.invite()
    except PeerError as error:
        site.told.say(signed_in(request), "bad", str(error))
        return redirect("/friends")
    return render(request, "invited.html", invited=made, link_qr=qr(made.link, "l"))


async def no_invitation(request: web.Request) -> web.Response:
    """Lead back from an address whose page is shown only once."""
    return redirect("/friends")


async def accept(request: web.Request) -> web.Response:
    """Accept another household's link."""
    require_adult(request)
    site, session = site_of(request), signed_in(request)
    words = site.words(request)
    link = (await form_of(request)).get("link", "").strip()
    try:
        name = await site.backend.friends.accept(link)
    except (PeerError, ActivityError) as error:
        site.told.say(session, "bad", str(error))
        return redirect("/friends")
    said = words.text("%(name)s is asked to confirm; then you are contacts.") % {"name": name}
    site.told.say(session, "good", said)
    return redirect("/friends")


async def add_by_mail(request: web.Request) -> web.Response:
    """Note a friend without a hub, who is invited by e-mail."""
    require_adult(request)
    site, session = site_of(request), signed_in(request)
    form = await form_of(request)
    name = form.get("name", "").strip()
    try:
        await site.backend.friends.add_by_mail(name, form.get("email", ""))
    except (PeerError, ActivityError) as error:
        site.told.say(session, "bad", str(error))
    else:
        said = site.words(request).text("%(name)s is a contact now.")
        site.told.say(session, "good", said % {"name": name or form.get("email", "")})
    return redirect("/friends")


async def friend(request: web.Request) -> web.Response:
    """Show one contact, what it may see, and what is planned together."""
    found = _friend(request)
    listed = site_of(request).backend.activities.listed()
    return render(request, "friend.html", friend=found, together=together(found, listed), when=when)


def together(friend: FriendView, listed: Sequence[Activity]) -> list[Activity]:
    """Return the activities that a contact makes or is invited to."""
    own = frozenset(friend.addresses)
    return [
        one
        for one in listed
        if one.organizer.address in own or any(each.address in own for each in one.attendees)
    ]


async def change(request: web.Request) -> web.Response:
    """Do what a form of a contact's page asks for."""
    require_adult(request)
    site, session = site_of(request), signed_in(request)
    found, form, words = _friend(request), await form_of(request), site.words(request)
    do = form.get("do", "")
    step = _step(site.backend.friends, found, do, form)
    back = "/friends" if do == "remove" else f"/friends/{found.id}"
    try:
        await step
    except (PeerError, ActivityError) as error:
        site.told.say(session, "bad", str(error))
        return redirect(f"/friends/{found.id}")
    said = {
        "confirm": words.text("%(name)s is a contact now."),
        "mute": words.text("%(name)s is muted: what comes is kept, and nobody is asked."),
        "unmute": words.text("%(name)s is heard again."),
        "limit": words.text("Noted what %(name)s may see."),
        "witness": words.text("Noted who countersigns the log."),
        "place": words.text("Noted the circles of %(name)s."),
        "remove": words.text("%(name)s is no contact any more."),
    }[do]
    site.told.say(session, "good", said % {"name": found.name})
    return redirect(back)


def _step(
    friends: Friends, friend: FriendView, do: str, form: Mapping[str, str]
) -> Awaitable[None]:
    if do == "confirm":
        return friends.confirm(friend.id)
    if do in ("mute", "unmute"):
        return friends.mute(friend.id, do == "mute")
    if do == "limit" and form.get("sees") in get_args(Sight):
        return friends.limit(friend.id, cast("Sight", form["sees"]))
    if do == "witness" and form.get("on") in ("yes", "no"):
        return friends.witness(friend.id, form["on"] == "yes", False)
    if do == "witness" and form.get("on") == "anew" and form.get("sure") == "yes":
        return friends.witness(friend.id, True, True)
    if do == "place":
        # A comma is typed on any keyboard: ours, the Chinese one, the one of lists.
        text = form.get("circles", "").replace("\N{FULLWIDTH COMMA}", ",")
        names = text.replace("\N{IDEOGRAPHIC COMMA}", ",").split(",")
        return friends.place(friend.id, [one.strip() for one in names if one.strip()])
    if do == "remove":
        return friends.remove(friend.id)
    raise web.HTTPBadRequest(text=N_("This is not a form that can be read."))


def _friend(request: web.Request) -> FriendView:
    wanted = request.match_info["id"]
    for one in site_of(request).backend.friends.listed():
        if one.id == wanted:
            return one
    raise web.HTTPNotFound(text=N_("There is no such contact (any more)."))
