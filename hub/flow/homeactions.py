"""What Home Assistant is to do, once a member agreed: asked of it, and told how that went."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from hub.domain.decisions import Decision, DecisionResult
from hub.domain.effects import CallHome
from hub.domain.homeassistant import ServiceCall, allowed
from hub.domain.suggestions import Suggestion
from hub.domain.tongue import phrase
from hub.domain.wording import listed
from hub.flow.collect import forget_timers
from hub.flow.ending import end
from hub.flow.home import Home
from hub.store.house import House
from hub.store.tx import Entry, Tx

KEEN = timedelta(minutes=15)
"""How long it is still worth doing: a scene for leaving is of no use hours later."""


def forbidden(home: Home, calls: Sequence[ServiceCall]) -> str:
    """Say what of it this household does not allow; "" when it allows all."""
    allowed_ones = home.settings.homeassistant.services
    names = [call.words for call in calls if not allowed(call, allowed_ones)]
    return (
        phrase("{names}: not among homeassistant.services in hub.yaml", names=listed(names))
        if names
        else ""
    )


def ask_home(
    tx: Tx, home: Home, suggestion: Suggestion, decision: Decision, name: str
) -> DecisionResult:
    """Approve that Home Assistant does what the suggestion says; it is asked after the commit."""
    refusal = forbidden(home, suggestion.then)
    if refusal:
        return DecisionResult(
            "refused", phrase("Nothing was done: {reason}.", reason=refusal), suggestion
        )
    outcome = phrase("Approved by {name}; Home Assistant is asked.", name=name)
    approved = suggestion.moved(
        "approved", decided_by=decision.member, decided_at=tx.now, outcome=outcome
    )
    facts = {
        "member": decision.member,
        "via": decision.via,
        "then": [call.words for call in suggestion.then],
    }
    tx.save(approved, Entry("approved", suggestion.id, facts))
    forget_timers(tx, suggestion.id)
    tx.emit(
        CallHome(suggestion.id, suggestion.then),
        key=f"home:{suggestion.id}",
        subject=f"home:{suggestion.id}",
        expires=tx.now + KEEN,
    )
    return DecisionResult("done", outcome, approved)


def home_wanted(house: House, effect: CallHome) -> bool:
    """Tell whether it is still to be done, as the house is now."""
    suggestion = house.suggestions.get(effect.suggestion_id)
    return suggestion is not None and suggestion.state == "approved"


def did(tx: Tx, home: Home, effect: CallHome) -> None:
    """Note that it was done."""
    _end(
        tx,
        home,
        effect,
        "carried_out",
        phrase("Done: {calls}.", calls=listed([one.words for one in effect.calls])),
    )


def did_not(tx: Tx, home: Home, effect: CallHome, reason: str) -> None:
    """Note that it was not done, and why."""
    _end(
        tx, home, effect, "failed", phrase("Home Assistant did not do it: {reason}.", reason=reason)
    )


def unsure(tx: Tx, home: Home, effect: CallHome) -> None:
    """It may have been done: asking again could do it twice, so a member has to look."""
    words = phrase(
        "It is not known whether Home Assistant did it; please look. It is not asked again."
    )
    _end(tx, home, effect, "failed", words)


def _end(tx: Tx, home: Home, effect: CallHome, state: str, outcome: str) -> None:
    suggestion = tx.house.suggestions.get(effect.suggestion_id)
    if suggestion is not None and suggestion.state == "approved":
        end(tx, home, suggestion, state, outcome)
