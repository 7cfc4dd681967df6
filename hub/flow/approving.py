"""Approving a suggestion: order it as it was shown, or ask what it costs as it was changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hub.domain import wishing
from hub.domain.decisions import Decision, DecisionResult
from hub.domain.matching import pick_slot
from hub.domain.orders import Line, Order
from hub.domain.suggestions import ORDERING, Option, Suggestion
from hub.domain.tongue import phrase
from hub.domain.wording import waits_text
from hub.flow.agenda import unwelcome
from hub.flow.changes import agree
from hub.flow.choose import over_limit
from hub.flow.collect import forget_timers
from hub.flow.ending import end
from hub.flow.gate import consent
from hub.flow.home import Home
from hub.flow.homeactions import ask_home
from hub.flow.proposing import change_plan
from hub.flow.requests import await_answer, request
from hub.flow.tell import tell_outcome
from hub.store.tx import Entry, Tx

MOST_PIECES = 99
"""Pieces of one line a member may ask for."""
RULE = "rule"
"""By what way a rule decides by itself (``Decision.via``)."""
AGREED = "agreed"
"""By what way a yes that was given beforehand counts."""


def approve(tx: Tx, home: Home, suggestion: Suggestion, decision: Decision) -> DecisionResult:
    """Carry out a yes; where it changes the offer, or comes too late for it, ask what it costs."""
    if suggestion.kind in ("move_delivery", "cancel_order") and suggestion.options:
        return _change(tx, home, suggestion, decision)
    if suggestion.kind == "change_plan":
        return change_plan(tx, home, suggestion, decision)
    if suggestion.kind == "home_action":
        return ask_home(tx, home, suggestion, decision, home.called(decision.member))
    if suggestion.kind not in ORDERING:
        return _agree(tx, home, suggestion, decision)
    if not suggestion.options:
        return DecisionResult("refused", phrase("Offers are still being collected."), suggestion)
    option = option_meant(suggestion, decision)
    orders = _orders(tx, option)
    if option is None or not orders:
        return DecisionResult("refused", phrase("Please choose one of the offers."), suggestion)
    for order in orders:
        if order.pending is not None:
            return DecisionResult("refused", waits_text(order), suggestion)
    if len(orders) > 1:
        return _approve_parts(tx, home, suggestion, option, orders, decision)
    (order,) = orders
    changed = _changed(tx, order, decision)
    if isinstance(changed, str):
        return DecisionResult("refused", changed, suggestion)
    if changed is not None:
        return _reprice(
            tx, home, suggestion, [changed], decision, phrase("The new price is asked for.")
        )
    if order.slot is not None and order.slot.window.start <= tx.now:
        return _another_window(tx, home, suggestion, order, decision)
    if _run_out(tx, order):
        message = phrase("The price had run out; a new one is asked for.")
        return _reprice(tx, home, suggestion, [order], decision, message)
    return _place(tx, home, suggestion, option, orders, decision)


def _approve_parts(
    tx: Tx,
    home: Home,
    suggestion: Suggestion,
    option: Option,
    orders: Sequence[Order],
    decision: Decision,
) -> DecisionResult:
    """Approve a basket that is split over two shops: as it is, or not at all."""
    if decision.counts or decision.slot_id is not None:
        message = phrase("Two shops share this offer: choose one shop's own offer to change it.")
        return DecisionResult("refused", message, suggestion)
    if any(order.slot is not None and order.slot.window.start <= tx.now for order in orders):
        message = phrase("One of its delivery windows has begun; please choose another offer.")
        return DecisionResult("refused", message, suggestion)
    if any(_run_out(tx, order) for order in orders):
        message = phrase("A price had run out; new ones are asked for.")
        return _reprice(tx, home, suggestion, orders, decision, message)
    return _place(tx, home, suggestion, option, orders, decision)


def _another_window(
    tx: Tx, home: Home, suggestion: Suggestion, order: Order, decision: Decision
) -> DecisionResult:
    """The window has begun before anybody said yes: ask about the next one that suits."""
    zone = home.settings.home.zone
    known = tx.house.slots.get(order.id, ())
    wish = wishing.wish_of(order)
    if wish is not None:
        slot = wishing.another_time(known, wish, tx.now)
    else:
        offered = [slot for slot in known if suggestion.fits(slot, zone)]
        away = unwelcome(tx.house, home, (one.window for one in offered), tx.now)
        slot = pick_slot(offered, None, None, tx.now, away)
    if slot is None:
        message = phrase("That time has begun, and no other one fits; please choose anew.")
        return DecisionResult("refused", message, suggestion)
    message = phrase("That time has begun; the next one is asked for.")
    return _reprice(tx, home, suggestion, [replace(order, slot=slot)], decision, message)


def _changed(tx: Tx, order: Order, decision: Decision) -> Order | str | None:
    """Return the order as a member changed it, why that cannot be, or None for no change."""
    if wishing.wish_of(order) is not None and set(decision.counts.values()) - {1}:
        return phrase("A vehicle and a table come whole: only the time can be chosen.")
    known = {line.item_id for line in order.lines}
    for item_id, count in decision.counts.items():
        if item_id not in known:
            return phrase("There is no {item_id} in this offer.", item_id=item_id)
        if not 0 <= count <= MOST_PIECES:
            return phrase(
                "Expected 0 to {most} pieces, got {count}.",
                most=MOST_PIECES,
                count=count,
            )
    lines: tuple[Line, ...] = tuple(
        replace(line, count=decision.counts.get(line.item_id, line.count))
        for line in order.lines
        if decision.counts.get(line.item_id, line.count) > 0
    )
    if not lines:
        return phrase("Nothing would be left to order; decline it instead.")
    slot = order.slot
    if decision.slot_id is not None and (slot is None or decision.slot_id != slot.slot_id):
        offered = tx.house.slots.get(order.id, ())
        later = (s for s in offered if s.window.start > tx.now)
        slot = next((s for s in later if s.slot_id == decision.slot_id), None)
        if slot is None:
            return phrase("That delivery window is not offered (any more).")
    if lines == order.lines and slot == order.slot:
        return None
    counted = {line.item_id: line.count for line in lines}
    settled = {
        line.wants
        for line in order.lines
        if line.wants is not None and counted.get(line.item_id) != line.count
    }
    chosen = tuple(sorted({*order.chosen, *settled}))
    return replace(order, lines=lines, slot=slot, chosen=chosen, note="")


def _reprice(
    tx: Tx,
    home: Home,
    suggestion: Suggestion,
    orders: Sequence[Order],
    decision: Decision,
    message: str,
) -> DecisionResult:
    for order in orders:
        await_answer(tx, home, request(tx, home, order, "select"))
    changed = replace(suggestion, version=suggestion.version + 1)
    facts = {
        "member": decision.member,
        "via": decision.via,
        "order": ", ".join(order.id for order in orders),
    }
    tx.save(changed, Entry("changed", suggestion.id, facts))
    return DecisionResult("changed", message, changed)


def _place(
    tx: Tx,
    home: Home,
    suggestion: Suggestion,
    option: Option,
    orders: Sequence[Order],
    decision: Decision,
) -> DecisionResult:
    over = over_limit(tx, home, option)
    if over:
        return DecisionResult(
            "refused", phrase("Nothing was ordered: {over}.", over=over), suggestion
        )
    by_rule = decision.via == RULE
    name = (
        phrase("the rule {rule_id}", rule_id=suggestion.rule_id)
        if by_rule
        else home.called(decision.member)
    )
    outcome = phrase(
        "Approved by {name}; ordering at {provider_name} for {total}.",
        name=name,
        provider_name=option.provider_name,
        total=option.total,
    )
    approved = suggestion.moved(
        "approved",
        chosen=option.id,
        decided_by=f"rule:{suggestion.rule_id}" if by_rule else decision.member,
        decided_at=tx.now,
        outcome=outcome,
        # Members are told what a rule did, as they would have been asked.
        asked=True,
    )
    facts = {
        "member": decision.member,
        "via": decision.via,
        "option": option.id,
        "total": str(option.total),
        "version": suggestion.version,
    }
    if by_rule:
        facts["rule"] = suggestion.rule_id
    (index,) = tx.save(approved, Entry("approved", suggestion.id, facts))
    forget_timers(tx, suggestion.id)
    for order in orders:
        assert order.quote is not None, "what is offered has a price"
        placed = replace(order, approved_total=order.quote.total)
        by = approved.decided_by or decision.member
        consent(tx, home, placed, by, scope=decision.scope, because=suggestion.id)
        await_answer(tx, home, request(tx, home, placed, "init"))
    tell_outcome(tx, home, approved, index)
    return DecisionResult("done", outcome, approved)


def _orders(tx: Tx, option: Option | None) -> list[Order]:
    """Return the live orders behind an option; none where one of them is gone."""
    found = [tx.house.orders.get(one) for one in option.orders] if option else []
    live = [order for order in found if order is not None]
    return live if len(live) == len(found) else []


def _run_out(tx: Tx, order: Order) -> bool:
    until = order.quote.valid_until if order.quote else None
    return until is not None and until <= tx.now


def _change(tx: Tx, home: Home, suggestion: Suggestion, decision: Decision) -> DecisionResult:
    """Approve that a placed order be moved or cancelled, at the fee that was shown."""
    option = option_meant(suggestion, decision)
    if option is None:
        return DecisionResult("refused", phrase("Please choose one of the windows."), suggestion)
    return agree(tx, home, suggestion, option, decision)


def _agree(tx: Tx, home: Home, suggestion: Suggestion, decision: Decision) -> DecisionResult:
    name = home.called(decision.member)
    agreed = suggestion.moved("approved", decided_by=decision.member, decided_at=tx.now)
    facts = {"member": decision.member, "via": decision.via}
    tx.save(agreed, Entry("approved", suggestion.id, facts))
    if decision.verb == "maybe":
        said = phrase("{name} said maybe.", name=name)
    else:
        said = phrase("{name} agreed.", name=name)
    ended = end(tx, home, agreed, "carried_out", said)
    return DecisionResult("done", ended.outcome, ended)


def option_meant(suggestion: Suggestion, decision: Decision) -> Option | None:
    """Return the option a decision is about; it need not name the only one there is."""
    option_id = decision.option
    if option_id is None and len(suggestion.options) == 1:
        option_id = suggestion.options[0].id
    return next((o for o in suggestion.options if o.id == option_id), None)
