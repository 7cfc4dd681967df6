"""What a meal hears of: guests' answers, its table, the notice behind it, and the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from hub.domain.activities import ANSWERS, Activity, Attendee, Planned
from hub.domain.mealactions import AskHousehold, TellHousehold
from hub.domain.meals import SocialMeal
from hub.domain.mealsteps import (
    Step,
    on_answer,
    on_called_off,
    on_deadline,
    on_notice_cancelled,
    on_over,
    on_resize_refused,
)
from hub.domain.tongue import phrase
from hub.flow.activities.hooks import ActivityHooks, answers
from hub.flow.home import Home
from hub.flow.meals.carry import RETRY, carry_out
from hub.flow.meals.decide import close_late
from hub.flow.meals.keep import TIMER, keep, terms, with_uid
from hub.flow.placing import PLACED
from hub.flow.wishes import resize
from hub.store.tx import Tx

# -- guests ------------------------------------------------------------------------------------


def _activity_changed(tx: Tx, home: Home, before: Planned | None, now: Planned) -> None:
    """Have a meal look at its activity, in a step of its own."""
    meal = with_uid(tx.house, now.what.uid)
    if meal is None or before is None:
        return
    was, is_ = before.activity, now.activity
    moved = (was.state, was.details.window) != (is_.state, is_.details.window)
    if moved or answers(before, now) or _said_since(meal, is_):
        tx.set_timer(TIMER, meal.id, "follow", tx.now)


def _said_since(meal: SocialMeal, activity: Activity) -> list[str]:
    """Return who has said something else since their late yes: it does not hold any more."""
    return [
        late.address
        for late in meal.late
        if (said := activity.attendee(late.address)) is not None
        and said.stamp is not None
        and (late.stamp is None or said.stamp > late.stamp)
    ]


def _late(tx: Tx, home: Home, planned: Planned, answer: Attendee) -> bool:
    """Ask the members about a yes that came after the deadline."""
    meal = with_uid(tx.house, planned.what.uid)
    if meal is None or meal.guest(answer.address) is None:
        return False
    others = tuple(one for one in meal.late if one.address != answer.address)
    known = replace(meal, late=(*others, answer))
    keep(tx, home, known)
    step = on_answer(known, answer.address, "ACCEPTED", tx.now, terms(tx, meal))
    carry_out(tx, home, known, step)
    return True


HOOKS = ActivityHooks(_activity_changed, _late)
"""What a meal does about its activity (``Home.follows``)."""


def _follow(tx: Tx, home: Home, meal: SocialMeal) -> None:
    """Bring a meal to what its activity says: who comes, when, whether at all."""
    planned = tx.activity(meal.uid) if meal.uid else None
    if planned is None:
        return
    activity = planned.activity
    if activity.state == "cancelled":
        step = on_called_off(
            meal, phrase("it was cancelled in the calendar"), tx.now, terms(tx, meal)
        )
        carry_out(tx, home, meal, step)
        return
    if activity.details.window != meal.window:
        meal = _moved(tx, home, meal, planned)
    # Whether an answer came in time was decided when it came.
    in_time = min(tx.now, meal.answer_by)
    if since := _said_since(meal, activity):
        for who in since:
            close_late(tx, home, meal, who, phrase("They have answered anew."))
        meal = replace(meal, late=tuple(one for one in meal.late if one.address not in since))
        keep(tx, home, meal)
    for guest in meal.guests:
        said = activity.attendee(guest.address)
        if said is None or said.partstat == guest.answer or said.partstat not in ANSWERS:
            continue
        step = on_answer(meal, guest.address, said.partstat, in_time, terms(tx, meal))
        host_out = said.partstat == "DECLINED" and guest.name == meal.host
        meal = carry_out(tx, home, meal, step)
        if host_out and not meal.ended:
            reason = phrase("{name}, at whose home it was to be, has no time", name=guest.name)
            ask = Step(meal, (AskHousehold("keep_or_cancel", reason),))
            meal = carry_out(tx, home, meal, ask)
        if meal.ended:
            return


def _moved(tx: Tx, home: Home, meal: SocialMeal, planned: Planned) -> SocialMeal:
    """Go along with another time: guests are asked anew; a table that is booked stays as it is."""
    window = planned.activity.details.window
    said = {one.address: one.partstat for one in planned.activity.attendees}
    moved = replace(
        meal,
        window=window,
        answer_by=min(planned.activity.details.answer_by or window.start, window.start),
        guests=tuple(replace(one, answer=said.get(one.address, one.answer)) for one in meal.guests),
    )
    order = tx.house.orders.get(meal.order_id)
    text = phrase("{title} is at another time now", title=meal.title)
    if order is not None and order.state in PLACED:
        text += phrase(
            "; the table at {provider_name} is not: move it on its order's page",
            provider_name=order.provider_name,
        )
    return carry_out(tx, home, meal, Step(moved, (TellHousehold(f"{text}."),)))


# -- the notice --------------------------------------------------------------------------------


def notice_cancelled(tx: Tx, home: Home, identity: str) -> None:
    """Ask again about the meals that a cancelled notice led to, with what undoing costs."""
    for meal in list(tx.house.meals.values()):
        if meal.state != "proposed":
            # What is not agreed to goes with its suggestion.
            step = on_notice_cancelled(meal, identity, tx.now, terms(tx, meal))
            carry_out(tx, home, meal, step)


def notice_replaced(tx: Tx, home: Home, before: str, now: str) -> None:
    """Go by the newer word of a notice: its cancellation counts."""
    for meal in list(tx.house.meals.values()):
        if meal.cause == before and meal.state != "proposed":
            keep(tx, home, replace(meal, cause=now))


# -- the clock ---------------------------------------------------------------------------------


def timer(tx: Tx, home: Home, name: str, subject: str, due: datetime) -> None:
    """Take what is due about a meal (``hub.flow.tick``)."""
    meal = tx.house.meals.get(name)
    step = _CLOCKS.get(subject)
    if meal is not None and step is not None:
        step(tx, home, meal)


def _deadline(tx: Tx, home: Home, meal: SocialMeal) -> None:
    carry_out(tx, home, meal, on_deadline(meal, tx.now))


def _over(tx: Tx, home: Home, meal: SocialMeal) -> None:
    carry_out(tx, home, meal, on_over(meal, tx.now))


def _retry(tx: Tx, home: Home, meal: SocialMeal) -> None:
    """Ask the restaurant again, which could not be asked before."""
    order = tx.house.orders.get(meal.order_id)
    if meal.state != "resizing":
        return
    if order is None:
        step = on_resize_refused(meal, meal.order_id, phrase("the table is gone"), tx.now)
        carry_out(tx, home, meal, step)
    elif not resize(tx, home, order, meal.asked_size, by=meal.by, at_most=meal.at_most):
        if order.state != "confirmed":
            step = on_resize_refused(
                meal, order.id, phrase("it is too late"), tx.now, terms(tx, meal)
            )
            carry_out(tx, home, meal, step)
        else:
            tx.set_timer(TIMER, meal.id, "retry", tx.now + RETRY)


_CLOCKS: dict[str, Callable[[Tx, Home, SocialMeal], None]] = {
    "answers": _deadline,
    "begin": _over,
    "over": _over,
    "follow": _follow,
    "retry": _retry,
}
