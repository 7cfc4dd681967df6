"""The web site put together: routes, gate and what they share."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from hub.web import (
    activitypages,
    askingpages,
    daypages,
    devicepages,
    feedpages,
    friendpages,
    health,
    installed,
    ledgerpages,
    links,
    loginpages,
    ordercommands,
    pages,
    pantry,
    passkeypages,
    planpages,
    privacypages,
    providerlogpages,
    push,
    quarantinepages,
    receiptpages,
    rulepages,
    rulesetpages,
    settingspages,
    signin,
    spending,
    welcome,
    you,
)
from hub.web.apidoor import ApiResource
from hub.web.backend import Backend
from hub.web.gate import gate
from hub.web.live import Live
from hub.web.proxies import behind
from hub.web.site import SITE, Attempts, Site
from hub.web.windows import Windows

BIGGEST_FORM = 64 * 1024
"""Bytes of a form or an API request; a bigger one is refused with 413."""


def make_app(
    backend: Backend, *, secret: bytes, extra_routes: Sequence[web.RouteDef] = ()
) -> web.Application:
    """Return the hub's web application.

    ``secret`` is the household's, at least 32 bytes; it signs action links. ``extra_routes`` are
    of others (providers' callbacks): they authenticate their callers on their own, so neither
    sign-in nor the Host check applies; one that takes more than ``BIGGEST_FORM`` reads
    ``request.content`` itself. Raises ValueError for a short secret.
    """
    if len(secret) < 32:
        raise ValueError(f"expected a secret of at least 32 bytes, got {len(secret)}")
    app = web.Application(
        client_max_size=BIGGEST_FORM,
        middlewares=[
            behind(lambda: backend.settings.http.proxies),
            gate(frozenset(route.handler for route in extra_routes)),
        ],
    )
    live = Live(backend)
    app[SITE] = Site(backend, secret, live)
    app[feedpages.RATES] = feedpages.Rates()
    app[loginpages.ATTEMPTS] = Attempts()
    app[passkeypages.ASKED] = passkeypages.door()
    app[welcome.WINDOWS] = Windows()
    app.cleanup_ctx.append(live.running)
    app.on_shutdown.append(live.close)
    app.add_routes(
        [
            web.get("/", pages.inbox),
            web.get("/suggestions/{id}", pages.suggestion),
            web.post("/suggestions/{id}/decision", pages.answer),
            web.get("/day", daypages.show),
            web.get("/day/{day}", daypages.show),
            web.post("/plans", planpages.add),
            web.post("/plans/remove", planpages.remove),
            web.post("/meals", planpages.eat),
            web.post("/meals/{id}", planpages.meal),
            web.get("/activities", activitypages.show),
            web.post("/activities", activitypages.create),
            web.get("/activities/new", activitypages.new),
            web.get("/activities/{id}", activitypages.one),
            web.post("/activities/{id}", activitypages.act),
            web.get("/activities/{id}/receipt", receiptpages.of_activity),
            web.get("/activities/{id}/edit", activitypages.edit),
            web.post("/activities/{id}/edit", activitypages.change),
            web.get("/friends", friendpages.show),
            web.get("/friends/invite", friendpages.no_invitation),
            web.post("/friends/invite", friendpages.invite),
            web.get("/friends/accept", friendpages.no_invitation),
            web.post("/friends/accept", friendpages.accept),
            web.get("/friends/add", friendpages.no_invitation),
            web.post("/friends/add", friendpages.add_by_mail),
            web.get("/friends/{id}", friendpages.friend),
            web.post("/friends/{id}", friendpages.change),
            web.get("/pantry", pantry.pantry),
            web.get("/pantry/{item}", pantry.item),
            web.post("/pantry/{item}", pantry.set_stock),
            web.get("/pantry/{item}/level.svg", pantry.level),
            web.get("/orders", spending.orders),
            web.get("/spending.svg", spending.money),
            web.get("/orders/{id}", pages.order),
            web.get("/orders/{id}/receipt", receiptpages.of_order),
            web.post("/orders/{id}/commands", ordercommands.act),
            web.get("/devices", devicepages.show),
            web.post("/devices/waiting", quarantinepages.answer),
            web.get("/devices/logins", loginpages.show),
            web.post("/devices/logins", loginpages.add),
            web.post("/devices/logins/{name}/revoke", loginpages.revoke),
            web.get("/devices/pairing", loginpages.nothing_made),
            web.post("/devices/pairing", loginpages.pairing),
            web.post("/pair", loginpages.pair),
            web.get("/devices/{id}", devicepages.entity),
            web.post("/devices/{id}", devicepages.say_meaning),
            web.get("/rules", rulepages.show),
            web.get("/rules/sets", rulesetpages.show),
            web.post("/rules/sets", rulesetpages.fetch),
            web.get("/rules/sets/offers/{digest}", rulesetpages.offer),
            web.post("/rules/sets/offers/{digest}", rulesetpages.agree),
            web.post("/rules/sets/{id}/update", rulesetpages.update),
            web.post("/rules/sets/{id}/drop", rulesetpages.drop),
            web.get("/rules/{id}", rulepages.rule),
            web.post("/rules/{id}", rulepages.change),
            web.get("/rules/files/{name:(?:sets/[^/]+/)?[^/]+}", rulepages.FILES.show),
            web.post("/rules/files/{name:(?:sets/[^/]+/)?[^/]+}", rulepages.FILES.save),
            web.post("/rules/files/{name:(?:sets/[^/]+/)?[^/]+}/check", rulepages.FILES.check),
            web.get("/welcome", welcome.begin),
            web.get("/welcome/{step}", welcome.show),
            web.post("/welcome/{step}", welcome.answer),
            web.post("/welcome/asking/test", welcome.test),
            web.get("/ledger", ledgerpages.show),
            web.get("/settings", settingspages.show),
            web.get("/settings/files/{name}", settingspages.FILES.show),
            web.post("/settings/files/{name}", settingspages.FILES.save),
            web.post("/settings/files/{name}/check", settingspages.FILES.check),
            web.get("/privacy", privacypages.show),
            web.post("/privacy/grants/{id}/revoke", privacypages.revoke),
            web.post("/privacy/erase", privacypages.erase),
            web.post("/ledger/providers/{id}/anew", providerlogpages.anew),
            web.get("/notices", pages.notices),
            web.get("/parked", pages.parked),
            web.get("/you", you.show),
            web.get("/more", you.more),
            web.post("/you/sessions/{id}/revoke", you.revoke),
            *passkeypages.routes(),
            *askingpages.routes(),
            web.get("/you/calendar", feedpages.no_address),
            web.post("/you/calendar", feedpages.make),
            web.post("/you/calendar/end", feedpages.end),
            web.get("/calendar/{secret}.ics", feedpages.feed),
            web.get("/you/code", you.no_code),
            web.post("/you/code", you.make_code),
            web.post("/language", you.language),
            web.get("/events", pages.events),
            web.get("/static/{name}", pages.static),
            web.get("/manifest.webmanifest", installed.manifest),
            web.get("/worker.js", installed.worker),
            web.get("/offline", installed.offline),
            web.get("/sign-in", signin.show),
            web.post("/sign-in", signin.sign_in),
            web.post("/sign-out", signin.sign_out),
            web.get("/a/{token}", links.show),
            web.post("/a/{token}", links.act),
            web.get("/healthz", health.healthz),
            web.get("/metrics", health.metrics),
            *push.routes(),
            *extra_routes,
        ]
    )
    app.router.register_resource(ApiResource())
    return app
