"""The hub's own contract for makers: ``commonhearth/v1/<device>/stock|door|scan|state|status``.

``docs/for-device-makers.md`` shows it; ``devices/native_models.py`` states it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

import orjson

from devices.moments import BadTime, instant
from devices.native_models import (
    DEVICE,
    ITEM,
    LONGEST_TEXT,
    MOST_PIECES,
    MOST_QUANTITY,
    MOST_READINGS,
    MOST_VALUE,
    MOST_VALUES,
    NAME,
)
from devices.types import Announcement, Decoded, Entity, Item
from hub.domain.observations import (
    AvailabilityReading,
    EventReading,
    Reading,
    Rejected,
    StateReading,
    StockReading,
)

PREFIX = "commonhearth/v1/"
MAX_PAYLOAD = 64 * 1024
MAX_DEVICES = 1000
MAX_ENTITIES = 500
LONGEST_ID = 128

# \Z, since $ lets a line feed pass, and ids end up in logs.
_DEVICE = re.compile(DEVICE.replace("$", r"\Z"))
_ITEM = re.compile(ITEM.replace("$", r"\Z"))
_NAME = re.compile(NAME.replace("$", r"\Z"))
_GTIN = re.compile(r"[0-9]{8,14}\Z")
_LEVEL_KEYS = frozenset({"item", "quantity", "unit", "time"})
_STOCK_KEYS = _LEVEL_KEYS | {"id"}
_DOOR_KEYS = frozenset({"open", "time", "id"})
_SCAN_KEYS = frozenset({"gtin", "code", "action", "count", "time", "id"})
_STATUS_KEYS = frozenset({"online"})

Fields = dict[str, Any]


class _Bad(Exception):
    """A field is not as it should be: what was expected, and which field."""

    def __init__(self, reason: str, where: str) -> None:
        super().__init__(reason)
        self.reason, self.where = reason, where


class Native:
    """Reads native messages, and knows the entities it has heard of."""

    name = "native"

    def __init__(self) -> None:
        """Know no device yet; those heard before announce themselves by what the store keeps."""
        self._entities: dict[str, dict[str, Entity]] = {}
        self._by_id: dict[str, Entity] = {}
        self._things: dict[str, str] = {}
        self._offline: set[str] = set()
        self._kinds: Mapping[str, Callable[[str, Any], tuple[list[Item], Fields]]] = {
            "stock": self._stock,
            "door": self._door,
            "scan": self._scan,
            "state": self._state,
            "status": self._status,
        }

    def filters(self) -> frozenset[str]:
        """Return one filter a kind, so that other topics under the prefix cost nothing."""
        return frozenset(f"{PREFIX}+/{kind}" for kind in self._kinds)

    def handles(self, topic: str) -> bool:
        """Tell whether the topic is under ``commonhearth/v1/``."""
        return topic.startswith(PREFIX)

    def device_of(self, topic: str) -> str | None:
        """Return the device of a native topic."""
        return f"native/{topic[len(PREFIX) :].split('/', 1)[0]}" if self.handles(topic) else None

    def decode(self, topic: str, payload: bytes, received_at: datetime) -> Decoded:
        """Read one message: all of it, or one Rejected that names the field. Never raises."""
        device, _, kind = topic[len(PREFIX) :].partition("/")
        read = self._kinds.get(kind)
        if read is None:
            kinds = ", ".join(self._kinds)
            return _rejected(f"expected {PREFIX}<device>/ and one of {kinds}", topic[:200])
        if not _DEVICE.match(device):
            return _rejected("expected a device name of a-z, 0-9, _ and - (at most 64)", "topic")
        if not payload and kind == "status":
            return Decoded(())
        if len(payload) > MAX_PAYLOAD:
            return _rejected(f"expected at most {MAX_PAYLOAD} bytes, got {len(payload)}", "payload")
        try:
            value = orjson.loads(payload)
        except orjson.JSONDecodeError as error:
            return _rejected(f"expected JSON in UTF-8: {error}"[:200], "payload")
        offline = device in self._offline
        heard = len(self._by_id)
        known = len(self._entities.get(device, ())) if offline else 0
        try:
            items, head = read(device, value)
            own = _own_id(head)
        except _Bad as bad:
            return _rejected(bad.reason, bad.where)
        if offline and kind != "status":
            # At a connection the broker may send what is retained in any order.
            late = list(self._entities.get(device, ()))[known:]
            items = [*items, *(AvailabilityReading(name, False) for name in late)]
        if len(self._by_id) > heard:
            items = [*items, self._announced(topic, device, kind)]
        return Decoded(tuple(items), f"native:{device}:{kind}:{own}" if own else None)

    def entities(self) -> Sequence[Entity]:
        """Return every entity heard of since the start."""
        return list(self._by_id.values())

    def entity(self, entity_id: str) -> Entity | None:
        """Return the entity with this id, None when it was not heard of."""
        return self._by_id.get(entity_id)

    def forget(self, owner: str) -> tuple[frozenset[str], tuple[str, ...]]:
        """Forget a device's entities; return their topics and ids."""
        device = owner.removeprefix("native/")
        gone = self._entities.pop(device, {}) if owner.startswith("native/") else {}
        for name in gone:
            self._by_id.pop(name, None)
            self._things.pop(name, None)
        topics = frozenset(topic for one in gone.values() for topic in one.topics)
        return topics, tuple(gone)

    def expire(self, now: datetime) -> Sequence[Reading]:
        """Return nothing: a native device says itself when it goes (status)."""
        return ()

    def _announced(self, topic: str, device: str, kind: str) -> Announcement:
        """Describe all that was heard on a topic, as a message of it that says nothing new.

        Native devices do not describe themselves; read again at the next start, this does it.
        """
        mine = tuple(one for one in self._entities[device].values() if topic in one.topics)
        things = [(self._things[one.id], one.unit) for one in mine[:MOST_READINGS]]
        described: Any = {"open": False} if kind == "door" else {"code": "-"}
        if kind == "stock":
            described = [{"item": item, "quantity": 0, "unit": unit} for item, unit in things]
        elif kind == "state":
            described = {name: None for name, _ in things}
        return Announcement(topic, orjson.dumps(described), mine)

    def _stock(self, device: str, value: Any) -> tuple[list[Item], Fields]:
        if type(value) is dict:
            return [self._level(device, value, _STOCK_KEYS, "")], value
        if type(value) is not list:
            _wrong("an object or a list of objects", value, "payload")
        if len(value) > MOST_READINGS:
            raise _Bad(f"expected at most {MOST_READINGS} readings, got {len(value)}", "payload")
        return [
            self._level(device, one, _LEVEL_KEYS, f"{place}.") for place, one in enumerate(value)
        ], {}

    def _level(self, device: str, value: Any, keys: frozenset[str], at: str) -> StockReading:
        if type(value) is not dict:
            _wrong("an object", value, f"{at}payload")
        if not value.keys() <= keys:
            _unknown_field(value, keys, at)
        item, quantity, unit = value.get("item"), value.get("quantity"), value.get("unit")
        if type(item) is not str or not _ITEM.match(item):
            _wrong("an item's id (a-z, 0-9, _ and -)", item, f"{at}item")
        if type(quantity) is not float and type(quantity) is not int:
            _wrong("a number", quantity, f"{at}quantity")
        if not 0 <= quantity <= MOST_QUANTITY:
            _wrong(f"a number from 0 to {MOST_QUANTITY:.0f}", quantity, f"{at}quantity")
        if unit is not None and (type(unit) is not str or not 1 <= len(unit) <= 20):
            _wrong("a unit such as g, kg, ml, l or pc", unit, f"{at}unit")
        source = self._heard(device, "stock", item, unit)
        return StockReading(item, float(quantity), unit or "", source, _time(value, at))

    def _door(self, device: str, value: Any) -> tuple[list[Item], Fields]:
        fields = _object(value, _DOOR_KEYS)
        is_open = fields.get("open")
        if type(is_open) is not bool:
            _wrong("true or false", is_open, "open")
        entity = self._heard(device, "binary_sensor", "door", None, "door")
        state = "on" if is_open else "off"
        return [StateReading(entity, state, None, None, _time(fields))], fields

    def _scan(self, device: str, value: Any) -> tuple[list[Item], Fields]:
        fields = _object(value, _SCAN_KEYS)
        gtin, code = fields.get("gtin"), fields.get("code")
        if (gtin is None) == (code is None):
            raise _Bad("expected one of gtin and code", "gtin")
        if gtin is not None and (type(gtin) is not str or not _GTIN.match(gtin)):
            _wrong("8 to 14 digits in quotes", gtin, "gtin")
        if code is not None and (type(code) is not str or not 1 <= len(code) <= 200):
            _wrong("a text of 1 to 200 characters", code, "code")
        action, count = fields.get("action"), fields.get("count", 1)
        if action is not None and action not in ("add", "remove"):
            _wrong("add or remove", action, "action")
        if type(count) is not int or not 1 <= count <= MOST_PIECES:
            _wrong(f"a whole number from 1 to {MOST_PIECES}", count, "count")
        entity = self._heard(device, "event", "scan", None)
        data = {"gtin": gtin} if gtin is not None else {"code": code}
        if action is not None:
            data["action"] = action
        return [EventReading(entity, "scan", data | {"count": count}, _time(fields))], fields

    def _state(self, device: str, value: Any) -> tuple[list[Item], Fields]:
        if type(value) is not dict:
            _wrong("an object", value, "payload")
        values = {name: one for name, one in value.items() if name not in ("time", "id")}
        if not 1 <= len(values) <= MOST_VALUES:
            raise _Bad(f"expected 1 to {MOST_VALUES} values, got {len(values)}", "payload")
        for name, one in values.items():
            if not _NAME.match(name):
                _wrong("names of a-z, 0-9 and _", name, name[:64])
            if not _scalar(one):
                _wrong(f"a number, a text up to {LONGEST_TEXT}, true, false or null", one, name)
        at = _time(value)
        return [
            StateReading(self._heard(device, "sensor", name, None), one, None, None, at)
            for name, one in values.items()
        ], value

    def _status(self, device: str, value: Any) -> tuple[list[Item], Fields]:
        fields = _object(value, _STATUS_KEYS)
        online = fields.get("online")
        if type(online) is not bool:
            _wrong("true or false", online, "online")
        if online:
            self._offline.discard(device)
        elif len(self._offline) < MAX_DEVICES:
            self._offline.add(device)
        return [AvailabilityReading(name, online) for name in self._entities.get(device, ())], {}

    def _heard(
        self, device: str, component: str, thing: str, unit: str | None, kind: str | None = None
    ) -> str:
        known = self._entities.get(device)
        key = f"{component}.{device}_{thing}".replace("-", "_")
        if known is not None and key in known:
            if unit is None or known[key].unit == unit:
                return key
        elif known is None:
            if len(self._entities) >= MAX_DEVICES:
                raise _Bad(f"expected at most {MAX_DEVICES} devices", "topic")
            known = self._entities[device] = {}
        other = self._by_id.get(key)
        if other is not None and other.device_id != f"native/{device}":
            # `fridge` saying `a_b` and `fridge-a` saying `b` would be one entity.
            if not known:
                del self._entities[device]
            raise _Bad(f"expected another name: {key} is {other.device_id[7:]}'s", "topic")
        if key not in known and len(known) >= MAX_ENTITIES:
            raise _Bad(f"expected at most {MAX_ENTITIES} things of one device", "topic")
        entity = Entity(
            id=key,
            component=component,
            name=thing.replace("_", " ").replace("-", " ").capitalize(),
            device_id=f"native/{device}",
            device_name=device.replace("_", " ").replace("-", " ").capitalize(),
            device_class=kind,
            unit=unit,
            topics=(f"{PREFIX}{device}/{_KIND_OF[component]}",),
            convention=self.name,
            facts={"item": thing} if component == "stock" else {},
            owner=f"native/{device}",
        )
        known[key] = self._by_id[key] = entity
        self._things[key] = thing
        return key


_KIND_OF = {"stock": "stock", "binary_sensor": "door", "event": "scan", "sensor": "state"}


def _object(value: Any, keys: frozenset[str]) -> Fields:
    if type(value) is not dict:
        _wrong("an object", value, "payload")
    if not value.keys() <= keys:
        _unknown_field(value, keys, "")
    return value


def _time(fields: Fields, at: str = "") -> datetime | None:
    text = fields.get("time")
    if text is None:
        return None
    try:
        return instant(text)
    except BadTime as error:
        raise _Bad(str(error), f"{at}time") from None


def _own_id(fields: Fields) -> str | None:
    own = fields.get("id")
    if own is not None and (type(own) is not str or not 1 <= len(own) <= LONGEST_ID):
        _wrong(f"a text of 1 to {LONGEST_ID} characters", own, "id")
    return own


def _scalar(value: Any) -> bool:
    if type(value) is str:
        return len(value) <= LONGEST_TEXT
    if type(value) is int or type(value) is float:
        return abs(value) <= MOST_VALUE
    return value is None or type(value) is bool


def _unknown_field(value: Fields, keys: frozenset[str], at: str) -> NoReturn:
    name = min(value.keys() - keys)
    raise _Bad(f"expected no field but {', '.join(sorted(keys))}", f"{at}{name[:64]}")


def _wrong(expected: str, got: Any, where: str) -> NoReturn:
    kind = {dict: "an object", list: "a list", type(None): "nothing"}.get(type(got))
    raise _Bad(f"expected {expected}, got {kind or repr(got)[:60]}", where)


def _rejected(reason: str, where: str) -> Decoded:
    return Decoded((Rejected(reason, where),))
