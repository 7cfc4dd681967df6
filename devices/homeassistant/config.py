"""A discovery message as checked, expanded component configs.

Source of the format: Home Assistant's documentation of the MQTT integration ("MQTT discovery",
"device discovery payload") and of its ``sensor.mqtt``, ``binary_sensor.mqtt``, … pages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import orjson

from devices.homeassistant.abbreviations import COMPONENT, DEVICE, ORIGIN, expand
from hub.domain.observations import Rejected
from hub.domain.values import dataclass

MAX_CONFIG = 64 * 1024
MAX_DEPTH = 32
MAX_COMPONENTS = 200
MAX_AVAILABILITY = 20
MAX_TOPIC = 1024
MAX_TEMPLATE = 16 * 1024
ENCODINGS = frozenset({"utf-8", "utf8", "ascii", "latin-1", "iso-8859-1", "cp1252", "utf-16"})

_SHARED = (
    "availability",
    "availability_mode",
    "availability_template",
    "availability_topic",
    "command_topic",
    "encoding",
    "payload_available",
    "payload_not_available",
    "qos",
    "state_topic",
)
_ID = re.compile(r"[A-Za-z0-9_-]+")
_COMPONENT = re.compile(r"\w+")


class BadConfig(Exception):
    """A discovery message, or one component of it, cannot be read; ``where`` names the field."""

    def __init__(self, reason: str, where: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.where = where

    def rejected(self) -> Rejected:
        """Return it as an item of a decoded message."""
        return Rejected(self.reason, self.where)


@dataclass(frozen=True, slots=True)
class Address:
    """What a discovery topic names: ``<component>/[<node>/]<object>``; component may be device."""

    component: str
    node: str
    object: str


@dataclass(frozen=True, slots=True)
class ComponentConfig:
    """One component, expanded. ``config`` None: it is announced with its platform alone, removed.

    ``discovery_id`` is its identity together with ``component``: ``<node> <object>``, which for
    a device config is ``<object> <component id>``, so that both ways of announcing it meet.
    """

    component: str
    discovery_id: str
    config: Mapping[str, object] | None
    where: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Return the identity under which it is known."""
        return self.component, self.discovery_id


@dataclass(frozen=True, slots=True)
class Discovery:
    """All that one discovery message says. ``migrate``: another topic is going to take over."""

    components: tuple[ComponentConfig, ...]
    faults: tuple[Rejected, ...] = ()
    migrate: bool = False


def address(levels: str) -> Address | None:
    """Read a discovery topic without its prefix and ``/config``; None when it is none."""
    parts = levels.split("/")
    if len(parts) not in (2, 3) or not _COMPONENT.fullmatch(parts[0]):
        return None
    if not all(_ID.fullmatch(part) for part in parts[1:]):
        return None
    return Address(parts[0], parts[1] if len(parts) == 3 else "", parts[-1])


def read_config(where: Address, payload: bytes) -> Discovery:
    """Read a discovery message that is not empty. Raises BadConfig when none of it can be used."""
    if len(payload) > MAX_CONFIG:
        raise BadConfig(f"a discovery message may have {MAX_CONFIG} bytes, this has {len(payload)}")
    try:
        parsed = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise BadConfig(f"expected JSON: {error}") from None
    if not isinstance(parsed, dict):
        raise BadConfig(f"expected a JSON object, got {type(parsed).__name__}")
    if too_deep(parsed, MAX_DEPTH):
        raise BadConfig(f"nested deeper than {MAX_DEPTH} levels")
    config = _expanded(parsed)
    if config.get("migrate_discovery") is True:
        return Discovery((), migrate=True)
    if where.component == "device":
        return _device(where, config)
    discovery_id = f"{where.node} {where.object}" if where.node else where.object
    return Discovery((ComponentConfig(where.component, discovery_id, _based(config)),))


def _device(where: Address, config: dict[str, object]) -> Discovery:
    device, components = config.get("device"), config.get("components")
    if not isinstance(device, dict) or not (device.get("identifiers") or device.get("connections")):
        raise BadConfig("expected identifiers or connections that tell devices apart", "device")
    if not isinstance(components, dict):
        raise BadConfig("expected an object of components by id", "components")
    if len(components) > MAX_COMPONENTS:
        raise BadConfig(
            f"a device may have {MAX_COMPONENTS} components, this has {len(components)}",
            "components",
        )
    found: list[ComponentConfig] = []
    faults: list[Rejected] = []
    for name, raw in components.items():
        place = f"components.{name}"[:120]
        own = _expanded(raw) if isinstance(raw, dict) else {}
        platform = own.pop("platform", None)
        if not isinstance(platform, str) or not _COMPONENT.fullmatch(platform):
            faults.append(Rejected("expected an object with a platform, e.g. sensor", place))
            continue
        # A node id goes with the component id, as in Home Assistant, so that identities are alike.
        discovery_id = " ".join(part for part in (where.object, where.node, name) if part)
        if own:
            merged = _with_shared(own, config)
            found.append(ComponentConfig(platform, discovery_id, merged, place))
        else:
            found.append(ComponentConfig(platform, discovery_id, None, place))
    return Discovery(tuple(found), tuple(faults))


def _with_shared(own: dict[str, object], device: Mapping[str, object]) -> dict[str, object]:
    merged = dict(own)
    if "~" not in merged and "~" in device:
        merged["~"] = device["~"]
    # A component's availability overrides the device's whole: half of each would mean neither.
    has_own = "availability" in own or "availability_topic" in own
    for option in _SHARED:
        if has_own and (option.startswith("availability") or "available" in option):
            continue
        if option in device:
            merged.setdefault(option, device[option])
    for block in ("device", "origin"):
        if block in device:
            merged[block] = device[block]
    return _based(merged)


def _expanded(raw: Mapping[str, object]) -> dict[str, object]:
    config = expand(raw, COMPONENT)
    for block, names in (("device", DEVICE), ("origin", ORIGIN)):
        inner = config.get(block)
        if isinstance(inner, dict):
            config[block] = expand(inner, names)
    availability = config.get("availability")
    if isinstance(availability, dict):
        availability = [availability]
    if isinstance(availability, list):
        config["availability"] = [
            expand(one, COMPONENT) if isinstance(one, dict) else one for one in availability
        ]
    return config


def _based(config: dict[str, object]) -> dict[str, object]:
    """Put the base topic in where ``~`` begins or ends a topic."""
    base = config.pop("~", None)
    if not isinstance(base, str):
        return config

    def whole(key: str, value: object) -> object:
        if not isinstance(value, str) or not key.endswith("topic"):
            return value
        if value.startswith("~"):
            value = base + value[1:]
        return value[:-1] + base if value.endswith("~") else value

    based = {key: whole(key, value) for key, value in config.items()}
    availability = based.get("availability")
    if isinstance(availability, list):
        based["availability"] = [
            {key: whole(key, value) for key, value in one.items()} if isinstance(one, dict) else one
            for one in availability
        ]
    return based


def too_deep(value: object, depth: int) -> bool:
    """Tell whether lists and objects nest deeper than ``depth`` levels."""
    level: list[object] = [value]
    for _ in range(depth):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return any(isinstance(one, dict | list) for one in level)


# -- fields of a component ------------------------------------------------------------------------


def text(config: Mapping[str, object], field: str, most: int = 255) -> str | None:
    """Return a field as text, as Home Assistant's ``cv.string`` reads it, or None without one."""
    value = config.get(field)
    if value is None:
        return None
    if isinstance(value, dict | list):
        raise BadConfig("expected text", field)
    if len(str(value)) > most:
        raise BadConfig(f"expected at most {most} characters", field)
    return str(value)


def number(config: Mapping[str, object], field: str) -> float | None:
    """Return a field as a finite number, or None without one."""
    value = config.get(field)
    if value is None:
        return None
    try:
        result = float(value) if isinstance(value, int | float | str) else float("nan")
    except (ValueError, OverflowError):
        result = float("nan")
    if not abs(result) < float("inf"):
        raise BadConfig("expected a number", field)
    return result


def topic(config: Mapping[str, object], field: str) -> str | None:
    """Return a topic one can read from, or None without one; wildcards are refused."""
    value = config.get(field)
    if value is None or value == "":
        return None
    good = isinstance(value, str) and len(value.encode("utf-8", "replace")) <= MAX_TOPIC
    if not isinstance(value, str) or not good or any(ch in value for ch in "+#\0"):
        raise BadConfig("expected a topic without wildcards", field)
    if value.startswith("$"):
        raise BadConfig("expected a topic that does not begin with $", field)
    return value


def needed_topic(config: Mapping[str, object], field: str) -> str:
    """Return a topic that must be there and can be read from."""
    found = topic(config, field)
    if found is None:
        raise BadConfig("expected a topic", field)
    return found


def template(config: Mapping[str, object], field: str) -> str | None:
    """Return a template, or None without one (an empty one counts as none)."""
    return text(config, field, MAX_TEMPLATE) or None


def texts(config: Mapping[str, object], field: str) -> tuple[str, ...]:
    """Return a list of texts; a single text counts as a list of one."""
    value = config.get(field)
    if value is None:
        return ()
    values = value if isinstance(value, list) else [value]
    if len(values) > 500 or any(isinstance(one, dict | list) for one in values):
        raise BadConfig("expected a list of texts", field)
    return tuple(str(one)[:255] for one in values)
