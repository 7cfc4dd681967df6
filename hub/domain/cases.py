"""What is done about something that cannot stay as it is planned (pure).

A case is about one block that would be moved, whatever it collides with: one move resolves all of
it, so it makes one suggestion.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Literal

from hub.domain.conflicts import Conflict
from hub.domain.money import Money
from hub.domain.offers import DeliverySlot, Window
from hub.domain.values import dataclass

CaseState = Literal["looking", "asked", "told", "settled"]

MOST_TRIES = 8
"""Windows a provider is asked about before the case is given up: it does not want to."""


@dataclass(frozen=True, slots=True)
class Case:
    """Conflicts of one block, and how far a way out is. ``id`` is the block's.

    *looking*: a way out is looked for, or a provider asked. *asked*: ``suggestion_id`` asks the
    members. *told*: there is no way out, and they know. *settled*: they would have it as it is;
    neither is said again while ``cause`` stays what it was.

    ``offered`` are the windows its provider named when asked, None before that; ``refused`` those
    it would not have after all. ``slot`` is what is being priced or proposed, for ``fee``, once
    ``priced``. ``unheard``: it did not answer, ``silent`` times by now; ``again`` is when to ask
    anew. ``said`` is why there is no way out, as members were told last.
    """

    id: str
    conflicts: tuple[Conflict, ...]
    state: CaseState = "looking"
    cause: str = ""
    suggestion_id: str = ""
    offered: tuple[DeliverySlot, ...] | None = None
    refused: tuple[Window, ...] = ()
    slot: DeliverySlot | None = None
    fee: Money | None = None
    priced: bool = False
    tries: int = 0
    unheard: bool = False
    silent: int = 0
    said: str = ""
    again: datetime | None = None

    @property
    def conflict(self) -> Conflict:
        """Return the conflict that comes first."""
        return self.conflicts[0]

    @property
    def key(self) -> str:
        """Return the key of its suggestion."""
        return f"conflict:{self.id}"

    def anew(self) -> Case:
        """Return it as if nothing had been asked yet; who was silent is still remembered."""
        return Case(self.id, self.conflicts, silent=self.silent, said=self.said)

    def without_offer(self) -> Case:
        """Return it with its provider to be asked again, who has changed its mind."""
        return replace(self.anew(), tries=self.tries + 1)

    def answered(self, offered: Iterable[DeliverySlot]) -> Case:
        """Return it with what its provider offers."""
        return replace(self, offered=tuple(offered), tries=self.tries + 1)

    def refusing(self, window: Window) -> Case:
        """Return it with a window less to choose from."""
        return replace(
            self, refused=(*self.refused, window), slot=None, priced=False, tries=self.tries + 1
        )


def cause_of(conflicts: Iterable[Conflict]) -> str:
    """Return what a decision was about: which conflicts, and at which times.

    Who comes home a little later makes no new question of one that was answered.
    """
    parts = []
    for one in conflicts:
        times = [one.block.window.start]
        if one.against is not None and one.kind == "double_booked":
            times.append(one.against.window.start)
        parts.append(f"{one.key}@{'/'.join(f'{at:%Y%m%dT%H%M%S}' for at in times)}")
    return " ".join(sorted(parts))
