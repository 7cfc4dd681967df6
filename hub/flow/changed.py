"""What became of a placed order: moved, cancelled, or changed by its provider.

A provider that changes an order unasked is believed as to what will come, and never as to what is
owed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hub.domain.money import Money
from hub.domain.offers import ChangeTerms, Domain
from hub.domain.orders import ORDER_LIFE, Change, Order, OrderAnswer
from hub.domain.tongue import capital, later, phrase
from hub.domain.wording import basket, listed, moved_text, order_at, time_text, window_text
from hub.flow.belonging import note
from hub.flow.changes import cost, priced, with_terms
from hub.flow.expected import expect, expect_no_more
from hub.flow.home import Home
from hub.flow.offers import answered_lines, drop
from hub.flow.placing import OTHER_THINGS, PLACED, differences, fail, follow
from hub.flow.probing import probed
from hub.flow.saying import close, give_up, say, told
from hub.store.tx import Entry, Tx

BY_US = "cancelled by "
"""How the reason of an order begins that this household cancelled itself."""
_CALLED_OFF: dict[Domain, str] = {
    "grocery": later("{name} cancelled the order {order_id}{why}."),
    "ride": later("{name} cancelled the ride {order_id}{why}."),
    "restaurant": later("{name} cancelled the table {order_id}{why}."),
    "neighbour": later("{name} cancelled the order {order_id}{why}."),
}
_ACTION = {"move": "update", "cancel": "cancel"}


def on_update(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    """Take in what moving an order costs, that it was moved, or what its provider changed."""
    change = _awaited(order, answer)
    if change is None:
        if answer.error is None and not answer.preview and order.state in PLACED:
            _unasked(tx, home, order, answer)
    elif change.conflict and not change.agreed and (answer.preview or answer.error is not None):
        probed(tx, home, order, change, answer)
    elif answer.error is not None:
        reason = answer.error.message
        if order.ride is not None:
            # It is not asked again; another ride may do.
            order = replace(order, rescheduling=ChangeTerms(until=tx.now))
        give_up(
            tx,
            home,
            order,
            phrase("{name} will not change it: {reason}", name=order.provider_name, reason=reason)
            if change.table
            else phrase(
                "{name} will not move it: {reason}", name=order.provider_name, reason=reason
            ),
        )
    elif not answer.preview:
        _moved(tx, home, order, change, answer)
    elif not change.agreed:
        priced(tx, home, order, change, answer)


def on_cancel(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    """Take in what cancelling costs, that it is cancelled, or that its provider cancelled it."""
    change = _awaited(order, answer)
    if change is None:
        if answer.error is None and not answer.preview:
            withdrawn(tx, home, order, answer)
    elif answer.error is not None:
        reason = answer.error.message
        give_up(
            tx,
            home,
            order,
            phrase(
                "{provider_name} will not cancel it: {reason}",
                provider_name=order.provider_name,
                reason=reason,
            ),
        )
    elif not answer.preview:
        _cancelled(tx, home, order, change, answer)
    elif not change.agreed:
        priced(tx, home, order, change, answer)


def _awaited(order: Order, answer: OrderAnswer) -> Change | None:
    """Return the change that an answer is about, None where nobody asked for it."""
    change = order.change
    if change is None or _ACTION[change.kind] != answer.action:
        return None
    if (order.pending, order.pending_message_id) != (answer.action, answer.message_id):
        return None
    return change


def _moved(tx: Tx, home: Home, order: Order, change: Change, answer: OrderAnswer) -> None:
    zone = home.settings.home.zone
    slot = answer.slot or change.slot or order.slot
    quote = change.quote or order.quote
    fee = answer.fee or change.fee
    odd = _beyond(fee, change)
    if answer.quote and quote and answer.quote.total != quote.total:
        if change.quote is None and answer.quote.total.amount <= quote.total.amount:
            quote = answer.quote
        else:
            odd.append(
                phrase(
                    "it now says {stated} instead of {agreed}",
                    stated=answer.quote.total,
                    agreed=quote.total,
                )
            )
    if change.slot is not None and slot is not None and slot.window != change.slot.window:
        odd.append(
            phrase("you asked for {when}", when=window_text(change.slot.window, zone, tx.now))
        )
    moved = replace(
        with_terms(order, answer),
        slot=slot,
        lines=answered_lines(order, answer) if change.table else order.lines,
        ride=change.ride or order.ride,
        table=change.table or order.table,
        quote=quote,
        change=None,
        change_fee=fee,
        fulfillment_state=answer.fulfillment_state or order.fulfillment_state,
        pending=None,
        pending_message_id=None,
        last_message_id=answer.message_id,
        updated_at=tx.now,
    )
    facts: dict[str, object] = {"slot": slot.slot_id if slot else "", "fee": str(fee or "")}
    if odd:
        facts["odd"] = odd
    (index,) = tx.save(moved, Entry("moved", order.id, facts))
    tx.drop_timers("patience", order.id)
    follow(tx, moved)
    note(tx, order.about, "changed", order.id)
    words = f"{moved_text(moved, zone, tx.now)}{_for(fee)}.{_but(odd)}"
    told(tx, home, moved, change, "carried_out", words, index)


def _cancelled(tx: Tx, home: Home, order: Order, change: Change, answer: OrderAnswer) -> None:
    fee = cost(order, change, answer) or change.fee
    odd = _beyond(fee, change)
    gone = order.moved(
        "cancelled",
        change=None,
        change_fee=fee,
        reason=f"{BY_US}{change.by}",
        pending=None,
        pending_message_id=None,
        last_message_id=answer.message_id,
        updated_at=tx.now,
    )
    facts: dict[str, object] = {"by": change.by, "fee": str(fee or "")}
    if odd:
        facts["odd"] = odd
    (index,) = tx.save(gone, Entry("cancelled", order.id, facts))
    _forget(tx, order)
    note(tx, order.about, "cancelled", order.id)
    called = order_at(order)
    words = phrase(
        "{called} is cancelled{fee}.{but}", called=capital(called), fee=_for(fee), but=_but(odd)
    )
    told(tx, home, gone, change, "carried_out", words, index)


def withdrawn(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    """Let go of what the provider cancelled of itself, and say so."""
    if order.state not in PLACED:
        if order.state == "initialised" or order.pending == "init":
            fail(tx, home, order, phrase("the provider cancelled it"))
        else:
            drop(tx, home, order, phrase("it was withdrawn"))
        return
    change = order.change
    gone = order.moved(
        "cancelled",
        change=None,
        reason=answer.reason[:300] or phrase("the provider cancelled it"),
        pending=None,
        last_message_id=answer.message_id,
        updated_at=tx.now,
    )
    facts = {"by": order.provider_name, "reason": answer.reason[:300]}
    (index,) = tx.save(gone, Entry("cancelled", order.id, facts))
    _forget(tx, order)
    note(tx, order.about, "cancelled", order.id)
    why = f" ({answer.reason[:200]})" if answer.reason else ""
    words = phrase(
        _CALLED_OFF[order.domain],
        name=order.provider_name,
        order_id=order.order_id,
        why=why,
    )
    if change is not None:
        close(tx, home, change, "failed", words)
    say(tx, home, gone, words, index)


def _unasked(tx: Tx, home: Home, order: Order, answer: OrderAnswer) -> None:
    """A provider changed an order of itself: take in what will come, and what it asks as asked."""
    zone = home.settings.home.zone
    agreed = order.quote.total if order.quote else order.approved_total
    state = order.state
    if answer.state in ORDER_LIFE.moves[state] and answer.state in PLACED:
        state = answer.state
    now = with_terms(order, answer).moved(
        state,
        lines=answered_lines(order, answer),
        slot=answer.slot or order.slot,
        fulfillment_state=answer.fulfillment_state or order.fulfillment_state,
        last_message_id=answer.message_id,
        updated_at=tx.now,
    )
    stated = answer.quote.total if answer.quote else agreed
    cheaper = bool(
        stated and agreed and stated.currency == agreed.currency and stated.amount < agreed.amount
    )
    if cheaper:
        now = replace(now, quote=answer.quote)
    changed = []
    if now.slot is not None and (order.slot is None or now.slot.window != order.slot.window):
        when = time_text(now.slot.window, zone, tx.now, order.ride)
        changed.append(
            phrase("it {when}", when=when) if order.ride else phrase("it comes {when}", when=when)
        )
    if phrase(OTHER_THINGS[order.domain]) in differences(order, now):
        changed.append(phrase("it brings {basket}", basket=basket(now.lines)))
    if stated != agreed:
        changed.append(
            phrase("it asks {stated}", stated=stated)
            if cheaper
            else phrase("it asks {stated}, not {agreed}", stated=stated, agreed=agreed)
        )
    if not changed:
        tx.save(now, Entry("order_updated", order.id, {"fulfillment": now.fulfillment_state}))
        return
    expect_no_more(tx, order)
    (index,) = tx.save(now, Entry("changed_by_provider", order.id, {"changed": changed}))
    expect(tx, now)
    follow(tx, now)
    note(tx, now.about, "changed", now.id)
    dearer = stated != agreed and not cheaper
    doubt = (
        phrase(" You agreed to no more than that: complain or cancel if it is wrong.")
        if dearer
        else ""
    )
    words = phrase(
        "{provider_name} changed the order {order_id}: {changed}.{doubt}",
        provider_name=order.provider_name,
        order_id=order.order_id,
        changed=listed(changed),
        doubt=doubt,
    )
    say(tx, home, now, words, index)


def _forget(tx: Tx, order: Order) -> None:
    tx.drop_timers("follow", order.id)
    tx.drop_timers("patience", order.id)
    expect_no_more(tx, order)


def _beyond(fee: Money | None, change: Change) -> list[str]:
    """Say that a provider asks more for a change than was agreed to."""
    if fee is None or not fee.amount:
        return []
    agreed = change.fee if change.fee is not None else Money(fee.amount * 0, fee.currency)
    if fee.currency == agreed.currency and fee.amount <= agreed.amount:
        return []
    return [phrase("it asks {fee} for that where {agreed} was agreed", fee=fee, agreed=agreed)]


def _for(fee: Money | None) -> str:
    return phrase(", for {fee}", fee=fee) if fee is not None and fee.amount else ""


def _but(odd: Sequence[str]) -> str:
    return phrase(" But {odd}; ask it why.", odd=listed(odd)) if odd else ""
