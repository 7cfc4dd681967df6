"""Words for a Home Assistant beside the hub: what it says, and what it may be asked to do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from fnmatch import fnmatchcase

from hub.domain.values import dataclass

STATES = "homeassistant:"
"""Before an entity's name, the topic under which its state is taken in. No device can publish on
it: the hub subscribes to no such topic."""

OWN = "commonhearth_hub_"
"""How the names begin under which a hub shows itself in Home Assistant."""


OUR_ACTIONS = "COMMONHEARTH_"
"""How the names of the hub's buttons in the Home Assistant app begin: all see them there."""


@dataclass(frozen=True, slots=True)
class HomeState:
    """An entity as Home Assistant has it. ``state`` None: it is gone.

    ``at`` is when it was last written there, in seconds since 1970. ``retained``: it was so
    already when the hub began to listen. ``area`` and ``device`` are names, "" where there is none.
    """

    entity: str
    state: str | None
    attributes: Mapping[str, object] = field(default_factory=dict)
    at: float = 0.0
    retained: bool = False
    area: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """Something Home Assistant is to do: ``service`` (``scene.turn_on``) to ``entities``."""

    service: str
    entities: tuple[str, ...] = ()
    data: Mapping[str, object] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """Say it as a member reads it: ``scene.turn_on: scene.away``."""
        return f"{self.service}: {', '.join(self.entities)}" if self.entities else self.service


def action_id(token: str) -> str:
    """Return what a button in the app is called; ``token`` is the signed one it stands for.

    Every automation there hears of each button pressed, so its name tells nothing and authorises
    nothing; and nobody can make one up without the household's secret.
    """
    return OUR_ACTIONS + hashlib.blake2b(token.encode(), digest_size=16).hexdigest()


def allowed(call: ServiceCall, services: Iterable[str]) -> bool:
    """Tell whether a household allows a call.

    ``services`` are as in its settings: a service, and which entities it may be done to (with
    ``*`` and ``?``). One without entities allows the service as it is, to whatever entity.
    """
    for one in services:
        service, _, entities = one.partition(" ")
        if service != call.service:
            continue
        if not entities:
            return True
        if call.entities and all(fnmatchcase(entity, entities) for entity in call.entities):
            return True
    return False


def matches(entity: str, globs: Sequence[str]) -> bool:
    """Tell whether an entity is one of those chosen."""
    return any(fnmatchcase(entity, glob) for glob in globs)
