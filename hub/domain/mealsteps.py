"""What happens next with a social meal: decisions as pure functions.

Each returns a ``Step``: what the meal has become, and what is to be done about it. The same thing
told twice changes nothing the second time. A table that was booked although nobody wants it any
more is given back; what costs money is asked first, with the amount.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hub.domain.activities import ANSWERS, ActivityError, PartStat
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
from hub.domain.meals import Cost, SocialMeal, cost_of
from hub.domain.money import Money
from hub.domain.offers import ChangeTerms
from hub.domain.tongue import phrase
from hub.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """What a meal has become, and what is to be done, in this order."""

    meal: SocialMeal
    actions: tuple[MealAction, ...] = ()


# -- members decide ----------------------------------------------------------------------------


def on_approved(meal: SocialMeal, now: datetime) -> Step:
    """A member agreed: invite. ActivityError when no time is left for answers."""
    if meal.state != "proposed":
        return Step(meal)
    if meal.answer_by <= now:
        raise ActivityError(phrase("there is no time left to ask the others"))
    actions: tuple[MealAction, ...] = (Invite(meal.guests), AwaitAnswers(meal.answer_by))
    if not meal.ours:
        # Whoever has guests at home needs what is on the way.
        actions = (*actions, HoldGroceries(True))
    return Step(meal.moved("inviting"), actions)


def on_declined(meal: SocialMeal) -> Step:
    """A member said no, or nobody decided in time: nothing was done, nothing is undone."""
    if meal.state != "proposed":
        return Step(meal)
    return Step(meal.moved("cancelled", reason=phrase("nobody here wanted to")))


def on_let_in(meal: SocialMeal, who: str, now: datetime, terms: ChangeTerms | None = None) -> Step:
    """A member lets somebody in whose yes came late."""
    if meal.ended or meal.state == "proposed" or meal.guest(who) is None:
        return Step(meal)
    return _answered(meal.answered(who, "ACCEPTED"), now, terms)


def on_other_table(meal: SocialMeal) -> Step:
    """A member wants another table: ask again, for those who come now."""
    if meal.state != "booking":
        return Step(meal)
    return _book(meal)


def on_called_off(
    meal: SocialMeal,
    reason: str,
    now: datetime,
    terms: ChangeTerms | None = None,
    agreed: Money | None = None,
) -> Step:
    """A member calls it off, having agreed to ``agreed`` at most (None: that it is free).

    Where it costs more by now, they are asked again. A table that cannot be cancelled any more
    stays booked, and they are told so; all the rest is undone.
    """
    if meal.ended:
        return Step(meal)
    if meal.state == "proposed":
        return Step(meal.moved("cancelled", reason=reason), (Withdraw(reason),))
    cost = cost_of(meal, terms, now)
    if cost.possible and not cost.known and agreed is not None:
        # What it costs was not told; it may cost what was agreed, and no more.
        cost = Cost(agreed)
    elif cost.possible and (not cost.known or _dearer(cost.fee, agreed)):
        return Step(meal, (AskHousehold("costs_more", reason, cost),))
    return _off(meal, reason, cost)


# -- guests and clock --------------------------------------------------------------------------


def on_answer(
    meal: SocialMeal,
    who: str,
    answer: PartStat,
    now: datetime,
    terms: ChangeTerms | None = None,
    seats: int | None = None,
) -> Step:
    """A guest answered. A yes after the deadline is put to the members; a no always counts."""
    guest = meal.guest(who)
    if guest is None or meal.ended or meal.state == "proposed" or answer not in ANSWERS:
        return Step(meal)
    changed = meal.answered(who, answer, seats)
    if changed == meal:
        return Step(meal)
    if now > meal.answer_by and changed.party > meal.party:
        late = changed.guest(who)
        return Step(
            meal,
            (
                AskHousehold(
                    "let_in", phrase("{name} would come after all", name=guest.name), about=late
                ),
            ),
        )
    return _answered(changed, now, terms)


def on_deadline(meal: SocialMeal, now: datetime) -> Step:
    """The time to answer is over: book for those who said yes, or let it be."""
    if meal.state != "inviting" or now < meal.answer_by:
        return Step(meal)
    return _settle(meal)


def on_over(meal: SocialMeal, now: datetime) -> Step:
    """Time has passed: a meal that was booked is over, one that never was is off."""
    if meal.ended:
        return Step(meal)
    if meal.state in ("booked", "resizing"):
        return Step(meal.moved("over")) if meal.window.end <= now else Step(meal)
    if meal.window.start > now:
        return Step(meal)
    if meal.state == "proposed":
        return Step(meal.moved("cancelled", reason=phrase("its time has passed")))
    return _off(meal, phrase("no table was found in time"), Cost())


# -- the restaurant ----------------------------------------------------------------------------


def on_booked(
    meal: SocialMeal, order_id: str, size: int, now: datetime, terms: ChangeTerms | None = None
) -> Step:
    """A table was confirmed for ``size``. One that is not wanted any more is given back."""
    if meal.order_id == order_id:
        return Step(meal)
    if meal.state != "booking":
        fee = terms.fee_at(now) if terms is not None else None
        return Step(meal, (CancelTable(order_id, fee),))
    booked = meal.moved("booked", order_id=order_id, size=size, asked_size=size)
    after = _adjust(booked, now, terms)
    if after.meal.ended:
        return after
    return Step(after.meal, (SetActivity("confirmed"), *after.actions))


def on_rebooked(
    meal: SocialMeal, order_id: str, size: int, now: datetime, terms: ChangeTerms | None = None
) -> Step:
    """Another table was taken instead of the one that could not grow, which is given back."""
    if meal.state != "resizing" or meal.order_id == order_id:
        return Step(meal)
    old = meal.order_id
    after = _adjust(meal.moved("booked", order_id=order_id, size=size, asked_size=size), now, terms)
    if after.meal.ended:
        return Step(after.meal, (CancelTable(old, None), *after.actions))
    return Step(after.meal, (CancelTable(old, None), SetActivity("confirmed"), *after.actions))


def on_refused(meal: SocialMeal, reason: str) -> Step:
    """No table was given: members choose another, or call it off."""
    if meal.state != "booking":
        return Step(meal)
    return Step(replace(meal, reason=reason), (AskHousehold("other_table", reason, Cost()),))


def on_resized(
    meal: SocialMeal, order_id: str, size: int, now: datetime, terms: ChangeTerms | None = None
) -> Step:
    """The table is for ``size`` people now; answers may have changed meanwhile."""
    if meal.state != "resizing" or order_id != meal.order_id:
        return Step(meal)
    return _adjust(meal.moved("booked", size=size, asked_size=size), now, terms)


def on_resize_refused(
    meal: SocialMeal, order_id: str, reason: str, now: datetime, terms: ChangeTerms | None = None
) -> Step:
    """The table stays as it is: too large is no harm, too small is for the members."""
    if meal.state != "resizing" or order_id != meal.order_id:
        return Step(meal)
    kept = meal.moved("booked")
    if meal.party != meal.asked_size:
        return _adjust(kept, now, terms)
    if meal.party < meal.size:
        text = phrase("The table stays for {size}: {reason}", size=meal.size, reason=reason)
        return Step(kept, (TellHousehold(text),))
    return Step(kept, (AskHousehold("no_room", reason, cost_of(meal, terms, now)),))


def on_table_cancelled(meal: SocialMeal, order_id: str, reason: str) -> Step:
    """The restaurant cancelled: another table, or none."""
    if meal.state not in ("booked", "resizing") or order_id != meal.order_id:
        return Step(meal)
    lost = meal.moved("booking", order_id="", size=0, asked_size=0, reason=reason)
    return Step(lost, (SetActivity("tentative"), AskHousehold("other_table", reason, Cost())))


# -- the notice --------------------------------------------------------------------------------


def on_notice_cancelled(
    meal: SocialMeal, notice: str, now: datetime, terms: ChangeTerms | None = None
) -> Step:
    """The notice behind it no longer holds: ask again, and say what undoing costs."""
    if meal.ended or not notice or meal.cause != notice:
        return Step(meal)
    reason = phrase("what it was for has been called off")
    if meal.state == "proposed":
        return Step(meal.moved("cancelled", reason=reason), (Withdraw(reason),))
    asked = replace(meal, cause="")
    return Step(asked, (AskHousehold("keep_or_cancel", reason, cost_of(meal, terms, now)),))


# -- within ------------------------------------------------------------------------------------


def _answered(meal: SocialMeal, now: datetime, terms: ChangeTerms | None) -> Step:
    if meal.state == "inviting":
        final = all(one.answer in ("ACCEPTED", "DECLINED") for one in meal.guests)
        return _settle(meal) if final else Step(meal)
    # While the restaurant has not answered it cannot be asked for something else.
    return _adjust(meal, now, terms) if meal.state == "booked" else Step(meal)


def _settle(meal: SocialMeal) -> Step:
    if not meal.coming:
        return _off(meal, phrase("nobody has time"), Cost())
    if meal.where == "home":
        party = meal.party
        settled = meal.moved("booked", size=party, asked_size=party)
        actions = (AwaitAnswers(None), SetActivity("confirmed"), ShareShopping(party))
        return Step(settled, actions)
    booking = _book(meal)
    return Step(booking.meal, (AwaitAnswers(None), *booking.actions))


def _book(meal: SocialMeal) -> Step:
    if not meal.coming:
        return _off(meal, phrase("nobody has time"), Cost())
    asked = meal.moved("booking", asked_size=meal.party, reason="")
    return Step(asked, (BookTable(meal.party, meal.window.start),))


def _adjust(meal: SocialMeal, now: datetime, terms: ChangeTerms | None) -> Step:
    """Bring the table to those who come."""
    if not meal.coming:
        cost = cost_of(meal, terms, now)
        if cost.free:
            return _off(meal, phrase("nobody has time any more"), cost)
        return Step(meal, (AskHousehold("nobody_comes", phrase("nobody has time any more"), cost),))
    if meal.party == meal.size:
        return Step(meal)
    if meal.where == "home":
        return Step(replace(meal, size=meal.party), (ShareShopping(meal.party),))
    resizing = meal.moved("resizing", asked_size=meal.party)
    return Step(resizing, (ResizeTable(meal.order_id, meal.party),))


def _off(meal: SocialMeal, reason: str, cost: Cost) -> Step:
    actions: list[MealAction] = [AwaitAnswers(None)]
    if meal.order_id and cost.possible:
        actions.append(CancelTable(meal.order_id, cost.fee))
    actions += [CancelActivity(reason), HoldGroceries(False)]
    if meal.order_id and not cost.possible:
        actions.append(
            TellHousehold(phrase("The table cannot be cancelled any more; call the restaurant."))
        )
    elif cost.fee is not None and cost.fee.amount:
        actions.append(TellHousehold(phrase("Cancelling the table costs {fee}.", fee=cost.fee)))
    elif not meal.coming:
        actions.append(
            TellHousehold(phrase("{title} is off: {reason}.", title=meal.title, reason=reason))
        )
    return Step(meal.moved("cancelled", reason=reason), tuple(actions))


def _dearer(fee: Money | None, agreed: Money | None) -> bool:
    if fee is None or fee.amount <= 0:
        return False
    return agreed is None or agreed.currency != fee.currency or fee.amount > agreed.amount
