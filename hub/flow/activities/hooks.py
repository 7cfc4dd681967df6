"""What else hangs on an activity: a ride there, a table. It follows by these functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hub.domain.activities import Attendee, Planned
from hub.domain.values import dataclass
from hub.store.tx import Tx

if TYPE_CHECKING:
    from hub.flow.home import Home

Changed = Callable[[Tx, "Home", Planned | None, Planned], None]
"""Told of every change, after it was kept and in its transaction: how it was (None: it is new),
and how it is. Who answered what, what was moved and who of the household goes is the difference.
What it raises undoes what it did itself, and nothing else."""

Late = Callable[[Tx, "Home", Planned, Attendee], bool]
"""Told of a yes that came after the deadline. True: it asks the members itself."""


@dataclass(frozen=True, slots=True)
class ActivityHooks:
    """What one part of the hub does about activities."""

    changed: Changed = lambda tx, home, before, now: None
    late: Late = lambda tx, home, planned, answer: False


def answers(before: Planned | None, now: Planned) -> tuple[Attendee, ...]:
    """Return who said something else than before, as they are now; new ones who said nothing not.

    ActivityError where there is no activity (any more).
    """
    known = before.activity.attendees if before is not None else ()
    said = {one.address: one.partstat for one in known}
    return tuple(
        one
        for one in now.activity.attendees
        if said.get(one.address, "NEEDS-ACTION") != one.partstat
    )
