"""Plans and conflicts for pages and programs (``hub.web.plans``), by the running parts."""

from __future__ import annotations

from collections.abc import Sequence

from hub.domain.cases import Case
from hub.domain.offers import Window
from hub.domain.plans import Plan, PlanKind
from hub.flow.home import Home
from hub.flow.plans import add_plan, remove_plan
from hub.store.house import House
from hub.worker.writer import Writer

API = "api"


class HubPlans:
    """Reads from memory; changes go through the writer thread."""

    def __init__(self, home: Home, house: House, writer: Writer) -> None:
        self._home = home
        self._house = house
        self._writer = writer

    def listed(self, kind: PlanKind) -> Sequence[Plan]:
        """Return those that are not over since a day, in order of time."""
        found = [plan for plan in list(self._house.plans.values()) if plan.kind == kind]
        return sorted(found, key=lambda one: (one.window.start, one.id))

    def conflicts(self) -> Sequence[Case]:
        """Return what cannot stay as it is planned, in order of time."""
        found = list(self._house.cases.values())
        return sorted(found, key=lambda one: (one.conflict.overlap.start, one.id))

    async def add(
        self,
        kind: PlanKind,
        window: Window,
        members: Sequence[str],
        title: str,
        uses: Sequence[str],
        member: str,
    ) -> Plan:
        """Keep a plan. PlanError."""
        return await self._writer.run(
            lambda tx: add_plan(tx, self._home, kind, window, members, title, uses, member, API)
        )

    async def remove(self, kind: PlanKind, plan_id: str, member: str) -> Plan | None:
        """Forget a plan and return it, None when there is none."""
        return await self._writer.run(lambda tx: remove_plan(tx, kind, plan_id, member, API))
