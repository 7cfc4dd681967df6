"""What members answer about a meal: to its proposal, and to what is asked about it later."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hub.domain.activities import ActivityError
from hub.domain.daywords import moment_text
from hub.domain.decisions import Decision, DecisionResult
from hub.domain.mealactions import AskHousehold
from hub.domain.mealplan import answers_until
from hub.domain.meals import MealChoice, SocialMeal
from hub.domain.mealsteps import (
    Step,
    on_approved,
    on_called_off,
    on_let_in,
    on_other_table,
)
from hub.domain.money import Money
from hub.domain.suggestions import Suggestion
from hub.domain.tongue import later, phrase
from hub.domain.wording import listed
from hub.flow.activities import organize
from hub.flow.approving import option_meant
from hub.flow.ending import end, take_back
from hub.flow.home import Home
from hub.flow.meals.carry import VIA, carry_out, question_key, share_words
from hub.flow.meals.keep import keep, terms, under_way
from hub.store.tx import Entry, Tx

_ASKED_ONE = later("{member} agreed. {guests} is asked; answers are awaited until {when}.")
_ASKED_SOME = later("{member} agreed. {guests} are asked; answers are awaited until {when}.")


def decided(
    tx: Tx, home: Home, suggestion: Suggestion, decision: Decision
) -> DecisionResult | None:
    """Carry a member's yes or no about a meal out; None where the suggestion is about none.

    ActivityError and PeerError say in one line why it cannot be.
    """
    if decision.verb == "later":
        return None
    meal = next(
        (one for one in tx.house.meals.values() if one.suggestion_id == suggestion.id), None
    )
    if meal is not None:
        # A no is followed when the suggestion has ended (``table.news``).
        if decision.verb == "approve":
            return _agree(tx, home, meal, suggestion, decision)
        return None
    meal = tx.house.meals.get(suggestion.subject)
    if meal is None and suggestion.about:
        return DecisionResult("refused", phrase("This is over."), suggestion)
    if meal is None or not suggestion.key.startswith(f"meal:{meal.id}:"):
        return None
    return _answer(tx, home, meal, suggestion, decision)


# -- the proposal ------------------------------------------------------------------------------


def _agree(
    tx: Tx, home: Home, meal: SocialMeal, suggestion: Suggestion, decision: Decision
) -> DecisionResult:
    if meal.awaited:
        message = phrase("When the others can, and where, is still being asked.")
        return DecisionResult("refused", message, suggestion)
    option = option_meant(suggestion, decision)
    choice = next((one for one in meal.choices if option and one.id == option.id), None)
    if choice is None:
        return DecisionResult("refused", phrase("Please choose one of the places."), suggestion)
    if option is not None and option.over:
        return DecisionResult(
            "refused", phrase("Nobody was invited: {over}.", over=option.over), suggestion
        )
    chosen = _chosen(tx, meal, choice, decision.member)
    other = under_way(tx, chosen.window)
    if other is not None:
        raise ActivityError(f"{other.title} with friends is at that time already")
    step = on_approved(chosen, tx.now)
    agreed = suggestion.moved(
        "approved", chosen=choice.id, decided_by=decision.member, decided_at=tx.now
    )
    consent = {
        "member": decision.member,
        "via": decision.via,
        "option": choice.id,
        "total": str(choice.cost or ""),
        "version": suggestion.version,
    }
    tx.save(agreed, Entry("approved", suggestion.id, consent))
    after = carry_out(tx, home, meal, step)
    zone = home.settings.home.zone
    words = phrase(
        _ASKED_ONE if len(after.guests) == 1 else _ASKED_SOME,
        member=home.called(decision.member),
        guests=listed([g.name for g in after.guests]),
        when=moment_text(after.answer_by, zone, tx.now),
    )
    ended = end(tx, home, agreed, "carried_out", words)
    return DecisionResult("done", words, ended)


def _chosen(tx: Tx, meal: SocialMeal, choice: MealChoice, member: str) -> SocialMeal:
    within = meal.wish.answer_within if meal.wish is not None else choice.window.start - tx.now
    answer_by = answers_until(choice.window, within, tx.now)
    if answer_by <= tx.now:
        raise ActivityError("there is no time left to ask the others; please choose a later one")
    return replace(
        meal,
        window=choice.window,
        answer_by=answer_by,
        where=choice.where,
        host=choice.host,
        place=choice.place,
        provider=choice.provider,
        by=member,
        at_most=choice.cost,
    )


# -- what is asked later -----------------------------------------------------------------------


def _answer(
    tx: Tx, home: Home, meal: SocialMeal, suggestion: Suggestion, decision: Decision
) -> DecisionResult:
    """Take the answer to a question about a meal that is under way."""
    question, _, who = suggestion.key.removeprefix(f"meal:{meal.id}:").partition(":")
    yes = decision.verb == "approve"
    agreed = suggestion.moved(
        "approved" if yes else "declined", decided_by=decision.member, decided_at=tx.now
    )
    name = home.called(decision.member)
    if yes:
        facts: dict[str, object] = {
            "member": decision.member,
            "via": decision.via,
            "question": question,
        }
        if suggestion.options:
            facts["total"] = str(suggestion.options[0].total)
        tx.save(agreed, Entry("approved", suggestion.id, facts))
        ended = end(tx, home, agreed, "carried_out", phrase("{name} agreed.", name=name))
    else:
        words = phrase("Declined by {name}.", name=name)
        ended = end(
            tx,
            home,
            suggestion,
            "declined",
            words,
            decided_by=decision.member,
            decided_at=tx.now,
        )
    if question == "let_in":
        if yes:
            let_in(tx, home, meal, who, decision.member)
        else:
            _keep_out(tx, home, meal, who, decision.member)
    elif question == "other_table":
        step = on_other_table(meal) if yes else Step(meal)
        carry_out(tx, home, meal, step)
        if not yes:
            call_off(tx, home, meal, meal.reason or phrase("no table was found"))
    elif yes:
        shown = suggestion.options[0].total if suggestion.options else None
        nothing = Money(Decimal(0), home.settings.home.currency)
        reason = suggestion.because[0].text[:200] if suggestion.because else phrase("it is off")
        call_off(tx, home, meal, reason[:1].lower() + reason[1:], agreed=shown or nothing)
    return DecisionResult("done", ended.outcome, ended)


def call_off(
    tx: Tx, home: Home, meal: SocialMeal, reason: str, *, agreed: Money | None = None
) -> SocialMeal:
    """Call a meal off, for at most ``agreed``; what costs more is asked first."""
    return carry_out(tx, home, meal, on_called_off(meal, reason, tx.now, terms(tx, meal), agreed))


def let_in(tx: Tx, home: Home, meal: SocialMeal, who: str, member: str) -> SocialMeal:
    """Let a guest in whose yes came late. ActivityError where there is no such yes."""
    late = next((one for one in meal.late if one.address == who), None)
    if late is None:
        raise ActivityError("nobody of that address has said yes after the deadline")
    organize.let_in(tx, home, meal.uid, late, member, VIA)
    close_late(tx, home, meal, who, phrase("{member} let them in.", member=home.called(member)))
    counted = replace(meal, late=tuple(one for one in meal.late if one.address != who))
    return carry_out(tx, home, meal, on_let_in(counted, who, tx.now, terms(tx, meal)))


def close_late(tx: Tx, home: Home, meal: SocialMeal, who: str, why: str) -> None:
    """Take back the question about a late yes, where it is still open."""
    take_back(tx, home, question_key(meal, AskHousehold("let_in", "", about=meal.guest(who))), why)


def _keep_out(tx: Tx, home: Home, meal: SocialMeal, who: str, member: str) -> None:
    known = replace(meal, late=tuple(one for one in meal.late if one.address != who))
    keep(tx, home, known)
    # Their calendar has a yes by now: it is told that there is no room.
    organize.uninvite(tx, home, meal.uid, who, member, VIA)


def split_bill(tx: Tx, home: Home, meal: SocialMeal, total: Money, member: str) -> SocialMeal:
    """Note what a meal came to; everybody reads their share in the invitation. ActivityError."""
    if meal.state not in ("booked", "resizing"):
        raise ActivityError("a bill is split once the meal is settled, and until it is over")
    if total.amount <= 0 or total.currency != home.settings.home.currency:
        raise ActivityError(f"total: expected an amount in {home.settings.home.currency}")
    known = replace(meal, bill=total)
    keep(tx, home, known, Entry("meal_bill", meal.id, {"member": member, "total": str(total)}))
    share_words(tx, home, known)
    return known
