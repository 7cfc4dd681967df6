"""What a unit of work keeps of the household's time: plans, conflicts, and which times it touched.

Whatever changes what takes somebody's time notes when that is. At its end the unit of work looks at
these times again (``hub/flow/conflicts.py``), and at no others.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from hub.domain import spans
from hub.domain.activities import Activity, Planned
from hub.domain.blocks import notice_block
from hub.domain.calendars import OtherCalendar
from hub.domain.cases import Case
from hub.domain.notices import Notice
from hub.domain.offers import Window
from hub.domain.orders import Order
from hub.domain.plans import KEPT, Plan
from hub.store import tables
from hub.store.codec import dump, micros
from hub.store.house import House
from hub.store.present import Present

_A_DAY = timedelta(days=1)
_ON_THE_WAY = timedelta(hours=3)


class Diary(Present):
    """Plans and cases, changed in memory and in rows together."""

    def __init__(self, house: House, connection: Connection, now: datetime) -> None:
        """Begin; ``now`` is the instant of everything in it (UTC)."""
        super().__init__(house, connection, now)
        self.touched: list[Window] = []

    def touch(self, *windows: Window | None) -> None:
        """Note times at which something is not as it was; None is no time."""
        self.touched += [window for window in windows if window is not None]

    def touch_cases(self) -> None:
        """Have the conflicts that are known looked at: what they waited for is over."""
        self.touch(*(one.overlap for case in self.house.cases.values() for one in case.conflicts))

    def save_notice(self, ref: str, notice: Notice) -> None:
        """Put a notice on the board."""
        super().save_notice(ref, notice)
        self._touch_notice(notice)

    def drop_notice(self, ref: str) -> None:
        """Take a notice off the board."""
        self._touch_notice(self.house.notices.get(ref))
        super().drop_notice(ref)

    def _touch_notice(self, notice: Notice | None) -> None:
        block = notice_block(notice) if notice is not None else None
        self.touch(block.window if block else None)

    def save_calendar(self, calendar: OtherCalendar) -> None:
        """Keep what was read of a calendar that is kept elsewhere."""
        self._touch_calendar(self.house.calendars.get(calendar.name), calendar)
        super().save_calendar(calendar)

    def forget_calendar(self, name: str) -> None:
        """Forget a calendar that is kept elsewhere."""
        self._touch_calendar(self.house.calendars.get(name), None)
        super().forget_calendar(name)

    def _touch_calendar(self, before: OtherCalendar | None, now: OtherCalendar | None) -> None:
        known, told = (set(one.entries) if one else set() for one in (before, now))
        whose = [one.members if one else () for one in (before, now)]
        changed = known ^ told if whose[0] == whose[1] else known | told
        self.touch(*(one.window for one in changed))

    def save_plan(self, plan: Plan) -> None:
        """Keep an absence or a meal cooked at home, until a while after it is over."""
        before = self.house.plans.get(plan.id)
        self._touch_plan(before)
        self._touch_plan(plan)
        self._set(self.house.plans, plan.id, plan)
        self._upsert(
            tables.PlanRow, plan.id, id=plan.id, end=micros(plan.window.end), body=dump(plan)
        )
        self.set_timer("plan", plan.id, "", plan.window.end + KEPT)
        self.page_changed = True

    def drop_plan(self, plan_id: str) -> Plan | None:
        """Forget a plan and return it; None when there is none."""
        plan = self.house.plans.get(plan_id)
        if plan is not None:
            self._touch_plan(plan)
            self._drop(self.house.plans, plan_id)
            self._delete(tables.PlanRow, plan_id, id=plan_id)
            self.set_timer("plan", plan_id, "", None)
            self.page_changed = True
        return plan

    def _touch_plan(self, plan: Plan | None) -> None:
        if plan is not None:
            # What is cooked is cooked in place of that day's usual meal.
            day = _A_DAY if plan.kind == "cooking" else timedelta(0)
            self.touch(spans.widened(plan.window, day, day))

    def save_case(self, case: Case) -> None:
        """Keep what is done about a conflict."""
        if self.house.cases.get(case.id) == case:
            return
        self._set(self.house.cases, case.id, case)
        self._upsert(tables.CaseRow, case.id, id=case.id, body=dump(case))
        self.page_changed = True

    def drop_case(self, case_id: str) -> None:
        """Forget a conflict that is no more."""
        self._drop(self.house.cases, case_id)
        self._delete(tables.CaseRow, case_id, id=case_id)
        self.page_changed = True


def taken(order: Order | None) -> Window | None:
    """Return when a placed order comes, None where it takes no time of the day."""
    if order is None or order.slot is None or order.state in ("drafted", "quoted", "initialised"):
        return None
    return order.slot.window


def lasting(planned: Planned | None) -> tuple[Window, ...]:
    """Return when an activity keeps people, as far as is known of one that repeats."""
    if planned is None or not isinstance(planned.what, Activity):
        return ()
    # Whoever rides there or back is on the way for as long.
    return tuple(spans.widened(one, _ON_THE_WAY, _ON_THE_WAY) for one in planned.windows)
