"""What adopting a set would change: three texts compared, put together, and tried out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from hub.app.config import rule_files
from hub.app.rulesets.check import read_set
from hub.app.rulesets.disk import files_of, folder_of
from hub.app.textfiles import read
from hub.domain.merging import Piece, Side, chosen, difference, merge
from hub.domain.published import Published, checked, filled
from hub.domain.rulesets import AdoptedSet, Offered, SetError, Writing, digest_of, precedence
from hub.domain.yamltext import Problem
from hub.flow.home import Home
from hub.flow.rulesets import may_follow
from hub.web.rulesets import (
    Alert,
    Conflict,
    FileChange,
    ParameterView,
    Preview,
    RuleChange,
    Wanted,
)
from integrations.rulesets.seal import fingerprint, open_set
from rules.index import CompiledRule
from rules.language import GroceryOrder, HomeAction, Ride, SocialMeal
from rules.ruleset import RuleSet

_MISSING: tuple[str, ...] = ("\0",)
"""A file that is not there, as lines: unlike any that is."""


def _texts(texts: Mapping[Any, str]) -> dict[str, str]:
    return {str(tag): text for tag, text in texts.items()}


def opened(document: str) -> Published:
    """Return what a kept set says; its signature is looked at each time. SetError."""
    return read_set(open_set(document.encode()).payload)


def plan(
    config: Path, home: Home, adopted: AdoptedSet | None, offered: Offered, wanted: Wanted
) -> tuple[Preview, tuple[Writing, ...]]:
    """Return what would change, and what would be written for it. SetError, CannotWrite."""
    published = opened(offered.document)
    old = opened(adopted.document) if adopted is not None else None
    values, parameters = _values(published, adopted, wanted.values)
    shown = Preview(
        offered.id,
        offered.digest,
        offered.version,
        adopted.version if adopted else "",
        _texts(published.title),
        published.publisher,
        published.licence,
        _texts(published.description),
        _news(published, adopted),
        fingerprint(offered.key),
        adopted is not None and adopted.key == offered.key,
        offered.url,
        parameters,
        refused=_refused(config, adopted, offered),
    )
    if any(one.wrong for one in parameters):
        return shown, ()
    base = filled(old, adopted.values) if old is not None and adopted is not None else {}
    ours = files_of(config, offered.id)
    theirs = filled(published, values)
    conflicts: list[Conflict] = []
    after: dict[str, str] = {}
    for name in sorted({*base, *ours, *theirs}):
        pieces = _pieces(base.get(name), ours.get(name), theirs.get(name))
        found = _conflicts(name, pieces, wanted.choices)
        conflicts += found
        lines = chosen(pieces, {n: one.choice or "ours" for n, one in enumerate(found)})
        if lines is not None and tuple(lines) != _MISSING:
            after[name] = _text(lines)
    writing = tuple(
        Writing(name, digest_of(ours.get(name)), after.get(name))
        for name in sorted({*ours, *after})
        if ours.get(name) != after.get(name)
    )
    rules, alerts, mistakes = _tried(config, home, offered.id, ours, after)
    shown = replace(
        shown,
        files=[
            FileChange(
                one.name,
                difference(ours.get(one.name, ""), one.text or ""),
                one.name in base and ours.get(one.name) != base[one.name],
            )
            for one in writing
        ],
        conflicts=conflicts,
        rules=rules,
        alerts=alerts,
        mistakes=mistakes,
    )
    if not shown.refused and all(one.choice is not None for one in conflicts):
        shown = replace(shown, stamp=_stamp(offered.digest, values, writing))
    return shown, writing


def _refused(config: Path, adopted: AdoptedSet | None, offered: Offered) -> str:
    try:
        may_follow(adopted, offered.key, offered.version, offered.digest)
    except SetError as error:
        return str(error)
    if adopted is None and files_of(config, offered.id):
        return f"rules/sets/{offered.id}/ has files of its own already; move them away first"
    return ""


def _values(
    published: Published, adopted: AdoptedSet | None, given: Mapping[str, str]
) -> tuple[dict[str, str], list[ParameterView]]:
    values: dict[str, str] = {}
    views = []
    before = adopted.values if adopted is not None else {}
    for name, one in published.parameters.items():
        value = given.get(name, before.get(name, one.default or "")).strip()
        wrong = ""
        try:
            values[name] = checked(name, one, value)
        except SetError as error:
            wrong = str(error)
        views.append(ParameterView(name, one.kind, _texts(one.title), value[:255], wrong))
    unknown = sorted(set(given) - set(published.parameters))
    if unknown:
        raise SetError(f"{unknown[0][:60]}: the set has no such parameter")
    return values, views


def _news(published: Published, adopted: AdoptedSet | None) -> list[tuple[str, Mapping[str, str]]]:
    """Return what is new since the version that the household has."""
    return [
        (one.version, _texts(one.text))
        for one in published.changes
        if adopted is None or precedence(one.version) > precedence(adopted.version)
    ]


def _pieces(base: str | None, ours: str | None, theirs: str | None) -> Sequence[Piece]:
    was, mine, other = (
        _MISSING if text is None else text.splitlines() for text in (base, ours, theirs)
    )
    return merge(was, mine, other)


def _conflicts(name: str, pieces: Sequence[Piece], choices: Mapping[str, Side]) -> list[Conflict]:
    found = [piece for piece in pieces if piece.conflict]
    return [
        Conflict(
            f"{name}:{number}",
            name,
            _side(piece.ours),
            _side(piece.theirs),
            choices.get(f"{name}:{number}"),
        )
        for number, piece in enumerate(found)
    ]


def _side(lines: tuple[str, ...]) -> str | None:
    return None if lines == _MISSING else "\n".join(lines)


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines if line != _MISSING[0])


def _tried(
    config: Path, home: Home, set_id: str, ours: Mapping[str, str], after: Mapping[str, str]
) -> tuple[list[RuleChange], list[Alert], list[Problem]]:
    """Return what the files would mean here: rules before and after, alerts and mistakes."""
    folder = folder_of(config, set_id)
    others = [(str(file), read(file)) for file in rule_files(config) if file.parent != folder]
    before, _ = _built(home, others, folder, ours)
    rules, problems = _built(home, others, folder, after)
    changes = []
    for name in sorted({*before, *rules}):
        was, now = before.get(name), rules.get(name)
        if now is None:
            changes.append(RuleChange(name, "removed", was.text if was else "", ""))
        elif was is None:
            changes.append(RuleChange(name, "added", "", now.text))
        elif was.version != now.version:
            changes.append(RuleChange(name, "changed", was.text, now.text))
    alerts = [
        alert
        for one in changes
        if (rule := rules.get(one.id)) is not None
        for alert in _alerts(rule, home)
    ]
    mistakes = [replace(one, file=Path(one.file).name) for one in problems]
    return changes, alerts, mistakes


def _built(
    home: Home, others: Sequence[tuple[str, str]], folder: Path, files: Mapping[str, str]
) -> tuple[dict[str, CompiledRule], list[Problem]]:
    texts = [*others, *((str(folder / name), text) for name, text in sorted(files.items()))]
    built, problems = RuleSet.build(
        texts, members=home.settings.members, pantry=home.pantry.values()
    )
    own = [one for one in built.compiled() if Path(one.file).parent == folder]
    return {one.id: one for one in own}, [
        one for one in problems if Path(one.file).parent == folder
    ]


def _alerts(one: CompiledRule, home: Home) -> Iterator[Alert]:
    """Yield what a rule could do that is worth a second look."""
    propose = one.rule.propose
    alone = home.settings.limits.auto_approve.get(one.id)
    if alone is not None:
        yield Alert("alone", one.id, str(alone))
    elif isinstance(propose, GroceryOrder | Ride | SocialMeal):
        yield Alert("orders", one.id)
    if isinstance(propose, HomeAction):
        calls = "; ".join(" ".join((call.service, *call.entities)) for call in propose.then)
        yield Alert("home", one.id, calls)
    if one.rule.quiet_hours == "off":
        yield Alert("night", one.id)
    if one.rule.ask == "everyone":
        yield Alert("children", one.id)


def _stamp(digest: str, values: Mapping[str, str], writing: Sequence[Writing]) -> str:
    said = [digest, sorted(values.items()), [(one.name, one.was, one.text) for one in writing]]
    return sha256(json.dumps(said).encode()).hexdigest()[:32]
