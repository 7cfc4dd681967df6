"""Settings: what hub.yaml says, where each of it is changed, and the other files as text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from aiohttp import web

from hub.domain.values import dataclass
from hub.settings import Settings
from hub.web.files import CannotWrite, Problem, Stale
from hub.web.i18n import N_
from hub.web.rulepages import require_adult
from hub.web.site import form_of, redirect, render, signed_in, site_of

SECRET = frozenset({"password", "token", "topic", "apprise"})
"""Keys of hub.yaml whose values open something: that they are set is all that is shown."""
_LOGIN = re.compile(r"(?<=//)[^/@\s]*@")
_STEPS = {"home": "home", "members": "members", "mqtt": "broker"}
"""Sections that the first start's pages change, and the step that does."""


@dataclass(frozen=True, slots=True)
class Line:
    """One value of hub.yaml, by its key with dots; ``secret``: it is set, and not shown."""

    key: str
    value: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A section of hub.yaml: what differs from the defaults, and the page that changes it."""

    name: str
    lines: Sequence[Line]
    page: str


def parts(settings: Settings) -> Sequence[Part]:
    """Return what hub.yaml sets, a section each, without what opens something."""
    said = settings.model_dump(mode="json", exclude_defaults=True)
    return [
        Part(name, list(_lines("", value)), f"/welcome/{_STEPS[name]}" if name in _STEPS else "")
        for name, value in said.items()
    ]


def _lines(key: str, value: Any) -> Iterator[Line]:
    if key.rpartition(".")[2] in SECRET:
        yield Line(key, "", secret=True)
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _lines(f"{key}.{name}" if key else str(name), one)
    elif isinstance(value, list) and any(isinstance(one, dict | list) for one in value):
        for number, one in enumerate(value, 1):
            yield from _lines(f"{key}.{number}" if key else str(number), one)
    else:
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        yield Line(key, _LOGIN.sub("", shown))


async def show(request: web.Request) -> web.Response:
    """Show what is set, to adults."""
    require_adult(request)
    backend = site_of(request).backend
    return render(
        request,
        "settings.html",
        parts=parts(backend.settings),
        names=backend.files.other_files(),
        problems=[one for one in backend.files.problems() if not one.file.startswith("rules/")],
        backup=backend.backup() if backend.settings.backup.to is not None else None,
    )


async def text(request: web.Request) -> web.Response:
    """Show one of the household's other files as text, to adults."""
    require_adult(request)
    return _page(request)


def _page(
    request: web.Request,
    *,
    given: str | None = None,
    problems: Sequence[Problem] | None = None,
    error: str = "",
    status: int = 200,
) -> web.Response:
    files, name = site_of(request).backend.files, request.match_info["name"]
    try:
        kept = files.other_file(name)
    except KeyError as unknown:
        raise web.HTTPNotFound(text=N_("There is no such file.")) from unknown
    except CannotWrite as unreadable:
        raise web.HTTPConflict(text=str(unreadable)) from unreadable
    shown = kept.text if given is None else given
    found = files.check_other(name, shown) if problems is None else problems
    return render(
        request,
        "settings_text.html",
        file=kept,
        text=shown,
        problems=found,
        error=error,
        status=status,
    )


async def save(request: web.Request) -> web.Response:
    """Write a file, unless it has a mistake."""
    require_adult(request)
    site, name = site_of(request), request.match_info["name"]
    form = await form_of(request)
    given = form.get("text", "").replace("\r\n", "\n")
    try:
        problems = await site.backend.files.save_other(name, given, form.get("stamp", ""))
    except KeyError as unknown:
        raise web.HTTPNotFound(text=N_("There is no such file.")) from unknown
    except (Stale, CannotWrite) as refused:
        return _page(request, given=given, error=str(refused), status=409)
    if problems:
        return _page(request, given=given, problems=problems, status=400)
    site.told.say(signed_in(request), "good", site.words(request).text("The file is saved."))
    return redirect(f"/settings/files/{name}")


async def check(request: web.Request) -> web.Response:
    """Tell what is wrong with a text, for the page to show while it is typed."""
    require_adult(request)
    form = await form_of(request)
    files, name = site_of(request).backend.files, request.match_info["name"]
    try:
        problems = files.check_other(name, form.get("text", ""))
    except KeyError as unknown:
        raise web.HTTPNotFound(text=N_("There is no such file.")) from unknown
    told = [{"line": one.line, "column": one.column, "message": one.message} for one in problems]
    return web.json_response({"problems": told})
