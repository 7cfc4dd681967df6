"""Devices: what they are, when they were heard, what they mean, and what was not understood."""

from __future__ import annotations

from aiohttp import web

from hub.web.backend import EntityView
from hub.web.files import CannotWrite, Meaning
from hub.web.i18n import N_
from hub.web.site import form_of, redirect, render, require_adult, signed_in, site_of
from hub.web.views import devices

_SCANNERS = ("event.", "tag.", "device_automation.")


async def show(request: web.Request) -> web.Response:
    """Show every entity with its state and what it means to the hub."""
    backend = site_of(request).backend
    entities = backend.entities()
    return render(
        request,
        "devices.html",
        devices=devices([entity for entity in entities if entity.used]),
        unused=[entity for entity in entities if not entity.used],
        parked=len(backend.parked()),
        waiting=backend.quarantine.devices(),
    )


def _entity(request: web.Request) -> EntityView:
    wanted = request.match_info["id"]
    for entity in site_of(request).backend.entities():
        if entity.id == wanted:
            return entity
    raise web.HTTPNotFound(text=N_("There is no such entity."))


def _page(
    request: web.Request,
    entity: EntityView,
    meaning: Meaning,
    *,
    first: bool,
    error: str = "",
    status: int = 200,
) -> web.Response:
    """Show an entity; ``first``: it was opened from the first start, and leads back there."""
    site = site_of(request)
    device = entity.device_name
    return render(
        request,
        "entity.html",
        status=status,
        entity=entity,
        meaning=meaning,
        scanner=entity.id.startswith(_SCANNERS),
        items=[row.item for row in site.backend.pantry()],
        rejected=[
            one
            for one in site.backend.parked()
            if entity.id in one.where
            or entity.id.partition(".")[2] in one.topic
            or (device and device.casefold().replace(" ", "_") in one.topic.casefold())
        ][:5],
        error=error,
        first=first,
    )


async def entity(request: web.Request) -> web.Response:
    """Show one entity, with the form that says what it means."""
    found = _entity(request)
    meaning = site_of(request).backend.files.meaning(found.id)
    return _page(request, found, meaning, first=request.query.get("from") == "welcome")


def meaning_of(kind: str, item: str, unit: str, tare: str, scan: str) -> Meaning | None:
    """Return what a form or a program says as a meaning; None for a kind that there is not."""
    return {
        "guess": Meaning(),
        "ignore": Meaning(ignore=True),
        "level": Meaning(item=item, unit=unit),
        "scale": Meaning(item=item, tare=tare or "0 g"),
        "scanner": Meaning(scan="add" if scan == "add" else "remove"),
    }.get(kind)


async def say_meaning(request: web.Request) -> web.Response:
    """Write what an entity means to devices.yaml."""
    require_adult(request)
    site, found = site_of(request), _entity(request)
    form = await form_of(request)
    kind = form.get("kind", "")
    field = {name: form.get(name, "").strip()[:64] for name in ("item", "unit", "tare", "scan")}
    first = form.get("from") == "welcome"
    meaning = meaning_of(kind, **field)
    if meaning is None:
        raise web.HTTPBadRequest(text=N_("kind: expected guess, ignore, level, scale or scanner"))
    try:
        problems = await site.backend.files.say_meaning(found.id, meaning)
    except CannotWrite as error:
        return _page(request, found, meaning, first=first, error=str(error), status=409)
    if problems:
        said = problems[0].message
        return _page(request, found, meaning, first=first, error=said, status=400)
    site.told.say(signed_in(request), "good", site.words(request).text("Noted in devices.yaml."))
    return redirect("/welcome/devices" if first else f"/devices/{found.id}")
