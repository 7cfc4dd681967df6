"""One rule on one occasion: does it fire, and if not, why not."""

from __future__ import annotations

from enum import Enum

from hub.domain.events import (
    DeviceEventOccurred,
    NoticeIssued,
    StateChanged,
    StockChanged,
    TimerFired,
)
from hub.domain.proposals import Firing
from rules import triggers
from rules.index import CompiledRule
from rules.language import GroceryOrder
from rules.occasion import Occasion
from rules.proposals import cause_key, firing, lacks, subject_of


class Held(Enum):
    """Why a rule did not fire, in the order in which it is looked at."""

    RESTING = "the rule is put to rest (enabled: false)"
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
    held = _trigger(one, occasion)
    if held is not None:
        return held
    view = occasion.view
    subject = subject_of(one, occasion)
    if one.cooldown:
        until = view.cooldown_until(one.id, subject)
        if until is not None and occasion.now < until:
            return Held.COOLDOWN
    key = cause_key(one, subject, occasion.notice)
    if view.open_key(key):
        return Held.OPEN
    if one.condition is not None:
        unmet = _condition(one, occasion)
        if unmet is not None:
            return unmet
    propose = one.rule.propose
    wanted = []
    if isinstance(propose, GroceryOrder):
        wanted = lacks(one, propose, occasion)
        if not wanted:
            return Held.NOTHING
    return firing(one, occasion, subject, key, wanted)


def _trigger(one: CompiledRule, occasion: Occasion) -> Held | None:
    """Tell why the trigger does not hold; None when it does."""
    event, when = occasion.event, one.rule.when
    if not one.rule.enabled:
        return Held.RESTING
    holds: bool | None = False
    match event:
        case StockChanged():
            holds = triggers.stock_holds(one, occasion)
        case StateChanged() if when.state is not None:
            rises = not triggers.state_holds(when.state, event.previous)
            holds = rises and triggers.state_holds(when.state, event.current)
            if holds and one.hold:
                return Held.LATER
        case DeviceEventOccurred() if when.device_event is not None:
            wanted = when.device_event.event_type
            holds = wanted is None or wanted == event.event_type
        case NoticeIssued() if when.notice is not None:
            holds = triggers.notice_holds(when.notice, event.notice, occasion.now)
            due = triggers.notice_due(one, event.notice)
            if holds and due is not None and due > occasion.now:
                return Held.LATER
        case TimerFired() if when.state is not None:
            state = occasion.view.state(one.subject)
            holds = None if state is None else triggers.state_holds(when.state, state)
        case TimerFired() if when.notice is not None:
            notice = occasion.notice
            holds = notice is not None and triggers.notice_holds(when.notice, notice, occasion.now)
        case TimerFired():
            holds = one.cron is not None
        case _:
            holds = False
    if holds is None:
        return Held.NOT_KNOWN
    return None if holds else Held.TRIGGER


def _condition(one: CompiledRule, occasion: Occasion) -> Held | Fault | None:
    """Tell why the condition does not hold; None when it does."""
    condition = one.condition
    assert condition is not None
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
