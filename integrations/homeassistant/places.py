"""Home Assistant's registries, as far as the hub cares: areas, devices, and what is our own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from hub.domain.homeassistant import OWN
from hub.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Places:
    """By an entity's name: its area, its device's name. ``own`` are those the hub shows there."""

    areas: Mapping[str, str] = field(default_factory=dict)
    devices: Mapping[str, str] = field(default_factory=dict)
    own: frozenset[str] = frozenset()


def read_places(entities: object, devices: object, areas: object) -> Places:
    """Read what the three registry lists say; what cannot be read is passed over."""
    names = {one["area_id"]: str(one.get("name", "")) for one in _with(areas, "area_id")}
    known = {one["id"]: one for one in _with(devices, "id")}
    area_of: dict[str, str] = {}
    device_of: dict[str, str] = {}
    own: set[str] = set()
    for one in _with(entities, "entity_id"):
        name = one["entity_id"]
        device = known.get(str(one.get("device_id")), {})
        area = names.get(str(one.get("area_id") or device.get("area_id")))
        if area:
            area_of[name] = area
        title = device.get("name_by_user") or device.get("name")
        if isinstance(title, str):
            device_of[name] = title
        if one.get("platform") == "mqtt" and str(one.get("unique_id", "")).startswith(OWN):
            own.add(name)
    return Places(area_of, device_of, frozenset(own))


def _with(listed: object, key: str) -> list[Mapping[str, Any]]:
    if not isinstance(listed, list):
        return []
    return [one for one in listed if isinstance(one, Mapping) and isinstance(one.get(key), str)]
