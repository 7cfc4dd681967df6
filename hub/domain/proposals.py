"""What a rule says when it fires, before the flow makes a suggestion of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from hub.domain.suggestions import Escalation, Kind
from hub.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule whose trigger and condition held.

    ``subject`` is what it is about (an item, an entity, a notice's service). ``cause_key`` names
    the cause: equal keys never make a second open suggestion. ``params`` are the rule's own, as
    its schema states. ``because`` are the reasons in words. ``cooldown`` (seconds) is how long
    the same rule and subject stay silent after this firing; ``quiet`` is true when the
    household's quiet hours hold at ``at``, so that asking waits until ``ask_at``. ``urgent``: it
    waits for nobody's (the rule says ``quiet_hours: "off"``). ``escalate`` is the rule's word on
    who is asked too where nobody answers; None: the home's holds.
    """

    rule_id: str
    rule_version: str
    rule_text: str
    kind: Kind
    subject: str
    cause_key: str
    title: str
    body: str
    params: Mapping[str, object]
    because: tuple[str, ...]
    ask: tuple[str, ...]
    at: datetime
    cooldown: float = 0.0
    expires_after: float = 6 * 3600.0
    ask_at: datetime | None = None
    urgent: bool = False
    escalate: Escalation | None = None


@dataclass(frozen=True, slots=True)
class TimerWanted:
    """A rule's trigger asks to be woken at ``due`` (state held for a time, or the next cron time).

    One timer a rule and subject; ``due`` None takes it back.
    """

    rule_id: str
    subject: str
    due: datetime | None
