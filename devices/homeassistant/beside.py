"""What an entity says beside its state: JSON attributes, and whether it is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from devices.homeassistant import config as c
from devices.homeassistant.plain import plain, written
from devices.homeassistant.slot import Slot, Then, reader
from devices.types import Item
from hub.domain.observations import AvailabilityReading, Rejected

MAX_ATTRIBUTES = 16 * 1024

Config = Mapping[str, object]


def read_attributes(slot: Slot, config: Config, encoding: str, state_topic: str | None) -> None:
    """Read ``json_attributes_topic``; before the state, so that one reading carries both."""
    topic = c.topic(config, "json_attributes_topic")
    if topic is None:
        return
    together = topic == state_topic
    template = c.template(config, "json_attributes_template")
    # What waits for the renderer comes after the state of the same message.
    waits = template is not None and plain(template) is None

    def attributes(value: object) -> Sequence[Item]:
        data = json_object(value)
        if data is None:
            most = MAX_ATTRIBUTES
            return (Rejected(f"expected a JSON object of at most {most} bytes", slot.entity.id),)
        slot.attributes = data
        if slot.has_value and not (together and not waits):
            return slot.reading(slot.value)
        return ()

    inner = reader(slot, template or "{{ value_json }}", encoding, attributes)
    slot.readers.append((topic, inner))


def json_object(value: object) -> dict[str, object] | None:
    """Return a JSON object that is small and flat enough to keep, else None."""
    try:
        if isinstance(value, str):
            if len(value) > MAX_ATTRIBUTES:
                return None
            value = orjson.loads(value)
        elif isinstance(value, dict) and len(orjson.dumps(value)) > MAX_ATTRIBUTES:
            return None
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    if not isinstance(value, dict) or c.too_deep(value, c.MAX_DEPTH):
        return None
    return dict(value)


def read_availability(slot: Slot, config: Config, encoding: str) -> None:
    """Read the availability topics, one or a list of them, weighed by their mode."""
    several = config.get("availability")
    specs: list[tuple[Config, str]] = []
    if isinstance(several, list):
        if len(several) > c.MAX_AVAILABILITY:
            raise c.BadConfig(f"expected at most {c.MAX_AVAILABILITY} topics", "availability")
        for one in several:
            if not isinstance(one, dict):
                raise c.BadConfig("expected an object with a topic", "availability")
            specs.append(({**one, "availability_template": one.get("value_template")}, "topic"))
    elif several is not None:
        raise c.BadConfig("expected a list of topics", "availability")
    elif config.get("availability_topic"):
        specs.append((config, "availability_topic"))
    slot.mode = c.text(config, "availability_mode") or "latest"
    if slot.mode not in ("all", "any", "latest"):
        raise c.BadConfig("expected all, any or latest", "availability_mode")
    topics = [c.needed_topic(spec, field) for spec, field in specs]
    slot.topics = tuple(topics)
    for topic, (spec, _) in zip(topics, specs, strict=True):
        template = c.template(spec, "availability_template")
        then = _availability_read(
            slot,
            topic,
            c.text(spec, "payload_available") or "online",
            c.text(spec, "payload_not_available") or "offline",
        )
        slot.readers.append((topic, reader(slot, template, encoding, then)))


def _availability_read(slot: Slot, topic: str, yes: str, no: str) -> Then:
    def available(value: object) -> Sequence[Item]:
        said = written(value)
        if said not in (yes, no):
            if said == "":
                return ()
            reason = f"expected {yes[:40]!r} or {no[:40]!r}, got {said[:80]!r}"
            return (Rejected(reason, "availability"),)
        slot.available[topic] = said == yes
        return (AvailabilityReading(slot.entity.id, slot.is_available(said == yes)),)

    return available
