"""What pages and programs ask of the hub about plans and conflicts; ``hub.app`` provides it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hub.domain.cases import Case
from hub.domain.offers import Window
from hub.domain.plans import Plan, PlanKind


class Plans(Protocol):
    """Absences and meals cooked at home. PlanError says which field is wrong."""

    def listed(self, kind: PlanKind) -> Sequence[Plan]:
        """Return those that are not over since a day, in order of time."""
        ...

    def conflicts(self) -> Sequence[Case]:
        """Return what cannot stay as it is planned and what is done about it, in order of time."""
        ...

    async def add(
        self,
        kind: PlanKind,
        window: Window,
        members: Sequence[str],
        title: str,
        uses: Sequence[str],
        member: str,
    ) -> Plan:
        """Keep a plan of ``members`` (nobody named: of all); ``uses`` is for cooking."""
        ...

    async def remove(self, kind: PlanKind, plan_id: str, member: str) -> Plan | None:
        """Forget a plan and return it, None when there is none."""
        ...
