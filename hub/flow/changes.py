"""Changing a placed order: asked what it costs, agreed to, done. Moved by ``update``, or cancelled.

Nothing is changed before its price is known, and what costs something is asked first: the question
is a suggestion. What becomes of it is in ``hub/flow/changed.py``.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hub.domain import wishing
from hub.domain.daywords import sharing_text
from hub.domain.decisions import Decision, DecisionResult
from hub.domain.money import Money
from hub.domain.offers import ChangeTerms, DeliverySlot
from hub.domain.orders import Change, Order, OrderAnswer
from hub.domain.sharing import OWN, sharing
from hub.domain.suggestions import Agreed, Because, Option, Suggestion
from hub.domain.tongue import capital, phrase
from hub.domain.wording import asked_text, moving_text, order_at, waits_text
from hub.flow.asking import posed, put
from hub.flow.collect import forget_timers
from hub.flow.home import Home
from hub.flow.placing import PLACED
from hub.flow.requests import await_answer, request
from hub.flow.saying import close, give_up
from hub.store.tx import Entry, Tx

ANSWER_WITHIN = timedelta(hours=2)
"""How long a question about a fee stays open."""
TRIES = 3


def begin(tx: Tx, home: Home, order: Order, change: Change) -> Order:
    """Ask the provider what a change would cost; nothing is changed by that."""
    if order.change is not None and order.change.suggestion_id != change.suggestion_id:
        close(
            tx, home, order.change, "superseded", phrase("Something else is asked of that order.")
        )
    return _send(tx, home, replace(order, change=change))


def forget_change(tx: Tx, home: Home, order: Order, why: str) -> None:
    """Let go of a change that nobody has agreed to yet; one that is meant goes on."""
    change = order.change
    if change is None or change.agreed:
        return
    close(tx, home, change, "superseded", f"{capital(why)}.")
    tx.drop_timers("patience", order.id)
    now = tx.house.orders.get(order.id)
    if now is not None and now.state in PLACED:
        tx.save(replace(now, change=None, pending=None, pending_message_id=None))


def carry_out(tx: Tx, home: Home, order: Order) -> Order:
    """Make a change that is agreed to, or costs nothing; the provider may ask no more than told."""
    if order.change is None:
        raise ValueError(f"nothing is to be changed about order {order.id}")
    return _send(tx, home, replace(order, change=replace(order.change, agreed=True)))


def _send(tx: Tx, home: Home, order: Order, *, again: bool = False) -> Order:
    change = order.change
    if change is None:
        return order
    sent = request(
        tx,
        home,
        order,
        "update" if change.kind == "move" else "cancel",
        again=again,
        preview=not change.agreed,
        slot=change.slot,
        quote=change.quote,
        fee=change.fee,
        ride=change.ride,
        table=change.table,
        anytime=change.ride is not None and change.slot is None,
    )
    return sent if again else await_answer(tx, home, sent)


# -- what it would cost ------------------------------------------------------------------------


def priced(tx: Tx, home: Home, order: Order, change: Change, answer: OrderAnswer) -> None:
    """Take in what a change would cost: what is free is done, a fee is asked about."""
    tx.drop_timers("patience", order.id)
    fee = cost(order, change, answer)
    own = home.settings.home.currency
    if fee is not None and (fee.currency != own or fee.amount < 0):
        give_up(
            tx,
            home,
            order,
            phrase(
                "{provider_name} asks {fee} for it; nothing was changed.",
                provider_name=order.provider_name,
                fee=fee,
            ),
        )
        return
    slot = change.slot
    if change.kind == "move" and (change.ride or change.table) and slot is None:
        slot = answer.slot or order.slot
    wish = change.ride or change.table
    if change.kind == "move" and wish is not None and not wishing.suits(slot, wish, tx.now):
        if order.ride is not None:
            # It is not asked again; another ride may do.
            order = replace(order, rescheduling=ChangeTerms(until=tx.now))
        give_up(
            tx,
            home,
            order,
            phrase(
                "{provider_name} has no time that suits; nothing changed.",
                provider_name=order.provider_name,
            ),
        )
        return
    priced = replace(change, slot=slot, fee=fee, quote=answer.quote, priced=True)
    known = replace(with_terms(order, answer), change=priced, pending=None, pending_message_id=None)
    facts = {"kind": change.kind, "fee": str(fee or "")}
    (index,) = tx.save(known, Entry("change_priced", order.id, facts))
    if fee is None or not fee.amount or Agreed(change.by, change.at_most).covers(fee):
        carry_out(tx, home, known)
    else:
        _ask_fee(tx, home, known, priced, fee, index)


def cost(order: Order, change: Change, answer: OrderAnswer) -> Money | None:
    """Return what a change costs, by its fee or by what the order then comes to."""
    if answer.quote is None or order.quote is None:
        return answer.fee
    total, before = answer.quote.total, order.quote.total
    if change.kind == "cancel":
        return answer.fee or (total if total.amount else None)
    if total.currency != before.currency:
        return total
    more = total.amount - before.amount
    fee = answer.fee
    return Money(more, total.currency) if more > (fee.amount if fee else 0) else fee


def _ask_fee(tx: Tx, home: Home, order: Order, change: Change, fee: Money, cause: int) -> None:
    """Ask whether a change is worth its fee."""
    zone = home.settings.home.zone
    moving = change.kind == "move" and change.slot is not None
    window = change.slot.window if change.slot is not None else None
    if moving and window is not None:
        title, body = moving_text(order, change, window, fee, zone, tx.now)
    else:
        title = phrase("Cancel {order_at}?", order_at=order_at(order))
        body = phrase("Cancelling it costs {fee}.", fee=fee)
    if change.riders and change.quote is not None:
        body = f"{body} {_shared_text(change, change.quote.total)}"
    if change.why:
        body = f"{capital(change.why)}. {body}"
    own = order.slot.window if order.slot else None
    option = Option(
        id=f"{order.id}:{change.kind}",
        order_id=order.id,
        provider_id=order.provider.subscriber_id,
        provider_name=order.provider_name,
        lines=order.lines,
        total=fee,
        window=window or own,
        ride=change.ride or order.ride,
        table=change.table or order.table,
    )
    latest = tx.now + ANSWER_WITHIN
    deadline = min(latest, own.start) if own is not None and own.start > tx.now else latest
    earlier = tx.suggestion(change.suggestion_id) if change.suggestion_id else None
    if earlier is not None and earlier.state == "approved":
        suggestion = earlier.moved(
            "proposed",
            options=(option,),
            body=body,
            version=earlier.version + 1,
            chosen=None,
            decided_by=None,
            decided_at=None,
            outcome="",
            deadline=max(earlier.deadline, deadline),
        )
    else:
        suggestion = posed(
            tx,
            home,
            "move_delivery" if moving else "cancel_order",
            key=f"{change.kind}:{order.id}",
            subject=order.id,
            title=title,
            body=body,
            because=(
                Because(
                    phrase(
                        "{provider_name} was asked what it costs", provider_name=order.provider_name
                    ),
                    cause,
                ),
            ),
            deadline=deadline,
            options=(option,),
            whom=(change.by,) if home.member(change.by) else (),
        )
    tx.save(replace(order, change=replace(change, suggestion_id=suggestion.id)))
    put(tx, home, suggestion, {"kind": suggestion.kind, "order": order.id, "fee": str(fee)})


def _shared_text(change: Change, total: Money) -> str:
    """Say what a ride costs in all, and who pays what of it."""
    split = sharing(change.riders, total)
    if split is None:
        return phrase("That is {total} in all: sharing it saves nothing.", total=total)
    names = {rider.household: rider.name or rider.household for rider in change.riders}
    return phrase(
        "That is {total} in all. {sharing}", total=total, sharing=sharing_text(split, names, OWN)
    )


def agree(
    tx: Tx, home: Home, suggestion: Suggestion, option: Option, decision: Decision
) -> DecisionResult:
    """Carry a member's yes to a change out.

    A window that somebody else proposed, so that its price is not known yet, is asked for first:
    a fee brings the question back.
    """
    order = tx.house.orders.get(option.order_id)
    if order is None or order.state not in PLACED:
        return DecisionResult("refused", phrase("That order is over."), suggestion)
    who = order.provider_name
    if order.pending is not None:
        return DecisionResult("refused", waits_text(order), suggestion)
    change = order.change
    known = change is not None and change.priced and change.suggestion_id == suggestion.id
    slots = tx.house.slots.get(order.id, ())
    slot = next((one for one in slots if one.window == option.window), None)
    if not known and (slot is None or slot.window.start <= tx.now):
        message = phrase("That delivery window is not offered (any more).")
        return DecisionResult("refused", message, suggestion)
    fee = (
        phrase(" for {fee}", fee=change.fee)
        if known and change is not None and change.fee and change.fee.amount
        else ""
    )
    outcome = phrase("{who} is told{fee}.", who=who, fee=fee) if known else asked_text(order)
    approved = suggestion.moved(
        "approved",
        chosen=option.id,
        decided_by=decision.member,
        decided_at=tx.now,
        outcome=outcome,
    )
    facts = {
        "member": decision.member,
        "via": decision.via,
        "order": order.id,
        "fee": str(change.fee) if known and change is not None else "",
        "version": suggestion.version,
    }
    tx.save(approved, Entry("approved", suggestion.id, facts))
    forget_timers(tx, suggestion.id)
    if known:
        carry_out(tx, home, order)
    else:
        begin(tx, home, order, Change("move", decision.member, slot, suggestion_id=suggestion.id))
    return DecisionResult("done", outcome, approved)


def silent(tx: Tx, home: Home, order: Order, tries: int) -> bool:
    """Nothing came back of a change: the same message again, or give up and say what is known.

    Returns True while it is worth to wait on.
    """
    if tries < TRIES:
        _send(tx, home, order, again=True)
        return True
    unheard(tx, home, order, phrase("it did not answer"))
    return False


def unheard(tx: Tx, home: Home, order: Order, reason: str) -> None:
    """Say that a change came to nothing, or that it is not known whether it did."""
    who, change = order.provider_name, order.change
    if change is None or not change.agreed:
        give_up(
            tx,
            home,
            order,
            phrase("Nothing was changed at {who}: {reason}.", who=who, reason=reason[:200]),
        )
        return
    why = reason[:200]
    if change.kind == "move":
        words = phrase(
            "It is not known whether {who} has moved the order: {why}.", who=who, why=why
        )
    else:
        words = phrase(
            "It is not known whether {who} has cancelled the order: {why}.", who=who, why=why
        )
    give_up(tx, home, order, phrase("{words} Please ask {who} yourself.", words=words, who=who))
    known = tx.house.orders.get(order.id)
    if known is not None:
        request(tx, home, known, "status")


def with_terms(order: Order, answer: OrderAnswer) -> Order:
    """Return an order with the terms an answer tells, where it tells any."""
    return replace(
        order,
        cancellation=answer.cancellation or order.cancellation,
        rescheduling=answer.rescheduling or order.rescheduling,
        agent=answer.agent or order.agent,
    )


def slot_of(tx: Tx, order: Order, slot_id: str) -> DeliverySlot | None:
    """Return a window that an order's provider offered and that has not begun."""
    offered = tx.house.slots.get(order.id, ())
    return next((s for s in offered if s.slot_id == slot_id and s.window.start > tx.now), None)
