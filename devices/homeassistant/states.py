"""Entities of a Home Assistant beside the hub, read over its own API, as a convention of devices.

An adapter hands each state in as a message under ``hub.domain.homeassistant.STATES``; what the
state means is read here, so that rules and the pantry treat it as they treat what MQTT brings.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import orjson

from devices.homeassistant.beside import json_object
from devices.homeassistant.readers import MAX_STATE, TEXT_CLASSES, as_number
from devices.types import Announcement, Decoded, Entity, Item
from hub.domain.homeassistant import STATES, HomeState
from hub.domain.observations import (
    AvailabilityReading,
    EventReading,
    Reading,
    Rejected,
    StateReading,
)

CONVENTION = "homeassistant_states"
MOST_ENTITIES = 5000
_ID = re.compile(r"[a-z_]{1,40}\.[a-z0-9_]{1,200}")
_HAPPENS = frozenset({"event", "button", "input_button"})
"""Whose state is only when it happened last."""
_PEOPLE = frozenset({"person", "device_tracker"})
_NUMBERS = frozenset({"number", "input_number", "counter"})
_DESCRIBED = frozenset(
    {"friendly_name", "unit_of_measurement", "device_class", "icon", "entity_picture"}
)


def message(state: HomeState) -> tuple[str, bytes]:
    """Return a state as topic and payload; one that is gone has an empty payload."""
    if state.state is None:
        return STATES + state.entity, b""
    said = {
        "state": state.state,
        "attributes": dict(state.attributes),
        "at": state.at,
        "area": state.area,
        "device": state.device,
    }
    return STATES + state.entity, orjson.dumps(said, option=orjson.OPT_NON_STR_KEYS)


class HomeAssistantStates:
    """States of Home Assistant (``devices.types.Convention``). One thread decodes."""

    name = CONVENTION

    def __init__(self) -> None:
        """Know no entity yet: they are told anew at each connection."""
        self._entities: dict[str, Entity] = {}

    def filters(self) -> frozenset[str]:
        """Return none: nothing of it comes over MQTT."""
        return frozenset()

    def handles(self, topic: str) -> bool:
        """Tell whether the topic is an entity's."""
        return topic.startswith(STATES)

    def entities(self) -> Sequence[Entity]:
        """Return every entity told of."""
        return list(self._entities.values())

    def entity(self, entity_id: str) -> Entity | None:
        """Return the entity with this id, None when there is none."""
        return self._entities.get(entity_id)

    def expire(self, now: datetime) -> Sequence[Reading]:
        """Return nothing: Home Assistant itself says what is unavailable."""
        return ()

    def decode(self, topic: str, payload: bytes, received_at: datetime) -> Decoded:
        """Read one state. Never raises."""
        name = topic[len(STATES) :]
        if not _ID.fullmatch(name):
            return _rejected("expected the name of an entity, e.g. sensor.fridge", topic)
        if not payload:
            self._entities.pop(name, None)
            return Decoded((Announcement(topic, b"", (), (name,)),))
        try:
            said = orjson.loads(payload)
        except orjson.JSONDecodeError as error:
            return _rejected(f"expected JSON: {error}", name)
        state = said.get("state") if isinstance(said, dict) else None
        if not isinstance(state, str) or len(state) > MAX_STATE:
            return _rejected(f"expected a state of at most {MAX_STATE} characters", name)
        if name not in self._entities and len(self._entities) >= MOST_ENTITIES:
            return _rejected(f"expected at most {MOST_ENTITIES} entities", name)
        attributes = said.get("attributes")
        attributes = attributes if isinstance(attributes, dict) else {}
        entity = _entity(name, attributes, said)
        told: tuple[Item, ...] = ()
        if self._entities.get(name) != entity:
            self._entities[name] = entity
            # Kept, so that the entity has its name and unit after a restart without its home.
            told = (Announcement(topic, payload, (entity,)),)
        if entity.component in _HAPPENS:
            happened = _happened(entity, state, attributes)
            return replace(happened, items=(*told, *happened.items))
        at = _moment(said.get("at"))
        return Decoded((*told, *_read(entity, state, attributes, at)))


def _read(
    entity: Entity, state: str, attributes: Mapping[str, object], at: datetime | None
) -> Sequence[Item]:
    if state == "unavailable":
        return (AvailabilityReading(entity.id, False),)
    # Too much of it is left out; the state still counts.
    # A person is told by its name.
    beside = _DESCRIBED if entity.component not in _PEOPLE else _DESCRIBED - {"friendly_name"}
    kept = json_object({k: v for k, v in attributes.items() if k not in beside}) or {}
    if state == "unknown":
        return (StateReading(entity.id, None, entity.unit, kept, at),)
    numeric = entity.component in _NUMBERS or (
        entity.component == "sensor"
        and entity.device_class not in TEXT_CLASSES
        and (entity.unit is not None or "state_class" in attributes)
    )
    if not numeric:
        return (StateReading(entity.id, state, entity.unit, kept, at),)
    number = as_number(state)
    if number is None or not math.isfinite(number):
        return (Rejected(f"expected a finite number, got {state[:80]!r}", entity.id),)
    return (StateReading(entity.id, number, entity.unit, kept, at),)


def _happened(entity: Entity, state: str, attributes: Mapping[str, object]) -> Decoded:
    if state in ("unavailable", "unknown"):
        return Decoded((AvailabilityReading(entity.id, state == "unknown"),))
    kind = attributes.get("event_type") if entity.component == "event" else "pressed"
    if not isinstance(kind, str):
        return _rejected("expected an event_type", entity.id)
    beside = _DESCRIBED | {"event_type", "event_types"}
    data = json_object({k: v for k, v in attributes.items() if k not in beside}) or {}
    reading = EventReading(entity.id, kind[:MAX_STATE], data)
    # The state is when it happened: the same one is told again at each connection.
    return Decoded((reading,), f"{STATES}{entity.id}:{state}")


def _entity(name: str, attributes: Mapping[str, object], said: Mapping[str, object]) -> Entity:
    facts: dict[str, object] = {}
    if area := _text(said.get("area")):
        facts["suggested_area"] = area
    if state_class := _text(attributes.get("state_class")):
        facts["state_class"] = state_class
    device = _text(said.get("device"))
    return Entity(
        id=name,
        component=name.partition(".")[0],
        name=_text(attributes.get("friendly_name")) or name,
        device_id=f"homeassistant {device}" if device else "homeassistant",
        device_name=device or "Home Assistant",
        device_class=_text(attributes.get("device_class")) or None,
        unit=_text(attributes.get("unit_of_measurement"))[:40] or None,
        convention=CONVENTION,
        facts=facts,
    )


def _text(value: object) -> str:
    return value[:255] if isinstance(value, str) else ""


def _moment(value: object) -> datetime | None:
    if not isinstance(value, int | float) or not 0 < value < 1e11:
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _rejected(reason: str, where: str) -> Decoded:
    return Decoded((Rejected(reason, where),))
