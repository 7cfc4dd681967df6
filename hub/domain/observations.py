"""What devices say, in the words of W3C SOSA, before and after it is given a meaning.

``devices/`` decodes MQTT messages to *readings*; the household's mapping (``devices/meaning``)
turns a reading of an entity into one about the pantry where there is one to make.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from hub.domain.values import dataclass

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class StateReading:
    """An absolute reading of one entity's state (SOSA Observation).

    ``entity`` is the hub's stable name for the sensor, ``<component>.<device>_<object>``;
    ``value`` None means unknown (Home Assistant's payload ``None``). ``unit`` is as the device
    gave it. ``phenomenon_time`` is when the device says it held (UTC), None when it says nothing.
    """

    entity: str
    value: Scalar
    unit: str | None = None
    attributes: Mapping[str, object] | None = None
    phenomenon_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class AvailabilityReading:
    """Whether an entity can be trusted now; ``available`` False after ``expire_after`` too."""

    entity: str
    available: bool


@dataclass(frozen=True, slots=True)
class EventReading:
    """Something that happened once: a doorbell, a button, a tag, a ``device_automation`` trigger.

    ``event_type`` is the device's word for it; ``data`` its bounded JSON attributes.
    """

    entity: str
    event_type: str
    data: Mapping[str, object] = field(default_factory=dict)
    phenomenon_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class StockReading:
    """An absolute amount of one pantry item, ``quantity`` >= 0 in the item's own ``unit``."""

    item: str
    quantity: float
    unit: str
    source: str
    phenomenon_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class StockChange:
    """A difference to one pantry item (a barcode scanned in or out), in the item's own unit.

    A difference is not idempotent, so it is only made from messages whose redelivery the inbox
    can tell from a second one.
    """

    item: str
    delta: float
    unit: str
    source: str
    phenomenon_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """Bad input, parked: ``reason`` names what was expected; ``where`` the field or path."""

    reason: str
    where: str = ""


Reading = StateReading | AvailabilityReading | EventReading | StockReading | StockChange
