"""A device that the household has not met before waits until an adult accepts it (pure)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from hub.domain.values import dataclass

DeviceState = Literal["accepted", "waiting", "refused"]
MOST_WAITING = 200
"""How many wait at most; what comes above that is kept apart and not even listed."""


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """What became of a device, ``at`` an instant. ``owner`` is as ``Entity.owner`` has it."""

    owner: str
    name: str
    state: DeviceState
    at: datetime


def readable(name: str, owner: str) -> str:
    """Return a device's name as it can be shown: it is the device that chose it."""
    plain = "".join(char if char.isprintable() else " " for char in name).strip()
    return (plain or owner)[:80]
