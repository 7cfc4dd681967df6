"""What a meal is told of what it asked for: who has time, and what became of its table."""

from __future__ import annotations

from dataclasses import replace

from hub.domain.freebusy import FreeBusy
from hub.domain.mealactions import CancelTable, SetActivity
from hub.domain.meals import SocialMeal, cost_of
from hub.domain.mealsteps import (
    Step,
    on_booked,
    on_declined,
    on_rebooked,
    on_refused,
    on_resize_refused,
    on_resized,
    on_table_cancelled,
)
from hub.domain.orders import Order
from hub.domain.tongue import phrase
from hub.flow.belonging import News
from hub.flow.home import Home
from hub.flow.meals.carry import carry_out, look_for_table
from hub.flow.meals.keep import about, keep, terms
from hub.flow.meals.propose import all_told, present
from hub.flow.offers import LATE
from hub.flow.placing import PLACED
from hub.flow.wishes import order_for
from hub.store.tx import Tx

# -- who has time ------------------------------------------------------------------------------


def surveyed(tx: Tx, home: Home, subject: str, told: tuple[FreeBusy, ...]) -> None:
    """Note when guests are busy (``Home.surveyed``): what a proposal is made of."""
    meal = tx.house.meals.get(subject)
    if meal is None or meal.state != "proposed":
        return
    busy = {one.household: one.busy for one in told}
    known = replace(
        meal,
        guests=tuple(replace(one, busy=busy.get(one.contact)) for one in meal.guests),
        awaited=tuple(one for one in meal.awaited if one != "busy"),
    )
    keep(tx, home, known)
    if all_told(known):
        present(tx, home, known)


# -- the table ---------------------------------------------------------------------------------


def news(tx: Tx, home: Home, key: str, what: News, identity: str) -> None:
    """Hear what became of a meal's proposal or table (``hub.flow.owners``)."""
    meal = tx.meal(key)
    if meal is None:
        return
    if what == "collected":
        if meal.state == "proposed" and identity == meal.suggestion_id:
            _collected(tx, home, meal)
        return
    if what == "ended":
        _wish_ended(tx, home, meal, identity)
        return
    order = tx.order(identity)
    if order is None or (what == "unchanged" and _elsewhere(tx, home, meal, order)):
        return
    carry_out(tx, home, meal, _of_table(tx, meal, order, what))


def _collected(tx: Tx, home: Home, meal: SocialMeal) -> None:
    """Note that restaurants have answered, or that it is time to go on without them."""
    suggestion = tx.suggestion(meal.suggestion_id)
    if suggestion is None or not suggestion.open:
        return
    slow = any(order.pending is not None for order in tx.orders_of(suggestion.id))
    if meal.wish is not None and meal.wish.where == "out" and not suggestion.options and slow:
        # There is nowhere else to eat: who is slow gets a little longer.
        tx.set_timer("collect", suggestion.id, "late", tx.now + LATE)
        return
    known = replace(meal, awaited=tuple(one for one in meal.awaited if one != "tables"))
    keep(tx, home, known)
    if all_told(known):
        present(tx, home, known)


def _wish_ended(tx: Tx, home: Home, meal: SocialMeal, suggestion_id: str) -> None:
    suggestion = tx.suggestion(suggestion_id)
    if suggestion is None or suggestion.state in ("proposed", "approved", "carried_out"):
        return
    if suggestion.id == meal.suggestion_id:
        carry_out(tx, home, meal, on_declined(meal))
        return
    order = order_for(tx, about(meal))
    reason = (suggestion.outcome or phrase("nobody has one")).rstrip(".")
    if meal.state == "booking" and order is None:
        carry_out(tx, home, meal, on_refused(meal, reason))
    elif meal.state == "resizing" and order is not None and order.id == meal.order_id:
        step = on_resize_refused(meal, order.id, reason, tx.now, terms(tx, meal))
        carry_out(tx, home, meal, step)


def _elsewhere(tx: Tx, home: Home, meal: SocialMeal, order: Order) -> bool:
    """Look for a table elsewhere where the one there is cannot grow; False where that is no use.

    Only while it can be given back for nothing: two tables are never kept, nor paid.
    """
    others = [one for one in home.providers.get("restaurant", ()) if one != order.provider]
    grows = meal.state == "resizing" and order.id == meal.order_id and meal.party > meal.size
    if not grows or not others or not cost_of(meal, order.cancellation, tx.now).free:
        return False
    look_for_table(tx, home, meal, meal.party, but=(order.provider.subscriber_id,))
    return True


def _of_table(tx: Tx, meal: SocialMeal, order: Order, what: News) -> Step:
    """Return what the news of a table come to."""
    size = order.table.party_size if order.table is not None else meal.asked_size
    if what == "booked":
        if order.state not in PLACED:
            return Step(meal)
        if meal.state == "resizing" and order.id != meal.order_id:
            meal = _at_its_time(replace(meal, place=order.provider_name, gps=order.gps), order)
            return on_rebooked(meal, order.id, size, tx.now, order.cancellation)
        if meal.state == "booking":
            meal = _at_its_time(replace(meal, place=order.provider_name, gps=order.gps), order)
        return on_booked(meal, order.id, size, tx.now, order.cancellation)
    if meal.ended:
        if order.state in PLACED and what in ("changed", "unchanged") and order.change is None:
            return Step(meal, (CancelTable(order.id, None),))
        return Step(meal)
    if order.id != meal.order_id:
        return Step(meal)
    if what == "changed":
        if meal.state == "resizing":
            return on_resized(meal, order.id, size, tx.now, order.cancellation)
        moved = replace(_at_its_time(meal, order), size=size)
        # Its restaurant moved it: everybody is asked whether that suits.
        told = () if moved.window == meal.window else (SetActivity("confirmed"),)
        return Step(moved, told)
    if what == "unchanged":
        return on_resize_refused(meal, order.id, order.reason, tx.now, order.cancellation)
    if what == "cancelled":
        return on_table_cancelled(meal, order.id, order.reason)
    return Step(meal)


def _at_its_time(meal: SocialMeal, order: Order) -> SocialMeal:
    """Return a meal at the time of its table, where members took one at another time."""
    if order.slot is None or order.slot.window.start == meal.window.start:
        return meal
    lasts = meal.window.end - meal.window.start
    start = order.slot.window.start
    window = replace(meal.window, start=start, end=min(order.slot.window.end, start + lasts))
    # They are asked anew, and nothing is waited for any more.
    return replace(meal, window=window, answer_by=start)
