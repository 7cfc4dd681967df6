"""Meals looked up and kept, with the clocks that belong to them."""

from __future__ import annotations

from hub.domain.meals import SocialMeal
from hub.domain.offers import ChangeTerms, Window
from hub.domain.spans import overlaps
from hub.domain.tongue import phrase
from hub.flow.ending import end
from hub.flow.home import Home
from hub.flow.placing import PLACED
from hub.flow.wishes import give_back, order_for, withdraw
from hub.store.house import House
from hub.store.tx import Entry, Tx

TIMER = "meal"
"""The kind of a meal's timers; their subject says what for."""


def about(meal: SocialMeal) -> str:
    """Return whose wish its table is (``hub.flow.belonging``)."""
    return f"meal:{meal.id}"


def with_uid(house: House, uid: str) -> SocialMeal | None:
    """Return the meal that an activity is of, None where it is of none that is to come."""
    return next((one for one in house.meals.values() if uid and one.uid == uid), None)


def under_way(tx: Tx, within: Window) -> SocialMeal | None:
    """Return a meal that is agreed to already and at the same time."""
    return next(
        (
            one
            for one in tx.house.meals.values()
            if one.state != "proposed" and overlaps(one.window, within)
        ),
        None,
    )


def terms(tx: Tx, meal: SocialMeal) -> ChangeTerms | None:
    """Return what giving its table back costs, as far as the restaurant told."""
    order = tx.house.orders.get(meal.order_id)
    return order.cancellation if order is not None else None


def keep(tx: Tx, home: Home, meal: SocialMeal, *entries: Entry) -> list[int]:
    """Keep how a meal stands; return the entries' indexes. What it waits for ends with it."""
    indexes = tx.save(meal, *entries)
    if meal.ended:
        tx.drop_timers(TIMER, meal.id)
        _let_go(tx, home, meal)
        return indexes
    # A proposal ends with its suggestion.
    looking, settled = meal.state in ("inviting", "booking"), meal.state in ("booked", "resizing")
    tx.set_timer(TIMER, meal.id, "begin", meal.window.start if looking else None)
    tx.set_timer(TIMER, meal.id, "over", meal.window.end if settled else None)
    return indexes


def _let_go(tx: Tx, home: Home, meal: SocialMeal) -> None:
    """Close what was asked about a meal, and stop looking for its table."""
    why = meal.reason or (phrase("it is over") if meal.state == "over" else phrase("it is off"))
    for suggestion in list(tx.house.suggestions.values()):
        if suggestion.open and suggestion.key.startswith(f"meal:{meal.id}:"):
            end(tx, home, suggestion, "superseded", f"{meal.title}: {why}.")
    if meal.state != "cancelled":
        return
    withdraw(tx, home, about(meal), why)
    order = order_for(tx, about(meal))
    if order is not None and order.state not in PLACED:
        # One that is confirmed all the same is given back when that is told.
        give_back(tx, home, order, by=meal.by, why=why)
