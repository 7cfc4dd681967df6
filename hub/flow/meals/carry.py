"""What is to be done about a meal, done: each action as its domain names it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hub.domain.activities import Details
from hub.domain.daywords import meal_question, meal_words
from hub.domain.mealactions import (
    AskHousehold,
    AwaitAnswers,
    BookTable,
    CancelActivity,
    CancelTable,
    HoldGroceries,
    Invite,
    MealAction,
    ResizeTable,
    SetActivity,
    ShareShopping,
    TellHousehold,
    Withdraw,
)
from hub.domain.meals import SocialMeal
from hub.domain.mealsteps import Step
from hub.domain.money import Money
from hub.domain.suggestions import Agreed, Because, Option
from hub.domain.tongue import capital, later, phrase
from hub.domain.wording import listed
from hub.flow import wishes
from hub.flow.activities import organize
from hub.flow.asking import posed, put
from hub.flow.ending import end
from hub.flow.home import Home
from hub.flow.meals import hold
from hub.flow.meals.keep import TIMER, about, keep
from hub.flow.meals.propose import table_for
from hub.flow.tell import tag_of, tell
from hub.store.tx import Entry, Tx

VIA = "meal"
LONGEST_WORDS, LONGEST_PLACE = 4000, 300
"""Characters of what guests read (``hub.domain.details``)."""
RETRY = timedelta(minutes=1)
"""How long after it could not be asked a restaurant is asked again."""


def carry_out(tx: Tx, home: Home, before: SocialMeal, step: Step) -> SocialMeal:
    """Keep what a meal has become, and do what is to be done about it, in order.

    ActivityError and PeerError say in one line why an invitation cannot be.
    """
    meal = step.meal
    if meal != before:
        facts: dict[str, object] = {"state": meal.state, "party": meal.party}
        if meal.reason != before.reason:
            facts["reason"] = meal.reason[:300]
        keep(tx, home, meal, Entry("meal_changed", meal.id, facts))
    for action in step.actions:
        after = _DOES[type(action)](tx, home, meal, action)
        if after != meal:
            keep(tx, home, after)
        meal = after
    return meal


# -- the invitation ----------------------------------------------------------------------------


def details_of(home: Home, meal: SocialMeal) -> Details:
    """Return a meal as what its guests read in their calendars."""
    settings = home.settings.home
    own = home.own.name if home.own is not None and home.own.name else settings.name
    place = meal.place if meal.where == "out" else phrase("{host}'s home", host=meal.host or own)
    return Details(
        meal.window,
        settings.timezone,
        meal.title,
        description=meal_words(meal, own)[:LONGEST_WORDS],
        location=place[:LONGEST_PLACE],
        gps=meal.gps if meal.where == "out" else None,
        answer_by=meal.answer_by,
    )


def _invite(tx: Tx, home: Home, meal: SocialMeal, action: Invite) -> SocialMeal:
    guests = [one.contact for one in action.guests]
    details = details_of(home, meal)
    # With a seat for each member all of them go: rides are looked for accordingly.
    everybody = meal.own_seats >= len(home.settings.members)
    going = home.everybody() if everybody else ()
    made = organize.create(tx, home, details, guests, meal.by, VIA, tentative=True, going=going)
    return replace(meal, uid=made.uid)


def _set_activity(tx: Tx, home: Home, meal: SocialMeal, action: SetActivity) -> SocialMeal:
    planned = tx.activity(meal.uid)
    if planned is None or not planned.activity.open:
        return meal
    details = details_of(home, meal)
    # Whoever said yes to the time said yes: where it is was still open.
    settled = details.window == planned.activity.details.window
    organize.change(tx, home, meal.uid, details, meal.by, VIA, state=action.state, settled=settled)
    return meal


def _cancel_activity(tx: Tx, home: Home, meal: SocialMeal, action: CancelActivity) -> SocialMeal:
    planned = tx.activity(meal.uid) if meal.uid else None
    if planned is not None and planned.activity.open:
        organize.cancel(tx, home, meal.uid, meal.by, VIA, comment=action.reason)
    return meal


def _share(tx: Tx, home: Home, meal: SocialMeal, action: ShareShopping) -> SocialMeal:
    share_words(tx, home, meal)
    return meal


def share_words(tx: Tx, home: Home, meal: SocialMeal) -> None:
    """Have everybody's calendar say what there is to know of a meal: who buys, who pays what."""
    planned = tx.activity(meal.uid) if meal.uid else None
    if planned is not None and planned.activity.open:
        details = replace(planned.activity.details, description=details_of(home, meal).description)
        organize.change(tx, home, meal.uid, details, meal.by, VIA, settled=True)


def _await_answers(tx: Tx, home: Home, meal: SocialMeal, action: AwaitAnswers) -> SocialMeal:
    tx.set_timer(TIMER, meal.id, "answers", action.until)
    return meal


# -- the table ---------------------------------------------------------------------------------


def _book(tx: Tx, home: Home, meal: SocialMeal, action: BookTable) -> SocialMeal:
    look_for_table(tx, home, meal, action.party)
    return meal


def look_for_table(
    tx: Tx, home: Home, meal: SocialMeal, party: int, *, but: Sequence[str] = ()
) -> None:
    """Take a table for ``party`` people as members agreed to; ``but`` are who is not asked."""
    at = meal.window.start.replace(microsecond=0)
    if at <= tx.now:
        return
    names = listed([one.name for one in meal.coming])
    question = wishes.Question(
        about(meal),
        phrase("A table for {party}: {title}", party=party, title=meal.title),
        phrase("{names} said yes.", names=names),
        (Because(phrase("{names} said yes to {title}", names=names, title=meal.title)),),
        at,
        subject=meal.id,
    )
    agreed = Agreed(meal.by, meal.at_most, at, meal.provider)
    wishes.book(tx, home, question, table_for(home, meal, party, at), agreed, but=but)


def _resize(tx: Tx, home: Home, meal: SocialMeal, action: ResizeTable) -> SocialMeal:
    order = tx.house.orders.get(action.order_id)
    if order is None or not wishes.resize(
        tx,
        home,
        order,
        action.party,
        by=meal.by,
        at_most=meal.at_most,
        why=phrase("{party} come to {title}", party=action.party, title=meal.title),
    ):
        tx.set_timer(TIMER, meal.id, "retry", tx.now + RETRY)
    return meal


def _cancel_table(tx: Tx, home: Home, meal: SocialMeal, action: CancelTable) -> SocialMeal:
    order = tx.house.orders.get(action.order_id)
    if order is not None:
        why = meal.reason or phrase("{title} is off", title=meal.title)
        # Where it has to wait, the news of what it waits for brings it up again.
        wishes.give_back(tx, home, order, by=meal.by, why=why, at_most=action.fee)
    return meal


# -- the household -----------------------------------------------------------------------------


def _hold(tx: Tx, home: Home, meal: SocialMeal, action: HoldGroceries) -> SocialMeal:
    return hold.hold(tx, home, meal) if action.held else hold.let_go(tx, home, meal)


def _ask(tx: Tx, home: Home, meal: SocialMeal, action: AskHousehold) -> SocialMeal:
    key = question_key(meal, action)
    body = meal_question(action, meal)
    deadline = meal.window.start if meal.window.start > tx.now else meal.window.end
    if key in tx.house.open_keys:
        return meal
    if deadline <= tx.now:
        return _tell(tx, home, meal, TellHousehold(body))
    fee = action.cost.fee if action.cost is not None and action.cost.possible else None
    asked = posed(
        tx,
        home,
        "social_meal",
        key=key,
        subject=meal.id,
        title=phrase(
            _TITLES[action.question], meal=meal.title, who=action.about.name if action.about else ""
        ),
        body=body,
        because=(Because(capital(action.reason)),),
        deadline=deadline,
        options=() if fee is None or not fee.amount else (_fee(meal, fee),),
    )
    put(tx, home, asked, {"kind": "social_meal", "question": action.question, "key": key})
    return meal


def question_key(meal: SocialMeal, action: AskHousehold) -> str:
    """Return the key of a question about a meal; a guest's own has their address."""
    who = f":{action.about.address}" if action.about is not None else ""
    return f"meal:{meal.id}:{action.question}{who}"


_TITLES = {
    "let_in": later("Is there room for {who} at {meal}?"),
    "nobody_comes": later("Cancel the table for {meal}?"),
    "no_room": later("Call {meal} off?"),
    "other_table": later("Look for another table for {meal}?"),
    "keep_or_cancel": later("Call {meal} off?"),
    "costs_more": later("Call {meal} off all the same?"),
}


def _fee(meal: SocialMeal, fee: Money) -> Option:
    """Return the price of undoing as the one way to agree: it stands on the button."""
    return Option(
        id="undo",
        order_id="",
        provider_id="",
        provider_name=meal.place or meal.title,
        lines=(),
        total=fee,
    )


def _tell(tx: Tx, home: Home, meal: SocialMeal, action: TellHousehold) -> SocialMeal:
    index = tx.append(Entry("meal_told", meal.id, {"body": action.text}))
    tag, adults = tag_of(f"meal:{meal.id}"), home.adults()
    tell(tx, home, adults, tag=tag, title=meal.title, body=action.text, cause=index)
    return meal


def _withdraw(tx: Tx, home: Home, meal: SocialMeal, action: Withdraw) -> SocialMeal:
    suggestion = tx.suggestion(meal.suggestion_id)
    if suggestion is not None and suggestion.open:
        reason = f"{capital(action.reason)}."
        end(tx, home, suggestion, "superseded", reason)
    return meal


_DOES: dict[type[MealAction], Callable[[Tx, Home, SocialMeal, Any], SocialMeal]] = {
    Invite: _invite,
    AwaitAnswers: _await_answers,
    HoldGroceries: _hold,
    BookTable: _book,
    ResizeTable: _resize,
    CancelTable: _cancel_table,
    ShareShopping: _share,
    SetActivity: _set_activity,
    CancelActivity: _cancel_activity,
    Withdraw: _withdraw,
    AskHousehold: _ask,
    TellHousehold: _tell,
}
