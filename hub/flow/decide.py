"""A member's answer: approve, change, decline or later. One counts; a second tap is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

from hub.domain.activities import ActivityError
from hub.domain.decisions import Decision, DecisionResult
from hub.domain.peers import PeerError
from hub.domain.suggestions import Suggestion
from hub.flow.activities.attend import answer_invitation
from hub.flow.approving import RULE, approve, name_of, option_meant
from hub.flow.ending import end
from hub.flow.home import Home
from hub.flow.tell import tell_outcome
from hub.store.tx import Entry, Tx

LATER = timedelta(hours=1)


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
    if suggestion.kind == "invitation" and decision.verb in ("approve", "decline"):
        try:
            tx.attempt(partial(answer_invitation, tx, home, suggestion, decision))
        except (ActivityError, PeerError) as error:
            return DecisionResult("refused", str(error), suggestion)
    if decision.verb == "decline":
        result = _decline(tx, home, suggestion, decision)
    elif decision.verb == "later":
        result = _later(tx, home, suggestion, decision)
    else:
        result = approve(tx, home, suggestion, decision)
    if decision.token_id is not None and result.result in ("done", "changed"):
        tx.spend(decision.token_id, suggestion.id, result.message)
    return result


def _refusal(
    tx: Tx, home: Home, suggestion: Suggestion, decision: Decision
) -> DecisionResult | None:
    member = home.member(decision.member)
    if decision.via == RULE:
        if not _rule_may(home, suggestion, decision):
            message = "No rule may decide that (limits.auto_approve in hub.yaml)."
            return DecisionResult("refused", message, suggestion)
    elif member is None or member.role != "adult":
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
    name = name_of(home, decision.member)
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
