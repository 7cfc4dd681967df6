"""What members have said they will do: be away, or cook at home (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from hub.domain.agenda import Block
from hub.domain.blocks import absence_block, cooking_block
from hub.domain.notices import SERVICES, Service
from hub.domain.offers import Window
from hub.domain.values import dataclass

PlanKind = Literal["absence", "cooking"]
PLAN_KINDS: tuple[PlanKind, ...] = ("absence", "cooking")

MOST_PLANS = 1000
"""Plans that are not over; a household that has more has a calendar."""
LONGEST: dict[PlanKind, timedelta] = {
    "absence": timedelta(days=400),
    "cooking": timedelta(days=1),
}
FARTHEST = timedelta(days=3660)
LONGEST_TITLE = 120
KEPT = timedelta(days=1)
"""How long a plan is kept once it is over: the day's picture still has it."""


class PlanError(ValueError):
    """A plan that cannot be; its text says which field and what was expected."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An absence of ``members``, or a meal that they cook at home.

    ``window`` is when, in UTC. ``uses`` are the services that cooking takes. ``by`` is the member
    who said so.
    """

    id: str
    kind: PlanKind
    window: Window
    members: tuple[str, ...]
    title: str
    uses: tuple[Service, ...] = ()
    by: str = ""

    @property
    def block(self) -> Block:
        """Return what it takes of the day."""
        if self.kind == "cooking":
            return cooking_block(self.id, self.title, self.window, self.members, self.uses)
        return absence_block(self.id, self.title, self.window, self.members)


def checked(
    plan_id: str,
    kind: PlanKind,
    window: Window,
    members: Sequence[str],
    title: str,
    uses: Sequence[str],
    *,
    by: str,
    known: Sequence[str],
    now: datetime,
) -> Plan:
    """Return a plan that can be. PlanError names the field that is wrong.

    ``known`` are the household's members; without ``members`` it is about all of them.
    """
    for member in members:
        if member not in known:
            raise PlanError(f"members: there is no {member[:40]} in this household")
    if window.end <= now:
        raise PlanError("end: expected a time to come")
    if window.end - window.start > LONGEST[kind]:
        raise PlanError(f"end: expected at most {LONGEST[kind].days} days after start")
    if window.end > now + FARTHEST:
        raise PlanError(f"end: expected at most {FARTHEST.days} days from now")
    text = " ".join(title.split())
    if len(text) > LONGEST_TITLE or not (text.isprintable() or not text):
        raise PlanError(f"title: expected printable text of at most {LONGEST_TITLE} characters")
    services = [service for service in SERVICES if service in uses]
    if len(services) != len(set(uses)):
        raise PlanError(f"uses: expected some of {', '.join(SERVICES)}")
    return Plan(
        plan_id,
        kind,
        window,
        tuple(dict.fromkeys(members)) or tuple(known),
        text or ("Away" if kind == "absence" else "Cooking"),
        tuple(services),
        by,
    )
