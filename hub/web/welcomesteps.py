"""The steps of the first start: what each page shows, and what its form has written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import field
from typing import Any
from zoneinfo import available_timezones

from aiohttp import web

from hub.domain.values import dataclass
from hub.web.files import CannotWrite, Problem
from hub.web.i18n import N_
from hub.web.site import signed_in, site_of
from hub.web.views import devices
from hub.web.welcomeforms import (
    LOOPBACK,
    MOST_ITEMS,
    MOST_MEMBERS,
    NEW_ITEMS,
    ask_changes,
    broker_changes,
    home_changes,
    member_changes,
    pantry_changes,
    resting,
    rule_choices,
    shop_changes,
)
from hub.web.you import qr

Form = Mapping[str, str]
Values = dict[str, Any]

SECTIONS = {
    "home": "home",
    "members": "members",
    "broker": "mqtt",
    "asking": "members",
}
"""The section of hub.yaml that a step changes."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """What a form that was sent said, and why it was not taken.

    ``stale``: somebody else's values are shown, and these beside them.
    """

    given: Form = field(default_factory=dict)
    problems: Sequence[Problem] = ()
    error: str = ""
    stale: bool = False


# -- what a page shows -----------------------------------------------------------------------------


async def _home(request: web.Request, given: Form) -> Values:
    return {"zones": sorted(available_timezones())}


async def _members(request: web.Request, given: Form) -> Values:
    backend = site_of(request).backend
    people = backend.settings.members
    signed = {one.id: len(backend.sessions(one.id)) for one in people}
    return {"people": people, "count": MOST_MEMBERS, "signed": signed}


async def _broker(request: web.Request, given: Form) -> Values:
    backend = site_of(request).backend
    looked = "look" in request.query
    settings = backend.settings
    return {
        "mqtt": settings.mqtt,
        "found": await backend.beginning.find_brokers() if looked else (),
        "looked": looked,
        "connected": bool(backend.health().get("mqtt_connected")),
        "in_use": backend.beginning.broker(),
        "bound": settings.mqtt.bind not in LOOPBACK,
        "listening": settings.http.host not in LOOPBACK,
    }


async def _pantry(request: web.Request, given: Form) -> Values:
    backend = site_of(request).backend
    unreadable = ""
    try:
        items, stamp = backend.beginning.pantry()
        _, shops_stamp = backend.beginning.said("beckn")
    except CannotWrite as error:
        items, stamp, shops_stamp, unreadable = (), "", "", str(error)
    beckn = backend.settings.beckn
    return {
        "items": items[:MOST_ITEMS],
        "more_items": max(0, len(items) - MOST_ITEMS),
        "new_items": range(len(items[:MOST_ITEMS]), len(items[:MOST_ITEMS]) + NEW_ITEMS),
        "stamp": stamp,
        "shops_stamp": shops_stamp,
        "unreadable": unreadable,
        "shop_file": str(beckn.registry or ""),
        "shop_urls": [one.url for one in beckn.registries],
    }


async def _devices(request: web.Request, given: Form) -> Values:
    backend = site_of(request).backend
    used = [entity for entity in backend.entities() if entity.used]
    names = {row.item.id: row.item.name for row in backend.pantry()}
    return {
        "devices": devices(used),
        "in_use": backend.beginning.broker(),
        "names": names,
    }


async def _rules(request: web.Request, given: Form) -> Values:
    backend = site_of(request).backend
    ready, chosen = backend.beginning.ready(), rule_choices(given, chosen_only=False)
    return {
        "ready": ready,
        "previews": {one.id: backend.beginning.preview(one.id, chosen.get(one.id, {}))
                     for one in ready},
        "entities": [entity for entity in backend.entities() if entity.used],
        "items": [row.item for row in backend.pantry()],
    }  # fmt: skip


async def _asking(request: web.Request, given: Form) -> Values:
    site, session = site_of(request), signed_in(request)
    phone = site.backend.phone(session.member)
    own = site.member(session.member)
    return {"phone": phone, "phone_qr": qr(phone.link) if phone else "", "own": own}


SHOWN: Mapping[str, Callable[[web.Request, Form], Awaitable[Values]]] = {
    "home": _home,
    "members": _members,
    "broker": _broker,
    "pantry": _pantry,
    "devices": _devices,
    "rules": _rules,
    "asking": _asking,
}


# -- what a form has written -----------------------------------------------------------------------


async def write(request: web.Request, step: str, form: Form) -> Wrong | None:
    """Write what a step's form says; return why not. Raises CannotWrite, Stale."""
    problems = await _WRITTEN[step](request, form) if step in _WRITTEN else ()
    if isinstance(problems, str):
        return Wrong(form, error=problems)
    return Wrong(form, problems) if problems else None


async def _write_home(request: web.Request, form: Form) -> Sequence[Problem]:
    beginning = site_of(request).backend.beginning
    return await beginning.say("home", form.get("stamp", ""), home_changes(form))


async def _write_members(request: web.Request, form: Form) -> Sequence[Problem]:
    backend = site_of(request).backend
    said, _ = backend.beginning.said("members")
    own = signed_in(request).member
    changes = member_changes(form, said, backend.settings.members, own)
    return await backend.beginning.say("members", form.get("stamp", ""), changes)


async def _write_broker(request: web.Request, form: Form) -> Sequence[Problem] | str:
    backend = site_of(request).backend
    changes, to_try = broker_changes(form, backend.settings.mqtt, backend.settings.http)
    if to_try is not None:
        reason = await backend.beginning.try_broker(*to_try)
        if reason:
            return reason
    return await backend.beginning.say("mqtt", form.get("stamp", ""), changes)


async def _write_pantry(request: web.Request, form: Form) -> Sequence[Problem]:
    backend = site_of(request).backend
    beginning, beckn = backend.beginning, backend.settings.beckn
    urls = [one.url for one in beckn.registries]
    shops = shop_changes(form, str(beckn.registry or ""), urls)
    # First, as rows of the form are items by their place: none may have moved where it is refused.
    problems = await beginning.say("beckn", form.get("shops_stamp", ""), shops) if shops else ()
    if problems:
        return problems
    items, _ = beginning.pantry()
    changes = pantry_changes(form, items)
    return await beginning.keep(form.get("stamp", ""), changes) if changes else ()


async def _write_rules(request: web.Request, form: Form) -> Sequence[Problem]:
    beginning = site_of(request).backend.beginning
    try:
        return await beginning.add_rules(rule_choices(form), resting(form))
    except KeyError as error:
        raise web.HTTPBadRequest(text=N_("There is no such rule.")) from error


async def _write_asking(request: web.Request, form: Form) -> Sequence[Problem]:
    backend = site_of(request).backend
    said, _ = backend.beginning.said("members")
    own = signed_in(request).member
    changes = ask_changes(form, said, backend.settings.members, own)
    if not changes:
        return ()
    return await backend.beginning.say("members", form.get("stamp", ""), changes)


_WRITTEN: Mapping[str, Callable[[web.Request, Form], Awaitable[Sequence[Problem] | str]]] = {
    "home": _write_home,
    "members": _write_members,
    "broker": _write_broker,
    "pantry": _write_pantry,
    "rules": _write_rules,
    "asking": _write_asking,
}
