"""Three texts made one, line by line: what was, what we made of it, and what they made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from hub.domain.values import dataclass

Side = Literal["ours", "theirs"]
Mark = Literal["same", "added", "removed", "place"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the outcome. Where both sides changed the same lines it is a ``conflict``."""

    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    conflict: bool = False


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a difference; ``place`` tells where the next ones stand."""

    mark: Mark
    text: str


def merge(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[Piece]:
    """Return the pieces of ``base`` with both sides' changes; lines are without line breaks."""
    pieces: list[Piece] = []
    for was, mine, other in _regions(base, ours, theirs):
        if mine == other or other == was:
            pieces.append(Piece(mine, mine))
        elif mine == was:
            pieces.append(Piece(other, other))
        else:
            pieces.append(Piece(mine, other, conflict=True))
    return pieces


def _regions(
    base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]]:
    """Yield what stands in the three between, and in, the runs that all of them share."""
    mine, other = _matches(base, ours), _matches(base, theirs)
    at_base = at_ours = at_theirs = 0
    index = 0
    while index <= len(base):
        whole = index == len(base)
        if not whole and not (index in mine and index in other):
            index += 1
            continue
        to_ours = len(ours) if whole else mine[index]
        to_theirs = len(theirs) if whole else other[index]
        before = (
            tuple(base[at_base:index]),
            tuple(ours[at_ours:to_ours]),
            tuple(theirs[at_theirs:to_theirs]),
        )
        if any(before):
            yield before
        if whole:
            return
        same = (base[index],)
        yield same, same, same
        at_base, at_ours, at_theirs = index + 1, to_ours + 1, to_theirs + 1
        index += 1


def _matches(base: Sequence[str], side: Sequence[str]) -> dict[int, int]:
    from difflib import SequenceMatcher

    found: dict[int, int] = {}
    for block in SequenceMatcher(None, base, side).get_matching_blocks():
        for step in range(block.size):
            found[block.a + step] = block.b + step
    return found


def chosen(pieces: Sequence[Piece], choices: Mapping[int, Side]) -> list[str] | None:
    """Return the lines that result; ``choices`` by a conflict's number. None while one is open."""
    lines: list[str] = []
    number = 0
    for piece in pieces:
        side: Side | None = "ours"
        if piece.conflict:
            side = choices.get(number)
            number += 1
        if side is None:
            return None
        lines += piece.ours if side == "ours" else piece.theirs
    return lines


def difference(before: str, after: str) -> list[DiffLine]:
    """Return what changes between two texts, with three lines around it."""
    from difflib import unified_diff

    found: list[DiffLine] = []
    for line in unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=3):
        if line.startswith(("---", "+++")) and not found:
            continue
        kind: dict[str, Mark] = {"+": "added", "-": "removed", "@": "place"}
        mark = kind.get(line[:1], "same")
        found.append(DiffLine(mark, line if mark == "place" else line[1:]))
    return found
