"""What conditions and messages may speak of: the words, by what triggers a rule.

``docs/rules.md`` lists them; a test holds the page to these tables.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from hub.domain.events import ActivityChanged
from hub.domain.notices import Notice

Trigger = Literal[
    "stock_below_par",
    "runs_out_within",
    "notice",
    "device_event",
    "state",
    "cron",
    "activity_changed",
]

STOCK_WORDS: Mapping[str, str] = {
    "item": "the pantry item's id",
    "name": "its name",
    "quantity": "how much there is, in its unit",
    "expected": "how much is ordered already, in its unit",
    "unit": "its unit",
    "par": "below this it should be bought",
    "target": "it is bought up to this",
    "hours_left": "hours until it is used up at the recent rate",
}
_STATE_WORDS: Mapping[str, str] = {
    "entity": "the entity's id",
    "state": "its present state",
    "previous": "its state before; null when that was not known",
}

WORDS: Mapping[Trigger, Mapping[str, str]] = {
    "stock_below_par": STOCK_WORDS,
    "runs_out_within": STOCK_WORDS,
    "notice": {"notice": "the notice; see its fields"},
    "device_event": {"entity": "the entity's id", "event": "what happened; see its fields"},
    "state": _STATE_WORDS,
    "cron": {},
    "activity_changed": {"activity": "the activity; see its fields"},
}
"""Words a condition may use with each trigger, besides ``COMMON``."""

COMMON: Mapping[str, str] = {
    "now": "the household's local time; see its fields",
    "stock": "how much there is of any item, e.g. stock.milk",
    "somebody_home": "whether one who may decide is at home, by the agenda and by who is seen",
}

FIELDS: Mapping[str, Mapping[str, str]] = {
    "now": {
        "hour": "0 to 23",
        "minute": "0 to 59",
        "time": 'text such as "18:05", which compares as times do',
        "weekday": "1 (Monday) to 7 (Sunday)",
        "date": 'text such as "2026-11-24"',
        "month": "1 to 12",
    },
    "notice": {
        "service": "gas, water, electricity, heating, internet or empty",
        "event": "what the sender calls it",
        "headline": "its headline",
        "urgency": "CAP's word, e.g. Immediate",
        "severity": "CAP's word, e.g. Severe",
        "certainty": "CAP's word, e.g. Likely",
        "hours_ahead": "hours until it begins; 0 when it has begun",
        "hours": "how many hours it lasts; null when its end is not known",
    },
    "event": {"type": "the device's word for it", "data": "what came with it"},
    "activity": {
        "change": "planned, invited, accepted, answered, moved or cancelled",
        "summary": "what it is",
        "location": "where it is, in words",
        "ours": "true where this household organizes it",
        "coming": "how many guests have said yes",
        "hours_ahead": "hours until it begins; 0 when it has begun",
        "hours": "how many hours it lasts",
    },
}
"""Fields of the words that have some; ``event.data`` may hold anything."""

PLACEHOLDERS: Mapping[Trigger, frozenset[str]] = {
    "stock_below_par": frozenset({*STOCK_WORDS, "items"}),
    "runs_out_within": frozenset({*STOCK_WORDS, "items"}),
    "notice": frozenset({"service", "headline", "event", "begins", "ends"}),
    "device_event": frozenset({"entity", "event_type"}),
    "state": frozenset({"entity", "state", "previous", "for"}),
    "cron": frozenset({"date", "time", "items"}),
    "activity_changed": frozenset({"activity", "change", "place", "begins", "ends"}),
}
"""What a title or a message may hold in braces with each trigger."""

FUNCTIONS = frozenset(
    {"size", "has", "contains", "startsWith", "endsWith", "int", "double", "string"}
)
"""The functions a condition may call: each takes time in proportion to its input at most."""

MAX_TEXT = 1024
MAX_ENTRIES = 64
MAX_DEPTH = 4
_MAX_INT = 2**63


def bounded(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return ``value`` cut to what a condition may see, so that its cost stays bounded.

    Texts keep 1,024 characters, lists and mappings 64 entries and 4 levels; numbers that CEL has
    no type for, and anything that is not JSON, become None.
    """
    match value:
        case None | bool():
            return value
        case str():
            return value[:MAX_TEXT]
        case int():
            return value if -_MAX_INT <= value < _MAX_INT else None
        case float():
            return value if math.isfinite(value) else None
        case Mapping() if depth > 0:
            kept = list(value.items())[:MAX_ENTRIES]
            return {str(key)[:MAX_TEXT]: bounded(inner, depth - 1) for key, inner in kept}
        case list() | tuple() if depth > 0:
            return [bounded(inner, depth - 1) for inner in value[:MAX_ENTRIES]]
        case _:
            return None


def now_words(now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """Return the fields of ``now`` in the household's zone."""
    local = now.astimezone(zone)
    return {
        "hour": local.hour,
        "minute": local.minute,
        "time": f"{local:%H:%M}",
        "weekday": local.isoweekday(),
        "date": local.date().isoformat(),
        "month": local.month,
    }


def activity_words(event: ActivityChanged, now: datetime) -> dict[str, Any]:
    """Return the fields of ``activity`` as a condition sees them."""
    ahead = (event.start - now).total_seconds() / 3600
    return {
        "change": event.change,
        "summary": bounded(event.summary),
        "location": bounded(event.location),
        "ours": event.ours,
        "coming": event.coming,
        "hours_ahead": max(0.0, ahead),
        "hours": (event.end - event.start).total_seconds() / 3600,
    }


def notice_words(notice: Notice, now: datetime) -> dict[str, Any]:
    """Return the fields of ``notice`` as a condition sees them."""
    ahead = (notice.effective_from - now).total_seconds() / 3600
    lasts = (
        (notice.expires - notice.effective_from).total_seconds() / 3600 if notice.expires else None
    )
    return {
        "service": notice.service or "",
        "event": bounded(notice.event),
        "headline": bounded(notice.headline),
        "urgency": bounded(notice.urgency),
        "severity": bounded(notice.severity),
        "certainty": bounded(notice.certainty),
        "hours_ahead": max(0.0, ahead),
        "hours": lasts,
    }
