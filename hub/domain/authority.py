"""Who may approve what, and for how much: the household's word, wherever the answer comes from."""

from __future__ import annotations

from typing import Literal

from hub.domain.money import Money
from hub.domain.suggestions import Kind, Suggestion, Verb
from hub.domain.values import dataclass

_YES: tuple[Verb, ...] = ("approve", "maybe")


@dataclass(frozen=True, slots=True)
class Authority:
    """What somebody may approve.

    ``kinds`` are kinds of suggestion, none named: all. ``most`` is what one approval may cost; None
    with ``any_sum``: whatever it costs, without it: nothing that costs money.
    """

    kinds: tuple[Kind, ...] = ()
    most: Money | None = None
    any_sum: bool = False

    def barrier(
        self, suggestion: Suggestion, verb: Verb, option: str | None = None
    ) -> Literal["", "kind", "sum"]:
        """Return what stands against this answer: its kind, what the option costs, or nothing.

        A no costs nothing. What is asked in another currency than ``most`` cannot be held against
        it, and is too much.
        """
        if self.kinds and suggestion.kind not in self.kinds:
            return "kind"
        chosen = next((one for one in suggestion.options if one.id == option), None)
        if verb not in _YES or self.any_sum or chosen is None or chosen.total.amount <= 0:
            return ""
        most = self.most
        if most is None or most.currency != chosen.total.currency:
            return "sum"
        return "sum" if chosen.total.amount > most.amount else ""
