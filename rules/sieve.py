"""Many rules about one thing: those whose condition is false are passed over unjudged.

A household may have a rule for each of a thousand barcodes, and one scanner. Conditions that begin
with the same question and differ in the answer they want cost one question together; other
conditions are asked before anything else about their rules. Whoever is left is judged as ever, so
the outcome is the same as without.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import field
from typing import Any, Generic, TypeVar

from hub.domain.values import dataclass
from rules.compile import Condition, engine

T = TypeVar("T")
_FEW = 4
"""Rules that are judged sooner than sieved."""


@dataclass(frozen=True, slots=True)
class _Question(Generic[T]):
    """Rules whose conditions begin with ``left == constant``; their constants are of one type."""

    ask: Callable[[Any], Any]
    kind: type
    wanting: dict[object, list[tuple[int, T]]] = field(default_factory=dict)

    def left_over(self, context: Any) -> list[tuple[int, T]]:
        """Return the rules whose constant is the answer; all when there is no such answer."""
        try:
            answer = self.ask(context)
        except Exception:
            # Each rule is to tell of its own condition what is wrong with it.
            answer = None
        # True is not 1 here and neither is 1.0: comparing across types is left to CEL.
        if type(answer) is self.kind:
            return self.wanting.get(answer, [])
        return [one for rules in self.wanting.values() for one in rules]


class Sieve(Generic[T]):
    """Rules, in their order, by what their conditions ask."""

    def __init__(self, rules: Sequence[tuple[T, Condition | None]]) -> None:
        """Sort ``rules``, each with its condition."""
        self._always: list[tuple[int, T]] = []
        self._asked: list[tuple[int, T, Callable[[Any], Any]]] = []
        self._questions: list[_Question[T]] = []
        alike: dict[tuple[str, type], list[tuple[int, T, Condition]]] = defaultdict(list)
        for place, (one, condition) in enumerate(rules):
            if condition is None:
                self._always.append((place, one))
            elif condition.first is None:
                self._asked.append((place, one, condition.program.execute))
            else:
                first = condition.first
                alike[first.left, type(first.right)].append((place, one, condition))
        for (left, kind), members in alike.items():
            if len(members) == 1:
                self._asked += [(place, one, had.program.execute) for place, one, had in members]
                continue
            question: _Question[T] = _Question(engine().compile(left).execute, kind)
            for place, one, condition in members:
                assert condition.first is not None, "sorted by it"
                question.wanting.setdefault(condition.first.right, []).append((place, one))
            self._questions.append(question)

    def left_over(self, context: Any) -> list[T]:
        """Return the rules whose condition may hold, or cannot be worked out, in their order."""
        found = list(self._always)
        for question in self._questions:
            found += question.left_over(context)
        for place, one, holds in self._asked:
            try:
                if holds(context) is False:
                    continue
            except Exception:  # noqa: S110 - it is told where the rule is judged
                pass
            found.append((place, one))
        found.sort(key=_place)
        return [one for _, one in found]


def sieve(rules: Sequence[tuple[T, Condition | None]]) -> Sieve[T] | None:
    """Return a sieve for rules of which there are many, None for a few."""
    asking = sum(condition is not None for _, condition in rules)
    return Sieve(rules) if asking > _FEW else None


def _place(placed: tuple[int, object]) -> int:
    return placed[0]
