"""Where things stand in a text: problems with their place, and data with the place of each part."""

from __future__ import annotations

import textwrap
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import field
from typing import Any

from hub.domain.values import dataclass
from hub.domain.yamlwords import Path


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a file: where (line and column count from 1) and what was expected."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        """Write as editors and compilers do: ``file:line:column: message``."""
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class YamlError(Exception):
    """The text could not be read at all; ``problem`` says where and why."""

    def __init__(self, problem: Problem) -> None:
        """Keep the problem; its text is the exception's."""
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Span:
    """Where a value stands in the text: character indexes, and how it is written."""

    start: int
    end: int
    style: str = ""


@dataclass(frozen=True, slots=True)
class Located:
    """What a file says, and where each part of it is written.

    ``data`` is None, text, numbers, booleans, lists and dicts with text keys. A path such as
    ``("rules", 0, "name")`` leads to each part. ``keys`` and ``values`` hold where they stand, as
    character indexes of ``text``.
    """

    file: str
    data: Any
    text: str = field(repr=False)
    keys: dict[Path, int] = field(default_factory=dict, repr=False)
    values: dict[Path, Span] = field(default_factory=dict, repr=False)
    _breaks: list[int] = field(default_factory=list, repr=False)

    def at(self, path: Sequence[str | int], *, key: bool = False) -> tuple[int, int]:
        """Return line and column of the value (or its ``key``) at ``path``.

        A part that is not in the file is placed where the nearest part around it begins.
        """
        steps = tuple(path)
        if key and steps in self.keys:
            return self._place(self.keys[steps])
        while steps and steps not in self.values:
            steps = steps[:-1]
        span = self.values.get(steps)
        return self._place(span.start if span else 0)

    def inside(self, path: Sequence[str | int], offset: int) -> tuple[int, int]:
        """Return line and column of character ``offset`` of the text value at ``path``.

        Right for plain, quoted, literal and folded scalars: characters that are not blank keep
        their order, so they are counted.
        """
        span = self.values.get(tuple(path))
        value = self.part(path)
        if span is None or not isinstance(value, str):
            return self.at(path)
        wanted = sum(not char.isspace() for char in value[:offset])
        return self._place(_nth_sign(self.text, span, wanted))

    def part(self, path: Sequence[str | int]) -> Any:
        """Return the value at ``path``; None when there is none."""
        value = self.data
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def source(self, path: Sequence[str | int]) -> str:
        """Return the part at ``path`` as it is written, moved to the left margin."""
        span = self.values.get(tuple(path))
        if span is None:
            return ""
        start = self.text.rfind("\n", 0, span.start) + 1
        first = " " * (span.start - start) + self.text[span.start : span.end]
        return textwrap.dedent(first).rstrip()

    def problem(self, path: Sequence[str | int], message: str, *, key: bool = False) -> Problem:
        """Make a Problem at ``path``; the message is used as it is."""
        line, column = self.at(path, key=key)
        return Problem(self.file, line, column, message)

    def _place(self, index: int) -> tuple[int, int]:
        # Counted once for the file: a list of thousands of rules asks for each one's place.
        if not self._breaks:
            self._breaks.append(-1)
            self._breaks.extend(at for at, char in enumerate(self.text) if char == "\n")
        line = bisect_left(self._breaks, index)
        return line, index - self._breaks[line - 1]


def place(text: str, index: int) -> tuple[int, int]:
    """Return line and column, from 1, of the character at ``index``."""
    before = text[:index]
    return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1


def _nth_sign(text: str, span: Span, wanted: int) -> int:
    """Return the index of the sign that has ``wanted`` non-blank signs of its scalar before it."""
    index = span.start
    if span.style in ("|", ">"):
        line_end = text.find("\n", index)
        index = span.end if line_end < 0 else line_end + 1
    elif span.style:
        index += 1
    while index < span.end:
        char = text[index]
        escape = (span.style == '"' and char == "\\") or (
            span.style == "'" and text.startswith("''", index)
        )
        if not char.isspace() and not escape:
            if wanted == 0:
                return index
            wanted -= 1
        # Of an escape only the sign it stands for is counted, so "\\" must not be seen twice.
        if escape and text.startswith(("\\\\", "''"), index):
            index += 1
            if wanted == 0:
                return index
            wanted -= 1
        index += 1
    return max(span.start, span.end - 1)
