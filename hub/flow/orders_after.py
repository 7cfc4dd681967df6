"""What a member may want of an order once it is placed, and what its provider says to that."""

from __future__ import annotations

from dataclasses import replace

from hub.domain.decisions import (
    ADULTS_ONLY,
    CancelOrder,
    Complain,
    DecisionResult,
    OrderCame,
    OrderCommand,
    RateOrder,
    Reschedule,
    TrackOrder,
)
from hub.domain.orders import Change, ChangeTerms, Order, OrderAnswer, Rating
from hub.domain.tongue import later, phrase
from hub.domain.wording import asked_text, brought_text, waits_text
from hub.flow.belonging import note
from hub.flow.changes import begin, slot_of
from hub.flow.consent import erasure_answered
from hub.flow.expected import brings, expect_no_more
from hub.flow.home import Home
from hub.flow.observe import set_stock
from hub.flow.placing import PLACED
from hub.flow.requests import request
from hub.flow.saying import give_up, say
from hub.store.tx import Entry, Tx

LONGEST_TEXT = 1000
"""Characters of a complaint or a rating that a provider is told."""
_TOO_LATE = {
    "moved": later("It is too late: {name} lets it be moved no more."),
    "cancelled": later("It is too late: {name} lets it be cancelled no more."),
}


def act(tx: Tx, home: Home, command: OrderCommand) -> DecisionResult:
    """Carry a member's wish about a placed order out, or say why not.

    ``changed`` says that the provider is asked now: what it answers is told, a fee is asked about.
    """
    order = tx.order(command.order_id)
    if order is None:
        return DecisionResult("unknown", phrase("There is no such order."))
    if not home.decides(command.member):
        return DecisionResult("refused", phrase(ADULTS_ONLY))
    if isinstance(command, RateOrder):
        return _rate(tx, home, order, command)
    if isinstance(command, Complain):
        return _complain(tx, home, order, command)
    if order.state not in PLACED:
        message = phrase("That order does not stand (any more): there is nothing to change.")
        return DecisionResult("refused", message)
    if isinstance(command, OrderCame):
        return _came(tx, home, order, command)
    if isinstance(command, TrackOrder):
        request(tx, home, order, "track")
        return DecisionResult(
            "changed",
            phrase("{provider_name} is asked where it is.", provider_name=order.provider_name),
        )
    if isinstance(command, Reschedule):
        return _reschedule(tx, home, order, command)
    return _cancel(tx, home, order, command)


# -- changes -----------------------------------------------------------------------------------


def _reschedule(tx: Tx, home: Home, order: Order, command: Reschedule) -> DecisionResult:
    refusal = _not_now(tx, order, order.rescheduling, "moved")
    if refusal is not None:
        return refusal
    slot = slot_of(tx, order, command.slot_id)
    if slot is None:
        return DecisionResult("refused", phrase("That delivery window is not offered (any more)."))
    if order.slot is not None and slot.window == order.slot.window:
        return DecisionResult("repeated", phrase("It comes in that window already."))
    tx.append(_wanted("move", order, command, slot=slot.slot_id))
    begin(tx, home, order, Change("move", command.member, slot))
    return DecisionResult("changed", asked_text(order))


def _cancel(tx: Tx, home: Home, order: Order, command: CancelOrder) -> DecisionResult:
    refusal = _not_now(tx, order, order.cancellation, "cancelled")
    if refusal is not None:
        return refusal
    tx.append(_wanted("cancel", order, command))
    begin(tx, home, order, Change("cancel", command.member))
    return DecisionResult(
        "changed",
        phrase(
            "{provider_name} is asked what cancelling costs.", provider_name=order.provider_name
        ),
    )


def _not_now(tx: Tx, order: Order, terms: ChangeTerms | None, what: str) -> DecisionResult | None:
    if order.pending is not None:
        return DecisionResult("refused", waits_text(order))
    if terms is not None and not terms.possible_at(tx.now):
        message = phrase(_TOO_LATE[what], name=order.provider_name)
        return DecisionResult("refused", message)
    return None


def _wanted(kind: str, order: Order, command: Reschedule | CancelOrder, **facts: str) -> Entry:
    return Entry(
        f"{kind}_wanted", order.id, {"member": command.member, "via": command.via, **facts}
    )


# -- it came -----------------------------------------------------------------------------------


def _came(tx: Tx, home: Home, order: Order, command: OrderCame) -> DecisionResult:
    """Take in what an order brought, less what a sensor has seen come already."""
    give_up(tx, home, order, brought_text(order))
    done = order.moved(
        "completed",
        change=None,
        pending=None,
        reason=phrase("a member said that it came"),
        updated_at=tx.now,
    )
    tx.save(done, Entry("order_completed", order.id, {"member": command.member}))
    tx.drop_timers("follow", order.id)
    note(tx, order.about, "over", order.id)
    for item, amount in brings(order).items():
        level = tx.house.stock.get(item)
        if level is not None and item in home.pantry and level.expected > 0:
            more = min(amount, level.expected)
            set_stock(tx, home, item, level.quantity + more, f"member:{command.member}")
    expect_no_more(tx, done)
    return DecisionResult(
        "done",
        phrase("The order of {provider_name} is in the pantry.", provider_name=order.provider_name),
    )


# -- tracking, complaints, ratings ---------------------------------------------------------------


def _complain(tx: Tx, home: Home, order: Order, command: Complain) -> DecisionResult:
    text = command.text.strip()
    if not text:
        return DecisionResult("refused", phrase("Please say what is wrong."))
    if order.state not in (*PLACED, "completed", "cancelled") or order.order_id is None:
        return DecisionResult("refused", phrase("Nothing was ordered there."))
    tx.append(Entry("complained", order.id, {"member": command.member}))
    request(tx, home, order, "support", reason=text[:LONGEST_TEXT])
    return DecisionResult(
        "done", phrase("{provider_name} is told.", provider_name=order.provider_name)
    )


def _rate(tx: Tx, home: Home, order: Order, command: RateOrder) -> DecisionResult:
    if not 1 <= command.stars <= 5:
        return DecisionResult(
            "refused", phrase("Expected 1 to 5 stars, got {stars}.", stars=command.stars)
        )
    if order.state not in ("completed", "cancelled") or order.order_id is None:
        return DecisionResult("refused", phrase("An order can be rated once it has come."))
    rating = Rating(command.stars, command.text.strip()[:LONGEST_TEXT])
    if order.rating == rating:
        return DecisionResult(
            "repeated", phrase("You gave {stars} of 5 already.", stars=rating.stars)
        )
    facts = {"member": command.member, "stars": rating.stars}
    rated = replace(order, rating=rating)
    tx.save(rated, Entry("rated", order.id, facts))
    request(tx, home, rated, "rate", rating=rating)
    return DecisionResult(
        "done",
        phrase(
            "{provider_name} is told: {stars} of 5.",
            provider_name=order.provider_name,
            stars=rating.stars,
        ),
    )


def on_track(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    """Note where an order is; what is older than what is known says nothing."""
    known, told = order.tracking, answer.tracking
    if answer.error is not None or told is None:
        return
    if known is not None and known.at is not None and told.at is not None and told.at < known.at:
        return
    tx.save(replace(order, tracking=told, agent=answer.agent or order.agent))


def on_support(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    """Tell whom to talk to about an order; what is said to a request to erase is recorded."""
    if erasure_answered(tx, home, order, answer):
        return
    if answer.error is not None:
        index = tx.append(
            Entry("support_refused", order.id, {"reason": answer.error.message[:300]})
        )
        words = phrase(
            "{provider_name} does not take complaints here: {message}",
            provider_name=order.provider_name,
            message=answer.error.message,
        )
        say(tx, home, order, words[:300], index)
        return
    contact = answer.support
    if contact is None:
        return
    known = replace(order, support=contact)
    (index,) = tx.save(known, Entry("support_told", order.id, {}))
    ways = [way for way in (contact.phone, contact.email, contact.url, contact.text) if way]
    words = phrase(
        "{provider_name} answers your complaint: {ways}.",
        provider_name=order.provider_name,
        ways=", ".join(ways) or phrase("it is noted"),
    )
    say(tx, home, known, words[:500], index)


def on_rate(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    """Take a rating back that its provider would not have."""
    if answer.error is not None and order.rating is not None:
        facts = {"reason": answer.error.message[:300]}
        tx.save(replace(order, rating=None), Entry("rating_refused", order.id, facts))
