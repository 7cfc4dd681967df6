"""``docs/rules.md`` says what is so: its examples work and it lists every word."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from hub.domain.suggestions import KINDS
from rules.language import Rule
from rules.ruleset import RuleSet
from rules.words import COMMON, FIELDS, FUNCTIONS, WORDS, Trigger

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "rules.md").read_text()
EXAMPLES = [one for one in re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL) if "id:" in one]
NAMES = "|".join(get_args(Trigger))
TRIGGERS = re.findall(rf"^\| `((?:{NAMES}): .*?)` \|", GUIDE, re.MULTILINE)


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_works(read: Callable[..., RuleSet], text: str) -> None:
    assert len(read(text).rules()) == 1


@pytest.mark.parametrize("when", TRIGGERS)
def test_a_trigger_is_written_as_shown(faults_of: Callable[[str], list[str]], when: str) -> None:
    text = f"id: a\nname: A\nwhen:\n  {when}\npropose: {{kind: notify}}\n"
    assert [one for one in faults_of(text) if "is not in the pantry" not in one] == []


def test_the_guide_tells_of_everything() -> None:
    assert len(TRIGGERS) == len(get_args(Trigger))
    words = {word for known in WORDS.values() for word in known} | set(COMMON)
    fields = {f"{word}.{name}" for word, known in FIELDS.items() for name in known}
    keys = {field.alias or name for name, field in Rule.model_fields.items()}
    told = set(re.findall(r"[a-z_]+(?:\.[a-z_]+)?", GUIDE, re.IGNORECASE))
    assert (words | fields | FUNCTIONS | keys | set(KINDS)) - told - {"stock"} == set()
