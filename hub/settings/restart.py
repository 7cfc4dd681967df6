"""Which settings a running hub takes up only at its next start; the rest is in force at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hub.settings import Settings

AT_START = (
    "mqtt.discovery_prefix",
    "mqtt.notice_topics",
    "notices",
    "http",
    "beckn.subscriber_id",
    "beckn.registries",
    "beckn.version",
    "beckn.country",
    "beckn.city",
    "relay",
    "sell",
    "homeassistant",
    "log",
)
"""Sections and keys that are read once. A key stands for all that is below it."""


def at_start(key: str) -> bool:
    """Tell whether a key of hub.yaml, written with dots, is read once."""
    return any(key == one or key.startswith(f"{one}.") for one in AT_START)


def kept(running: Settings, wanted: Settings) -> Settings:
    """Return ``wanted`` with what is read once as it is in the running hub."""
    changes: dict[str, Any] = {}
    for one in AT_START:
        name, _, key = one.partition(".")
        section = changes.get(name, getattr(wanted, name))
        old = getattr(running, name)
        changes[name] = section.model_copy(update={key: getattr(old, key)}) if key else old
    return wanted.model_copy(update=changes)


def waiting(running: Settings, wanted: Settings) -> tuple[str, ...]:
    """Return the keys by which the running hub differs from hub.yaml, in the order of the file."""
    return tuple(_differing("", running.model_dump(), wanted.model_dump()))


def _differing(before: str, one: Any, other: Any) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for name in one:
            yield from _differing(f"{before}.{name}" if before else name, one[name], other[name])
    elif one != other:
        yield before
