"""Plans of members: to be away, or to cook at home."""

from __future__ import annotations

from collections.abc import Sequence

from hub.domain.offers import Window
from hub.domain.plans import MOST_PLANS, Plan, PlanError, PlanKind, checked
from hub.flow.home import Home
from hub.store.tx import Entry, Tx


def add_plan(
    tx: Tx,
    home: Home,
    kind: PlanKind,
    window: Window,
    members: Sequence[str],
    title: str,
    uses: Sequence[str],
    member: str,
    via: str,
) -> Plan:
    """Keep a plan of ``members`` (nobody named: all of them). PlanError says what is wrong."""
    if len(tx.house.plans) >= MOST_PLANS:
        raise PlanError(f"there are {MOST_PLANS} plans already; remove one first")
    known = [one.id for one in home.settings.members]
    plan = checked(
        tx.new_id(),
        kind,
        window,
        members,
        title,
        uses,
        by=member,
        known=known,
        now=tx.now,
    )
    tx.save_plan(plan)
    tx.append(Entry(f"{kind}_planned", plan.id, {"member": member, "via": via}))
    return plan


def remove_plan(tx: Tx, kind: PlanKind, plan_id: str, member: str, via: str) -> Plan | None:
    """Forget a plan; None when there is none of that kind."""
    plan = tx.house.plans.get(plan_id)
    if plan is None or plan.kind != kind:
        return None
    tx.drop_plan(plan_id)
    tx.append(Entry(f"{kind}_dropped", plan_id, {"member": member, "via": via}))
    return plan
