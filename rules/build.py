"""From texts to compiled rules: a mistake is told with its place, and the other rules go on."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from hub.domain.stock import PantryItem
from hub.domain.suggestions import Escalation
from hub.domain.yamltext import Located, Problem, YamlError, load, read_part
from hub.domain.yamlwords import Path, nearest, path_text
from rules import cron, times
from rules.compile import Condition, ConditionError, compile_condition
from rules.index import ANY, CLOCK, PANTRY, CompiledRule
from rules.language import Escalate, GroceryOrder, Notify, Rule, SocialMeal
from rules.words import PLACEHOLDERS

PLACEHOLDER = re.compile(r"\{(\w+)\}")
_MAX_PROBLEMS = 200


class Member(Protocol):
    """A person of the household, as far as rules care; ``hub.settings.MemberSettings`` is one."""

    @property
    def id(self) -> str:
        """Return the short name used in rules."""
        ...

    @property
    def role(self) -> str:
        """Return ``adult``, ``child`` or ``guest``."""
        ...


def build(
    files: Sequence[tuple[str, str]],
    *,
    members: Iterable[Member],
    pantry: Iterable[PantryItem] | None,
) -> tuple[list[CompiledRule], list[Problem]]:
    """Read and compile the rules of ``files`` (name, text); names appear in messages as given.

    ``pantry`` None leaves items unchecked. Every rule that is right is returned, whatever else is
    wrong; never raises for what was written.
    """
    checker = _Checker(
        {one.id: one.role for one in members},
        None if pantry is None else {one.id: one for one in pantry},
    )
    rules: dict[str, CompiledRule] = {}
    problems: list[Problem] = []
    for file, text in files:
        try:
            located = load(text, file)
        except YamlError as error:
            problems.append(error.problem)
            continue
        paths, wrong = _rule_paths(located)
        problems += wrong
        for path in paths:
            compiled, found = checker.read(located, path)
            stranger = compiled is not None and _stranger(compiled.id, set_of(file))
            if stranger:
                found = [located.problem((*path, "id"), f"id: {stranger}")]
            elif compiled is not None and (first := rules.get(compiled.id)) is not None:
                found = [
                    located.problem(
                        (*path, "id"),
                        f"id: {compiled.id} is the id of another rule ({first.file}:{first.line})",
                    )
                ]
            elif compiled is not None:
                rules[compiled.id] = compiled
            problems += found
    return list(rules.values()), problems[:_MAX_PROBLEMS]


def set_of(file: str) -> str:
    """Return the adopted set that a file belongs to, by its place: ``rules/sets/ID/x.yaml``."""
    parts = file.replace("\\", "/").split("/")
    return parts[-2] if len(parts) > 3 and parts[-4:-2] == ["rules", "sets"] else ""


def _stranger(rule_id: str, of_set: str) -> str:
    """Say why a rule may not be called so where it stands; "" where it may.

    What the household allows one rule (``limits.auto_approve``) no set can take for its own.
    """
    before, dot, _ = rule_id.rpartition(".")
    if of_set and before != of_set:
        return f"expected {of_set}.{rule_id.rpartition('.')[2]}: it stands in the set {of_set}"
    if dot and not of_set:
        return f"{before}.… is for rules of the set {before}, in rules/sets/{before}/"
    return ""


def _rule_paths(located: Located) -> tuple[list[Path], list[Problem]]:
    """Find the rules of a file: the list under ``rules``, or the file itself when it is one."""
    data = located.data
    if data is None:
        return [], []
    if not isinstance(data, dict):
        return [], [located.problem((), "expected `rules:` with a list of rules")]
    if "rules" not in data:
        return [()], []
    problems = [
        located.problem((key,), f"{key}: unknown key beside rules", key=True)
        for key in data
        if key != "rules"
    ]
    listed = data["rules"]
    if listed is None:
        return [], problems
    if not isinstance(listed, list):
        return [], [*problems, located.problem(("rules",), "rules: expected a list of rules")]
    return [("rules", place) for place in range(len(listed))], problems


class _Checker:
    """Checks rules against the household they are for."""

    def __init__(self, roles: Mapping[str, str], pantry: Mapping[str, PantryItem] | None) -> None:
        self._roles = roles
        self._pantry = pantry

    def read(self, located: Located, path: Path) -> tuple[CompiledRule | None, list[Problem]]:
        """Read one rule; None with at least one problem when it is not right."""
        rule, problems = read_part(Rule, located, path)
        if rule is None:
            return None, problems
        problems = [
            located.problem((*path, *where), f"{path_text(where)}: {message}")
            for where, message in self._mistakes(rule)
        ]
        condition: Condition | None = None
        if rule.if_ is not None:
            try:
                condition = compile_condition(rule.if_, rule.trigger, self._pantry)
            except ConditionError as error:
                line, column = located.inside((*path, "if"), error.offset)
                problems.append(Problem(located.file, line, column, f"if: {error}"))
        if problems:
            return None, problems
        return self._compiled(rule, condition, located, path), []

    def _mistakes(self, rule: Rule) -> Iterator[tuple[Path, str]]:
        """Yield what pydantic cannot know: what the household has, and what fits together."""
        when = rule.when
        stocked = when.stock_below_par or when.runs_out_within
        if stocked is not None and stocked.item != ANY:
            where: Path = ("when", rule.trigger, "item")
            yield from self._unknown_item(where, stocked.item, (ANY,))
            kept = (self._pantry or {}).get(stocked.item)
            below = when.stock_below_par
            if kept is not None and below is not None and below.below is None and kept.par is None:
                yield where, f"{stocked.item} has no par in the pantry; give `below`"
        if isinstance(rule.propose, GroceryOrder):
            yield from self._order_mistakes(rule.propose)
        if isinstance(rule.propose, SocialMeal):
            yield from self._meal_mistakes(rule.propose)
        if not isinstance(rule.ask, str):
            for place, member in enumerate(rule.ask):
                if member not in self._roles:
                    yield ("ask", place), f"no such member{_hint(member, self._roles)}"
        elif rule.ask == "adults" and "adult" not in self._roles.values():
            yield ("ask",), "the household has no adults to ask"
        if isinstance(rule.escalate, Escalate):
            yield from self._escalate_mistakes(rule, rule.escalate)
        for name in ("title", "message"):
            text = getattr(rule.propose, name) or ""
            known = PLACEHOLDERS[rule.trigger]
            for word in PLACEHOLDER.findall(text):
                if word not in known:
                    yield ("propose", name), f"unknown word {{{word}}}{_hint(word, known)}"

    def _escalate_mistakes(self, rule: Rule, plan: Escalate) -> Iterator[tuple[Path, str]]:
        if isinstance(rule.propose, Notify):
            yield ("escalate",), "notify asks nothing, so nobody is asked next"
            return
        adults = [member for member, role in self._roles.items() if role == "adult"]
        for place, member in enumerate(plan.to):
            if member not in adults:
                what = (
                    "is no adult, so decides nothing" if member in self._roles else "no such member"
                )
                yield ("escalate", "to", place), f"{what}{_hint(member, adults)}"
        if times.duration(plan.after) >= times.duration(rule.expires_after):
            most = f"expected less than expires_after ({rule.expires_after})"
            yield ("escalate", "after"), f"{most}, got {plan.after}"

    def _order_mistakes(self, order: GroceryOrder) -> Iterator[tuple[Path, str]]:
        one_amount = isinstance(order.up_to, float)
        if isinstance(order.items, str):
            if one_amount:
                yield ("propose", "up_to"), "a number fits one item only; name it in items"
            return
        if one_amount and len(order.items) > 1:
            yield ("propose", "up_to"), "a number fits one item only; make a rule for each"
        for place, item in enumerate(order.items):
            where = ("propose", "items", place)
            yield from self._unknown_item(where, item, ())
            kept = (self._pantry or {}).get(item)
            if kept is None or one_amount or kept.par is not None:
                continue
            if order.up_to == "par" or kept.target is None:
                yield where, f"{item} has no {order.up_to} in the pantry; give a number in up_to"

    def _meal_mistakes(self, meal: SocialMeal) -> Iterator[tuple[Path, str]]:
        for item in meal.eats:
            yield from self._unknown_item(("propose", "eats", item), item, ())
        if not meal.after <= meal.at:
            yield ("propose", "at"), f"expected {meal.after} (after) or later"

    def _unknown_item(
        self, where: Path, item: str, besides: tuple[str, ...]
    ) -> Iterator[tuple[Path, str]]:
        if self._pantry is not None and item not in self._pantry:
            yield where, f"{item} is not in the pantry{_hint(item, (*self._pantry, *besides))}"

    def _compiled(
        self, rule: Rule, condition: Condition | None, located: Located, path: Path
    ) -> CompiledRule:
        when = rule.when
        below, notice, state = when.stock_below_par, when.notice, when.state
        said = rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        canonical = json.dumps(said, sort_keys=True, ensure_ascii=False)
        line, _ = located.at(path)
        about = _about(rule)
        return CompiledRule(
            id=rule.id,
            rule=rule,
            trigger=rule.trigger,
            condition=condition,
            cron=cron.parse(when.cron) if when.cron else None,
            version=hashlib.blake2b(canonical.encode(), digest_size=6).hexdigest(),
            text=located.source(path),
            file=located.file,
            line=line,
            members=self._asked(rule),
            subject=_subject(rule),
            cooldown=times.duration(rule.cooldown) if rule.cooldown else 0.0,
            expires_after=times.duration(rule.expires_after),
            hold=times.duration(state.for_) if state and state.for_ else 0.0,
            ahead=times.duration(notice.ahead) if notice and notice.ahead else None,
            below=below.below if below else None,
            about=about,
            key=f"{rule.id}:{about}" if about else "",
            escalate=_escalation(rule),
        )

    def _asked(self, rule: Rule) -> tuple[str, ...]:
        if not isinstance(rule.ask, str):
            return tuple(dict.fromkeys(rule.ask))
        return tuple(
            member
            for member, role in self._roles.items()
            if rule.ask == "everyone" or role == "adult"
        )


def _escalation(rule: Rule) -> Escalation | None:
    plan = rule.escalate
    if plan is None:
        return None
    if isinstance(plan, str):
        return Escalation(timedelta(0), ())
    return Escalation(timedelta(seconds=times.duration(plan.after)), tuple(dict.fromkeys(plan.to)))


def _subject(rule: Rule) -> str:
    when = rule.when
    stocked = when.stock_below_par or when.runs_out_within
    if stocked is not None:
        return stocked.item
    if when.notice is not None:
        return when.notice.service
    entity = when.state or when.device_event
    return entity.entity if entity is not None else ""


def _about(rule: Rule) -> str:
    """Return what every firing of a rule is about; empty where the event decides."""
    if rule.when.notice is not None or rule.when.activity_changed is not None:
        return ""
    if isinstance(rule.propose, GroceryOrder) and isinstance(rule.propose.items, str):
        return PANTRY
    subject = _subject(rule)
    return "" if subject == ANY else subject or CLOCK


def _hint(word: str, known: Iterable[str]) -> str:
    names = list(known)
    near = nearest(word, names)
    if near is not None:
        return f", did you mean {near}?"
    return f", expected one of {', '.join(sorted(names)[:20])}" if names else ""
