"""A rule in plain words: what it waits for, what it proposes, to whom, and how often."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Literal

from hub.domain.suggestions import Suggestion
from hub.domain.values import dataclass
from hub.domain.yamltext import YamlError, load, read_part
from hub.web.files import Files
from hub.web.i18n import N_
from hub.web.names import Called, plain
from hub.web.words import SERVICES, Words
from rules.language import Escalate, GroceryOrder, HomeAction, Notify, Rule, SocialMeal, When
from rules.proposals import number
from rules.times import duration, duration_text

Say = Callable[[str], str]
"""Gives a text in a language; ``str`` leaves it in English."""

_ACTIVITY = {
    "any": N_("an activity changes"),
    "planned": N_("the household plans an activity"),
    "invited": N_("the household is invited"),
    "accepted": N_("the household accepts an invitation"),
    "answered": N_("guests answer"),
    "moved": N_("an activity is moved"),
    "cancelled": N_("an activity is cancelled"),
}

_PLAIN = {
    "move_delivery": N_("It proposes to move a delivery."),
    "ride": N_("It proposes a ride."),
    "notify": N_("It tells members; nothing is to be decided."),
}


@dataclass(frozen=True, slots=True)
class RuleBehind:
    """The rule that led to a suggestion as it was then; ``now``: as it is, changed, or gone."""

    words: Sequence[str]
    text: str
    version: str
    now: Literal["same", "changed", "gone"]


def rule_behind(
    files: Files, suggestion: Suggestion, _: Words, called: Called = plain
) -> RuleBehind | None:
    """Return the rule that led to a suggestion; None where no rule did.

    What it says is kept with the suggestion: a file that was changed since changes nothing here.
    """
    if not suggestion.rule_id:
        return None
    versions = {one.id: one.version for one in files.rules()}
    present = versions.get(suggestion.rule_id)
    now: Literal["same", "changed", "gone"] = "gone"
    if present is not None:
        now = "same" if present == suggestion.rule_version else "changed"
    said = words_of(suggestion.rule_text, _.text, called)
    return RuleBehind(said, suggestion.rule_text, suggestion.rule_version, now)


def words_of(text: str, _: Say, called: Called = str) -> list[str]:
    """Say what a rule's text says; nothing where it is not one rule that can be read."""
    rule = _read(text)
    return [] if rule is None else rule_words(rule, _, called)


def waits_for(text: str, _: Say, called: Called = plain) -> str:
    """Say what a rule waits for, without a *when*; "" where its text cannot be read."""
    rule = _read(text)
    return "" if rule is None else _trigger(rule.when, _, called)


def rule_words(rule: Rule, _: Say, called: Called = str) -> list[str]:
    """Return a rule as sentences, each about one thing; ``called`` names entities and items."""
    return list(_sentences(rule, _, called))


@lru_cache(maxsize=64)
def _read(text: str) -> Rule | None:
    try:
        rule, wrong = read_part(Rule, load(text, "rule"))
    except YamlError:
        return None
    return None if wrong else rule


def _sentences(rule: Rule, _: Say, called: Called) -> Iterator[str]:
    yield _("When %(trigger)s.") % {"trigger": _trigger(rule.when, _, called)}
    if rule.if_:
        yield _("Only if: %(condition)s") % {"condition": rule.if_}
    yield _proposal(rule, _, called)
    for words in (rule.propose.title, rule.propose.message):
        if words:
            yield _("Members read: “%(words)s”") % {"words": words}
    yield _asked(rule, _)
    if rule.quiet_hours == "off":
        yield _("At night as well.")
    elif rule.quiet_hours:
        yield _("Nobody is disturbed at %(hours)s.") % {"hours": rule.quiet_hours}
    if rule.cooldown:
        yield _("Then it is silent about the same thing for %(time)s.") % {
            "time": duration_text(duration(rule.cooldown))
        }
    if not isinstance(rule.propose, Notify):
        yield _("An answer is awaited for %(time)s.") % {
            "time": duration_text(duration(rule.expires_after))
        }
    if isinstance(rule.escalate, Escalate):
        yield _("Where nobody answers for %(time)s, it asks as well: %(members)s.") % {
            "time": duration_text(duration(rule.escalate.after)),
            "members": ", ".join(rule.escalate.to),
        }
    elif rule.escalate == "off":
        yield _("Where nobody answers, nobody else is asked.")
    if not rule.enabled:
        yield _("It is put to rest.")


def _trigger(when: When, _: Say, called: Called) -> str:
    if (below := when.stock_below_par) is not None:
        item = _("any item") if below.item == "any" else called(below.item)
        if below.below is None:
            return _("%(item)s falls below its par") % {"item": item}
        return _("%(item)s falls below %(amount)s") % {
            "item": item,
            "amount": number(below.below),
        }
    if (out := when.runs_out_within) is not None:
        item = _("any item") if out.item == "any" else called(out.item)
        return _("%(item)s runs out within %(hours)s hours") % {
            "item": item,
            "hours": number(out.hours),
        }
    if (notice := when.notice) is not None:
        name = notice.service
        about = {"service": _(N_("any service") if name == "any" else SERVICES.get(name, name))}
        parts = [_("there is a public notice about %(service)s") % about]
        for level in (notice.urgency, notice.severity):
            if level is not None:
                parts.append(_("at least %(level)s") % {"level": level})
        if notice.ahead:
            ahead = duration_text(duration(notice.ahead))
            parts.append(_("%(time)s before it begins") % {"time": ahead})
        return ", ".join(parts)
    if (event := when.device_event) is not None:
        if event.event_type is None:
            return _("%(entity)s reports anything") % {"entity": called(event.entity)}
        return _("%(entity)s reports %(event)s") % {
            "entity": called(event.entity),
            "event": event.event_type,
        }
    if (state := when.state) is not None:
        parts = []
        if state.is_ is not None:
            parts.append(_("%(entity)s is %(state)s") % _of(called(state.entity), state.is_))
        if state.above is not None:
            above = _of(called(state.entity), number(state.above))
            parts.append(_("%(entity)s is above %(state)s") % above)
        if state.below is not None:
            under = _of(called(state.entity), number(state.below))
            parts.append(_("%(entity)s is below %(state)s") % under)
        if state.for_:
            held = duration_text(duration(state.for_))
            parts.append(_("without a break for %(time)s") % {"time": held})
        return ", ".join(parts)
    if when.cron is not None:
        return _("the clock says %(times)s (minute, hour, day, month, weekday)") % {
            "times": when.cron
        }
    activity = when.activity_changed
    change = "any" if activity is None else activity.change
    return _(_ACTIVITY[change])


def _of(entity: str, state: object) -> dict[str, object]:
    return {"entity": entity, "state": state}


def _proposal(rule: Rule, _: Say, called: Called) -> str:
    propose = rule.propose
    if isinstance(propose, GroceryOrder):
        if isinstance(propose.items, str):
            told = _("It proposes to order all that is below par.")
        else:
            items = ", ".join(called(item) for item in propose.items)
            told = _("It proposes to order: %(items)s.") % {"items": items}
        if isinstance(propose.up_to, float):
            told += " " + _("There is to be %(amount)s then.") % {"amount": number(propose.up_to)}
        if propose.after:
            told += " " + _("Delivered after %(time)s.") % {"time": propose.after}
        if propose.before:
            told += " " + _("Delivered before %(time)s.") % {"time": propose.before}
        return told
    if isinstance(propose, HomeAction):
        calls = (" ".join((one.service, *one.entities)) for one in propose.then)
        return _("It proposes that Home Assistant does: %(calls)s.") % {"calls": "; ".join(calls)}
    if isinstance(propose, SocialMeal):
        told = _("It proposes to eat with friends at %(time)s.") % {"time": propose.at}
        if propose.circle:
            told += " " + _("With contacts of the circle %(circle)s.") % {"circle": propose.circle}
        return told
    return _(_PLAIN[propose.kind])


def _asked(rule: Rule, _: Say) -> str:
    if rule.ask == "adults":
        return _("It speaks to the adults.")
    if rule.ask == "everyone":
        return _("It speaks to everyone, children too.")
    return _("It speaks to: %(members)s.") % {"members": ", ".join(rule.ask)}
