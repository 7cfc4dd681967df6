"""What the household calls things, for pages: nobody should have to read an id."""

from __future__ import annotations

import re
from collections.abc import Callable

from hub.web.backend import EntityView
from hub.web.naming import Things

Called = Callable[[str], str]
"""Gives the name of what has an id; an id that nothing has is at least put into words."""

_ENTITY = re.compile(r"[a-z_]+\.([a-z0-9_]+)")


def plain(name: str) -> str:
    """Put an id into words as far as it has any: ``binary_sensor.fridge_door`` is *fridge door*."""
    found = _ENTITY.fullmatch(name)
    return found[1].replace("_", " ").strip() or name if found else name


def full_name(entity: EntityView) -> str:
    """Return an entity's name with its device's, which alone often says little: *Fridge Door*."""
    name, device = entity.name, entity.device_name
    if not name:
        return device or plain(entity.id)
    if not device or name.casefold().startswith(device.casefold()):
        return name
    return f"{device} {name}"


class Names:
    """Looks names up once a page, and only if one is asked for."""

    def __init__(self, backend: Things) -> None:
        """Ask nothing yet."""
        self._backend = backend
        self._known: dict[str, str] | None = None

    def __call__(self, name: str) -> str:
        """Return what a pantry item, an entity or a member with this id is called."""
        if self._known is None:
            self._known = self._all()
        return self._known.get(name) or plain(name)

    def _all(self) -> dict[str, str]:
        found = {one.id: one.name for one in self._backend.settings.members}
        found |= {one.id: full_name(one) for one in self._backend.entities()}
        return found | {row.item.id: row.item.name for row in self._backend.pantry()}
