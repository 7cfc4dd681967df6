"""Lives as tables: an illegal move raises and changes nothing.

The diagrams in ``docs/architecture.md`` are drawn from these tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

S = TypeVar("S", bound=str)


class IllegalMove(Exception):
    """A state was asked to become one its table does not lead to; nothing was changed."""


class Life(Generic[S]):
    """A named transition table: state -> the states it may become."""

    def __init__(self, name: str, moves: Mapping[S, frozenset[S]]) -> None:
        """Name the table; ``moves`` must mention every state as a key."""
        self.name = name
        self.moves = moves

    def move(self, current: S, target: S) -> S:
        """Return ``target`` when the table allows it, else raise IllegalMove."""
        if target not in self.moves[current]:
            allowed = ", ".join(sorted(self.moves[current])) or "nothing: it is an end"
            raise IllegalMove(
                f"{self.name} cannot go from {current} to {target} (allowed: {allowed})"
            )
        return target

    def ended(self, state: S) -> bool:
        """Tell whether ``state`` is an end of this life."""
        return not self.moves[state]
