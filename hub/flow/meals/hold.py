"""Groceries for tonight are held back while the household eats with friends; then asked anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hub.domain.meals import SocialMeal
from hub.domain.suggestions import Because, Suggestion
from hub.domain.tongue import later, phrase
from hub.domain.wording import window_text
from hub.flow.home import Home
from hub.flow.tell import ask, tell_outcome
from hub.store.house import House
from hub.store.tx import Entry, Tx

HELD = later("Held back until afterwards")
_HOLDING = ("inviting", "booking", "booked", "resizing")


def holding(house: House, now: datetime) -> SocialMeal | None:
    """Return the meal that keeps groceries back now, None when none does."""
    found = [
        meal
        for meal in house.meals.values()
        if meal.state in _HOLDING and not meal.ours and now < meal.window.end
    ]
    return min(found, key=lambda one: (one.window.end, one.id), default=None)


def hold(tx: Tx, home: Home, meal: SocialMeal) -> SocialMeal:
    """Put off what was to be delivered before a meal ends, and say why on its card."""
    held = list(meal.held)
    for suggestion in list(tx.house.suggestions.values()):
        if suggestion.id not in held and _for_tonight(suggestion, meal):
            _put_off(tx, home, meal, suggestion)
            held.append(suggestion.id)
    return replace(meal, held=tuple(held))


def held_back(tx: Tx, home: Home, suggestion: Suggestion) -> Suggestion:
    """Return a new suggestion as it is to be asked: after a meal that keeps groceries back."""
    meal = holding(tx.house, tx.now)
    if meal is None or not _for_tonight(suggestion, meal):
        return suggestion
    tx.save(replace(meal, held=(*meal.held, suggestion.id)))
    return _later(home, meal, suggestion, tx.now)


def let_go(tx: Tx, home: Home, meal: SocialMeal) -> SocialMeal:
    """Ask again about what a meal held back: it is off."""
    held = phrase(HELD)
    for suggestion_id in meal.held:
        suggestion = tx.house.suggestions.get(suggestion_id)
        if suggestion is None or not suggestion.open or suggestion.not_before is None:
            continue
        back = replace(
            suggestion,
            not_before=None,
            because=tuple(one for one in suggestion.because if not one.text.startswith(held)),
            version=suggestion.version + 1,
        )
        tx.set_timer("ask", back.id, "", None)
        if back.options:
            ask(tx, home, back)
        else:
            tx.save(back)
        tx.append(Entry("released", back.id, {}))
    return replace(meal, held=())


def _for_tonight(suggestion: Suggestion, meal: SocialMeal) -> bool:
    """Tell whether groceries could come before a meal ends; what is agreed to already comes."""
    if suggestion.kind != "grocery_order" or not suggestion.open:
        return False
    windows = [option.window for option in suggestion.options if option.window is not None]
    return not windows or min(one.start for one in windows) < meal.window.end


def _put_off(tx: Tx, home: Home, meal: SocialMeal, suggestion: Suggestion) -> None:
    later = _later(home, meal, suggestion, tx.now)
    (index,) = tx.save(later, Entry("held_back", later.id, {"meal": meal.id}))
    tx.set_timer("deadline", later.id, "", later.deadline)
    tx.set_timer("ask", later.id, "", later.not_before)
    if suggestion.asked:
        tell_outcome(tx, home, replace(later, outcome=later.because[-1].text), index)


def _later(home: Home, meal: SocialMeal, suggestion: Suggestion, now: datetime) -> Suggestion:
    when = window_text(meal.window, home.settings.home.zone, now)
    until = max(meal.window.end, suggestion.not_before or meal.window.end)
    return replace(
        suggestion,
        not_before=until,
        because=(
            *suggestion.because,
            Because(
                phrase(
                    "{held}: {title} with friends, {when}",
                    held=phrase(HELD),
                    title=meal.title,
                    when=when,
                )
            ),
        ),
        version=suggestion.version + 1,
        deadline=until + (suggestion.deadline - now),
    )
