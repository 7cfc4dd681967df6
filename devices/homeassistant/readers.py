"""How each component that the hub uses reads its topics.

Source of the meanings and defaults: Home Assistant's pages ``sensor.mqtt``, ``binary_sensor.mqtt``,
``number.mqtt``, ``event.mqtt``, ``tag.mqtt`` and ``device_trigger.mqtt``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from devices.homeassistant import config as c
from devices.homeassistant.beside import json_object, read_attributes, read_availability
from devices.homeassistant.message import Message
from devices.homeassistant.plain import written
from devices.homeassistant.slot import Slot, Then, reader
from devices.types import Item
from hub.domain.observations import EventReading, Rejected

MAX_STATE = 255
TEXT_CLASSES = frozenset({"enum", "date", "timestamp"})
_INTEGERS = 2**63

Config = Mapping[str, object]


def equip(slot: Slot, config: Config) -> None:
    """Give a slot the readers its config asks for. Raises BadConfig."""
    encoding = _encoding(config)
    COMPONENTS[slot.entity.component](slot, config, encoding)
    if slot.entity.component not in ("tag", "device_automation"):
        read_availability(slot, config, encoding)


def _encoding(config: Config) -> str:
    name = (c.text(config, "encoding") or "utf-8").lower()
    if name not in c.ENCODINGS:
        raise c.BadConfig(f"expected one of {', '.join(sorted(c.ENCODINGS))}", "encoding")
    return name


# -- states ---------------------------------------------------------------------------------------


def _state(slot: Slot, config: Config, encoding: str, then: Then) -> None:
    topic = c.topic(config, "state_topic")
    if topic is None and slot.entity.component != "number":
        raise c.BadConfig("expected a topic", "state_topic")
    read_attributes(slot, config, encoding, topic)
    if topic is None:
        return
    inner = reader(slot, c.template(config, "value_template"), encoding, then)
    seconds = c.number(config, "expire_after")
    if seconds is not None and 0 < seconds < 1e9:
        slot.expire_after = timedelta(seconds=seconds)

        def heard(message: Message, at: datetime) -> Sequence[Item]:
            items = inner(message, at)
            return (*slot.heard(at), *items)

        slot.readers.append((topic, heard))
    else:
        slot.readers.append((topic, inner))


def _sensor(slot: Slot, config: Config, encoding: str) -> None:
    entity = slot.entity
    numeric = entity.device_class not in TEXT_CLASSES and (
        entity.unit is not None or config.get("state_class") is not None
    )
    options = frozenset(c.texts(config, "options"))

    def numbers(value: object) -> Sequence[Item]:
        return _number_read(slot, value, -math.inf, math.inf)

    def words(value: object) -> Sequence[Item]:
        said = written(value)
        if said == "None":
            return slot.reading(None)
        if len(said) > MAX_STATE:
            return (Rejected(f"expected at most {MAX_STATE} characters", entity.id),)
        if options and said not in options:
            return (Rejected(f"expected one of the options, got {said[:80]!r}", entity.id),)
        return slot.reading(said)

    _state(slot, config, encoding, numbers if numeric else words)


def _number(slot: Slot, config: Config, encoding: str) -> None:
    low, high = c.number(config, "min"), c.number(config, "max")
    reset = c.text(config, "payload_reset")

    def number(value: object) -> Sequence[Item]:
        if reset is not None and written(value) == reset:
            return slot.reading(None)
        return _number_read(
            slot, value, -math.inf if low is None else low, math.inf if high is None else high
        )

    _state(slot, config, encoding, number)


def _number_read(slot: Slot, value: object, low: float, high: float) -> Sequence[Item]:
    if isinstance(value, str):
        value = value.strip()
        if value == "":
            return ()
        if value == "None":
            return slot.reading(None)
    number = as_number(value)
    if number is None or not math.isfinite(number):
        where = slot.entity.id
        return (Rejected(f"expected a finite number, got {str(value)[:80]!r}", where),)
    if not low <= number <= high:
        return (Rejected(f"expected {low:g} to {high:g}, got {number:g}", slot.entity.id),)
    return slot.reading(number)


def as_number(value: object) -> int | float | None:
    """Return the number a value is or spells, None where it is none; it may be infinite."""
    if value is None or isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        if len(value) > MAX_STATE or "_" in value:
            return None
        try:
            value = int(value)
        except ValueError:
            try:
                value = float(value)
            except ValueError:
                return None
    return value if isinstance(value, float) or abs(value) < _INTEGERS else float(value)


def _binary_sensor(slot: Slot, config: Config, encoding: str) -> None:
    on = c.text(config, "payload_on") or "ON"
    off = c.text(config, "payload_off") or "OFF"

    def binary(value: object) -> Sequence[Item]:
        said = written(value)
        if said == on:
            return slot.reading("on")
        if said == off:
            return slot.reading("off")
        if said == "None":
            return slot.reading(None)
        if said == "":
            return ()
        reason = f"expected {on[:40]!r} or {off[:40]!r}, got {said[:80]!r}"
        return (Rejected(reason, slot.entity.id),)

    _state(slot, config, encoding, binary)


# -- what happens once ----------------------------------------------------------------------------


def _event(slot: Slot, config: Config, encoding: str) -> None:
    types = frozenset(c.texts(config, "event_types"))
    if not types:
        raise c.BadConfig("expected a list of event types", "event_types")
    topic = c.needed_topic(config, "state_topic")
    name = slot.entity.id

    def event(value: object) -> Sequence[Item]:
        said = written(value).strip() if not isinstance(value, dict) else value
        if said in ("", "null", "None", "{}"):
            return ()
        data = json_object(said)
        if data is None or "event_type" not in data:
            return (Rejected("expected a JSON object with event_type", name),)
        kind = written(data.pop("event_type"))
        if kind not in types:
            return (Rejected(f"expected an announced event type, got {kind[:80]!r}", name),)
        return (EventReading(name, kind, data),)

    read_attributes(slot, config, encoding, topic)
    slot.readers.append(
        (topic, reader(slot, c.template(config, "value_template"), encoding, event))
    )


def _tag(slot: Slot, config: Config, encoding: str) -> None:
    def scanned(value: object) -> Sequence[Item]:
        tag = written(value).strip()
        if not tag:
            return ()
        if len(tag) > MAX_STATE:
            return (Rejected(f"expected at most {MAX_STATE} characters", slot.entity.id),)
        return (EventReading(slot.entity.id, "tag_scanned", {"tag_id": tag}),)

    template = c.template(config, "value_template")
    slot.readers.append(
        (c.needed_topic(config, "topic"), reader(slot, template, encoding, scanned))
    )


def _device_automation(slot: Slot, config: Config, encoding: str) -> None:
    if config.get("automation_type") != "trigger":
        raise c.BadConfig("expected trigger", "automation_type")
    kind, subtype = c.text(config, "type"), c.text(config, "subtype")
    if not kind or not subtype:
        raise c.BadConfig("expected text", "type" if not kind else "subtype")
    wanted = c.text(config, "payload")

    def triggered(value: object) -> Sequence[Item]:
        said = written(value)
        if wanted is not None and said != wanted:
            return ()
        data = {"subtype": subtype, "payload": said[:MAX_STATE]}
        return (EventReading(slot.entity.id, kind, data),)

    template = c.template(config, "value_template")
    slot.readers.append(
        (c.needed_topic(config, "topic"), reader(slot, template, encoding, triggered))
    )


COMPONENTS: Mapping[str, Callable[[Slot, Config, str], None]] = {
    "sensor": _sensor,
    "binary_sensor": _binary_sensor,
    "number": _number,
    "event": _event,
    "tag": _tag,
    "device_automation": _device_automation,
}
"""The components the hub reads; every other one is listed as not used."""
