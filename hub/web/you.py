"""What is a member's own: their phone, the browsers they are signed in with, the language."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from hub.web.askingpages import summary
from hub.web.gate import public
from hub.web.i18n import COOKIE, LANGUAGES, N_
from hub.web.places import place_of
from hub.web.signin import safe_next, secure
from hub.web.site import form_of, redirect, render, signed_in, site_of

_YEAR = 365 * 24 * 3600


def qr(text: str, error: str = "m") -> str:
    """Return a text as a QR code: SVG to be put into a page, without styles of its own.

    ``error`` is how much of it may be unreadable (ISO/IEC 18004): ``l``, 7 %, for a long text.
    """
    import segno

    made = segno.make(text, error=error, micro=False)
    return str(
        made.svg_inline(
            scale=4, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None,
            omitsize=True,
        )
    )  # fmt: skip


async def show(request: web.Request) -> web.Response:
    """Show a member's phone and their sessions."""
    site, session = site_of(request), signed_in(request)
    phone = site.backend.phone(session.member)
    return render(
        request,
        "you.html",
        phone=phone,
        feed_made=site.backend.feeds.made(session.member),
        phone_qr=qr(phone.link) if phone else "",
        sessions=site.backend.sessions(session.member),
        passkeys=site.backend.passkeys.of(session.member),
        passkey_place=place_of(request),
        **summary(request),
    )


async def more(request: web.Request) -> web.Response:
    """Show the pages that have no place among a phone's tabs."""
    return render(request, "more.html")


async def revoke(request: web.Request) -> web.Response:
    """Sign one of the member's browsers out; it may be this one."""
    site, session = site_of(request), signed_in(request)
    session_id = request.match_info["id"]
    if not site.backend.revoke_session(session.member, session_id):
        raise web.HTTPNotFound(text=N_("There is no such session (any more)."))
    if session_id == session.id:
        return redirect("/sign-in")
    site.told.say(session, "good", site.words(request).text("That browser is signed out."))
    return redirect("/you")


async def make_code(request: web.Request) -> web.Response:
    """Make a code for another device: of one's own, or (an adult) of another member."""
    site, session = site_of(request), signed_in(request)
    wanted = (await form_of(request)).get("member", session.member)
    member = site.member(wanted)
    if member is None:
        raise web.HTTPNotFound(text=N_("There is no such member."))
    if member.id != session.member and not site.is_adult(session.member):
        raise web.HTTPForbidden(text=N_("Only an adult may sign somebody else in."))
    code = site.backend.create_code(member.id, own=member.id == session.member)
    base = site.backend.settings.http.public_url or f"{request.scheme}://{request.host}"
    link = f"{base.rstrip('/')}/sign-in?code={quote(code)}"
    return render(request, "code.html", code=code, link=link, code_qr=qr(link), whose=member)


async def no_code(request: web.Request) -> web.Response:
    """Lead back from an address whose page is shown only once."""
    return redirect("/you")


@public
async def language(request: web.Request) -> web.Response:
    """Remember a browser's language. Nobody is harmed by a forged one, so no form token."""
    form = await form_of(request)
    chosen = form.get("language", "")
    if chosen not in LANGUAGES:
        raise web.HTTPBadRequest(text=f"language: expected one of {', '.join(LANGUAGES)}")
    response = redirect(safe_next(form.get("next", "/")))
    response.set_cookie(
        COOKIE,
        chosen,
        max_age=_YEAR,
        samesite="Lax",
        httponly=True,
        secure=secure(request, site_of(request).backend.settings),
    )
    return response
