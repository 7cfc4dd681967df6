"""A member's answer that came by a roundabout way: nobody waits for what becomes of it."""

from __future__ import annotations

from hub.domain.decisions import Decision, DecisionResult
from hub.flow.decide import decide
from hub.flow.home import Home
from hub.flow.tell import tag_of, tell
from hub.store.tx import Entry, Tx


def take_reply(tx: Tx, home: Home, decision: Decision) -> DecisionResult | None:
    """Carry an answer out; one that cannot be is told to its member, once.

    Returns None for a token that was used up before. ``decision.token_id`` must be set.
    """
    token_id = decision.token_id
    if token_id is None:
        raise ValueError("expected an answer with a token")
    if tx.spent(token_id) is not None:
        return None
    result = decide(tx, home, decision)
    if result.result != "refused" or result.suggestion is None:
        return result
    suggestion = result.suggestion
    facts = {"member": decision.member, "via": decision.via, "reason": result.message}
    tell(
        tx,
        home,
        [decision.member],
        tag=tag_of(f"answer:{suggestion.id}"),
        title=suggestion.title,
        body=result.message,
        cause=tx.append(Entry("answer_refused", suggestion.id, facts)),
    )
    tx.spend(token_id, suggestion.id, result.message)
    return result
