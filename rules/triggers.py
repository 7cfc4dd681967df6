"""Whether a trigger holds, and when its clock is to strike."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.domain.events import StateChanged
from hub.domain.notices import Notice
from hub.domain.observations import Scalar
from hub.domain.proposals import TimerWanted
from rules.index import CompiledRule
from rules.language import NoticeTrigger, StateTrigger
from rules.occasion import Occasion, as_number

_URGENCY = ("Unknown", "Past", "Future", "Expected", "Immediate")
_SEVERITY = ("Unknown", "Minor", "Moderate", "Severe", "Extreme")


def stock_holds(one: CompiledRule, occasion: Occasion) -> bool | None:
    """Tell whether a stock trigger holds; None where a par or a rate of use is not known."""
    if one.trigger == "stock_below_par":
        limit = one.below if one.below is not None else occasion.par
        return None if limit is None else occasion.have < limit
    within = one.rule.when.runs_out_within
    left = occasion.hours_left()
    if within is None or left is None:
        return None
    if occasion.expected > 0:
        # What is on its way lasts as long, in proportion, as what is there.
        there = occasion.have - occasion.expected
        if there <= 0:
            return False
        left *= occasion.have / there
    return left <= within.hours


def state_holds(trigger: StateTrigger, state: Scalar) -> bool:
    """Tell whether a state is what the trigger waits for; an unknown state never is."""
    if state is None:
        return False
    if trigger.is_ is not None:
        return _same(trigger.is_, state)
    number = as_number(state)
    if number is None:
        return False
    above = trigger.above is None or number > trigger.above
    return above and (trigger.below is None or number < trigger.below)


def _same(wanted: str | bool | float, state: Scalar) -> bool:
    left, right = _word(wanted), _word(state)
    if left == right:
        return True
    numbers = as_number(wanted), as_number(state)
    return None not in numbers and numbers[0] == numbers[1]


def _word(value: Scalar) -> str:
    # Devices say on/off, JSON says true/false; a person means the same.
    if isinstance(value, bool):
        return "on" if value else "off"
    text = str(value)
    return {"true": "on", "false": "off"}.get(text.lower(), text)


def state_timer(one: CompiledRule, event: StateChanged) -> TimerWanted | None:
    """Return the clock to set or take back when a state that has to hold for a time changes."""
    trigger = one.rule.when.state
    if trigger is None or not one.hold:
        return None
    held, holds = state_holds(trigger, event.previous), state_holds(trigger, event.current)
    if holds and not held:
        return TimerWanted(one.id, one.subject, event.at + timedelta(seconds=one.hold))
    if not holds and (held or event.previous is None):
        return TimerWanted(one.id, one.subject, None)
    return None


def notice_holds(trigger: NoticeTrigger, notice: Notice, now: datetime) -> bool:
    """Tell whether a notice alarms, is not over and is as urgent and severe as asked for.

    CAP's words are ranked as CAP 1.2 lists them (section 3.2.2); a word it does not know counts
    as Unknown.
    """
    if notice.cancels or not notice.alarming():
        return False
    if notice.expires is not None and notice.expires <= now:
        return False
    return _at_least(trigger.urgency, notice.urgency, _URGENCY) and _at_least(
        trigger.severity, notice.severity, _SEVERITY
    )


def _at_least(wanted: str | None, given: str, ranks: tuple[str, ...]) -> bool:
    if wanted is None:
        return True
    rank = ranks.index(given) if given in ranks else 0
    return rank >= ranks.index(wanted)


def notice_due(one: CompiledRule, notice: Notice) -> datetime | None:
    """Return when a rule that waits until shortly before the notice wants it; None: at once."""
    if one.ahead is None:
        return None
    return notice.effective_from - timedelta(seconds=one.ahead)
