"""Plans in memory, as the pages and the API read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hub.domain.agenda import Block
from hub.domain.cases import Case
from hub.domain.conflicts import Conflict
from hub.domain.offers import Window
from hub.domain.plans import Plan, PlanKind, checked

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
EVENING = Window(NOW + timedelta(hours=6), NOW + timedelta(hours=8))


class FakePlans:
    """What was planned, and one delivery with nobody at home."""

    def __init__(self) -> None:
        self.kept = [
            Plan("away-1", "absence", EVENING, ("ben",), "Night shift"),
            Plan("soup-1", "cooking", EVENING, ("ada",), "Soup", ("gas",), "ada"),
        ]
        block = Block("delivery:o", "delivery", EVENING, "Corner", needs_home=True, movable=True)
        conflict = Conflict("nobody_home", "nobody_home:delivery:o", block, None, EVENING)
        self.cases = [Case(block.id, (conflict,), "asked", suggestion_id="sug-5")]

    def listed(self, kind: PlanKind) -> Sequence[Plan]:
        return [one for one in self.kept if one.kind == kind]

    def conflicts(self) -> Sequence[Case]:
        return self.cases

    async def add(
        self,
        kind: PlanKind,
        window: Window,
        members: Sequence[str],
        title: str,
        uses: Sequence[str],
        member: str,
    ) -> Plan:
        name = f"plan-{len(self.kept)}"
        known = ("ada", "ben", "kim")
        plan = checked(name, kind, window, members, title, uses, by=member, known=known, now=NOW)
        self.kept.append(plan)
        return plan

    async def remove(self, kind: PlanKind, plan_id: str, member: str) -> Plan | None:
        found = next((one for one in self.listed(kind) if one.id == plan_id), None)
        if found is not None:
            self.kept.remove(found)
        return found
