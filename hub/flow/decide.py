"""A member's answer: approve, change, decline or later. One counts; a second tap is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

from hub.domain.activities import ActivityError
from hub.domain.decisions import ADULTS_ONLY, Decision, DecisionResult
from hub.domain.peers import PeerError
from hub.domain.suggestions import Option, Suggestion
from hub.domain.tongue import phrase
from hub.flow.activities.attend import answer_invitation
from hub.flow.activities.deciding import decide_counter, decide_late
from hub.flow.approving import RULE, approve, option_meant
from hub.flow.consent import never
from hub.flow.ending import end
from hub.flow.home import Home
from hub.flow.meals.decide import decided
from hub.flow.tell import ESCALATE, ask, tell_outcome
from hub.store.tx import Entry, Tx

LATER = timedelta(hours=1)
_FRIENDS = {
    "invitation": answer_invitation,
    "counter": decide_counter,
    "late_answer": decide_late,
}


def decide(tx: Tx, home: Home, decision: Decision) -> DecisionResult:
    """Carry a member's answer out, or say why not. The token it came by is spent with it."""
    suggestion = tx.suggestion(decision.suggestion_id)
    if suggestion is None:
        return DecisionResult("unknown", phrase("There is no such suggestion (any more)."))
    if decision.token_id is not None:
        outcome = tx.spent(decision.token_id)
        if outcome is not None:
            return DecisionResult("repeated", suggestion.outcome or outcome, suggestion)
    refusal = _refusal(tx, home, suggestion, decision)
    if refusal is not None:
        return refusal
    friends = _FRIENDS.get(suggestion.kind)
    if friends is not None and decision.verb != "later":
        try:
            tx.attempt(partial(friends, tx, home, suggestion, decision))
        except (ActivityError, PeerError) as error:
            return DecisionResult("refused", str(error), suggestion)
    if suggestion.kind == "social_meal":
        about_meal = _about_meal(tx, home, suggestion, decision)
        if about_meal is not None:
            return _spent(tx, decision, about_meal)
    if decision.verb == "decline":
        result = _decline(tx, home, suggestion, decision)
    elif decision.verb == "later":
        result = _later(tx, home, suggestion, decision)
    else:
        result = approve(tx, home, suggestion, decision)
    return _spent(tx, decision, result)


def _spent(tx: Tx, decision: Decision, result: DecisionResult) -> DecisionResult:
    """Spend the token that a decision came by, where something came of it."""
    if decision.token_id is not None and result.result in ("done", "changed"):
        tx.spend(decision.token_id, decision.suggestion_id, result.message)
    return result


def _about_meal(
    tx: Tx, home: Home, suggestion: Suggestion, decision: Decision
) -> DecisionResult | None:
    """Carry an answer about a meal out; None where it is about none."""
    found: list[DecisionResult | None] = []
    try:
        tx.attempt(lambda: found.append(decided(tx, home, suggestion, decision)))
    except (ActivityError, PeerError) as error:
        return DecisionResult("refused", str(error), suggestion)
    return found[0]


def _refusal(
    tx: Tx, home: Home, suggestion: Suggestion, decision: Decision
) -> DecisionResult | None:
    if decision.via == RULE:
        if not _rule_may(home, suggestion, decision):
            message = phrase("No rule may decide that (limits.auto_approve in hub.yaml).")
            return DecisionResult("refused", message, suggestion)
    else:
        message = _not_theirs(home, suggestion, decision)
        if message:
            return DecisionResult("refused", message, suggestion)
    if decision.verb == "maybe" and suggestion.kind != "invitation":
        message = phrase("Only an invitation can be answered with maybe.")
        return DecisionResult("refused", message, suggestion)
    if not suggestion.open:
        wanted = {"approve": "approved", "maybe": "approved", "decline": "declined"}.get(
            decision.verb
        )
        same = decision.member == suggestion.decided_by and (
            suggestion.state == wanted
            or (wanted == "approved" and suggestion.state in ("carried_out", "failed"))
        )
        message = suggestion.outcome or phrase("This is over.")
        return DecisionResult("repeated" if same else "refused", message, suggestion)
    if tx.now >= suggestion.deadline:
        return DecisionResult("refused", phrase("This has expired."), suggestion)
    if decision.version != suggestion.version:
        message = phrase("This has changed since you were asked; please look at it again.")
        return DecisionResult("refused", message, suggestion)
    return None


def _not_theirs(home: Home, suggestion: Suggestion, decision: Decision) -> str:
    """Say why this member may not answer so; "" where they may."""
    member = home.member(decision.member)
    authority = None if member is None else member.authority
    if authority is None or (decision.scope != "once" and not home.decides(decision.member)):
        return phrase(ADULTS_ONLY)
    option = option_meant(suggestion, decision)
    barrier = authority.barrier(suggestion, decision.verb, None if option is None else option.id)
    if barrier == "kind":
        return phrase("Somebody else of this household decides that (approves.kinds in hub.yaml).")
    if barrier == "sum" and option is not None:
        most = (
            phrase("nothing that costs money")
            if authority.most is None
            else phrase("up to {most}", most=authority.most)
        )
        return phrase(
            "It costs {total}; you may approve {most} (approves.up_to in hub.yaml).",
            total=option.total,
            most=most,
        )
    return ""


def _decline(tx: Tx, home: Home, suggestion: Suggestion, decision: Decision) -> DecisionResult:
    option = option_meant(suggestion, decision)
    if decision.scope == "never" and option is not None and len(suggestion.options) > 1:
        return _never(tx, home, suggestion, option, decision)
    name = home.called(decision.member)
    if decision.scope == "never" and option is not None:
        _refuse(tx, home, option, decision)
    ended = end(
        tx,
        home,
        suggestion,
        "declined",
        phrase("Declined by {name}.", name=name),
        decided_by=decision.member,
        decided_at=tx.now,
    )
    return DecisionResult("done", ended.outcome, ended)


def _never(
    tx: Tx, home: Home, suggestion: Suggestion, option: Option, decision: Decision
) -> DecisionResult:
    """Take a provider's offer off the list for good, and go on asking about the others."""
    _refuse(tx, home, option, decision)
    for order_id in option.orders:
        order = tx.house.orders.get(order_id)
        if order is not None:
            gone = order.moved(
                "cancelled", pending=None, reason=phrase("never to be told what it needs")
            )
            tx.save(replace(gone, updated_at=tx.now), Entry("order_cancelled", order.id, {}))
    left = tuple(one for one in suggestion.options if not set(one.orders) & set(option.orders))
    fewer = replace(suggestion, options=left, version=suggestion.version + 1)
    tx.save(fewer, Entry("changed", suggestion.id, {"member": decision.member}))
    ask(tx, home, fewer)
    message = phrase(
        "{provider_name} is never told; the other offers remain.",
        provider_name=option.provider_name,
    )
    return DecisionResult("changed", message, fewer)


def _refuse(tx: Tx, home: Home, option: Option, decision: Decision) -> None:
    for order_id in option.orders:
        order = tx.house.orders.get(order_id)
        if order is not None:
            never(tx, home, order, decision.member)


def _later(tx: Tx, home: Home, suggestion: Suggestion, decision: Decision) -> DecisionResult:
    again = tx.now + LATER
    if again >= suggestion.deadline:
        message = phrase("There is no later: it expires before the hub would ask again.")
        return DecisionResult("refused", message, suggestion)
    put_off = replace(suggestion, not_before=again, version=suggestion.version + 1)
    facts = {"member": decision.member, "via": decision.via}
    (index,) = tx.save(put_off, Entry("put_off", suggestion.id, facts))
    tx.set_timer("ask", suggestion.id, "", again)
    tx.set_timer(ESCALATE, suggestion.id, "", None)
    local = again.astimezone(home.settings.home.zone)
    message = phrase("The hub asks again at {time}.", time=f"{local:%H:%M}")
    tell_outcome(tx, home, replace(put_off, outcome=message), index)
    return DecisionResult("done", message, put_off)


def _rule_may(home: Home, suggestion: Suggestion, decision: Decision) -> bool:
    """Tell whether a rule may order this by itself; what it may not, an adult has to."""
    option = option_meant(suggestion, decision)
    return (
        decision.verb == "approve"
        and suggestion.kind == "grocery_order"
        and option is not None
        and not (decision.counts or decision.slot_id)
        and home.settings.limits.read().decides(suggestion.rule_id, option.total)
    )
