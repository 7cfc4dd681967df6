"""An entity as its discovery config describes it, under a name the hub can keep."""

from __future__ import annotations

import re
from collections.abc import Mapping

from devices.homeassistant import config as c
from devices.homeassistant.readers import COMPONENTS
from devices.types import Entity

CONVENTION = "homeassistant"
_FACTS = (
    "state_class",
    "suggested_display_precision",
    "expire_after",
    "off_delay",
    "options",
    "event_types",
    "min",
    "max",
    "step",
    "entity_category",
    "enabled_by_default",
    "type",
    "subtype",
)
_DEVICE_FACTS = ("manufacturer", "model", "model_id", "sw_version", "hw_version", "suggested_area")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:120] or "unnamed"


def describe(
    component: c.ComponentConfig, config: Mapping[str, object], suffix: str = ""
) -> Entity:
    """Describe a component by what its config says and nothing else. Raises BadConfig."""
    wish = (c.text(config, "default_entity_id") or "").rpartition(".")[2]
    own_id = wish or c.text(config, "object_id") or component.discovery_id
    slug = _slug(own_id) + (f"_{suffix}" if suffix else "")
    device = config.get("device")
    device = device if isinstance(device, dict) else {}
    device_name = c.text(device, "name") or ""
    name = c.text(config, "name")
    if not name:
        # A name that is null is the device's own (its main feature); none at all: the topic's.
        name = device_name if "name" in config and device_name else component.discovery_id
    facts: dict[str, object] = {field: config[field] for field in _FACTS if field in config}
    facts.update({field: str(device[field])[:255] for field in _DEVICE_FACTS if field in device})
    origin = config.get("origin")
    if isinstance(origin, dict):
        facts["origin"] = {
            key: str(origin[key])[:255]
            for key in ("name", "sw_version", "support_url")
            if key in origin
        }
    return Entity(
        id=f"{component.component}.{slug}",
        component=component.component,
        name=name,
        unique_id=c.text(config, "unique_id"),
        device_id=_device_id(device),
        device_name=device_name,
        device_class=c.text(config, "device_class"),
        unit=c.text(config, "unit_of_measurement", 40) or None,
        used=component.component in COMPONENTS,
        convention=CONVENTION,
        facts=facts,
    )


def _device_id(device: Mapping[str, object]) -> str:
    identifiers = device.get("identifiers")
    while isinstance(identifiers, list) and identifiers:
        identifiers = identifiers[0]
    if isinstance(identifiers, str | int) and identifiers != "":
        return str(identifiers)[:255]
    connections = device.get("connections")
    if isinstance(connections, list) and connections and isinstance(connections[0], list):
        return ":".join(str(part) for part in connections[0][:2])[:255]
    return ""
