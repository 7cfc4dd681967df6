"""Whether a published set is one: each file holds rules, and each rule bears the set's name."""

from __future__ import annotations

from hub.domain.published import Published, filled, read_published
from hub.domain.rulesets import SetError
from hub.domain.values import dataclass
from rules.ruleset import RuleSet

_SAMPLES = {
    "item": "milk",
    "entity": "sensor.one",
    "member": "adult",
    "number": "1",
    "time": "18:00",
    "duration": "30m",
    "word": "word",
}


@dataclass(frozen=True, slots=True)
class _Anybody:
    id: str = "adult"
    role: str = "adult"


def read_set(payload: bytes) -> Published:
    """Return what a set says. SetError where it is none, or its rules could work in no home."""
    found = read_published(payload)
    samples = {name: _SAMPLES[one.kind] for name, one in found.parameters.items()}
    texts = [
        (f"config/rules/sets/{found.id}/{name}", text)
        for name, text in filled(found, samples).items()
    ]
    rules, problems = RuleSet.build(texts, members=(_Anybody(),))
    if problems:
        first = problems[0]
        name = first.file.rpartition("/")[2]
        raise SetError(f"{name}:{first.line}:{first.column}: {first.message}")
    if not rules.rules():
        raise SetError("there is no rule in it")
    return found
