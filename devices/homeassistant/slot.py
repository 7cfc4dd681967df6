"""What the hub keeps of one discovered entity while it runs: its value, whether it is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta

from devices.homeassistant.message import Message
from devices.homeassistant.plain import MISSING, plain
from devices.types import Entity, Item, Pending
from hub.domain.observations import AvailabilityReading, Rejected, Scalar, StateReading
from hub.domain.values import dataclass
from hub.ports import RenderFailure, RenderJob

Reader = Callable[[Message, datetime], Sequence[Item]]
"""Reads one message for one entity. Raises NotText, NotJson or Unreadable."""

Then = Callable[[object], Sequence[Item]]
"""Makes items of a value a template gave: JSON as it stands, or text."""


@dataclass(slots=True)
class Slot:
    """One entity with its readers by topic. ``source`` is the discovery topic it belongs to."""

    entity: Entity
    source: str
    key: tuple[str, str]
    readers: list[tuple[str, Reader]] = field(default_factory=list)
    value: Scalar = None
    has_value: bool = False
    attributes: Mapping[str, object] | None = None
    available: dict[str, bool] = field(default_factory=dict)
    topics: tuple[str, ...] = ()
    mode: str = "latest"
    expire_after: timedelta | None = None
    deadline: datetime | None = None
    expired: bool = False

    def inherit(self, older: Slot) -> None:
        """Take over what an earlier announcement of the same entity has learned."""
        self.value, self.has_value = older.value, older.has_value
        self.attributes = older.attributes
        self.expired = older.expired and self.expire_after is not None
        for topic in self.topics:
            if topic in older.available:
                self.available[topic] = older.available[topic]

    def heard(self, at: datetime) -> Sequence[Item]:
        """Note a message on the state topic; says so when the entity had fallen silent."""
        if self.expire_after is None:
            return ()
        self.deadline = at + self.expire_after
        if not self.expired:
            return ()
        self.expired = False
        return (AvailabilityReading(self.entity.id, self.is_available()),)

    def silent(self, now: datetime) -> bool:
        """Tell, once, that nothing was heard for ``expire_after``."""
        if self.expired or self.deadline is None or now < self.deadline:
            return False
        self.expired = True
        return True

    def is_available(self, latest: bool | None = None) -> bool:
        """Weigh the availability topics by the mode; a topic never heard counts as offline."""
        if self.expired:
            return False
        if not self.topics:
            return True
        if self.mode == "all":
            return all(self.available.get(topic, False) for topic in self.topics)
        if self.mode == "any":
            return any(self.available.get(topic, False) for topic in self.topics)
        if latest is not None:
            return latest
        return any(self.available.values())

    def reading(self, value: Scalar) -> Sequence[Item]:
        """Note a value and return it as a reading with the attributes known."""
        self.value, self.has_value = value, True
        return (StateReading(self.entity.id, value, self.entity.unit, self.attributes),)

    def variables(self, template: str) -> dict[str, object] | None:
        """Return what a template may ask for beside the payload (``this``, ``entity_id``)."""
        if "this" not in template and "entity_id" not in template:
            return None
        known = {
            "entity_id": self.entity.id,
            "state": "unknown" if self.value is None else self.value,
            "attributes": dict(self.attributes or {}),
        }
        return {"entity_id": self.entity.id, "name": self.entity.name, "this": known}


def reader(slot: Slot, template: str | None, encoding: str, then: Then) -> Reader:
    """Return a reader that hands ``then`` what the template makes of a payload.

    A payload that lacks what a plain path names yields nothing: devices leave out what they have
    nothing to say about.
    """
    if template is None:
        return lambda message, at: then(message.text(encoding))
    read = plain(template) if encoding in ("utf-8", "utf8") else None
    if read is not None:
        simple = read

        def plainly(message: Message, at: datetime) -> Sequence[Item]:
            value = simple(message)
            return () if value is MISSING else then(value)

        return plainly

    def finish(rendered: str | RenderFailure) -> Sequence[Item]:
        if isinstance(rendered, RenderFailure):
            return (Rejected(f"template: {rendered.reason}", slot.entity.id),)
        return then(rendered)

    def later(message: Message, at: datetime) -> Sequence[Item]:
        job = RenderJob(template, message.text(encoding), slot.variables(template))
        return (Pending(job, finish),)

    return later
