"""What members decide about their guests' proposals and late answers."""

from __future__ import annotations

from dataclasses import replace

from hub.domain import hosting
from hub.domain.activities import ActivityError
from hub.domain.decisions import Decision
from hub.domain.suggestions import Suggestion
from hub.flow.activities import organize
from hub.flow.activities.ask import about, withdraw_proposals
from hub.flow.activities.keep import keep, ours
from hub.flow.activities.write import post
from hub.flow.home import Home
from hub.store.tx import Entry, Tx


def decide_counter(tx: Tx, home: Home, suggestion: Suggestion, decision: Decision) -> None:
    """Move an activity to the time a guest proposed, or stay with its own. ActivityError."""
    planned = ours(tx, home, suggestion.subject)
    who = about(suggestion)
    if decision.verb == "approve":
        done, kind = hosting.accept_counter(planned.activity, who, tx.now), "counter_accepted"
    else:
        done, kind = hosting.decline_counter(planned.activity, who, tx.now), "counter_declined"
    facts = {"member": decision.member, "via": decision.via, "sequence": done.activity.sequence}
    entry = Entry(kind, suggestion.subject, facts)
    keep(tx, home, replace(planned, what=done.activity), entry)
    withdraw_proposals(tx, home, done.activity, but=suggestion.id)
    post(tx, home, done)


def decide_late(tx: Tx, home: Home, suggestion: Suggestion, decision: Decision) -> None:
    """Let a guest in who said yes after the deadline, or take the invitation back."""
    planned = ours(tx, home, suggestion.subject)
    who = about(suggestion)
    late = next((one for one in planned.late if one.address == who), None)
    if late is None:
        raise ActivityError("that was decided already")
    if decision.verb == "approve":
        organize.let_in(tx, home, suggestion.subject, late, decision.member, decision.via)
    else:
        organize.uninvite(tx, home, suggestion.subject, who, decision.member, decision.via)
