"""A member's answer: approve, change, decline or later. One counts; a second tap is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hub.domain.decisions import Decision, DecisionResult
from hub.domain.matching import pick_slot
from hub.domain.orders import Line, Order
from hub.domain.suggestions import Option, Suggestion
from hub.flow.ending import end
from hub.flow.home import Home
from hub.flow.offers import option_of
from hub.flow.requests import await_answer, party_of, request
from hub.flow.suggest import forget_timers
from hub.flow.tell import tell_outcome
from hub.store.tx import Entry, Tx

LATER = timedelta(hours=1)
MOST_PIECES = 99
"""Pieces of one line a member may ask for."""


def decide(tx: Tx, home: Home, decision: Decision) -> DecisionResult:
    """Carry a member's answer out, or say why not. The token it came by is spent with it."""
    suggestion = tx.suggestion(decision.suggestion_id)
    if suggestion is None:
        return DecisionResult("unknown", "There is no such suggestion (any more).")
    if decision.token_id is not None:
        outcome = tx.spent(decision.token_id)
        if outcome is not None:
            return DecisionResult("repeated", suggestion.outcome or outcome, suggestion)
    refusal = _refusal(tx, home, suggestion, decision)
    if refusal is not None:
        return refusal
    if decision.verb == "decline":
        result = _decline(tx, home, suggestion, decision)
    elif decision.verb == "later":
        result = _later(tx, home, suggestion, decision)
    else:
        result = _approve(tx, home, suggestion, decision)
    if decision.token_id is not None and result.result in ("done", "changed"):
        tx.spend(decision.token_id, suggestion.id, result.message)
    return result


def _refusal(
    tx: Tx, home: Home, suggestion: Suggestion, decision: Decision
) -> DecisionResult | None:
    member = home.member(decision.member)
    if member is None or member.role != "adult":
        return DecisionResult("refused", "Only an adult of this household may decide.", suggestion)
    if not suggestion.open:
        wanted = {"approve": "approved", "decline": "declined"}.get(decision.verb)
        same = decision.member == suggestion.decided_by and (
            suggestion.state == wanted
            or (wanted == "approved" and suggestion.state in ("carried_out", "failed"))
        )
        message = suggestion.outcome or f"This was {suggestion.state.replace('_', ' ')}."
        return DecisionResult("repeated" if same else "refused", message, suggestion)
    if tx.now >= suggestion.deadline:
        return DecisionResult("refused", "This has expired.", suggestion)
    if decision.version != suggestion.version:
        message = "This has changed since you were asked; please look at it again."
        return DecisionResult("refused", message, suggestion)
    return None


def _decline(tx: Tx, home: Home, suggestion: Suggestion, decision: Decision) -> DecisionResult:
    name = _name(home, decision.member)
    ended = end(
        tx,
        home,
        suggestion,
        "declined",
        f"Declined by {name}.",
        decided_by=decision.member,
        decided_at=tx.now,
    )
    return DecisionResult("done", ended.outcome, ended)


def _later(tx: Tx, home: Home, suggestion: Suggestion, decision: Decision) -> DecisionResult:
    again = tx.now + LATER
    if again >= suggestion.deadline:
        message = "There is no later: it expires before the hub would ask again."
        return DecisionResult("refused", message, suggestion)
    put_off = replace(suggestion, not_before=again, version=suggestion.version + 1)
    facts = {"member": decision.member, "via": decision.via}
    (index,) = tx.save(put_off, Entry("put_off", suggestion.id, facts))
    tx.set_timer("ask", suggestion.id, "", again)
    local = again.astimezone(home.settings.home.zone)
    message = f"The hub asks again at {local:%H:%M}."
    tell_outcome(tx, home, replace(put_off, outcome=message), index)
    return DecisionResult("done", message, put_off)


def _approve(tx: Tx, home: Home, suggestion: Suggestion, decision: Decision) -> DecisionResult:
    if suggestion.kind != "grocery_order":
        return _agree(tx, home, suggestion, decision)
    if not suggestion.options:
        return DecisionResult("refused", "Offers are still being collected.", suggestion)
    option_id = decision.option
    if option_id is None and len(suggestion.options) == 1:
        option_id = suggestion.options[0].id
    option = next((o for o in suggestion.options if o.id == option_id), None)
    order = tx.house.orders.get(option.order_id) if option else None
    if option is None or order is None:
        return DecisionResult("refused", "Please choose one of the offers.", suggestion)
    if order.pending is not None:
        message = f"{order.provider_name} has not answered yet; please wait a moment."
        return DecisionResult("refused", message, suggestion)
    changed = _changed(tx, order, decision)
    if isinstance(changed, str):
        return DecisionResult("refused", changed, suggestion)
    if changed is not None:
        return _reprice(tx, home, suggestion, changed, decision, "The new price is asked for.")
    if order.slot is not None and order.slot.window.start <= tx.now:
        return _another_window(tx, home, suggestion, order, decision)
    if order.quote and order.quote.valid_until and order.quote.valid_until <= tx.now:
        message = "The price had run out; a new one is asked for."
        return _reprice(tx, home, suggestion, order, decision, message)
    return _place(tx, home, suggestion, option, order, decision)


def _another_window(
    tx: Tx, home: Home, suggestion: Suggestion, order: Order, decision: Decision
) -> DecisionResult:
    """The window has begun before anybody said yes: ask about the next one that suits."""
    zone = home.settings.home.zone
    offered = [slot for slot in tx.house.slots.get(order.id, ()) if suggestion.fits(slot, zone)]
    slot = pick_slot(offered, None, None, tx.now)
    if slot is None:
        message = "That delivery window has begun, and no other one fits; please choose anew."
        return DecisionResult("refused", message, suggestion)
    message = "That delivery window has begun; the next one is asked for."
    return _reprice(tx, home, suggestion, replace(order, slot=slot), decision, message)


def _agree(tx: Tx, home: Home, suggestion: Suggestion, decision: Decision) -> DecisionResult:
    name = _name(home, decision.member)
    agreed = suggestion.moved("approved", decided_by=decision.member, decided_at=tx.now)
    facts = {"member": decision.member, "via": decision.via}
    tx.save(agreed, Entry("approved", suggestion.id, facts))
    ended = end(tx, home, agreed, "carried_out", f"{name} agreed.")
    return DecisionResult("done", ended.outcome, ended)


def _changed(tx: Tx, order: Order, decision: Decision) -> Order | str | None:
    """Return the order as a member changed it, why that cannot be, or None for no change."""
    known = {line.item_id for line in order.lines}
    for item_id, count in decision.counts.items():
        if item_id not in known:
            return f"There is no {item_id} in this offer."
        if not 0 <= count <= MOST_PIECES:
            return f"Expected 0 to {MOST_PIECES} pieces, got {count}."
    lines: tuple[Line, ...] = tuple(
        replace(line, count=decision.counts.get(line.item_id, line.count))
        for line in order.lines
        if decision.counts.get(line.item_id, line.count) > 0
    )
    if not lines:
        return "Nothing would be left to order; decline it instead."
    slot = order.slot
    if decision.slot_id is not None and (slot is None or decision.slot_id != slot.slot_id):
        offered = tx.house.slots.get(order.id, ())
        later = (s for s in offered if s.window.start > tx.now)
        slot = next((s for s in later if s.slot_id == decision.slot_id), None)
        if slot is None:
            return "That delivery window is not offered (any more)."
    if lines == order.lines and slot == order.slot:
        return None
    return replace(order, lines=lines, slot=slot, note="")


def _reprice(
    tx: Tx, home: Home, suggestion: Suggestion, order: Order, decision: Decision, message: str
) -> DecisionResult:
    await_answer(tx, home, request(tx, home, order, "select"))
    changed = replace(suggestion, version=suggestion.version + 1)
    facts = {"member": decision.member, "via": decision.via, "order": order.id}
    tx.save(changed, Entry("changed", suggestion.id, facts))
    return DecisionResult("changed", message, changed)


def _place(
    tx: Tx,
    home: Home,
    suggestion: Suggestion,
    option: Option,
    order: Order,
    decision: Decision,
) -> DecisionResult:
    name = _name(home, decision.member)
    outcome = f"Approved by {name}; ordering at {option.provider_name} for {option.total}."
    approved = suggestion.moved(
        "approved",
        chosen=option.id,
        decided_by=decision.member,
        decided_at=tx.now,
        outcome=outcome,
    )
    consent = {
        "member": decision.member,
        "via": decision.via,
        "option": option.id,
        "total": str(option.total),
        "version": suggestion.version,
    }
    disclosed = {
        "to": order.provider.subscriber_id,
        "fields": [d.field for d in option_of(home, order).disclosures],
        "purpose": "to bring the order",
    }
    _, index = tx.save(
        approved,
        Entry("approved", suggestion.id, consent),
        Entry("disclosed", order.id, disclosed),
    )
    forget_timers(tx, suggestion.id)
    placed = replace(order, approved_total=option.total)
    await_answer(tx, home, request(tx, home, placed, "init", party=party_of(home)))
    tell_outcome(tx, home, approved, index)
    return DecisionResult("done", outcome, approved)


def _name(home: Home, member_id: str) -> str:
    member = home.member(member_id)
    return member.name if member else member_id
