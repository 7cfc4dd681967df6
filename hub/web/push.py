"""Web Push for the browser that is signed in: the key, subscribing and unsubscribing.

``static/push.js`` calls these; a subscription belongs to the session it was made in.
"""

from __future__ import annotations

from aiohttp import web

from hub.domain.push import MOST_ENDPOINT, read_subscription
from hub.web.i18n import N_
from hub.web.pushes import PushUnavailable
from hub.web.site import form_of, signed_in, site_of


def routes() -> list[web.RouteDef]:
    """Return the addresses of Web Push."""
    return [
        web.get("/push/key", key),
        web.post("/push/subscribe", subscribe),
        web.post("/push/unsubscribe", unsubscribe),
    ]


async def key(request: web.Request) -> web.Response:
    """Tell the key to subscribe for, as JSON: ``{"key": "…"}``."""
    try:
        return web.json_response({"key": site_of(request).backend.pushes.key})
    except PushUnavailable as error:
        raise web.HTTPServiceUnavailable(text=str(error)) from error


async def subscribe(request: web.Request) -> web.Response:
    """Keep this browser's subscription: the form fields endpoint, p256dh, auth and csrf."""
    site, session = site_of(request), signed_in(request)
    form = await form_of(request)
    try:
        found = read_subscription(
            session.member, form.get("endpoint", ""), form.get("p256dh", ""), form.get("auth", "")
        )
    except ValueError as error:
        raise web.HTTPBadRequest(text=str(error)) from error
    await site.backend.pushes.put(found, session.id)
    return web.Response(status=204)


async def unsubscribe(request: web.Request) -> web.Response:
    """Forget this browser's subscription: the form fields endpoint and csrf."""
    site, session = site_of(request), signed_in(request)
    endpoint = (await form_of(request)).get("endpoint", "")[:MOST_ENDPOINT]
    if not await site.backend.pushes.forget(session.member, endpoint):
        raise web.HTTPNotFound(text=N_("This browser is not subscribed (any more)."))
    return web.Response(status=204)
