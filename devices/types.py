"""What decoding a message yields, and what a convention is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Protocol

from hub.domain.notices import Notice
from hub.domain.observations import Reading, Rejected
from hub.domain.values import dataclass
from hub.ports import RenderFailure, RenderJob


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity of a device, as the device (or its discovery message) describes it.

    ``id`` is the hub's stable name ``<component>.<object>``; ``used`` is false for components the
    hub lists but does not read. ``device`` groups entities; ``unique_id`` is the device's own id.
    ``min_interval`` etc. do not exist on purpose: the hub keeps changes, not repeats.
    """

    id: str
    component: str
    name: str
    unique_id: str | None = None
    device_id: str = ""
    device_name: str = ""
    device_class: str | None = None
    unit: str | None = None
    topics: tuple[str, ...] = ()
    used: bool = True
    convention: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    owner: str = ""
    """Who announced it, as far as topics tell: what an adult accepts or refuses."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """A device described itself, or (``entities`` empty) took that back.

    ``source`` is the topic it came on and ``payload`` the raw message, which the store keeps so
    that the registry is whole again after a restart. ``removed`` names entities that are gone.
    """

    source: str
    payload: bytes
    entities: tuple[Entity, ...]
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pending:
    """A template to be rendered before the message can be read; ``finish`` turns text to items."""

    job: RenderJob
    finish: Callable[[str | RenderFailure], Sequence[Item]]


Item = Reading | Notice | Announcement | Rejected | Pending
"""What one message can yield. ``key`` of a Decoded message goes into the inbox."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """All that one message yields.

    ``key`` is the message's own identity where it has one (an id, or a device time), stable
    across redelivery and repetition; None where only the transport can tell.
    """

    items: tuple[Item, ...]
    key: str | None = None


class Convention(Protocol):
    """One way devices speak: Home Assistant discovery, native, CAP, Homie, …"""

    name: str

    def filters(self) -> frozenset[str]:
        """Return the MQTT topic filters this convention wants now (may grow by discovery)."""
        ...

    def handles(self, topic: str) -> bool:
        """Tell whether a message on this topic is for this convention. Cheap: it is asked often."""
        ...

    def decode(self, topic: str, payload: bytes, received_at: datetime) -> Decoded:
        """Read one message. Never raises for bad input: that is a Rejected item."""
        ...

    def entities(self) -> Sequence[Entity]:
        """Return every entity known by this convention."""
        ...

    def expire(self, now: datetime) -> Sequence[Reading]:
        """Return what became unavailable by silence (``expire_after``) up to ``now``."""
        ...
