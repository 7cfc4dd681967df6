"""Settings: what hub.yaml says, where each of it is changed, and the other files as text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from aiohttp import web

from hub.domain.values import dataclass
from hub.settings import Settings
from hub.web.i18n import N_
from hub.web.site import render, require_adult, site_of
from hub.web.textpages import Editor

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
        names=backend.files.other_texts.names(),
        problems=[one for one in backend.files.problems() if not one.file.startswith("rules/")],
        backup=backend.backup() if backend.settings.backup.to is not None else None,
    )


FILES = Editor(
    "settings_text.html",
    "/settings/files",
    N_("There is no such file."),
    lambda files: files.other_texts,
    adults_only=True,
)
"""The pantry and the devices as text; hub.yaml is none of them: passwords may stand in it."""
