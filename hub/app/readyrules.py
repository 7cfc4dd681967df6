"""The rules to begin with: read from the files that come with the hub, and put into a household's.

A rule is taken over as it stands there, with its comments; only what a person chose is changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from hub.app import rulefields
from hub.app.textfiles import changed, read
from hub.domain.tongue import phrase
from hub.domain.values import dataclass
from hub.domain.yamltext import YamlError, load
from hub.settings import MemberSettings
from hub.web.beginning import ReadyRule
from hub.web.files import CannotWrite, RuleField
from rules.ruleset import RuleInfo, RuleSet

FOLDER = Path(__file__).resolve().parents[2] / "config" / "rules"
TEXTS = ("name", "propose.title", "propose.message")
"""What of a ready rule is in words, and is taken over in the household's language."""
_SOMEBODY = MemberSettings(id="somebody", name="Somebody")
_FIRST = re.compile(r"^  - id:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Ready:
    """A ready rule: its file's name and head, its own lines, and what they say."""

    info: RuleInfo
    file: str
    head: str
    lines: str
    rule: object

    @property
    def id(self) -> str:
        """Return the rule's id."""
        return self.info.id


def every() -> list[Ready]:
    """Return the ready rules, in the order of their files."""
    found = []
    for file in sorted(FOLDER.glob("*.yaml")):
        whole = read(file)
        rules, _ = RuleSet.build([(file.name, whole)], members=[_SOMEBODY])
        starts = [match.start() for match in _FIRST.finditer(whole)]
        data = load(whole, file.name).data
        said = data["rules"] if isinstance(data, dict) else []
        words = {one.id: one for one in rules.rules()}
        for start, end, rule in zip(starts, [*starts[1:], len(whole)], said, strict=True):
            info = words[rule["id"]]
            lines = whole[start:end].rstrip("\n") + "\n"
            head = whole[: starts[0]]
            found.append(Ready(info, file.name, head, lines, rule))
    return found


def chosen(ready: Ready) -> tuple[RuleField, ...]:
    """Return what a person chooses about a rule: all that its trigger names."""
    return tuple(
        RuleField(path, value)
        for path, value in rulefields.fields(ready.rule).items()
        if path.startswith("when.")
    )


def shown(ready: Ready, there: bool, on: bool) -> ReadyRule:
    """Return a rule as the wizard shows it."""
    info = ready.info
    # An item of a list, as it stands in its file: here it is to stand alone.
    text = dedent(ready.lines.replace("  - ", "    ", 1))
    return ReadyRule(
        ready.id, phrase(info.name), info.trigger, info.kind, there, on, chosen(ready), text
    )


def added(text: str, ready: Ready, values: Mapping[str, str]) -> str:
    """Return a file of rules with a ready rule at its end. Raises CannotWrite.

    ``text`` is the household's own file, empty where there is none yet.
    """
    new = f"{text.rstrip()}\n\n{ready.lines}" if text.strip() else f"{ready.head}{ready.lines}"
    try:
        before = load(text, ready.file).data
        after = load(new, ready.file).data
    except YamlError as error:
        raise CannotWrite(f"{ready.file}: the rule cannot be added here: {error}") from None
    had = before.get("rules") if isinstance(before, dict) else None
    had = had if isinstance(had, list) else []
    if not isinstance(after, dict) or after.get("rules") != [*had, ready.rule]:
        raise CannotWrite(
            f"{ready.file}: the rule cannot be added without risk; expected a list of rules at "
            "the end of the file"
        )
    before_values = {field.path: field.value for field in chosen(ready)}
    changes: dict[tuple[str | int, ...], object] = {
        ("rules", len(had), *path.split(".")): rulefields.typed(
            value, rulefields.at(ready.rule, path)
        )
        for path, value in values.items()
        if path in before_values and value.strip() and value != before_values[path]
    }
    for path in TEXTS:
        said = rulefields.at(ready.rule, path)
        if isinstance(said, str) and (ours := phrase(said)) != said:
            changes["rules", len(had), *path.split(".")] = ours
    return changed(new, ready.file, changes) if changes else new
