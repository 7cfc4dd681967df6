"""A button pressed in Home Assistant: an answer in a member's name, within what is allowed so."""

from __future__ import annotations

from hub.domain.decisions import Decision, DecisionResult
from hub.domain.suggestions import Suggestion, Verb
from hub.domain.tokens import ActionToken
from hub.domain.tongue import phrase
from hub.flow.decide import decide
from hub.flow.home import Home
from hub.store.tx import Entry, Tx

VIA = "homeassistant"
"""By what way such an answer came (``Decision.via``)."""


def why_not(home: Home, suggestion: Suggestion, verb: Verb, option: str | None) -> str:
    """Say why a button may not give this answer; "" where it may.

    Whoever can write to the broker can press, so a household says which kinds of suggestion may be
    approved so and how much a press may spend; without its word nothing that costs money.
    """
    press = home.settings.homeassistant.press
    if press.member is None:
        return phrase("no button may decide (homeassistant.press.member)")
    if verb != "approve":
        return ""
    barrier = press.authority.barrier(suggestion, verb, option)
    if barrier == "kind":
        return phrase("no button may approve this (homeassistant.press.kinds)")
    if barrier == "sum":
        return phrase("no button may spend that much (homeassistant.press.up_to)")
    return ""


def press(tx: Tx, home: Home, token: ActionToken) -> DecisionResult:
    """Carry a press out; what cannot be is noted in the log, from where it is told."""
    suggestion = tx.suggestion(token.suggestion_id)
    if suggestion is None:
        return DecisionResult("unknown", phrase("There is no such suggestion (any more)."))
    refusal = why_not(home, suggestion, token.verb, token.option)
    if not refusal and token.member != home.settings.homeassistant.press.member:
        refusal = phrase("it was another member's button")
    if refusal:
        result = DecisionResult(
            "refused", phrase("Nothing was done: {reason}.", reason=refusal), suggestion
        )
    else:
        result = decide(tx, home, Decision.of(token, VIA))
    if result.result in ("refused", "repeated"):
        facts = {"member": token.member, "via": VIA, "reason": result.message}
        tx.append(Entry("answer_refused", suggestion.id, facts))
        # Nothing else changed, and whoever pressed is to be told now.
        tx.page_changed = True
    return result
