"""The values of a rule that a form can change, by their paths: ``when.state.for``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,9})?")
_OPTIONAL = ("enabled", "cooldown", "expires_after", "quiet_hours")
_FIXED = frozenset({"id", "propose.kind"})
_NEXT = "escalate"
_NEXT_WHO = f"{_NEXT}.to"


def fields(rule: object) -> dict[str, str]:
    """Return a rule's values by path, and those it could have besides, empty."""
    found = {path: value for path, value in _leaves(rule) if path not in _FIXED}
    for name in _OPTIONAL:
        found.setdefault(name, "true" if name == "enabled" else "")
    if not isinstance(at(rule, _NEXT), str) and at(rule, "propose.kind") != "notify":
        found.setdefault(f"{_NEXT}.after", "")
        found.setdefault(_NEXT_WHO, "")
    return found


def changes(rule: object, values: Mapping[str, str]) -> dict[tuple[str, ...], object]:
    """Return what differs from a rule's values, by where it stands in it; None takes a key out.

    With nobody to be asked next there is no ``escalate`` either.
    """
    before = fields(rule)
    found: dict[tuple[str, ...], object] = {}
    for path, value in values.items():
        if path in before and value != before[path]:
            listed = at(rule, path) is None and path == _NEXT_WHO
            found[tuple(path.split("."))] = typed(value, [] if listed else at(rule, path))
    if found.get((_NEXT, "to"), "") is None:
        found = {path: value for path, value in found.items() if path[0] != _NEXT}
        found[_NEXT,] = None
    return found


def _leaves(value: object, before: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{before}{key}.")
    elif isinstance(value, list):
        if all(isinstance(inner, str | int | float) for inner in value):
            yield before[:-1], ", ".join(map(str, value))
    else:
        yield before[:-1], _shown(value)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def at(rule: object, path: str) -> object:
    """Return what a rule says at a path; None when nothing."""
    value = rule
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def typed(text: str, before: object) -> object:
    """Read what a form says as the kind of value it replaces; None takes the key out.

    Numbers stay numbers only where one stood: what is text in the file stays text.
    """
    text = text.strip()
    if not text:
        return None
    if text in ("true", "false") and (isinstance(before, bool) or before is None):
        return text == "true"
    if isinstance(before, list):
        return [part.strip() for part in text.split(",") if part.strip()]
    if isinstance(before, int | float) and _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text
