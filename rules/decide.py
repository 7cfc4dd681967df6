"""One rule on one occasion: does it fire, and if not, why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

from hub.domain.events import (
    ActivityChanged,
    DeviceEventOccurred,
    Event,
    NoticeEnded,
    NoticeIssued,
    StateChanged,
    StockChanged,
    TimerFired,
)
from hub.domain.proposals import Firing
from rules import triggers
from rules.compile import Condition
from rules.index import CompiledRule
from rules.language import GroceryOrder
from rules.occasion import Occasion
from rules.proposals import cause, firing, lacks


class Held(Enum):
    """Why a rule did not fire, in the order in which it is looked at."""

    TRIGGER = "what it waits for is not so"
    NOT_KNOWN = "what it waits for is not known"
    LATER = "it has to be so for a time first"
    COOLDOWN = "it fired about this recently (cooldown)"
    OPEN = "a suggestion about this is open already"
    CONDITION = "its condition (if) does not hold"
    CONDITION_NOT_KNOWN = "its condition (if) asks for what is not known"
    NOTHING = "there is nothing to order"


class Fault(str):
    """A condition that could not be worked out, in one line: whose, where and why."""


Outcome = Firing | Held | Fault


def decide(one: CompiledRule, occasion: Occasion) -> Outcome:
    """Judge one rule. Cheap questions come first; a suppressed rule costs no condition."""
    holds = _CHECKS[type(occasion.event)](one, occasion)
    if holds is not True:
        return _NOT_NOW[holds] if holds is None or holds is False else holds
    subject, key = (one.about, one.key) if one.key else cause(one, occasion)
    view = occasion.view
    if one.cooldown:
        until = view.cooldown_until(one.id, subject)
        if until is not None and occasion.now < until:
            return Held.COOLDOWN
    if view.open_key(key):
        return Held.OPEN
    if one.condition is not None:
        unmet = _condition(one, one.condition, occasion)
        if unmet is not None:
            return unmet
    propose = one.rule.propose
    wanted = []
    if isinstance(propose, GroceryOrder):
        wanted = lacks(one, propose, occasion)
        if not wanted:
            return Held.NOTHING
    return firing(one, occasion, subject, key, wanted)


def _state_changed(one: CompiledRule, occasion: Occasion) -> bool | Held | None:
    event, trigger = occasion.event, one.rule.when.state
    assert isinstance(event, StateChanged)
    if trigger is None or not triggers.state_holds(trigger, event.current):
        return False
    if triggers.state_holds(trigger, event.previous):
        return False
    return Held.LATER if one.hold else True


def _event_occurred(one: CompiledRule, occasion: Occasion) -> bool:
    event, trigger = occasion.event, one.rule.when.device_event
    assert isinstance(event, DeviceEventOccurred)
    return trigger is not None and trigger.event_type in (None, event.event_type)


def _notice_issued(one: CompiledRule, occasion: Occasion) -> bool | Held:
    notice, trigger = occasion.notice, one.rule.when.notice
    if notice is None or trigger is None:
        return False
    if not triggers.notice_holds(trigger, notice, occasion.now):
        return False
    due = triggers.notice_due(one, notice)
    return Held.LATER if due is not None and due > occasion.now else True


def _activity_changed(one: CompiledRule, occasion: Occasion) -> bool:
    event, trigger = occasion.event, one.rule.when.activity_changed
    assert isinstance(event, ActivityChanged)
    return trigger is not None and trigger.change in ("any", event.change)


def _timer_fired(one: CompiledRule, occasion: Occasion) -> bool | None:
    when, notice = one.rule.when, occasion.notice
    if when.state is not None:
        state = occasion.view.state(one.subject)
        return None if state is None else triggers.state_holds(when.state, state)
    if when.notice is not None:
        return notice is not None and triggers.notice_holds(when.notice, notice, occasion.now)
    return one.cron is not None


def _never(one: CompiledRule, occasion: Occasion) -> bool:
    return False


_CHECKS: Mapping[type[Event], Callable[[CompiledRule, Occasion], bool | Held | None]] = {
    StockChanged: triggers.stock_holds,
    StateChanged: _state_changed,
    DeviceEventOccurred: _event_occurred,
    NoticeIssued: _notice_issued,
    NoticeEnded: _never,
    ActivityChanged: _activity_changed,
    TimerFired: _timer_fired,
}
_NOT_NOW = {False: Held.TRIGGER, None: Held.NOT_KNOWN}


def _condition(one: CompiledRule, condition: Condition, occasion: Occasion) -> Held | Fault | None:
    """Tell why the condition does not hold; None when it does."""
    try:
        result = condition.program.execute(occasion.context())
    except KeyError:
        return Held.CONDITION_NOT_KNOWN
    except Exception as error:
        # CEL raises TypeError, ArithmeticError, RuntimeError …: whatever a household's text does
        # must not reach the writer thread.
        if occasion.lacks(condition.words):
            return Held.CONDITION_NOT_KNOWN
        return _fault(one, str(error).partition(". ")[0])
    if result is True:
        return None
    if result is False:
        return Held.CONDITION
    return _fault(one, f"gave {str(result)[:40]!r}, expected true or false")


def _fault(one: CompiledRule, said: str) -> Fault:
    return Fault(f"{one.file}:{one.line}: rule {one.id}: if: {said[:200]}")
