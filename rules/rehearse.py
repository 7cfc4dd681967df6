"""Try rules out: what each would make of an event, and why. Nothing is changed by it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hub.domain.events import Event
from hub.domain.proposals import Firing, TimerWanted
from hub.domain.values import dataclass
from rules.decide import Fault, Held, decide
from rules.index import CompiledRule
from rules.occasion import Occasion
from rules.ruleset import RuleSet
from rules.tell import trigger_text
from rules.triggers import state_holds
from rules.view import View


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule made of one event. ``why`` says it in a line; ``firing`` is what it would
    propose, ``due`` when it would look again."""

    rule_id: str
    name: str
    fired: bool
    why: str
    firing: Firing | None = None
    due: datetime | None = None


def rehearse(
    rules: RuleSet,
    events: Sequence[Event],
    view: View,
    now: datetime,
    *,
    only: str | None = None,
) -> tuple[tuple[Verdict, ...], ...]:
    """Return, for each event, the verdicts of all rules in the files' order.

    ``only`` is the id of the one rule that is of interest. The view is not changed between events.
    """
    return tuple(tuple(_verdicts(rules, event, view, now, only)) for event in events)


def _verdicts(
    rules: RuleSet, event: Event, view: View, now: datetime, only: str | None
) -> list[Verdict]:
    bucket = rules.bucket(event)
    concerned = {one.id for one in bucket.rules}
    occasion = rules.occasion(event, view, now, bucket)
    due = {timer.rule_id: timer for timer in rules.evaluate(event, view, now).timers}
    told = []
    for one in rules.compiled():
        if only is not None and one.id != only:
            continue
        if not one.rule.enabled:
            why = "it is put to rest (enabled: false)"
            told.append(Verdict(one.id, one.rule.name, False, why))
        elif one.id in concerned:
            told.append(_verdict(one, occasion, due.get(one.id)))
        else:
            why = f"it waits for something else: {trigger_text(one)}"
            told.append(Verdict(one.id, one.rule.name, False, why))
    return told


def _verdict(one: CompiledRule, occasion: Occasion, timer: TimerWanted | None) -> Verdict:
    outcome = decide(one, occasion)
    due = timer.due if timer is not None else None
    if isinstance(outcome, Firing):
        why = "; ".join(outcome.because)
        return Verdict(one.id, one.rule.name, True, why, outcome, due)
    if isinstance(outcome, Fault):
        return Verdict(one.id, one.rule.name, False, str(outcome), due=due)
    return Verdict(one.id, one.rule.name, False, _why(one, occasion, outcome), due=due)


def _why(one: CompiledRule, occasion: Occasion, held: Held) -> str:
    """Say why a rule is silent, with what it waits for where that helps."""
    if held is Held.TRIGGER and one.rule.when.state is not None:
        previous = getattr(occasion.event, "previous", None)
        current = getattr(occasion.event, "current", None)
        if all(state_holds(one.rule.when.state, state) for state in (previous, current)):
            return "it was so before already; it fires when it becomes so"
    if held in (Held.TRIGGER, Held.NOT_KNOWN, Held.LATER):
        return f"{held.value}: {trigger_text(one)}"
    if held in (Held.CONDITION, Held.CONDITION_NOT_KNOWN) and one.condition is not None:
        return f"{held.value}: {one.condition.source.strip()}"
    return str(held.value)
