"""What happened in the house, named in the past tense: what rules are triggered by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Literal

from hub.domain.notices import Notice
from hub.domain.observations import Scalar
from hub.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class StockChanged:
    """An item's level changed; quantities in the item's unit, ``previous`` None when unknown."""

    item: str
    previous: float | None
    current: float
    unit: str
    at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class StateChanged:
    """An entity's state changed; ``previous`` None when it was not known."""

    entity: str
    previous: Scalar
    current: Scalar
    at: datetime
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeviceEventOccurred:
    """A device reported something that happens once. ``event_id`` is unique for each occurrence."""

    entity: str
    event_type: str
    data: Mapping[str, object]
    at: datetime
    event_id: str


@dataclass(frozen=True, slots=True)
class NoticeIssued:
    """A notice was issued or updated (``replaced`` holds what it supersedes)."""

    notice: Notice
    at: datetime
    replaced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoticeEnded:
    """A notice was cancelled or has expired; ``notice`` is the one that ended."""

    notice: Notice
    at: datetime


ActivityChange = Literal["planned", "invited", "accepted", "answered", "moved", "cancelled"]
"""``planned`` by this household, or it was ``invited``, and said yes (``accepted``); guests
``answered``; it was ``moved`` to another time or place, or ``cancelled``."""


@dataclass(frozen=True, slots=True)
class ActivityChanged:
    """An activity that this household makes or is invited to, as it is after the change.

    ``activity`` is its key, ``ours`` tells whether this household organizes it, ``coming`` how
    many guests have said yes.
    """

    activity: str
    change: ActivityChange
    summary: str
    location: str
    start: datetime
    end: datetime
    ours: bool
    coming: int
    at: datetime


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A rule's own clock: its cron time came, or a state has held for its time.

    ``rule`` is the rule's id, ``due`` the instant it was set for, ``subject`` the entity or "".
    """

    rule: str
    subject: str
    due: datetime
    at: datetime


Event = (
    StockChanged
    | StateChanged
    | DeviceEventOccurred
    | NoticeIssued
    | NoticeEnded
    | ActivityChanged
    | TimerFired
)
