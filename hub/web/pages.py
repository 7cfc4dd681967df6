"""The pages: what a member sees, and the forms they send."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from hub.domain.consent import SCOPES
from hub.domain.decisions import Decision
from hub.domain.orders import Order, Window
from hub.domain.suggestions import VERBS, Suggestion
from hub.web.backend import Backend
from hub.web.gate import COOKIE, public
from hub.web.i18n import N_
from hub.web.ledgerpages import told
from hub.web.names import Names
from hub.web.rulewords import rule_behind
from hub.web.site import form_of, is_adult, redirect, render, signed_in, site_of
from hub.web.views import card, in_force
from hub.web.words import ORDER_ROAD

_RECENT = 30
_A_PAGE = 10
_MOST_WAITING = 1_000
_SHOWN_PAYLOAD = 240
_MOST_COUNTS = 200


async def inbox(request: web.Request) -> web.Response:
    """Show what waits for an answer, and below it what was decided lately."""
    site = site_of(request)
    backend, words = site.backend, site.words(request)
    waiting = backend.suggestions(open_only=True, limit=_MOST_WAITING)
    pages = max(1, -(-len(waiting) // _A_PAGE))
    # What was on the last page may have been answered meanwhile.
    page = min(pages, _page(request.query.get("page", "")))
    return render(
        request,
        "inbox.html",
        cards=[
            card(backend, suggestion, words)
            for suggestion in waiting[(page - 1) * _A_PAGE : page * _A_PAGE]
        ],
        waiting=len(waiting),
        page=page,
        pages=pages,
        recent=backend.decided(_RECENT),
        notices=in_force(backend.notices(), words.now),
        problems=backend.files.problems(),
        fresh=bool(backend.beginning.step()),
    )


def _page(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 6 else 1


async def suggestion(request: web.Request) -> web.Response:
    """Show one suggestion, open or not: where a notification leads."""
    site = site_of(request)
    found = _suggestion(request)
    return render(
        request,
        "suggestion.html",
        card=card(site.backend, found, site.words(request)),
        heading=found.title,
        rule=rule_behind(site.backend.files, found, site.words(request), Names(site.backend)),
    )


async def answer(request: web.Request) -> web.Response:
    """Take a member's answer and go back to where the form was, with what came of it."""
    site, session = site_of(request), signed_in(request)
    form = await form_of(request)
    found = _suggestion(request)
    back = _back(form.get("back", ""), found)
    try:
        decision = read_answer(form, found, session.member)
    except ValueError as error:
        site.told.say(session, "bad", str(error))
        return redirect(back)
    result = await site.backend.decide(decision)
    good = result.result in ("done", "changed", "repeated")
    site.told.say(session, "good" if good else "bad", result.message)
    return redirect(back)


def _back(where: str, suggestion: Suggestion) -> str:
    """Return the address of the page that a form was on: the suggestion's, or one of the inbox."""
    if where == "one":
        return f"/suggestions/{suggestion.id}"
    page = _page(where)
    return f"/?page={page}" if page > 1 else "/"


def read_answer(form: Mapping[str, str], suggestion: Suggestion, member: str) -> Decision:
    """Read the form of an offer. Raises ValueError naming the field.

    Only what differs from the offer is a change: counts as shown and the present window are not.
    """
    verb = next((verb for verb in VERBS if verb == form.get("verb")), None)
    if verb is None:
        raise ValueError(f"verb: expected one of {', '.join(VERBS)}")
    version = _whole(form.get("version", ""), "version", 10**9)
    scope = next((one for one in SCOPES if one == form.get("scope", "once")), None)
    if scope is None:
        raise ValueError(f"scope: expected one of {', '.join(SCOPES)}")
    option = next((o for o in suggestion.options if o.id == form.get("option")), None)
    shown = {line.item_id: line.count for line in option.lines} if option else {}
    counts: dict[str, int] = {}
    for name, value in form.items():
        kind, _, item_id = name.partition(":")
        if kind == "count" and verb == "approve":
            count = _whole(value, "pieces", 9999)
            if shown.get(item_id) != count:
                counts[item_id] = count
    if len(counts) > _MOST_COUNTS:
        raise ValueError(f"expected at most {_MOST_COUNTS} changed lines")
    slot = form.get("slot") or None
    return Decision(
        suggestion.id,
        version,
        verb,
        member,
        "web",
        option=form.get("option") or None,
        counts=counts,
        slot_id=slot if verb == "approve" and slot != form.get("slot_was") else None,
        scope=scope,
    )


def _whole(text: str, field: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= most):
        raise ValueError(f"{field}: expected a whole number from 0 to {most}")
    return int(text)


def _suggestion(request: web.Request) -> Suggestion:
    found = site_of(request).backend.suggestion(request.match_info["id"])
    if found is None:
        raise web.HTTPNotFound(text=N_("There is no such suggestion (any more)."))
    return found


async def order(request: web.Request) -> web.Response:
    """Show one order: how far it is, what is in it, what it costs and when it comes."""
    site = site_of(request)
    found = site.backend.order(request.match_info["id"])
    if found is None:
        raise web.HTTPNotFound(text=N_("There is no such order."))
    life = site.backend.ledger(subject=found.id, limit=200)
    return render(
        request,
        "order.html",
        order=found,
        road=ORDER_ROAD,
        life=told(site.backend, life[::-1], site.words(request)),
        slots=_other_slots(site.backend, found),
        receipt=is_adult(request) and site.backend.receipts.there("order", found.id),
    )


def _other_slots(backend: Backend, order: Order) -> list[tuple[str, Window]]:
    """Return the windows that an order could be moved to."""
    own = order.slot.window if order.slot else None
    offered = ((slot_id, Window(start, end)) for slot_id, start, end, _ in backend.slots(order.id))
    return [
        (id_, window) for id_, window in offered if window != own and window.start > backend.now()
    ]


async def notices(request: web.Request) -> web.Response:
    """Show the notices in force now or later."""
    site = site_of(request)
    return render(request, "notices.html", notices=site.backend.notices(), now=site.backend.now())


async def parked(request: web.Request) -> web.Response:
    """Show what was not understood, why, and how it began."""
    rows = [
        (each, readable(each.payload), len(each.payload) > _SHOWN_PAYLOAD)
        for each in site_of(request).backend.parked()
    ]
    return render(request, "parked.html", rows=rows)


def readable(payload: bytes, most: int = _SHOWN_PAYLOAD) -> str:
    """Return the beginning of a payload as text; what cannot be shown becomes its hex code."""
    text = payload[:most].decode("utf-8", "backslashreplace")
    return "".join(
        letter if letter.isprintable() or letter == " " else f"\\x{ord(letter):02x}"
        for letter in text
    )


async def events(request: web.Request) -> web.StreamResponse:
    """Tell the page when something changed; ends when the session does."""
    site = site_of(request)
    secret = request.cookies.get(COOKIE, "")
    return await site.live.stream(request, lambda: site.backend.session(secret) is not None)


@public
async def static(request: web.Request) -> web.Response:
    """Return a file the pages need. Its address carries a stamp, so it may be kept for ever."""
    site = site_of(request)
    found = site.files.get(request.match_info["name"])
    if found is None:
        raise web.HTTPNotFound(text=N_("There is no such file."))
    current = request.query.get("v") == found.stamp
    return web.Response(
        body=found.body,
        content_type=found.content_type,
        charset=None if found.content_type == "image/png" else "utf-8",
        headers={"Cache-Control": "public, max-age=31536000, immutable" if current else "no-cache"},
    )
