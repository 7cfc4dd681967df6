"""Rules in words: what each waits for."""

from __future__ import annotations

from rules.index import ANY, CompiledRule
from rules.proposals import number
from rules.times import duration_text


def trigger_text(one: CompiledRule) -> str:
    """Say what triggers a rule: ``milk falls below 1``, ``sensor.door is on for 5 min``."""
    when = one.rule.when
    subject = "any item" if one.subject == ANY else one.subject
    if when.stock_below_par is not None:
        limit = "its par" if one.below is None else number(one.below)
        return f"{subject} falls below {limit}"
    if when.runs_out_within is not None:
        return f"{subject} runs out within {number(when.runs_out_within.hours)} h"
    if (notice := when.notice) is not None:
        service = "any service" if one.subject == ANY else one.subject
        least = [
            f"{word} {value} or more"
            for word, value in (("urgency", notice.urgency), ("severity", notice.severity))
            if value is not None
        ]
        ahead = [f"{duration_text(one.ahead)} ahead"] if one.ahead is not None else []
        return ", ".join([f"a notice about {service}", *least, *ahead])
    if (event := when.device_event) is not None:
        return f"{event.entity} reports {event.event_type or 'anything'}"
    if (state := when.state) is not None:
        parts = []
        if state.is_ is not None:
            parts.append(f"is {state.is_}")
        if state.above is not None:
            parts.append(f"is above {number(state.above)}")
        if state.below is not None:
            parts.append(f"is below {number(state.below)}")
        held = f" for {duration_text(one.hold)}" if one.hold else ""
        return f"{state.entity} {' and '.join(parts)}{held}"
    if one.cron is not None:
        return f"at {one.cron.text}"
    activity = when.activity_changed
    if activity is None or activity.change == "any":
        return "an activity changes"
    return f"an activity is {activity.change}"
