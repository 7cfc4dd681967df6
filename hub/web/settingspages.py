"""Settings: what hub.yaml says, where each of it is changed, and the other files as text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from aiohttp import web

from hub.domain.values import dataclass
from hub.settings import Settings
from hub.settings.restart import at_start
from hub.web.asking import may_change
from hub.web.i18n import N_
from hub.web.site import render, require_adult, signed_in, site_of
from hub.web.textpages import Editor

SECRET = frozenset({"password", "token", "topic", "apprise"})
"""Keys of hub.yaml whose values open something: that they are set is all that is shown."""
_LOGIN = re.compile(r"(?<=//)[^/@\s]*@")
_STEPS = {"home": "home", "members": "members", "mqtt": "broker"}
"""Sections that the first start's pages change, and the step that does."""


@dataclass(frozen=True, slots=True)
class Line:
    """One value of hub.yaml, by its key with dots; ``secret``: it is set, and not shown.

    ``at_start``: a change of it takes a restart. ``entry``: the entry of a list that it is of, by
    the beginning of the key (``1`` of ``1.name``). What is there and empty is ``[]`` or ``{}``.
    """

    key: str
    value: str
    secret: bool = False
    at_start: bool = False
    entry: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the page shows together: an entry of a list, or what of a section is in none.

    ``place`` begins its keys in hub.yaml, and ``name`` is what people call it: both empty for what
    is in no list. ``lines`` have keys within the entry, and leave the name out.
    """

    place: str
    name: str
    id: str
    lines: Sequence[Line]


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
        Part(
            name,
            [replace(line, at_start=at_start(_whole(name, line))) for line in _lines("", value)],
            f"/welcome/{_STEPS[name]}" if name in _STEPS else "",
        )
        for name, value in said.items()
    ]


def _whole(name: str, line: Line) -> str:
    return f"{name}.{line.key}" if line.key else name


def _lines(key: str, value: Any, entry: str = "") -> Iterator[Line]:
    if key.rpartition(".")[2] in SECRET:
        yield Line(key, "", secret=True, entry=entry)
    elif isinstance(value, dict) and value:
        for name, one in value.items():
            yield from _lines(f"{key}.{name}" if key else str(name), one, entry)
    elif isinstance(value, list) and any(isinstance(one, dict | list) for one in value):
        for number, one in enumerate(value, 1):
            place = f"{key}.{number}" if key else str(number)
            yield from _lines(place, one, entry or place)
    else:
        yield Line(key, without_login(_as_text(value)), entry=entry)


def _as_text(value: Any) -> str:
    if isinstance(value, list) and value:
        return ", ".join(map(_as_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def entries(part: Part) -> Sequence[Entry]:
    """Return what a section shows together: what is in no list, then each entry by itself."""
    found: list[Entry] = []
    ordered = sorted(part.lines, key=lambda line: line.entry != "")
    for place, lines in groupby(ordered, key=lambda line: line.entry):
        within = [replace(one, key=one.key.removeprefix(f"{place}.")) for one in lines]
        said = {one.key: one.value for one in within if place}
        name = said.get("name", "")
        rest = [one for one in within if not (name and one.key == "name")]
        found.append(Entry(place, name, said.get("id", ""), rest))
    return found


def without_login(address: str) -> str:
    """Return an address without the user and password that may stand in it."""
    return _LOGIN.sub("", address)


async def show(request: web.Request) -> web.Response:
    """Show what is set, to adults."""
    require_adult(request)
    site, who = site_of(request), signed_in(request).member
    backend = site.backend
    return render(
        request,
        "settings.html",
        parts=[(part, entries(part)) for part in parts(backend.settings)],
        asked={one.id for one in backend.settings.members if may_change(site, who, one)},
        names=backend.files.other_texts.names(),
        problems=[one for one in backend.files.problems() if not one.file.startswith("rules/")],
        backup=backend.backup() if backend.settings.backup.to is not None else None,
        about=backend.about(),
    )


FILES = Editor(
    "settings_text.html",
    "/settings/files",
    N_("There is no such file."),
    lambda files: files.other_texts,
    adults_only=True,
)
"""The pantry and the devices as text; hub.yaml is none of them: passwords may stand in it."""
